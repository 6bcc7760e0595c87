"""The signal is the one asked for: the same for the same seed, however it is cut, with its beats where the truth has them."""

import hashlib
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeecg.api import rpeaks
from edgeecg.errors import ConfigError
from edgeecg.evals.pairing import pair
from edgeecg.simulate.converter import ecg_counts, pcg_counts
from edgeecg.simulate.electrodes import RAIL_MV
from edgeecg.simulate.noise import Noise
from edgeecg.simulate.scenario import NAMED, Episode, Scenario
from edgeecg.simulate.simulation import Block, Setup, Simulation

Signal = NDArray[np.float64]
NOISY = Setup(
    scenario=NAMED["vf"], pcg_rate_hz=1000.0, noise=(Noise("muscle", 12), Noise("wander", 6), Noise("bursts", 10)),
    pcg_noise=(Noise("hospital", 5),), murmur=0.3, jitter="heavy",
)  # fmt: skip


def made(setup: Setup, seconds: float) -> Block:
    return next(Simulation(setup).blocks(round(seconds * setup.rate_hz)))


def named(name: str, **settings: float) -> Setup:
    return replace(Setup(scenario=NAMED[name]), **settings)  # type: ignore[arg-type]


def sound(block: Block) -> Signal:
    assert block.pcg is not None
    return block.pcg


WHOLE = made(NOISY, 35)


@settings(max_examples=20)
@given(st.integers(1, 6000), st.integers(1, 8750))
@example(1, 60)
def test_blocks_of_any_size_join_to_the_same_signal(block_len: int, n_samples: int) -> None:
    n_samples = min(n_samples, 400 * block_len)
    blocks = list(Simulation(NOISY).blocks(block_len, n_samples=n_samples))
    assert [block.start for block in blocks] == list(range(0, n_samples, block_len))
    np.testing.assert_array_equal(np.concatenate([block.ecg_mv for block in blocks]), WHOLE.ecg_mv[:n_samples])
    np.testing.assert_array_equal(np.concatenate([sound(block) for block in blocks]), sound(WHOLE)[: 4 * n_samples])
    assert [beat for block in blocks for beat in block.beats] == [beat for beat in WHOLE.beats if beat.sample < n_samples]
    for block in blocks:
        assert all(block.start <= beat.sample < block.start + len(block.ecg_mv) for beat in block.beats)


def digest(setup: Setup, seconds: float) -> str:
    block = made(setup, seconds)
    return hashlib.sha256(ecg_counts(block.ecg_mv).tobytes() + pcg_counts(sound(block)).tobytes()).hexdigest()[:16]


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert digest(NOISY, 35) == "62065dc3ab11dafb"
    assert digest(replace(NOISY, seed=1), 35) != "62065dc3ab11dafb"


def test_a_change_of_one_part_leaves_the_others() -> None:
    louder = made(replace(NOISY, pcg_noise=(Noise("pink", 0),), jitter="none", murmur=0.0), 35)
    np.testing.assert_array_equal(louder.ecg_mv, WHOLE.ecg_mv)
    quiet = made(replace(NOISY, noise=()), 35)
    np.testing.assert_array_equal(sound(quiet), sound(WHOLE))
    assert [beat.sample for beat in quiet.beats] == [beat.sample for beat in WHOLE.beats]


def test_one_more_noise_leaves_those_before_it() -> None:
    one = made(replace(NOISY, noise=NOISY.noise[:1]), 12).ecg_mv
    two = made(replace(NOISY, noise=NOISY.noise[:2]), 12).ecg_mv
    second = two - one
    clean = made(replace(NOISY, noise=()), 12).ecg_mv
    assert abs(np.corrcoef(second, one - clean)[0, 1]) < 0.1


@pytest.mark.parametrize(
    ("name", "settings", "most_ms"),
    [("normal", {}, 4), ("pvc", {}, 6), ("pac", {}, 4), ("bigeminy", {}, 8), ("tachy-step", {}, 4), ("paced", {}, 8), ("normal", {"rate_hz": 500.0}, 4),
     ("normal", {"rate_hz": 1000.0}, 4), ("normal", {"rate_hz": 128.0}, 8)],
)  # fmt: skip
def test_the_engine_finds_the_beats_where_the_truth_has_them(name: str, settings: dict[str, float], most_ms: float) -> None:
    setup = named(name, **settings)
    block = made(setup, 120)
    truth = np.array([beat.sample for beat in block.beats], np.int64)
    found = rpeaks(block.ecg_mv, setup.rate_hz, mv_per_unit=1.0)["sample"].astype(np.int64)
    pairs = pair(truth, found, round(0.15 * setup.rate_hz))
    assert 200 * pairs.found.sum() / (len(truth) + len(found)) > 99
    off_ms = np.abs(found[pairs.match[pairs.found]] - truth[pairs.found]) / setup.rate_hz * 1000
    assert np.percentile(off_ms, 95) <= most_ms


def windows(block: Block, rate_hz: float, symbol: str, half_s: float = 0.25) -> Signal:
    half = round(half_s * rate_hz)
    centres = [beat.sample for beat in block.beats if beat.beat.form.symbol == symbol and half <= beat.sample < len(block.ecg_mv) - half]
    return np.stack([block.ecg_mv[c - half : c + half] for c in centres])


def width_ms(beats: Signal, rate_hz: float) -> float:
    """From the first to the last steep sample of the mean QRS: steep is a tenth of the steepest."""
    middle = beats.shape[1] // 2
    near = round(0.16 * rate_hz)
    steepness = np.abs(np.diff(beats.mean(axis=0)[middle - near : middle + near]))
    steep = np.flatnonzero(steepness > 0.1 * steepness.max())
    return float((steep[-1] - steep[0]) / rate_hz * 1000)


@pytest.mark.parametrize("bpm", [45.0, 70.0, 110.0])
def test_a_ventricular_beat_is_wide_and_a_normal_one_narrow_at_any_rate(bpm: float) -> None:
    scenario = Scenario(name="x", bpm=bpm, episodes=(Episode(0.0, "pvc", {"share": 0.3}),))
    block = made(Setup(scenario=scenario, rate_hz=1000.0), 60)
    assert width_ms(windows(block, 1000.0, "N"), 1000.0) < 110
    assert width_ms(windows(block, 1000.0, "V"), 1000.0) > 150


def test_the_p_wave_goes_when_the_atria_fibrillate() -> None:
    def p_height(kind: str) -> float:
        scenario = Scenario(name="x", bpm=75, wander_mv=0, episodes=(Episode(0.0, kind, {"bpm": 75}),))
        beats = windows(made(Setup(scenario=scenario), 120), 250.0, "N").mean(axis=0)
        before = beats[5:45]  # from 230 to 70 ms before R
        return float(before.max() - before.min())

    assert p_height("normal") > 0.15
    assert p_height("af") < 0.08


def test_qt_follows_the_rate() -> None:
    def t_peak_s(bpm: float) -> float:
        block = made(Setup(scenario=Scenario(name="x", bpm=bpm, sd_bpm=0, wander_mv=0), rate_hz=1000.0), 30)
        after = windows(block, 1000.0, "N", 0.45).mean(axis=0)[450 + 100 :]
        return float(after[: round(600 * 60 / bpm) - 100].argmax() / 1000 + 0.1)

    slow, fast = t_peak_s(50), t_peak_s(100)
    assert slow / fast == pytest.approx(2**0.75, rel=0.1)


def test_a_pacemaker_spikes_before_every_beat() -> None:
    block = made(Setup(scenario=NAMED["paced"], rate_hz=1000.0), 20)
    for beat in block.beats[1:-1]:
        spike = np.abs(np.diff(block.ecg_mv[beat.sample - 100 : beat.sample - 50])).argmax() - 100
        assert spike == pytest.approx(-70, abs=3)


def test_ventricular_fibrillation_has_its_frequency_and_size_and_no_beats() -> None:
    scenario = Scenario(name="x", wander_mv=0, episodes=(Episode(0.0, "vf", {"amplitude_mv": 0.4, "wave_hz": 5.0}),))
    block = made(Setup(scenario=scenario), 120)
    power = np.abs(np.fft.rfft(block.ecg_mv)) ** 2
    f = np.fft.rfftfreq(len(block.ecg_mv), 1 / 250)
    assert block.beats == ()
    assert power[(f > 3) & (f < 7)].sum() / power.sum() > 0.75
    assert block.ecg_mv.std() == pytest.approx(0.4, rel=0.1)


def still(*episodes: Episode) -> Signal:
    """15 s at an even rate on a still baseline."""
    return made(Setup(scenario=Scenario(name="x", sd_bpm=0, wander_mv=0, episodes=episodes)), 15).ecg_mv


def test_fibrillation_ends_with_its_episode() -> None:
    x = still(Episode(0.0, "vf"), Episode(6.0, "asystole"))
    assert np.ptp(x[4 * 250 : 5 * 250]) > 0.3
    assert np.ptp(x[6 * 250 :]) < 1e-6


def test_a_beat_after_silence_has_its_p_wave_wherever_stretches_are_cut() -> None:
    def first_after(silence_ends_s: float) -> Signal:
        x = still(Episode(0.0, "normal"), Episode(2.0, "asystole"), Episode(silence_ends_s, "normal"))
        at = round(silence_ends_s * 250)
        return x[at - 100 : at + 75]

    np.testing.assert_allclose(first_after(10.1), first_after(8.1), rtol=0, atol=1e-3)
    assert first_after(10.1)[50:75].max() > 0.1


def test_asystole_is_flat_but_for_breathing() -> None:
    block = made(named("asystole"), 30)
    assert np.ptp(block.ecg_mv[22 * 250 : 29 * 250]) < 0.3
    assert np.abs(np.diff(block.ecg_mv[22 * 250 : 29 * 250])).max() < 0.002


def test_a_lead_that_is_off_shows_its_rail_or_hum_and_nothing_of_the_heart() -> None:
    block = made(named("lead-off"), 60)
    off = block.lead_off
    expected = [20 <= t < 30 or 45 <= t < 52 for t in np.arange(60 * 250) / 250]
    assert off.tolist() == expected
    assert set(block.ecg_mv[20 * 250 : 30 * 250]) == {RAIL_MV}
    hum = block.ecg_mv[45 * 250 : 52 * 250]
    assert np.abs(np.fft.rfft(hum)).argmax() / 7 == pytest.approx(50.0, abs=0.2)
    hidden = [beat.sample for beat in block.beats if not beat.visible]
    assert hidden
    assert all(off[sample] for sample in hidden)


def test_memory_does_not_grow() -> None:
    blocks: Iterator[Block] = Simulation(named("pvc")).blocks(2500)
    tracemalloc.start()
    held = []
    for number, _ in enumerate(islice(blocks, 601)):
        if number % 200 == 0:
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[3] - held[1] < 400_000  # a beat remembered is some 250 bytes, and 4800 have passed; Python keeps some tuples to itself


def test_an_r_peak_stays_where_it_was_planned_for_hours() -> None:
    scenario = Scenario(name="x", bpm=60, sd_bpm=0, wander_mv=0)
    blocks = Simulation(Setup(scenario=scenario, rate_hz=500.0)).blocks(5000)
    for number, block in enumerate(islice(blocks, 720)):
        if number % 240 == 239:
            for beat in block.beats[1:-1]:
                peak = block.start + (beat.sample - block.start) - 25 + block.ecg_mv[beat.sample - block.start - 25 :][:50].argmax()
                assert abs(peak - beat.sample) <= 1


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"rate_hz": 10.0}, "simulate.rate_hz: 10.0 is not from 100 to 4000 Hz"),
        ({"pcg_rate_hz": 900.0}, "simulate.pcg_rate_hz: 900.0 is not .* a whole multiple of 250 Hz"),
        ({"pcg_rate_hz": 250.0}, "simulate.pcg_rate_hz: 250.0 is not from 600"),
        ({"pcg_noise": (Noise("pink", 5),)}, "simulate.pcg_noise: given without a PCG is not"),
        ({"noise": (Noise("hospital", 5),)}, "ECG noise: 'hospital' is not one of white, pink"),
        ({"noise": (Noise("pink", float("nan")),)}, "ECG noise pink: nan dB is not from -60 to 120 dB"),
        ({"pcg_rate_hz": 1000.0, "jitter": "wild"}, "simulate.jitter: 'wild' is not one of none, rest, heavy"),
        ({"pcg_rate_hz": 1000.0, "murmur": 3.0}, "simulate.murmur: 3.0 is not from 0 to 2"),
        ({"seed": -1}, "simulate.seed: -1 is not 0 or more"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_made_is_refused(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Simulation(replace(Setup(scenario=NAMED["normal"]), **settings))  # type: ignore[arg-type]
