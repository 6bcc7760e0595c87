"""`qrs` with a second lead: against its oracle, in any cut, and what the second lead is for."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg_kernels.qrs import qrs_block, qrs_finish, qrs_reset, rows_at_most
from edgeecg_kernels.qrs_second import NEAR, SAME, hear
from edgeecg_kernels.qrs_state import QRS_STATE
from edgeecg_kernels.state import EVENT, FLAG_LEAD_OFF, GRID_HZ
from tests.kernels.test_qrs import PARAMS, Flags, Rows, Signal, bad_spans, flagged, good, heart
from tests.naive import qrs as naive

Lead = tuple[Signal, Flags]


class Pair:
    """Two leads of one heart, as the pipeline takes them: of each block the second one first."""

    def __init__(self) -> None:
        self.state = np.zeros(2, QRS_STATE)
        self.next = 0
        for lead in range(2):
            qrs_reset(self.state[lead])

    def feed(self, first: Lead, second: Lead) -> Rows:
        n, at = len(first[0]), self.next
        out = np.zeros(2 * rows_at_most(n), EVENT)
        hear(self.state[0], out, 0, qrs_block(self.state[1], PARAMS[0], *second, n, at, 1, out, 0))
        self.next += n
        return out[: qrs_block(self.state[0], PARAMS[0], *first, n, at, 0, out, 0)]

    def finish(self) -> Rows:
        out = np.zeros(2 * rows_at_most(0), EVENT)
        hear(self.state[0], out, 0, qrs_finish(self.state[1], PARAMS[0], 1, out, 0))
        return out[: qrs_finish(self.state[0], PARAMS[0], 0, out, 0)]


def whole(first: Lead, second: Lead, cuts: Sequence[int] = ()) -> Rows:
    pair, n = Pair(), len(first[0])
    edges = [0, *sorted({min(cut, n) for cut in [*cuts, *range(0, n, 1000)]} - {0, n}), n]
    rows = [pair.feed((first[0][a:b], first[1][a:b]), (second[0][a:b], second[1][a:b])) for a, b in itertools.pairwise(edges)]
    return np.concatenate([*rows, pair.finish()])


def two_leads(seconds: float, seed: int, noise_mv: tuple[float, float] = (0.02, 0.02)) -> tuple[Signal, Signal, list[int]]:
    """Return two leads of a heart, each with noise of its own."""
    y, peaks = heart(seconds, seed, noise_mv=0.0)
    rng = np.random.default_rng(seed + 1)
    return y + rng.normal(0.0, noise_mv[0], len(y)), 0.7 * y + rng.normal(0.0, noise_mv[1], len(y)), peaks


pairs = st.builds(
    two_leads,
    st.floats(0.1, 25.0),
    st.integers(0, 9999),
    st.tuples(st.sampled_from([0.0, 0.02, 0.2, 0.6]), st.sampled_from([0.0, 0.02, 0.2])),
)
spans = st.lists(st.tuples(st.integers(0, 6000), st.integers(1, 900)), max_size=3)


def found(rows: Rows, peaks: Sequence[int]) -> tuple[int, int]:
    """Return how many peaks were found, and how many reports are of none."""
    near = np.abs(rows["sample"][:, None] - np.asarray(peaks)[None, :]) <= SAME
    return int(near.any(axis=0).sum()), int((~near.any(axis=1)).sum())


@given(pairs, spans, spans)
def test_agrees_with_the_oracle(leads: tuple[Signal, Signal, list[int]], bad: list[tuple[int, int]], worse: list[tuple[int, int]]) -> None:
    first, second = flagged(leads[0], bad), flagged(leads[1], worse)
    told = [naive.qrs(PARAMS[0], second[0].tolist(), second[1].tolist(), 0, finish=finish, lead=1) for finish in (False, True)]
    votes, last_votes = told[0], told[1][len(told[0]) :]
    beats = naive.qrs(PARAMS[0], first[0].tolist(), first[1].tolist(), 0, finish=True, lead=0, votes=votes, last_votes=last_votes)
    rows = whole(first, second)
    assert [(r["lead"], r["sample"], r["known_at"]) for r in rows] == [(b.lead, b.sample, b.known_at) for b in beats]
    assert rows["value"].tolist() == [b.value for b in beats]


@given(pairs, bad_spans, st.lists(st.integers(0, 6000), max_size=20))
def test_no_cut_changes_a_row(leads: tuple[Signal, Signal, list[int]], bad: list[tuple[int, int]], cuts: list[int]) -> None:
    first, second = flagged(leads[0], bad), (leads[1], good(leads[1]))
    assert whole(first, second, cuts).tobytes() == whole(first, second).tobytes()


def test_a_sample_at_a_time_changes_nothing() -> None:
    y, other, _ = two_leads(16.0, 3, (0.3, 0.02))
    first, second = flagged(y, [(2000, 700)]), (other, good(other))
    assert whole(first, second, range(len(y))).tobytes() == whole(first, second).tobytes()


@pytest.mark.parametrize("after", [8, 14, 20, 30, 60])
def test_the_second_lead_stands_in_while_the_first_is_off_and_no_beat_is_told_twice(after: int) -> None:
    y, other, peaks = two_leads(60.0, 7)
    off = (peaks[18] + after, 20 * GRID_HZ)
    rows = whole(flagged(y, [off]), (other, good(other)))
    settled = [p for p in peaks if p > 5 * GRID_HZ]
    assert found(rows, settled)[0] == len(settled)
    assert found(rows, peaks)[1] == 0
    assert np.diff(np.sort(rows["sample"])).min() > SAME
    during = (rows["sample"] > off[0] + NEAR) & (rows["sample"] < sum(off))
    assert set(rows["lead"][during]) == {1}
    assert set(rows["lead"][rows["sample"] < off[0] - GRID_HZ]) == {0}
    assert set(rows["lead"][rows["sample"] > sum(off) + 3 * GRID_HZ]) == {0}
    alone = whole(flagged(y, [off]), (np.zeros_like(other), np.full(len(other), FLAG_LEAD_OFF, np.uint8)))
    assert len(alone) <= len(rows) - int(during.sum())


def test_an_overdue_beat_that_the_first_lead_cannot_show_is_told_by_the_second_late() -> None:
    y, other, peaks = two_leads(60.0, 8)
    y[30 * GRID_HZ : 36 * GRID_HZ] *= 0.004
    rows = whole((y, good(y)), (other, good(other)))
    missed = [p for p in peaks if 31 * GRID_HZ < p < 35 * GRID_HZ]
    assert found(rows, missed)[0] == len(missed)
    told = rows[(rows["sample"] > 31 * GRID_HZ) & (rows["sample"] < 35 * GRID_HZ)]
    assert set(told["lead"]) == {1}
    assert (told["value"][:, 6] == 1.0).all()
    assert found(whole((y, good(y)), (np.zeros_like(other), good(other))), missed)[0] < len(missed) - 2


@pytest.mark.parametrize("seed", range(3))
def test_a_clean_second_lead_settles_the_doubts_of_a_noisy_first(seed: int) -> None:
    y, other, peaks = two_leads(120.0, 20 + seed, (0.35, 0.02))
    nobody = (np.zeros_like(y), good(y))
    hits, false = found(whole((y, good(y)), (other, good(other))), peaks)
    alone, false_alone = found(whole((y, good(y)), nobody), peaks)
    assert len(peaks) - hits + false < len(peaks) - alone + false_alone


def test_a_second_lead_that_says_nothing_changes_nothing() -> None:
    y, _, _ = two_leads(40.0, 11, (0.3, 0.02))
    state, out = np.zeros(1, QRS_STATE), np.zeros(rows_at_most(len(y)), EVENT)
    qrs_reset(state[0])
    n = qrs_block(state[0], PARAMS[0], y, good(y), len(y), 0, 0, out, 0)
    n = qrs_finish(state[0], PARAMS[0], 0, out, n)
    assert whole((y, good(y)), (np.zeros_like(y), good(y))).tobytes() == out[:n].tobytes()
