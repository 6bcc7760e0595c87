"""The way round the circle: from R to R in time, never backwards, as in the paper where the rhythm is steady."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgeecg.simulate.phase import TURN, legs, walk
from edgeecg.simulate.rhythm import HeartBeat
from edgeecg.simulate.shapes import SHAPES


def beat(at_s: float, shape: str = "normal", period_s: float = 0.85) -> HeartBeat:
    return HeartBeat(0, at_s, shape, period_s, 0, period_s)


shapes = st.sampled_from(sorted(SHAPES))
periods = st.floats(0.25, 3.0)


@given(shapes, shapes, periods, periods, st.floats(0.2, 12.0))
@example("ventricular-run", "normal", 0.25, 0.25, 0.5)  # waves of more than a turn
def test_whatever_follows_what_the_phase_arrives_on_time_and_never_turns_back(
    a: str, b: str, period: float, following: float, interval: float
) -> None:
    way = legs([beat(1.0, a, period), beat(1.0 + interval, b, following)])
    assert (way[0].phases[0], way[-1].phases[-1]) == (0.0, TURN)
    assert way[-1].times[-1] == 1.0 + interval
    for leg in way:
        assert all(early <= late for early, late in pairwise(leg.times))
        assert all(early <= late + 1e-9 for early, late in pairwise(leg.phases))
    assert [leg.begin_s for leg in way] == sorted(leg.begin_s for leg in way)


def test_a_steady_rhythm_turns_steadily() -> None:
    (leg,) = legs([beat(0.0), beat(0.85)])
    assert leg.phases == pytest.approx([TURN * t / 0.85 for t in leg.times])


def test_a_premature_beat_keeps_its_own_pace() -> None:
    early = beat(0.5, "ventricular")
    (leg,) = legs([beat(0.0), early])
    assert (leg.phases[3] - leg.phases[2]) / (leg.times[3] - leg.times[2]) == pytest.approx(TURN / 0.85)


def test_in_a_pause_the_phase_rests_where_no_wave_acts() -> None:
    first, resting, last = legs([beat(0.0), beat(5.0)])
    assert (first.beat, first.following, resting.beat, resting.following, last.beat) == (beat(0.0), None, None, None, None)
    assert len(set(resting.phases)) == 1
    assert 0.5 < first.times[-1] < 1.0
    assert 4.3 < resting.begin_s < last.begin_s < 4.8


def test_without_beats_nothing_moves() -> None:
    way = legs([None, None])
    _, phase = walk(way, np.linspace(0, 9, 50))
    assert set(phase) == {math.pi}


def test_each_moment_is_on_its_leg() -> None:
    way = legs([beat(0.0), beat(0.85), beat(1.7), None])
    number, phase = walk(way, np.array([0.0, 0.84, 0.85, 1.0, 1.69, 1.7, 9.0]))
    assert number.tolist() == [0, 0, 1, 1, 1, 2, 2]
    assert phase[[0, 2, 5]].tolist() == [0.0, 0.0, 0.0]
    assert phase[1] > 6
