"""Each noise has the level it is stated at, and its power where that kind has it."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from edgeecg.simulate.noise import ECG_NOISES, PCG_NOISES, Maker, Noise
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.seeds import Seeds
from edgeecg.simulate.shapes import qrs_swing_mv
from edgeecg.simulate.simulation import Setup, Simulation

RATE_HZ = 500.0


def made(kind: str, seconds: float = 400.0, *, rate_hz: float = RATE_HZ, seed: int = 0) -> NDArray[np.float64]:
    kinds = {**ECG_NOISES, **PCG_NOISES}
    return kinds[kind](Maker(rate_hz, Seeds(seed), "test"))(0, round(seconds * rate_hz))


@pytest.mark.parametrize("kind", sorted({*ECG_NOISES, *PCG_NOISES}))
def test_every_noise_has_rms_one(kind: str) -> None:
    power = np.mean([np.square(made(kind, rate_hz=2000.0 if kind == "hospital" else RATE_HZ, seed=seed)).mean() for seed in range(3)])
    assert power == pytest.approx(1.0, rel=0.2)


@pytest.mark.parametrize("kind", sorted({*ECG_NOISES, *PCG_NOISES}))
def test_any_stretch_of_a_noise_can_be_made_alone(kind: str) -> None:
    source = {**ECG_NOISES, **PCG_NOISES}[kind](Maker(RATE_HZ, Seeds(0), "test"))
    np.testing.assert_array_equal(source(3210, 700), source(0, 5000)[3210:3910])


@pytest.mark.parametrize(
    ("kind", "low_hz", "high_hz"),
    [
        ("wander", 0.04, 0.6),
        ("motion", 0.2, 9),
        ("muscle", 18, 240),
        ("mains50", 49.5, 50.5),
        ("mains60", 59.5, 60.5),
        ("hospital", 40, 900),
    ],
)
def test_power_is_where_the_kind_has_it(kind: str, low_hz: float, high_hz: float) -> None:
    rate_hz = 2000.0 if kind == "hospital" else RATE_HZ
    f, density = signal.periodogram(made(kind, rate_hz=rate_hz), rate_hz)
    assert density[(f >= low_hz) & (f <= high_hz)].sum() / density.sum() > 0.95


@pytest.mark.parametrize(("kind", "slope"), [("white", 0.0), ("pink", -1.0)])
def test_white_is_flat_and_pink_falls_by_three_decibels_an_octave(kind: str, slope: float) -> None:
    f, density = signal.welch(made(kind), RATE_HZ, nperseg=5000)
    inside = (f > 1) & (f < 200)
    assert np.polyfit(np.log(f[inside]), np.log(density[inside]), 1)[0] == pytest.approx(slope, abs=0.1)


def test_the_mains_frequency_wanders() -> None:
    x = signal.hilbert(made("mains50", 300))
    hz = np.diff(np.unwrap(np.angle(x)))[500:-500] * RATE_HZ / (2 * np.pi)
    slow = hz[: len(hz) // 1000 * 1000].reshape(-1, 1000).mean(axis=1)
    assert 0.01 < slow.std() < 0.06
    assert abs(slow.mean() - 50) < 0.1


@pytest.mark.parametrize("snr_db", [20.0, 0.0])
def test_the_ratio_is_the_one_stated(snr_db: float) -> None:
    clean = Setup(scenario=NAMED["normal"], pcg_rate_hz=1000.0)
    noisy = replace(clean, noise=(Noise("pink", snr_db),), pcg_noise=(Noise("white", snr_db),))
    a, b = (next(Simulation(setup).blocks(250 * 120)) for setup in (clean, noisy))
    assert a.pcg is not None
    assert b.pcg is not None
    ecg_snr = 20 * np.log10(qrs_swing_mv(60 / 70) / np.sqrt(8) / (b.ecg_mv - a.ecg_mv).std())
    pcg_snr = 10 * np.log10(np.square(a.pcg).mean() / np.square(b.pcg - a.pcg).mean())
    assert ecg_snr == pytest.approx(snr_db, abs=0.5)
    assert pcg_snr == pytest.approx(snr_db, abs=1.0)


def test_the_swing_that_noise_is_stated_against_is_the_signals_own() -> None:
    setup = Setup(scenario=replace(NAMED["normal"], wander_mv=0.0), rate_hz=1000.0)
    block = next(Simulation(setup).blocks(20_000))
    swings = [np.ptp(block.ecg_mv[beat.sample - 50 : beat.sample + 50]) for beat in block.beats[1:-1]]
    assert np.median(swings) == pytest.approx(qrs_swing_mv(60 / 70), rel=0.03)
