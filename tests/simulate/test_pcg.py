"""The sounds are what the stated kernel makes of the beats, with the delays, loudness and jitter that the truth holds."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from edgeecg.simulate.noise import Noise
from edgeecg.simulate.pcg import LATEST_S2_S
from edgeecg.simulate.scenario import NAMED, Scenario
from edgeecg.simulate.seeds import Seeds
from edgeecg.simulate.simulation import Block, Setup, Simulation
from edgeecg.simulate.sounds import SENSOR_HZ, Kernel, Subject, high_pass, subject

RATE_HZ = 1000.0
SETUP = Setup(scenario=NAMED["normal"], pcg_rate_hz=RATE_HZ)


def made(setup: Setup, seconds: float = 60.0) -> tuple[Block, Kernel, NDArray[np.float64]]:
    simulation = Simulation(setup)
    block = next(simulation.blocks(round(seconds * setup.rate_hz)))
    assert simulation.kernel is not None
    assert block.pcg is not None
    return block, simulation.kernel, block.pcg


@pytest.mark.parametrize("jitter", ["none", "rest", "heavy"])
def test_the_truth_alone_rebuilds_the_sound(jitter: str) -> None:
    block, kernel, pcg = made(replace(SETUP, jitter=jitter))
    t = np.arange(len(pcg)) / RATE_HZ
    rebuilt = np.zeros(len(pcg))
    for beat in block.beats:
        assert beat.heard is not None
        after = t - beat.beat.at_s
        rebuilt += beat.heard.s1_gain * kernel.s1(after - beat.heard.s1_s)
        rebuilt += beat.heard.s2_gain * kernel.s2(after - beat.heard.s2_s, beat.heard.split_s)
    np.testing.assert_allclose(rebuilt[: -int(RATE_HZ)], pcg[: -int(RATE_HZ)], rtol=0, atol=1e-9)


def test_without_jitter_the_mean_beat_is_the_kernel() -> None:
    scenario = Scenario(name="x", sd_bpm=0)
    block, kernel, pcg = made(replace(SETUP, scenario=scenario, jitter="none"), 300)
    length = 600
    mean = np.mean([np.interp(b.beat.at_s * RATE_HZ + np.arange(length), np.arange(len(pcg)), pcg) for b in block.beats[:-2]], axis=0)
    truth = kernel.mean(RATE_HZ, length / RATE_HZ, 60 / 70)
    assert np.corrcoef(mean, truth)[0, 1] > 0.97  # loudness varies by a fifth, the split by half


@pytest.mark.parametrize(
    ("regime", "s1", "s2"), [("none", (0.0, 0.0), (0.0, 0.0)), ("rest", (1.0, 8.0), (2.5, 12.0)), ("heavy", (5.0, 12.0), (6.0, 15.0))]
)
def test_subjects_differ_within_the_regime(regime: str, s1: tuple[float, float], s2: tuple[float, float]) -> None:
    who: list[Subject] = [subject(Seeds(seed), regime) for seed in range(300)]
    for sds, (low, high) in (([w.s1_jitter_s for w in who], s1), ([w.s2_jitter_s for w in who], s2)):
        assert min(sds) >= low / 1000 - 1e-12
        assert max(sds) <= high / 1000 + 1e-12
    if regime == "rest":
        assert np.median([w.s1_jitter_s for w in who]) == pytest.approx(2.6e-3, rel=0.15)
        assert np.median([w.s2_jitter_s for w in who]) == pytest.approx(5.3e-3, rel=0.15)
    assert all(40 <= w.mitral.hz <= 80 and 40 <= w.tricuspid.hz <= 80 for w in who)
    assert all(50 <= w.aortic.hz <= 90 and 50 <= w.pulmonary.hz <= 90 for w in who)


def test_delays_and_loudness_vary_as_the_subject_says() -> None:
    setup = replace(SETUP, scenario=Scenario(name="x", sd_bpm=0), jitter="heavy")
    block, kernel, _ = made(setup, 600)
    heard = [beat.heard for beat in block.beats if beat.heard]
    assert np.std([h.s1_s for h in heard]) == pytest.approx(kernel.subject.s1_jitter_s, rel=0.1)
    assert np.std([h.s2_s for h in heard]) == pytest.approx(kernel.subject.s2_jitter_s, rel=0.1)
    assert np.std([h.s1_gain for h in heard]) == pytest.approx(0.2, rel=0.15)


def test_s2_follows_the_root_of_the_interval() -> None:
    def delay_s(bpm: float) -> float:
        block, _, _ = made(replace(SETUP, scenario=Scenario(name="x", bpm=bpm, sd_bpm=0), jitter="none"), 20)
        return float(np.mean([beat.heard.s2_s for beat in block.beats if beat.heard]))

    assert delay_s(50) / delay_s(100) == pytest.approx(np.sqrt(2), rel=0.01)
    assert delay_s(40) < LATEST_S2_S


def test_the_split_of_s2_breathes() -> None:
    block, _, _ = made(SETUP)
    splits = np.array([beat.heard.split_s for beat in block.beats if beat.heard])
    breath = np.sin(2 * np.pi * 0.25 * np.array([beat.beat.at_s for beat in block.beats]))
    assert np.corrcoef(splits, breath)[0, 1] > 0.999
    assert np.ptp(splits) > 0.02


def test_the_sensor_passes_what_a_butterworth_filter_passes() -> None:
    x = np.zeros(4000)
    x[0] = 1.0
    b, a = signal.butter(2, SENSOR_HZ, "highpass", fs=4000.0)
    np.testing.assert_allclose(high_pass(x, 4000.0), signal.lfilter(b, a, x), rtol=0, atol=1e-9)


def test_a_murmur_lies_between_the_sounds_and_in_its_band() -> None:
    quiet, _, silent = made(replace(SETUP, jitter="none"))
    _, _, loud = made(replace(SETUP, jitter="none", murmur=0.5))
    murmur = loud - silent
    f, density = signal.welch(murmur, RATE_HZ, nperseg=512)
    assert density[(f > 80) & (f < 260)].sum() / density.sum() > 0.95
    heard = np.zeros(len(murmur), np.bool_)
    for beat in quiet.beats:
        assert beat.heard is not None
        begin, end = (beat.beat.at_s + x for x in (beat.heard.s1_s + 0.06, beat.heard.s2_s - 0.01))
        heard[int(begin * RATE_HZ) : int(end * RATE_HZ) + 2] = True
    assert np.abs(murmur[~heard][: -int(RATE_HZ)]).max() < 1e-6
    assert murmur[heard].std() > 0.03


def test_no_beat_no_sound() -> None:
    _, _, pcg = made(replace(SETUP, scenario=NAMED["asystole"]))
    assert np.abs(pcg[21_000:30_000]).max() == 0
    noisy = made(replace(SETUP, scenario=NAMED["asystole"], pcg_noise=(Noise("pink", 10),)))[2]
    assert noisy[21_000:30_000].std() > 0
