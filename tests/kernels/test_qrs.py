"""`qrs` against its oracle, its laws, and recordings."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeecg_kernels.qrs import DECISION_BOUND, HOLD, qrs, qrs_block, qrs_finish, qrs_reset, rows_at_most
from edgeecg_kernels.qrs_decide import credit, hopeless, passed_over, swings
from edgeecg_kernels.qrs_judge import likeness
from edgeecg_kernels.qrs_kind import learn_kind
from edgeecg_kernels.qrs_measure import take_snippet
from edgeecg_kernels.qrs_state import LINE, LOOK, M_RANGE, M_SLOPE, M_STRENGTH, M_WIDTH, QRS_STATE, SNIPPET, START, qrs_params
from edgeecg_kernels.state import EVENT, FLAG_LEAD_OFF, FLAG_SATURATED, GRID_HZ, KIND_BEAT, LATE, LEFT_OPEN, PASSED_OVER
from tests.naive import qrs as naive

PARAMS = qrs_params()
Signal = NDArray[np.float64]
Flags = NDArray[np.uint8]
Rows = NDArray[np.void]


class Detector:
    """One lead being watched."""

    def __init__(self, first: int = 0) -> None:
        self.state = np.zeros(1, QRS_STATE)
        self.next = first
        qrs_reset(self.state[0])

    def feed(self, y: Signal, flags: Flags) -> Rows:
        out = np.zeros(rows_at_most(len(y)), EVENT)
        n = qrs_block(self.state[0], PARAMS[0], y, flags, len(y), self.next, 3, out, 0)
        self.next += len(y)
        return out[:n]

    def finish(self) -> Rows:
        out = np.zeros(rows_at_most(0), EVENT)
        return out[: qrs_finish(self.state[0], PARAMS[0], 3, out, 0)]


def whole(y: Signal, flags: Flags | None = None, first: int = 0) -> Rows:
    detector = Detector(first)
    rows = detector.feed(y, good(y) if flags is None else flags)
    return np.concatenate([rows, detector.finish()])


def good(y: Signal) -> Flags:
    return np.zeros(len(y), np.uint8)


def heart(seconds: float, seed: int, *, bpm: float = 75.0, noise_mv: float = 0.02, wide: float = 0.1) -> tuple[Signal, list[int]]:
    """P, QRS and T as bumps; some beats come early and wide."""
    rng = np.random.default_rng(seed)
    n = int(seconds * GRID_HZ)
    t = np.arange(n)
    y = rng.normal(0.0, noise_mv, n)
    peaks: list[int] = []
    at = rng.uniform(20.0, 200.0)
    while at < n:
        peaks.append(int(at))
        is_wide = rng.random() < wide
        y += (1.6 if is_wide else 1.0) * np.exp(-0.5 * ((t - int(at)) / (8.0 if is_wide else 2.5)) ** 2)
        y += 0.25 * np.exp(-0.5 * ((t - at - 70.0) / 14.0) ** 2) + (not is_wide) * 0.1 * np.exp(-0.5 * ((t - at + 40.0) / 6.0) ** 2)
        at += 60.0 * GRID_HZ / bpm * rng.uniform(0.92, 1.08) * (0.75 if rng.random() < wide else 1.0)
    return y, peaks


signals = st.builds(
    lambda seconds, seed, bpm, noise_mv, wide: heart(seconds, seed, bpm=bpm, noise_mv=noise_mv, wide=wide)[0],
    st.floats(0.02, 8.0),
    st.integers(0, 9999),
    st.floats(30.0, 220.0),
    st.sampled_from([0.0, 0.02, 0.1, 0.5]),
    st.sampled_from([0.0, 0.1, 0.5]),
)
bad_spans = st.lists(st.tuples(st.integers(0, 2000), st.one_of(st.integers(1, HOLD + 3), st.integers(1, 600))), max_size=3)


def flagged(y: Signal, spans: Sequence[tuple[int, int]]) -> tuple[Signal, Flags]:
    flags, y = good(y), y.copy()
    for start, length in spans:
        flags[start : start + length] = FLAG_SATURATED
        y[start : start + length : 2] = np.nan
    return y, flags


def as_rows(beats: Sequence[naive.Beat]) -> Rows:
    rows = np.zeros(len(beats), EVENT)
    for row, beat in zip(rows, beats, strict=True):
        row["kind"], row["lead"], row["sample"], row["known_at"], row["value"] = KIND_BEAT, 3, beat.sample, beat.known_at, beat.value
    return rows


def assert_same(found: Rows, expected: Rows) -> None:
    assert found["sample"].tolist() == expected["sample"].tolist()
    assert found["known_at"].tolist() == expected["known_at"].tolist()
    assert found.tobytes() == expected.tobytes()


@given(signals, bad_spans, st.sampled_from([0, 1, 1 << 40]))
def test_agrees_with_the_oracle(y: Signal, spans: list[tuple[int, int]], first: int) -> None:
    y, flags = flagged(y, spans)
    expected = naive.qrs(PARAMS[0], y.tolist(), flags.tolist(), first, finish=True)
    assert_same(whole(y, flags, first), as_rows(expected))


@pytest.mark.parametrize(("seconds", "seed", "at"), [(3.5, 570, 223), (0.388, 6454, 2000)])
def test_agrees_with_the_oracle_where_a_stretch_ends_beside_a_rival(seconds: float, seed: int, at: int) -> None:
    for bpm, noise_mv, wide in itertools.product((75.0, 100.0), (0.0, 0.02, 0.1, 0.5), (0.0, 0.1, 0.5)):
        y, flags = flagged(heart(seconds, seed, bpm=bpm, noise_mv=noise_mv, wide=wide)[0], [(at, 600)])
        assert_same(whole(y, flags), as_rows(naive.qrs(PARAMS[0], y.tolist(), flags.tolist(), 0, finish=True)))


@given(signals, bad_spans, st.lists(st.integers(0, 2000), max_size=20))
def test_no_cut_changes_rows_or_state(y: Signal, spans: list[tuple[int, int]], cuts: list[int]) -> None:
    y, flags = flagged(y, spans)
    one, many = Detector(), Detector()
    edges = [0, *sorted(min(cut, len(y)) for cut in cuts), len(y)]
    rows = [many.feed(y[a:b], flags[a:b]) for a, b in itertools.pairwise(edges)]
    assert_same(np.concatenate(rows), one.feed(y, flags))
    assert many.state.tobytes() == one.state.tobytes()


def test_a_sample_at_a_time_changes_nothing() -> None:
    y, _ = heart(12.0, 5, noise_mv=0.1)
    one, many = Detector(), Detector()
    rows = [many.feed(y[k : k + 1], good(y[:1])) for k in range(len(y))]
    assert_same(np.concatenate(rows), one.feed(y, good(y)))
    assert many.state.tobytes() == one.state.tobytes()


@given(st.integers(0, 9999), st.integers(1, 2999))
def test_a_snapshot_goes_on_as_if_nothing_happened(seed: int, at: int) -> None:
    y, _ = heart(12.0, seed, noise_mv=0.1)
    straight, left = Detector(), Detector()
    left.feed(y[:at], good(y[:at]))
    resumed = Detector(left.next)
    resumed.state = np.frombuffer(left.state.tobytes(), QRS_STATE).copy()
    straight.feed(y[:at], good(y[:at]))
    assert_same(resumed.feed(y[at:], good(y[at:])), straight.feed(y[at:], good(y[at:])))


@given(st.integers(0, 9999), st.integers(500, 3500))
def test_rows_known_by_then_do_not_depend_on_what_follows(seed: int, at: int) -> None:
    y, _ = heart(15.0, seed, noise_mv=0.1)
    other = y.copy()
    other[at:] = np.random.default_rng(seed).normal(0.0, 1.0, len(y) - at)
    rows, others = Detector().feed(y, good(y)), Detector().feed(other, good(y))
    assert_same(rows[rows["known_at"] < at], others[others["known_at"] < at])


@given(signals, bad_spans)
def test_every_row_keeps_the_bound_and_is_finite(y: Signal, spans: list[tuple[int, int]]) -> None:
    y, flags = flagged(y, spans)
    rows = whole(y, flags)
    assert np.all(rows["known_at"] - rows["sample"] <= DECISION_BOUND)
    assert np.all(np.diff(rows["known_at"]) >= 0)
    assert np.isfinite(rows["value"]).all()
    assert len(rows) <= rows_at_most(len(y))


@given(st.integers(0, 9999), st.sampled_from([0.25, 4.0, -1.0, -0.5]))
def test_gain_and_polarity_change_no_beat(seed: int, gain: float) -> None:
    """Its noise is above NOISE_FLOOR at every gain. Where that of a heart a quarter as high falls below it, two of 3,000 have another first or last beat."""
    y = 4.0 * heart(12.0, seed)[0]
    rows, scaled = whole(y), whole(gain * y)
    np.testing.assert_allclose(scaled["sample"], rows["sample"], atol=1)


@pytest.mark.parametrize("bpm", [45.0, 75.0, 120.0, 180.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_clean_heart_is_read_beat_by_beat(bpm: float, seed: int) -> None:
    y, peaks = heart(30.0, seed, bpm=bpm, wide=0.0)
    inner = [p for p in peaks if 30 <= p < len(y) - 30]
    found = whole(y)["sample"]
    assert [p for p in inner if np.abs(found - p).min() > 3] == []
    assert [int(f) for f in found if f < len(y) - LOOK and np.abs(np.array(peaks) - f).min() > 3] == []


def test_the_first_beat_is_reported_late_and_says_so() -> None:
    y, peaks = heart(6.0, 2, wide=0.0)
    rows = whole(y)
    early = rows["sample"] < START - LOOK - 12
    assert early.any()
    assert (rows["known_at"][early] >= START).all()
    assert (rows["value"][early, 6] == LATE).all()
    assert (rows["value"][~early, 6] == 0.0).all()
    assert len(peaks) == len(rows)


IN_A_PAUSE = {"gap": 1.9, "since": 0.4, "logit": -3.0, "spread": 0.05, "last": 1.0, "beats": 9}
"""Of a cycle, of the gap, log-odds, of a cycle twice, and beats since the start."""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, PASSED_OVER),
        ({"gap": 1.4}, 0),
        ({"gap": 1.4, "logit": -1.0}, LEFT_OPEN),
        ({"gap": 1.1, "logit": -1.0}, 0),
        ({"gap": 2.6}, LEFT_OPEN),
        ({"gap": 2.6, "logit": -7.0}, 0),
        ({"since": 0.1}, 0),  # a T wave
        ({"since": 0.8, "logit": -0.5}, 0),  # a P wave
        ({"logit": -4.5}, 0),
        ({"spread": 0.2}, 0),  # no regular heart
        ({"spread": 0.2, "logit": -1.5}, LEFT_OPEN),
        ({"last": 0.7}, 0),  # the pause after an early beat
        ({"beats": 3}, 0),
    ],
)
def test_what_was_refused_in_a_pause_is_told_with_the_beat_that_ends_it(change: dict[str, float], said: int) -> None:
    case = IN_A_PAUSE | change
    s = np.zeros(1, QRS_STATE)[0]
    s["rr"], s["last_place"], s["beats"] = 200.0, 1000, case["beats"]
    s["rr_spread"], s["rr_last"] = 200.0 * case["spread"], 200.0 * case["last"]
    gap = int(200 * case["gap"])
    s["refused_place"], s["refused_logit"] = 1000 + int(gap * case["since"]), case["logit"]
    assert passed_over(s, 1000 + gap) == said


def test_the_last_beat_is_not_lost_at_the_end() -> None:
    y, peaks = heart(20.0, 3, wide=0.0)
    last = [p for p in peaks if p < len(y) - 200][-1]
    cut = y[: last + 25]
    detector = Detector()
    before = detector.feed(cut, good(cut))
    after = detector.finish()
    assert np.abs(before["sample"] - last).min() > 50
    assert np.abs(after["sample"] - last).min() <= 2
    assert (after["known_at"] == len(cut) - 1).all()


def test_a_long_bad_run_is_a_gap_and_a_short_one_is_not() -> None:
    y, _ = heart(20.0, 4)
    for length, starts in ((HOLD, 1), (HOLD + 1, 2)):
        flags = good(y)
        flags[2000 : 2000 + length] = FLAG_LEAD_OFF
        detector = Detector()
        detector.feed(y, flags)
        assert detector.state["start"][0] == (0 if starts == 1 else 2000 + length)


def test_silence_and_noise_floor_give_no_beat() -> None:
    assert len(whole(np.zeros(5000))) == 0
    assert len(whole(np.full(5000, 3.25))) == 0
    assert len(whole(1e-9 * heart(20.0, 1)[0])) == 0


def test_the_line_is_wound_back_without_a_trace() -> None:
    y, peaks = heart(40.0 * LINE / GRID_HZ, 6, wide=0.0)
    found = whole(y)["sample"]
    assert [p for p in peaks if 30 < p < len(y) - 30 and np.abs(found - p).min() > 3] == []


def test_the_outer_kernel_writes_the_same_rows() -> None:
    y, _ = heart(10.0, 7)
    state = np.zeros(1, QRS_STATE)
    qrs_reset(state[0])
    out = np.zeros(rows_at_most(len(y)), EVENT)
    n = qrs(state, PARAMS, y, good(y), 0, out)
    rows = Detector().feed(y, good(y))
    rows["lead"] = 0
    assert_same(out[:n], rows)


def conditioned(folder: Path, name: str, seconds: int) -> tuple[Signal, Any]:
    wfdb = pytest.importorskip("wfdb")
    resample_poly = pytest.importorskip("scipy.signal").resample_poly
    record = wfdb.rdrecord(str(folder / "mitdb" / name), sampto=seconds * 360)
    marks = wfdb.rdann(str(folder / "mitdb" / name), "atr", sampto=seconds * 360)
    beats = [s * GRID_HZ / 360 for s, c in zip(marks.sample, marks.symbol, strict=True) if c in "NLRBAaJSVrFejnE/fQ?"]
    raw = resample_poly(record.p_signal[:, 0], 25, 36)
    return raw - np.median(raw), np.array(beats)


@pytest.mark.parametrize("name", ["119", "208"])
def test_agrees_with_the_oracle_on_recordings(edgeecg_data: Path, name: str) -> None:
    y, _ = conditioned(edgeecg_data, name, 60)
    assert_same(whole(y), as_rows(naive.qrs(PARAMS[0], y.tolist(), [0] * len(y), 0, finish=True)))


@pytest.mark.parametrize("name", ["101", "119", "208", "215"])
def test_finds_the_annotated_beats(edgeecg_data: Path, name: str) -> None:
    y, beats = conditioned(edgeecg_data, name, 300)
    found = whole(y)["sample"]
    missed = [b for b in beats if np.abs(found - b).min() > 37]
    extra = [f for f in found if np.abs(beats - f).min() > 37]
    assert len(missed) + len(extra) <= 0.01 * len(beats)


def test_a_wide_beat_of_two_humps_is_not_lost_between_them(edgeecg_data: Path) -> None:
    y, beats = conditioned(edgeecg_data, "208", 1800)
    found = whole(y)["sample"]
    assert sum(np.abs(found - b).min() > 37 for b in beats) <= 20  # a candidate that is outdone, and the other refused: 50 were lost


def test_a_shape_is_as_like_itself_as_can_be_however_wide() -> None:
    for width in (2.0, 8.0, 16.0):
        y = np.exp(-0.5 * ((np.arange(400) - 200) / width) ** 2)
        snippet = np.zeros(SNIPPET)
        take_snippet(y, 198, snippet)
        assert likeness(snippet, snippet) == pytest.approx(1.0, abs=1e-12)
        assert likeness(snippet, -snippet) < 0.5


def told_of(place: int, last_place: int) -> Any:
    """A state about to learn of one beat."""
    state = np.zeros(1, QRS_STATE)
    s = state[0]
    s["place"][0], s["last_place"], s["rr"], s["normals"] = place, last_place, 200.0, 20.0
    s["usual_rise"] = 4.0
    s["measure"][0, M_RANGE], s["measure"][0, M_SLOPE], s["measure"][0, M_STRENGTH] = 1.0, 0.1, 1.0
    return state


def test_what_is_usual_follows_usual_beats_and_a_wide_one_at_rest_only_a_little() -> None:
    moved = {}
    for name, logit, gap in (("usual", -3.0, 200), ("wide at rest", 3.0, 200), ("wide and early", 3.0, 160), ("wide and fast", 3.0, 100)):
        state = told_of(1000 + gap, 1000)
        kind = learn_kind(state[0], 0, logit)
        assert kind == pytest.approx(0.25 * logit)
        assert state["last_kind"][0] == kind
        moved[name] = float(state["usual_rise"][0]) - 4.0
    assert moved["usual"] == pytest.approx(0.6)
    assert moved["wide at rest"] == pytest.approx(0.15)
    assert moved["wide and early"] == moved["wide and fast"] == 0.0


def test_the_faint_are_refused_unmeasured_and_sooner_where_a_t_wave_may_be() -> None:
    for gap, strength, refused in ((115, 0.39, True), (115, 0.41, False), (117, 0.39, False), (200, 0.21, False), (200, 0.19, True)):
        state = np.zeros(1, QRS_STATE)
        s = state[0]
        s["levelled"], s["weakest"], s["rr"], s["place"][0], s["last_place"] = 1, 1.0, 200.0, 1000 + gap, 1000
        s["measure"][0, M_STRENGTH] = strength
        assert hopeless(s, PARAMS[0], 0) == refused
        s["levelled"] = 0
        assert not hopeless(s, PARAMS[0], 0)


def test_what_is_odd_is_sooner_a_beat_the_less_was_doubtful_for_long() -> None:
    s = np.zeros(1, QRS_STATE)[0]
    s["rr"], s["last_place"], place = 200.0, 1000, 1100
    calm, most = PARAMS[0]["calm"], PARAMS[0]["credit"]
    for share_of_calm, share in ((0.0, 1.0), (0.5, 0.5), (1.0, 0.0), (10.0, 0.0)):
        s["unrest"], s["doubt"] = share_of_calm * calm, 0.0
        assert credit(s, PARAMS[0], place) == pytest.approx(share * most)
        s["unrest"], s["doubt"] = 0.0, share_of_calm * calm
        assert credit(s, PARAMS[0], place) == pytest.approx(share * most)
    s["unrest"] = s["doubt"] = 0.0
    assert credit(s, PARAMS[0], place - 1) == 0.0, "less than half a cycle after a beat it is noise that begins"


def test_unrest_goes_in_some_minutes_and_noise_that_stays_brings_it_back() -> None:
    y, _ = heart(240.0, 21, wide=0.0)
    noisy, _ = heart(60.0, 22, wide=0.0, noise_mv=0.5)
    detector, calm = Detector(), PARAMS[0]["calm"]
    unrest = []
    for k in range(0, len(y), 30 * GRID_HZ):
        detector.feed(y[k : k + 30 * GRID_HZ], good(y[k : k + 30 * GRID_HZ]))
        unrest.append(float(detector.state["unrest"][0]))
    assert unrest[0] > calm > unrest[-1]
    assert sorted(unrest, reverse=True) == unrest
    detector.feed(noisy, good(noisy))
    assert detector.state["unrest"][0] > calm


@given(st.integers(0, 9999))
@settings(max_examples=5, phases=(Phase.explicit, Phase.generate))
def test_agrees_with_the_oracle_about_a_heart_that_was_calm_for_long(seed: int) -> None:
    """A smaller seed makes no shorter heart: to look for one takes longer than a test may."""
    y = np.concatenate([heart(110.0, seed, wide=0.0)[0], heart(20.0, seed + 1, wide=0.4, noise_mv=0.08)[0]])
    assert_same(whole(y), as_rows(naive.qrs(PARAMS[0], y.tolist(), good(y).tolist(), 0, finish=True)))


@pytest.mark.parametrize(
    ("gap_s", "gain", "kept"), [(1.0, 1.0, True), (1.0, 0.3, True), (8.0, 1.0, True), (11.0, 1.0, False), (1.0, -1.0, False)]
)
def test_what_is_known_of_a_heart_is_kept_over_a_short_gap_if_the_same_heart_comes_back(gap_s: float, gain: float, kept: bool) -> None:
    y, peaks = heart(60.0, 12, wide=0.0)
    off, on = 20 * GRID_HZ, int((20 + gap_s) * GRID_HZ)
    flags = good(y)
    flags[off:on] = FLAG_LEAD_OFF
    y[on:] *= gain
    detector = Detector()
    rows = detector.feed(y[: on + 3 * GRID_HZ], flags[: on + 3 * GRID_HZ])
    s = detector.state[0]
    assert (s["known_beats"] > s["beats"]) == kept
    assert (s["normals"] > s["beats"]) == kept
    if kept:
        assert abs(s["rr"] - 200.0) < 20.0
    after = [p for p in peaks if on + 20 < p < on + 2 * GRID_HZ]
    assert [p for p in after if np.abs(rows["sample"] - p).min() > 3] == []
    assert (rows["known_at"][rows["sample"] > on] <= on + 3 * GRID_HZ).all()


def test_a_gap_after_a_gap_does_not_make_a_heart_forgotten() -> None:
    y, _ = heart(40.0, 13, wide=0.0)
    flags = good(y)
    for start in (20.0, 21.0, 24.0):
        flags[int(start * GRID_HZ) : int((start + 0.5) * GRID_HZ)] = FLAG_LEAD_OFF
    detector = Detector()
    detector.feed(y, flags)
    assert detector.state["known_beats"][0] > detector.state["beats"][0] + 15


@given(st.integers(0, 9999), st.lists(st.tuples(st.integers(2200, 6000), st.integers(HOLD + 1, 900)), min_size=1, max_size=3))
def test_agrees_with_the_oracle_about_what_is_kept_over_gaps(seed: int, spans: list[tuple[int, int]]) -> None:
    y, flags = flagged(heart(28.0, seed, bpm=100.0, noise_mv=0.05)[0], spans)
    assert_same(whole(y, flags), as_rows(naive.qrs(PARAMS[0], y.tolist(), flags.tolist(), 0, finish=True)))


def swinging(swing_hz: float, size_mv: float, seed: int, seconds: float = 40.0) -> tuple[Signal, list[int]]:
    """A heart that stops half way, on a baseline that swings on."""
    y, peaks = heart(0.5 * seconds, seed, wide=0.0, noise_mv=0.0)
    n = int(seconds * GRID_HZ)
    baseline = size_mv * np.sin(2 * np.pi * swing_hz * np.arange(n) / GRID_HZ) + np.random.default_rng(seed).normal(0.0, 0.01, n)
    return baseline + np.pad(y, (0, n - len(y))), peaks


@pytest.mark.parametrize("size_mv", [1.0, 2.0])
@pytest.mark.parametrize("swing_hz", [0.4, 0.6, 0.8, 1.0, 1.2])
def test_a_baseline_that_swings_slowly_is_no_heart(swing_hz: float, size_mv: float) -> None:
    y, peaks = swinging(swing_hz, size_mv, 5)
    found = whole(y)["sample"]
    after = found[found > peaks[-1] + 40]
    assert (after > peaks[-1] + 5 * GRID_HZ).all()
    assert len(after) <= 5
    assert np.mean([np.abs(found - p).min() <= 5 for p in peaks[2:]]) >= 0.9


def touched(seconds: float, seed: int, at: int, size_mv: float, length: int) -> tuple[Signal, list[int]]:
    """A heart, and an electrode that is touched at its beginning: a pulse of any size."""
    y, peaks = heart(seconds, seed, wide=0.0)
    y[at : at + length] += size_mv
    return y, peaks


@pytest.mark.parametrize("size_mv", [30.0, 100.0, 1000.0])
@pytest.mark.parametrize("at", [5, 100, 300])
def test_what_was_no_heart_at_first_leaves_it_deaf_for_seconds_and_not_for_ever(size_mv: float, at: int) -> None:
    y, peaks = touched(30.0, 8, at, size_mv, 10)
    found = whole(y)["sample"]
    late = [peak for peak in peaks if at + 14 * GRID_HZ < peak < len(y) - GRID_HZ]
    assert [int(np.abs(found - peak).min()) <= 3 for peak in late] == [True] * len(late)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 9999), st.integers(0, 400), st.sampled_from([20.0, 100.0, 3000.0]), st.integers(1, 40), st.integers(0, 300))
def test_agrees_with_the_oracle_where_levels_are_learned_anew(seed: int, at: int, size_mv: float, length: int, first: int) -> None:
    y, _ = touched(14.0, seed, at, size_mv, length)
    assert_same(whole(y, first=first), as_rows(naive.qrs(PARAMS[0], y.tolist(), good(y).tolist(), first, finish=True)))


def test_what_lasts_too_long_for_a_complex_is_a_swing_unless_a_beat_is_near() -> None:
    for broad, full, gap, swing in ((45, 36, 113, True), (44, 36, 113, False), (45, 35, 113, False), (45, 36, 112, False)):
        state = np.zeros(1, QRS_STATE)
        s = state[0]
        s["place"][0], s["last_place"], s["measure"][0, M_WIDTH] = 300, 300 - gap, broad
        s["energy"][290 : 290 + full], s["energy"][310] = 0.51, 1.0
        assert swings(s, 0) == swing


def test_a_slow_heart_of_broad_complexes_does_not_swing() -> None:
    t = np.arange(40 * GRID_HZ) / GRID_HZ
    peaks = np.arange(1.0, 39.0, 1.2)
    y = np.maximum(1.0 - np.abs(t[:, None] - peaks).min(axis=1) / 0.08, 0.0) + np.random.default_rng(3).normal(0.0, 0.01, len(t))
    assert len(whole(y)) == len(peaks)


@given(st.floats(0.3, 1.5), st.floats(0.5, 8.0), st.integers(0, 9999))
def test_agrees_with_the_oracle_about_swings(swing_hz: float, size_mv: float, seed: int) -> None:
    y = swinging(swing_hz, size_mv, seed, 10.0)[0]
    assert_same(whole(y), as_rows(naive.qrs(PARAMS[0], y.tolist(), good(y).tolist(), 0, finish=True)))
