"""What coupling claims: its steps equal their oracles, it finds what was put in, names what is wrong, and forgets nothing twice."""

import hashlib
import math
import os
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeecg_kernels.coupling import couple_beats, couple_reset
from edgeecg_kernels.coupling_anew import EARLIER, MORE_LIKE, RECENT, sounds_anew
from edgeecg_kernels.coupling_kernel import WORTH, deconvolve, free, stronger
from edgeecg_kernels.coupling_plan import FOLLOW_MS, FOLLOW_REACH, FOLLOWS, first_sample, follow, lag_costs, set_prior, set_template
from edgeecg_kernels.coupling_qrs import learn_qrs
from edgeecg_kernels.coupling_sound import take_sound
from edgeecg_kernels.coupling_state import (
    BEFORE,
    CLIPPED,
    COUPLING_ROW,
    COUPLING_WORK,
    HARD,
    KERNEL_LEN,
    LEARNING,
    MIN_BEATS,
    MISSING,
    MOST_LAGS,
    NO_SOUND,
    NOISE_BINS,
    OK,
    OTHER_BEAT,
    PLAIN,
    POSTS,
    RING,
    S1,
    S2,
    SOFT,
    SPANS,
    WIDTHS,
    WINDOW,
    band_gain,
    coupling_params,
    coupling_state,
)
from tests.naive import coupling as naive

Signal = NDArray[np.float64]
RR_MS = 840
MODULE = "tests.kernels.test_coupling"


@dataclass(frozen=True)
class Heart:
    """Sound at 1 kHz and ECG at 250 Hz, with where the beats are and what jitter they have."""

    pcg: Signal
    ecg: Signal
    at: NDArray[np.int64]
    lags_ms: Signal


def burst(t_ms: Signal, hz: float) -> Signal:
    late = np.maximum(t_ms, 0)
    return np.asarray(np.exp(-late / 20) * -np.expm1(-late / 4) * np.sin(2 * np.pi * hz * late / 1000), np.float64)


def heart(n_beats: int = 24, *, jitter_ms: tuple[float, float] = (0, 0), noise: float = 0.0, seed: int = 0) -> Heart:
    """A sharp QRS, S1 at 45 ms of 55 Hz, S2 at 360 ms of 65 Hz."""
    rng = np.random.default_rng(seed)
    at = 100 + np.arange(n_beats) * (RR_MS // 4)
    t = np.arange((at[-1] + 300) * 4, dtype=np.float64)
    lags = rng.normal(size=(n_beats, 2)) * jitter_ms
    lags -= lags.mean(axis=0)
    pcg, ecg = noise * rng.normal(size=len(t)), 0.002 * rng.normal(size=len(t) // 4)
    for r, (s1, s2) in zip(at * 4.0, lags, strict=True):
        pcg += burst(t - r - 45 - s1, 55.0) + 0.8 * burst(t - r - 360 - s2, 65.0)
        ecg += np.exp(-0.5 * ((t[::4] - r) / 5) ** 2) - 0.3 * np.exp(-0.5 * ((t[::4] - r - 14) / 4) ** 2)
    return Heart(pcg, ecg, at, lags)


def coupled(h: Heart, method: int = SOFT, **changes: float) -> tuple[NDArray[np.void], NDArray[np.void]]:
    params, state, work = coupling_params(method), coupling_state(), np.zeros(1, COUPLING_WORK)
    for name in COUPLING_WORK.names or ():
        work[name] = np.nan  # scratch: what was left in it is nothing
    for name, value in changes.items():
        params[name] = value
    couple_reset(state)
    rows = np.zeros(len(h.at), COUPLING_ROW)
    rr_s = np.full(len(h.at), RR_MS / 1000)
    couple_beats(state, params, work, h.pcg, h.ecg, h.at, rr_s, np.ones(len(h.at), np.bool_), rows)
    return rows, state


def test_the_sound_of_a_beat_is_filtered_and_whitened_as_the_oracle_does() -> None:
    rng = np.random.default_rng(3)
    pcg, params, state, work = rng.normal(size=WINDOW) + 7, coupling_params(), coupling_state(), np.zeros(1, COUPLING_WORK)
    couple_reset(state)
    state["noise"] = np.linspace(1, 9, NOISE_BINS)
    state["n_noise"] = 3
    before = state["noise"][0].copy()
    take_sound(state[0], params[0], work[0], pcg, 0.37, 5)
    edge = params["edge"][0]
    np.testing.assert_allclose(state["ring_x"][0, 5], naive.band_passed(pcg, 0.37, edge), atol=1e-6)
    np.testing.assert_allclose(state["ring_w"][0, 5], naive.band_passed(pcg, 0.37, edge, before), atol=1e-6)
    heard = np.abs(np.fft.rfft(np.hanning(128) * state["ring_x"][0, 5, :128].astype(np.float64))) ** 2
    np.testing.assert_allclose(state["noise"][0], before + (heard - before) / 4, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("sound", [S1, S2])
def test_lags_cost_what_the_oracle_says(sound: int) -> None:
    rng = np.random.default_rng(sound)
    mean, begin = rng.normal(size=WINDOW), 300
    x = rng.normal(size=WINDOW) + 4 * mean  # louder than is believed, at lag 0
    params, work = coupling_params(), np.zeros(1, COUPLING_WORK)
    energy = set_template(work[0], params[0], sound, mean, begin)
    lag_costs(work[0], params[0], sound, x, begin, energy)
    n = 2 * MOST_LAGS[sound] + 1
    costs, levels = naive.lag_costs(x, mean[begin : begin + WIDTHS[sound]], begin, MOST_LAGS[sound], float(params["dof"][0]))
    np.testing.assert_allclose(work["cost"][0, :n], costs, atol=1e-9)
    np.testing.assert_allclose(work["gain"][0, :n], levels, atol=1e-9)


@pytest.mark.parametrize("sound", [S1, S2])
def test_a_lag_may_follow_the_one_before_as_the_oracle_says(sound: int) -> None:
    n = 2 * MOST_LAGS[sound] + 1
    params, state, work = coupling_params(), coupling_state(), np.zeros(1, COUPLING_WORK)
    couple_reset(state)
    set_prior(state[0], work[0], params[0], sound)
    prior = np.exp(work["log_prior"][0, :n])
    follow(state[0], work[0], sound, 5)
    np.testing.assert_array_equal(np.exp(work["log_prior"][0, :n]), prior)  # there is no beat before
    plan = np.zeros(n)
    plan[[2, n - 9]] = 0.25, 0.75
    state["ring_plan"][0, 4, sound, :n], state["ring_weight"][0, 4, sound] = plan, 1.0
    follow(state[0], work[0], sound, 5)
    expected = naive.followed(prior, plan, FOLLOWS, FOLLOW_MS, FOLLOW_REACH)
    np.testing.assert_allclose(np.exp(work["log_prior"][0, :n]), expected, rtol=1e-9)
    assert work["log_prior"][0, :n].argmax() in {MOST_LAGS[sound], n - 9}


def test_the_end_is_tikhonov_and_the_beat_kernel_is_its_halves_moved() -> None:
    rng = np.random.default_rng(5)
    params, state, work, rows = coupling_params(), coupling_state(), np.zeros(1, COUPLING_WORK), np.zeros(1, COUPLING_ROW)
    params["shrink"] = 0
    ecg = np.exp(-0.5 * ((np.arange(64) - 32) / 1.5) ** 2) + 0.01 * rng.normal(size=64)
    learn_qrs(state[0], params[0], work[0], ecg, 0.0)
    mean = rng.normal(size=WINDOW)
    work["mean"][0, 0], work["fade"][0] = mean, 1.0
    rows["lag_ms"][0], rows["level"][0] = (3.0, 0.0), (0.5, 1.0)
    deconvolve(state[0], work[0], params[0], rows[0])
    expected = naive.deconvolved(mean, naive.qrs_spectrum(ecg), float(params["ridge"][0]))
    np.testing.assert_allclose(rows["smoothed"][0], expected, atol=1e-9 * np.abs(expected).max())
    np.testing.assert_allclose(rows["kernel"][0, 3:], 0.5 * expected[:-3], atol=1e-9 * np.abs(expected).max())


def test_what_odd_and_even_beats_do_not_share_is_taken_out() -> None:
    rng = np.random.default_rng(6)
    work = np.zeros(1, COUPLING_WORK)
    shared = np.exp(-0.5 * ((np.arange(WINDOW) - 300) / 20) ** 2) * np.sin(np.arange(WINDOW) / 3)
    work["parts"][0] = shared + 0.1 * rng.normal(size=(2, WINDOW))
    even, odd = work["parts"][0].copy()
    free(work[0], 1)
    np.testing.assert_allclose(work["mean"][0, 0], naive.agreed(even, odd, 40), atol=1e-9)
    assert np.std(work["mean"][0, 0, 500:]) < 0.5 * np.std((even + odd)[500:] / 2)


def test_the_sums_are_those_of_the_beats_that_are_kept() -> None:
    """Beats are put in, taken out, planned again: what is carried along must stay what a sum from nothing gives."""
    _, state = coupled(heart(RING - 2, jitter_ms=(3, 5), noise=0.1), strayed=math.inf)
    kept = state[0]
    for sound in (S1, S2):
        first, last = SPANS[sound]
        for parity in (0, 1):
            mine = [k for k in range(RING - 2) if kept["ring_parity"][k] == parity]
            plans = kept["ring_plan"][:, sound, : 2 * MOST_LAGS[sound] + 1].astype(np.float64)
            total = sum(kept["ring_weight"][k, sound] * naive.shifted(kept["ring_x"][k].astype(np.float64), plans[k]) for k in mine)
            np.testing.assert_allclose(kept["aligned"][sound, parity, first:last], total[first:last], atol=1e-6)
            assert kept["weight"][sound, parity] == pytest.approx(sum(kept["ring_weight"][k, sound] for k in mine))
    plain = sum(kept["ring_share"][k] * kept["ring_x"][k].astype(np.float64) for k in range(RING - 2))
    np.testing.assert_allclose(kept["plain"].sum(axis=0), plain, atol=1e-6)


def test_without_jitter_every_method_is_the_beat_mean_divided() -> None:
    h = heart(20)
    kernels = [coupled(h, method, shrink=0)[0][-1]["smoothed"] for method in (SOFT, HARD, PLAIN)]
    assert np.corrcoef(kernels)[0].min() > 0.999


def test_lags_and_delays_are_those_that_were_put_in() -> None:
    h = heart(40, jitter_ms=(4, 7), noise=0.1, seed=2)
    rows, _ = coupled(h)
    late = rows[MIN_BEATS:]
    for sound in (S1, S2):
        away = late["lag_ms"][:, sound] - h.lags_ms[MIN_BEATS:, sound]
        assert np.median(np.abs(away - np.median(away))) < 1.0
        assert abs(np.median(away)) < 3.0
    plain = coupled(heart(20))[0][-1]["delay_ms"]
    assert late["delay_ms"] == pytest.approx(plain + h.lags_ms[MIN_BEATS:, 0], abs=5.0)
    true_interval = np.median(late["s1_s2_ms"] - (h.lags_ms[MIN_BEATS:, 1] - h.lags_ms[MIN_BEATS:, 0]))
    assert true_interval == pytest.approx(315, abs=8)


def test_under_jitter_alignment_finds_the_kernel_that_a_mean_blurs() -> None:
    true = coupled(heart(20))[0][-1]["smoothed"]
    h = heart(40, jitter_ms=(4, 8), noise=0.2, seed=4)
    aligned, plain = coupled(h)[0][-1]["smoothed"], coupled(h, PLAIN)[0][-1]["smoothed"]
    assert np.corrcoef(aligned, true)[0, 1] > 0.9
    assert np.corrcoef(aligned, true)[0, 1] > np.corrcoef(plain, true)[0, 1] + 0.1


@pytest.mark.parametrize(("jitter_ms", "worth"), [(1.5, 0.0), (4.0, 0.63), (9.0, 1.0)])
def test_a_second_sound_is_aligned_as_far_as_that_makes_it_stronger(jitter_ms: float, worth: float) -> None:
    rows, states = coupled(heart(40, jitter_ms=(2, jitter_ms), noise=0.02, seed=5), strayed=math.inf)
    state, shares = states[0], []
    for sound in (S1, S2):
        plain = state["plain"] / state["plain_weight"][:, None]
        aligned = state["aligned"][sound] / state["weight"][sound][:, None]
        moved_by = math.floor(state["offset"][sound] + 0.5)
        times = naive.stronger(plain, aligned, first_sample(state, sound), WIDTHS[sound], moved_by)
        assert stronger(state, sound) == pytest.approx(times, rel=1e-9)
        won = np.average(state["ring_gain"][:, sound], weights=state["ring_weight"][:, sound])
        shares.append((float(np.clip(won / 9, 0, 1)), float(np.clip((times - WORTH[0]) / (WORTH[1] - WORTH[0]), 0, 1))))
    assert rows[-1]["aligned"] == pytest.approx([shares[S1][0], shares[S2][0] * shares[S2][1]], rel=1e-9)
    assert shares[S2][1] == pytest.approx(worth, abs=0.01)


def test_it_is_silent_for_eight_beats_and_depends_on_no_gain() -> None:
    h = heart(16, jitter_ms=(2, 4), noise=0.1)
    rows, _ = coupled(h)
    assert rows["reason"].tolist() == [LEARNING] * (MIN_BEATS - 1) + [OK] * (len(rows) - MIN_BEATS + 1)
    assert np.isnan(rows["delay_ms"][: MIN_BEATS - 1]).all()
    louder, _ = coupled(Heart(h.pcg * 1e4 + 77, h.ecg, h.at, h.lags_ms))
    np.testing.assert_allclose(louder["delay_ms"][MIN_BEATS:], rows["delay_ms"][MIN_BEATS:], atol=1e-3)


def test_bad_sound_and_strange_beats_are_named_and_not_learned() -> None:
    h = heart(30, noise=0.05)
    pcg, ecg = h.pcg.copy(), h.ecg.copy()
    window = [slice(4 * r - BEFORE, 4 * r - BEFORE + WINDOW) for r in h.at.tolist()]
    pcg[window[12]] = 0.0
    pcg[window[15]] = np.clip(pcg[window[15]], -0.05, 0.05)
    pcg[4 * h.at[18] + 100] = np.nan
    ecg[h.at[21] - 20 : h.at[21] + 20] *= -1
    rows, _ = coupled(Heart(pcg, ecg, h.at, h.lags_ms))
    assert rows["reason"][[12, 15, 18, 21]].tolist() == [NO_SOUND, CLIPPED, MISSING, OTHER_BEAT]
    assert np.isnan(rows["delay_ms"][[12, 15, 18, 21]]).all()
    assert not rows["confidence"][[12, 15, 18, 21]].any()
    assert rows["reason"][-1] == OK
    assert rows["delay_ms"][-1] == pytest.approx(coupled(h)[0]["delay_ms"][-1], abs=1.0)


def test_a_knock_moves_little() -> None:
    h = heart(30, noise=0.05)
    pcg = h.pcg.copy()
    pcg[4 * h.at[20] + 40 : 4 * h.at[20] + 90] += 30 * np.random.default_rng(1).normal(size=50)
    quiet, knocked = coupled(h)[0][-1], coupled(Heart(pcg, h.ecg, h.at, h.lags_ms))[0][-1]
    assert np.corrcoef(quiet["smoothed"], knocked["smoothed"])[0, 1] > 0.98


def test_another_posture_is_learned() -> None:
    """Sounds 12 ms later and of another pitch: after two dozen beats the delay is the new one."""
    before, after = heart(20, noise=0.05), heart(30, noise=0.05, seed=1)
    later = np.roll(after.pcg, 12)
    n = len(before.ecg)
    both = Heart(
        np.concatenate([before.pcg, later]),
        np.concatenate([before.ecg, after.ecg]),
        np.concatenate([before.at, after.at + n]),
        before.lags_ms,
    )
    rows, _ = coupled(both)
    assert rows["delay_ms"][-1] - rows["delay_ms"][19] == pytest.approx(12, abs=3)


@pytest.mark.parametrize("by_ms", [40, 60])
def test_sounds_that_move_farther_than_lags_reach_are_learned_anew(by_ms: int) -> None:
    before, after = heart(20, noise=0.05), heart(20, noise=0.05, seed=1)
    both = Heart(
        np.concatenate([before.pcg, np.roll(after.pcg, by_ms)]),
        np.concatenate([before.ecg, after.ecg]),
        np.concatenate([before.at, after.at + len(before.ecg)]),
        before.lags_ms,
    )
    told = coupled(both)[0]["delay_ms"]
    moved = told[len(before.at) :] - told[len(before.at) - 1]
    assert np.isnan(moved[RECENT - 1 : RECENT - 1 + MIN_BEATS]).all(), "as when it begins"
    np.testing.assert_allclose(moved[RECENT - 1 + MIN_BEATS :], by_ms, atol=3)


def test_noise_and_jitter_are_no_other_posture() -> None:
    for seed in range(4):
        h = heart(40, jitter_ms=(8, 10), noise=1.0, seed=seed)
        assert coupled(h)[1]["n_beats"][0] == len(h.at)


def test_energies_are_those_of_another_heart_where_the_oracle_says_so() -> None:
    rng, found = np.random.default_rng(12), []
    for case in range(60):
        shape = np.exp(-0.5 * np.square((np.arange(POSTS) - 45) / 6)) + 0.7 * np.exp(-0.5 * np.square((np.arange(POSTS) - 110) / 6))
        rows = [np.roll(shape, (case % 12) * (k < RECENT)) + (0.02 + 0.02 * (case // 12)) * rng.random(POSTS) for k in range(RING)]
        state, work = coupling_state(), np.zeros(1, COUPLING_WORK)
        state["n_beats"], state["head"] = RING + case, case % RING
        for k, row in enumerate(rows):
            state["ring_energy"][0][(case - 1 - k) % RING] = row
        kept = state["ring_energy"][0][(case - 1 - np.arange(RING)) % RING][::-1].astype(np.float64)
        found.append(bool(sounds_anew(state[0], work[0])))
        assert found[-1] == naive.sounds_anew(kept, RECENT, EARLIER, MORE_LIKE), case
    assert 10 < sum(found) < 50


def said() -> str:
    rows, state = coupled(heart(11, jitter_ms=(3, 5), noise=0.3, seed=9))
    return rows.tobytes().hex() + state.tobytes().hex()


def test_compiled_equals_uncompiled_bit_for_bit() -> None:
    other = "0" if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0" else "1"
    program = f"import hashlib; from {MODULE} import said; print(hashlib.sha256(said().encode()).hexdigest())"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": other}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(said().encode()).hexdigest()


def test_kernels_are_one_length() -> None:
    assert coupled(heart(9))[0]["kernel"].shape == (9, KERNEL_LEN)


def test_a_delay_is_from_the_r_peak_to_the_sound_as_it_is_heard_wherever_the_detector_says_r_is() -> None:
    h = heart(24, noise=0.02)
    rows, _ = coupled(h)
    spectrum = np.fft.rfft(burst(np.arange(4096.0) - 45 - 1000, 55.0))
    heard = np.fft.irfft(spectrum * band_gain(np.fft.rfftfreq(4096, 1e-3)))
    inside = heard[1000:1160] ** 2
    true_ms = float(inside @ np.arange(160) / inside.sum())
    assert rows["delay_ms"][-1] == pytest.approx(true_ms, abs=1.5)
    for late in (-2, 2):  # grid samples: eight milliseconds
        moved, _ = coupled(Heart(h.pcg, h.ecg, h.at + late, h.lags_ms))
        assert moved["delay_ms"][-1] == pytest.approx(rows["delay_ms"][-1], abs=0.5)


def test_in_a_noisy_ecg_beats_are_learned_and_a_strange_one_is_not() -> None:
    h = heart(40, noise=0.05)
    ecg = h.ecg + 0.15 * np.random.default_rng(3).normal(size=len(h.ecg))
    ecg[h.at[30] - 20 : h.at[30] + 20] *= -1
    rows, _ = coupled(Heart(h.pcg, ecg, h.at, h.lags_ms))
    assert rows["reason"][30] == OTHER_BEAT
    assert np.mean(rows["reason"][MIN_BEATS:] == OK) > 0.85
    assert rows["delay_ms"][-1] == pytest.approx(coupled(h)[0]["delay_ms"][-1], abs=3.0)
