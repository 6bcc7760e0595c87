"""What `vitals` claims: equal to its oracle, a rate that ectopy and mistakes do not move, variability of normal beats alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeecg_kernels.state import EVENT, GRID_HZ, KIND_BEAT, KIND_QUALITY, KIND_VITALS, PASSED_OVER
from edgeecg_kernels.vitals import UNKNOWN, vitals, vitals_break, vitals_reset
from edgeecg_kernels.vitals_state import VITALS_STATE
from tests.naive import vitals as naive

Rows = NDArray[np.void]
DELAY = 60
VERDICT = 374
NORMAL, WIDE = 1.0, 2.0


def fresh() -> Rows:
    state = np.zeros(1, VITALS_STATE)
    vitals_reset(state[0])
    return state


def beat_rows(places: list[int], wide: set[int] = frozenset(), known_at: list[int] | None = None) -> Rows:  # type: ignore[assignment]
    rows = np.zeros(len(places), EVENT)
    rows["kind"] = KIND_BEAT
    rows["sample"] = places
    rows["known_at"] = np.add(places, DELAY) if known_at is None else known_at
    rows["value"][:, 1] = [WIDE if k in wide else NORMAL for k in range(len(places))]
    return rows


def second_rows(n: int, bad: set[int] = frozenset()) -> Rows:  # type: ignore[assignment]
    rows = np.zeros(n, EVENT)
    rows["kind"] = KIND_QUALITY
    rows["sample"] = np.arange(n) * GRID_HZ
    rows["known_at"] = rows["sample"] + VERDICT
    rows["value"][:, 6] = [0.0 if k in bad else 1.0 for k in range(n)]
    return rows


def run(beats: Rows, seconds: Rows, block: int = 10**9, state: Rows | None = None) -> Rows:
    """Send rows as the kernels before do: block by block, in a block the beats first, each in order of decision."""
    state = fresh() if state is None else state
    end = int(max(beats["known_at"].max(initial=0), seconds["known_at"].max(initial=0))) + 1
    reported = []
    for begin in range(0, end, min(block, end)):
        inside = [rows[(rows["known_at"] >= begin) & (rows["known_at"] < begin + block)] for rows in (beats, seconds)]
        n = sum(map(len, inside))
        out = np.zeros(2 * n + 1, EVENT)
        out[:n] = np.concatenate(inside)
        reported.append(out[n : vitals(state, out, n)])
    return np.concatenate(reported)


def steady(rr: int, n: int, start: int = 100) -> list[int]:
    return [start + rr * k for k in range(n)]


# --- the oracle ---------------------------------------------------------------------------------------------------


@st.composite
def stretches(draw: st.DrawFn) -> tuple[Rows, Rows]:
    """A rhythm with jitter, ectopy, late beats and bad seconds."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_seconds = draw(st.sampled_from((3, 20, 90)))
    jitter, odd, bad = (draw(st.sampled_from((0.0, 0.05, 0.4))) for _ in range(3))
    rr = draw(st.sampled_from((24, 100, 200, 400)))
    lengths = np.maximum(rr * rng.normal(1.0, jitter, 2 + n_seconds * GRID_HZ // rr), 24)
    lengths[rng.random(len(lengths)) < odd] *= 0.6
    places = np.cumsum(lengths).astype(int)
    known = np.maximum.accumulate(places + np.where(rng.random(len(places)) < odd, 300, DELAY))
    places = np.where(rng.random(len(places)) < 0.1 * odd, np.maximum(places - 150, 0), places)
    wide = set(np.flatnonzero(rng.random(len(places)) < odd).tolist())
    seconds = second_rows(n_seconds, set(np.flatnonzero(rng.random(n_seconds) < 0.3 * bad).tolist()))
    beats = beat_rows(places.tolist(), wide, known.tolist())
    beats["value"][:, 6] = np.where(rng.random(len(places)) < odd, PASSED_OVER, 0)
    return beats, seconds


@given(stretches(), st.sampled_from((1, 64, 360, 2500, 10**9)))
def test_it_equals_the_oracle_bit_for_bit_however_it_is_cut(stretch: tuple[Rows, Rows], block: int) -> None:
    beats, seconds = stretch
    rows = run(beats, seconds, block)
    expected = naive.vitals(
        [naive.Beat(int(b["sample"]), int(b["known_at"]), bool(b["value"][1] == WIDE), 1 + (b["value"][6] == PASSED_OVER)) for b in beats],
        [naive.Second(int(s["sample"]), int(s["known_at"]), bool(s["value"][6])) for s in seconds],
    )
    assert rows["value"][:, :6].tolist() == expected
    assert (rows["kind"] == KIND_VITALS).all()
    assert rows["sample"].tolist() == seconds["sample"].tolist()
    assert rows["known_at"].tolist() == seconds["known_at"].tolist()
    assert np.isfinite(rows["value"]).all()


# --- the figures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rr", [60, 125, 200, 375])
def test_a_steady_rhythm_has_its_rate_and_no_variability(rr: int) -> None:
    value = run(beat_rows(steady(rr, 30_000 // rr)), second_rows(110))[-1]["value"]
    assert value[0] == pytest.approx(60.0 * GRID_HZ / rr)
    assert value[1] == rr * 4.0
    assert value[2] == value[3] == 0.0
    assert value[4] == min(60 * GRID_HZ // rr, 256) or value[4] == 60 * GRID_HZ // rr + 1


def test_variability_is_that_of_the_textbook() -> None:
    lengths = np.random.default_rng(1).integers(180, 221, 80)
    places = np.cumsum(lengths)
    seconds = second_rows(60)
    value = run(beat_rows(places.tolist()), seconds)[-1]["value"]
    in_time = lengths[1:][places[1:] < 60 * GRID_HZ] * 4.0
    assert value[2] == pytest.approx(np.std(in_time, ddof=1))
    assert value[3] == pytest.approx(np.sqrt(np.mean(np.diff(in_time) ** 2)))
    assert value[4] == len(in_time)


@pytest.mark.parametrize("missed", [12, 30, 59])
def test_a_beat_that_was_passed_over_moves_no_rate_and_makes_no_variability(missed: int) -> None:
    places = steady(200, 60)
    del places[missed - 1]
    beats = beat_rows(places)
    beats["value"][missed - 1, 6] = PASSED_OVER
    rows = run(beats, second_rows(48))[5:]
    assert set(rows["value"][:, 0]) == {75.0}
    assert set(rows["value"][:, 1]) == {800.0}
    assert set(rows["value"][:, 2]) == {0.0}
    unsaid = run(beat_rows(places), second_rows(48))[5:]
    assert set(unsaid["value"][:, 0]) == {75.0, 60.0 * GRID_HZ / 220}


@pytest.mark.parametrize("wide", [True, False])
def test_a_premature_beat_and_its_pause_cancel_and_vary_nothing(wide: bool) -> None:
    places = steady(200, 60)
    for k in range(15, 55, 8):
        places[k] -= 70
    ectopic = set(range(15, 55, 8)) if wide else set()
    rows = run(beat_rows(places, ectopic), second_rows(45))[5:]
    at_its_edge = 60.0 * GRID_HZ * 10 / (9 * 200 + 130)
    assert rows["value"][:, 0].max() <= at_its_edge
    assert np.median(rows["value"][:, 0]) == 75.0
    assert abs(rows["value"][:, 0].mean() - 75.0) < 0.3
    assert (rows["value"][:, 2] <= 0.0).all()
    assert (rows["value"][:, 3] <= 0.0).all()


def test_a_wide_rhythm_is_as_normal_as_any() -> None:
    places = steady(200, 60)
    value = run(beat_rows(places, set(range(60))), second_rows(45))[-1]["value"]
    assert value[4] > 15


def test_beats_of_bad_seconds_do_not_count_for_variability() -> None:
    places = steady(200, 60)
    chaos = [p + (40 if k % 2 else -40) if 5000 <= p < 7500 else p for k, p in enumerate(places)]
    rows = run(beat_rows(chaos), second_rows(45, set(range(20, 30))))
    assert (rows["value"][rows["value"][:, 2] != UNKNOWN, 2] == 0.0).all()


def test_heart_rate_is_known_in_a_good_second_and_in_a_bad_one_while_few_of_ten_are_bad() -> None:
    rows = run(beat_rows(steady(200, 60)), second_rows(45, {20, 21, 22, 24, 25, 32}))
    assert np.flatnonzero(rows["value"][:, 0] == UNKNOWN).tolist() == [0, 1, 24, 25]
    np.testing.assert_allclose(rows["value"][rows["value"][:, 0] != UNKNOWN, 0], 75.0, rtol=1e-12)


def test_what_is_not_known_is_said_and_what_is_old_is_not_known() -> None:
    places = steady(200, 20)
    rows = run(beat_rows(places), second_rows(90))
    assert (rows["value"][0, :4] == UNKNOWN).all()
    assert (rows["value"][-1, :4] == UNKNOWN).all()
    assert rows["value"][-1, 4] == rows["value"][-1, 5] == 0


def test_no_interval_spans_a_gap_but_those_before_it_stay() -> None:
    state = fresh()
    run(beat_rows(steady(200, 40)), second_rows(32), state=state)
    vitals_break(state[0])
    shift = 34 * GRID_HZ
    beats, seconds = beat_rows(steady(200, 10)), second_rows(6)
    for rows in (beats, seconds):
        rows["sample"] += shift
        rows["known_at"] += shift
    value = run(beats, seconds, state=state)["value"]
    np.testing.assert_allclose(value[:, 0], 75.0)
    assert (value[:, 3] == 0.0).all()


def test_a_reset_forgets_everything() -> None:
    state = fresh()
    run(beat_rows(steady(130, 40)), second_rows(20), state=state)
    vitals_reset(state[0])
    beats, seconds = beat_rows(steady(200, 40)), second_rows(30)
    assert run(beats, seconds, state=state).tobytes() == run(beats, seconds).tobytes()
