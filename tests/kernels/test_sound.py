"""The kernels of the sound stage, each against its oracle or against what is true by construction."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeecg_kernels import sound_alone
from edgeecg_kernels.align_state import ANCHORS, align_state
from edgeecg_kernels.resample import resample_block, resample_reset
from edgeecg_kernels.resample_state import RESAMPLE_STATE
from edgeecg_kernels.sound_clock import NOWHERE, sound_place
from edgeecg_kernels.sound_ecg import refined_r
from edgeecg_kernels.sound_filter import band_passes, sound_resampler, symmetric_fir
from edgeecg_kernels.sound_murmur import EDGES_HZ, murmur_bands
from edgeecg_kernels.sound_quality import sound_second
from edgeecg_kernels.sound_segment import S1_FROM, S1_LEN, S1_LEN_SD, S1_MS, S1_SD, S1_TO, find_sounds
from edgeecg_kernels.sound_signal import see_clipping, signal_reset, signal_start, sound_signal
from edgeecg_kernels.sound_state import (
    BEFORE,
    HALF,
    QRS_LEN,
    RING,
    SOUND_BEAT,
    SOUND_CLIPPED,
    SOUND_CUT,
    SOUND_MISSING,
    SOUND_PARAMS,
    SOUND_SCRATCH,
    SOUND_STATE,
    TAIL,
    WINDOW,
)
from edgeecg_kernels.state import EVENT
from edgeecg_kernels.window_state import RING as LEAD_RING
from edgeecg_kernels.window_state import WINDOW_STATE
from tests.naive import sound as naive

FIR = band_passes()


def started() -> tuple[Any, Any]:
    """A stage that begins at grid sample 0, and room to work in."""
    state, work = np.zeros(1, SOUND_STATE), np.zeros(1, SOUND_SCRATCH)
    signal_start(state[0])
    signal_reset(state[0], -512, 0)
    return state[0], work[0]


def hear(s: Any, work: Any, x: NDArray[np.float64], first: int = 0, block: int = 200) -> None:
    """Take grid samples."""
    for start in range(0, len(x), block):
        part = x[start : start + block]
        work["raw"][: len(part)] = part
        sound_signal(s, FIR, 1.0, 0.0, work["raw"], len(part), first + start, work)


def response(taps: NDArray[np.float64], hz: float) -> float:
    k = np.arange(1, HALF + 1)
    return float(taps[0] + 2 * np.sum(taps[1:] * np.cos(2 * np.pi * hz * k / 1000)))


@pytest.mark.parametrize(
    ("band", "passed", "stopped"), [(0, (45, 80, 140), (0, 3, 10, 185, 300, 450)), (1, (45, 100, 200, 370), (0, 3, 10, 430, 480))]
)
def test_bands_pass_what_they_name_and_nothing_else(band: int, passed: tuple[int, ...], stopped: tuple[int, ...]) -> None:
    assert all(0.95 < response(FIR[band], hz) < 1.05 for hz in passed)
    assert all(abs(response(FIR[band], hz)) < 0.02 for hz in stopped)


def test_a_filter_does_what_a_convolution_does_however_it_is_cut() -> None:
    x = np.random.default_rng(1).normal(size=900)
    wanted = naive.filtered(FIR[0], x)[: len(x) - HALF]
    for block in (1, 37, 256):
        s, work = started()
        hear(s, work, np.concatenate([np.zeros(1), x]), block=block)
        assert np.allclose(s["narrow"][1 : 1 + len(wanted)], wanted, atol=1e-6)
    line, y = np.concatenate([np.zeros(TAIL), x]), np.zeros(len(x))
    symmetric_fir(FIR[1], line, len(x), y)
    assert np.allclose(y[HALF:], naive.filtered(FIR[1], x)[:-HALF], atol=1e-12)


@pytest.mark.parametrize("rate_hz", [500.0, 800.0, 1000.0, 1024.0, 2000.0, 4000.0, 7999.9, 8000.0])
def test_any_rate_comes_to_the_grid_without_a_shift(rate_hz: float) -> None:
    params, taps = sound_resampler(rate_hz)
    state = np.zeros(1, RESAMPLE_STATE)
    resample_reset(state[0], params[0], 0)
    x = np.sin(2 * np.pi * 60.0 * np.arange(int(rate_hz * 0.5)) / rate_hz + 0.3)
    y = np.zeros(600)
    first = int(state[0]["next_output"])
    n = resample_block(state[0], params[0], taps, x, 0, 1, len(x), y)
    wanted = np.sin(2 * np.pi * 60.0 * np.arange(first, first + n) / 1000.0 + 0.3)
    assert n > 450
    assert np.abs(y[:n] - wanted).max() < 0.01


@pytest.mark.parametrize("seed", range(6))
def test_the_first_sound_is_the_likeliest_of_all_that_are_possible(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = 0.1 * rng.normal(size=WINDOW)
    for at in (BEFORE + 60, BEFORE + 380):
        x[at - 40 : at + 40] += np.hanning(80) * rng.normal() * 2 * np.sin(np.arange(80) * 0.35)
    s, work = started()
    beat = np.zeros(1, SOUND_BEAT)[0]
    beat["rr_ms"], work["x"][:] = 850.0, x
    score, _ = find_sounds(s, beat, work)
    onsets = range(S1_FROM * 5, S1_TO * 5, 5)
    wanted = naive.best_sound(x, before=BEFORE, onsets_ms=onsets, place=(S1_MS, S1_SD), length=(S1_LEN, S1_LEN_SD))
    assert (score, beat["s1_on"] // 5, beat["s1_off"] // 5) == pytest.approx(wanted, abs=1e-9)
    assert beat["s2_on"] >= beat["s1_off"] + 60


def test_a_stretch_has_in_each_band_what_a_spectrum_says() -> None:
    rng = np.random.default_rng(3)
    x, bands, work = rng.normal(size=400), np.zeros(4), np.zeros(WINDOW)
    assert murmur_bands(x, 50, 310, work, bands)
    assert bands == pytest.approx(naive.band_powers(x[50:310], EDGES_HZ, 1000.0), rel=1e-9)
    tone = np.sin(2 * np.pi * 180.0 * np.arange(400) / 1000.0)
    murmur_bands(tone, 0, 400, work, bands)
    assert bands[2] == pytest.approx(0.5, rel=0.15)
    assert max(bands[0], bands[1], bands[3]) < 0.01
    assert not murmur_bands(x, 0, 79, work, bands)


def test_a_click_is_cut_out_and_the_sounds_stay() -> None:
    t = np.arange(8000)
    x = np.sin(2 * np.pi * 50 * t / 1000) * (t % 800 < 100)
    clean, work = started()
    hear(clean, work, x)
    x[6500] += 30.0
    clicked, work = started()
    hear(clicked, work, x)
    cut = np.flatnonzero(clicked["bad"] & SOUND_CUT)
    places = (6500 - 40) % RING, (6500 + 40) % RING
    assert len(cut) > 5
    assert ((cut >= places[0]) & (cut <= places[1])).all()
    assert np.abs(clicked["wide"]).max() <= 3 * np.abs(clean["wide"]).max()
    assert not np.any(clean["bad"] & SOUND_CUT)


def test_flat_tops_are_marked_and_a_quiet_rest_is_not() -> None:
    params, _ = sound_resampler(2000.0)
    x = np.clip(2.0 * np.sin(2 * np.pi * 40 * np.arange(4000) / 2000), -1.0, 1.0)
    for signal, is_clipped in ((x, True), (0.5 * np.sin(2 * np.pi * 40 * np.arange(4000) / 2000), False), (np.zeros(4000), False)):
        s, _ = started()
        no_rails = np.array([(0, -np.inf, np.inf, 0)], SOUND_PARAMS)
        see_clipping(s, no_rails[0], params[0], signal, 0, 1, len(signal), 0)
        assert bool(np.any(s["bad"] & SOUND_CLIPPED)) == is_clipped
    s, _ = started()
    see_clipping(s, np.array([(0, -0.45, 0.45, 0)], SOUND_PARAMS)[0], params[0], 0.5 * np.sin(np.arange(400) * 0.1), 0, 1, 400, 0)
    assert np.any(s["bad"] & SOUND_CLIPPED)


def test_what_is_missing_is_marked_and_nothing_is_invented() -> None:
    s, work = started()
    x = np.full(1000, 5.0)
    x[300:400] = math.nan
    hear(s, work, x)
    assert np.flatnonzero(s["bad"][:900] & SOUND_MISSING).tolist() == list(range(300, 400))
    assert np.abs(s["wide"]).max() < 1e-6


def test_a_second_is_as_good_as_its_sounds_stand_out() -> None:
    rng = np.random.default_rng(2)
    t = np.arange(3000)
    for sound, wanted in ((2.0, True), (0.0, False)):
        s, work = started()
        hear(s, work, 0.05 * rng.normal(size=3000) + sound * np.sin(0.35 * t) * (t % 400 < 70))
        out = np.zeros(4, EVENT)
        assert sound_second(s, work, 0, out, 0) == 1
        assert out[0]["value"][6] == pytest.approx(naive.contrast(s["narrow"][:1000].astype(float)), rel=1e-6)
        assert bool(out[0]["value"][1]) == wanted


# --- two clocks ------------------------------------------------------------------------------------------------------


DAY_S = 86_400.0


def stamped(rate_hz: float, ppm: float, *, jump_us: int = 0, jumped_s: float = 0.0) -> Any:
    """The state of `align` after a day of frames of 0.1 s from a converter that is `ppm` fast against the device's clock."""
    align, n = align_state(), round(0.1 * rate_hz)
    frames = int(DAY_S * rate_hz * (1 + ppm * 1e-6) / n)
    for frame in range(frames - ANCHORS, frames):
        device_s = frame * n / (rate_hz * (1 + ppm * 1e-6))
        align["anchor_index"][0, frame % ANCHORS] = frame * n
        align["anchor_us"][0, frame % ANCHORS] = 10**9 + round(device_s * 1e6) + (jump_us if device_s >= DAY_S - jumped_s else 0)
    align["anchors"][0], align["next_index"][0] = frames, frames * n
    return align[0]


@pytest.mark.parametrize(("ecg_ppm", "sound_ppm"), [(0, 0), (200, -200), (-200, 200)])
@pytest.mark.parametrize(("jump_us", "jumped_s"), [(0, 0.0), (-500_000, 0.7), (2_000_000, 0.9)])
def test_a_beat_is_found_on_the_sounds_clock_after_a_day(ecg_ppm: float, sound_ppm: float, jump_us: int, jumped_s: float) -> None:
    ecg = stamped(250.0, ecg_ppm, jump_us=jump_us, jumped_s=jumped_s)
    sound = stamped(2000.0, sound_ppm, jump_us=jump_us, jumped_s=jumped_s)
    for back_s in (0.3, 0.95, 1.2):
        grid = round((DAY_S - back_s) * 250.0 * (1 + ecg_ppm * 1e-6))
        device_s = grid / 250.0 / (1 + ecg_ppm * 1e-6)
        us, sure = sound_place(ecg, 250_000, sound, 2_000_000, grid, int(sound["next_index"]) - 1, 0.0, NOWHERE)
        assert sure
        assert us * 1e-6 == pytest.approx(device_s * (1 + sound_ppm * 1e-6), abs=0.7e-3)


def test_without_time_on_the_frames_both_count_from_one_instant() -> None:
    nothing = align_state()[0]
    assert sound_place(nothing, 360_000, nothing, 4_000_000, 2500, 0, 0.0, NOWHERE) == (10_000_000.0, True)
    assert sound_place(nothing, 360_000, nothing, 4_000_000, 2500, 0, 7e6, NOWHERE) == (17_000_000.0, True)


@pytest.mark.parametrize("late_ms", [-6.0, -1.0, 0.0, 3.0, 7.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_r_is_found_to_the_millisecond(late_ms: float, sign: float) -> None:
    window, qrs = np.zeros(1, WINDOW_STATE)[0], np.zeros(QRS_LEN)
    t = np.arange(LEAD_RING) / 250.0 - 2.0 - late_ms / 1000.0
    window["mv"][:] = 0.3 + sign * np.exp(-0.5 * (t / 0.010) ** 2)
    assert refined_r(window, 800, 500, qrs) == round(late_ms)


# --- without an ECG --------------------------------------------------------------------------------------------------


def test_the_likeliest_course_is_the_best_of_all() -> None:
    rng = np.random.default_rng(8)
    for cycle, systole in ((40, 19), (33, 18)):
        says = rng.normal(size=14)
        gains = np.concatenate([[0.0], np.cumsum(says)])
        n = len(says)
        score, length = np.zeros((n + 1, 4)), np.zeros((n + 1, 4), np.int64)
        state = sound_alone.likeliest_course(gains, n, np.array([cycle]), np.array([systole]), score, length)
        best, parts = naive.course(gains, cycle, systole)
        assert score[n, state] == pytest.approx(best, abs=1e-9)
        end, found = n, []
        while end > 0:
            begin = end - int(length[end, state])
            found.append((int(state), begin, end))
            end, state = begin, (state + 3) % 4
        assert found[::-1] == parts


def test_a_cycle_is_read_from_an_envelope() -> None:
    t = np.arange(1200)
    y = np.where((t % 80 < 10) | ((t - 31) % 80 < 9), 1.0, -0.3)
    cycle, systole, strength = sound_alone.cycle_at(y, len(y), 600)
    assert cycle == 80
    assert abs(systole - 31) <= 2
    assert strength > 0.9
