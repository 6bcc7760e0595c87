"""The way round the limit cycle: the phase planned for every moment, from R to R.

In the model ω is 2π over the RR interval. Ours: through the waves of a beat it is 2π over the period the beat was made for, and
in between whatever brings the phase to the next R in time; where there is more time than waves, the phase rests. In a steady
rhythm that is the model's own ω wherever a wave acts. But a premature beat cuts the T wave before it short and is itself of full
width, and a pause is flat.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from edgeecg.simulate.rhythm import HeartBeat
from edgeecg.simulate.shapes import REACH, extent

TURN = 2 * math.pi
OVER = 6.5
"""So many standard deviations from its middle a wave acts no more: the kernel leaves it out."""
HURRY_S = 0.04
"""What the phase takes, at least, for what lies between two beats' waves, so that the integration follows it."""
MOST_OF_A_TURN = 0.97
AHEAD_S = 4.0
"""Beats must be known so far ahead: no rest is decided later."""


@dataclass(frozen=True, slots=True)
class Leg:
    """From `begin_s` on the waves of these two beats act, one at phase 0, one at 2π; straight lines join the knots."""

    begin_s: float
    beat: HeartBeat | None
    following: HeartBeat | None
    times: tuple[float, ...]
    phases: tuple[float, ...]


def legs(beats: Sequence[HeartBeat | None]) -> list[Leg]:
    """Return the way from the first beat to the last; None stands for no beat near."""
    return [leg for beat, following in pairwise(beats) for leg in _legs(beat, following)]


def walk(way: Sequence[Leg], t: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for each moment the number of its leg, and the phase."""
    number, phase = np.zeros(len(t), np.int64), np.zeros(len(t))
    edges = [0, *(int(np.searchsorted(t, leg.begin_s)) for leg in way[1:]), len(t)]
    for i, (leg, (begin, end)) in enumerate(zip(way, pairwise(edges), strict=True)):
        number[begin:end] = i
        phase[begin:end] = np.interp(t[begin:end], leg.times, leg.phases)
    return number, phase


def _legs(beat: HeartBeat | None, following: HeartBeat | None) -> Iterator[Leg]:
    if beat and following and following.at_s - beat.at_s < _over_s(beat) + HURRY_S + _ahead_s(following):
        yield _straight(beat, following)
        return
    if beat:
        over_s = _over_s(beat)
        yield Leg(beat.at_s, beat, None, (beat.at_s, beat.at_s + over_s), (0.0, TURN * over_s / beat.period_s))
    if following:
        begin_s, phase = following.at_s - _ahead_s(following), TURN * (1 - _ahead_s(following) / following.period_s)
        yield Leg(begin_s - HURRY_S, None, None, (begin_s,), (phase,))
        yield Leg(begin_s, None, following, (begin_s, following.at_s), (phase, TURN))
    if not (beat or following):
        yield Leg(-math.inf, None, None, (0.0,), (math.pi,))


def _straight(beat: HeartBeat, following: HeartBeat) -> Leg:
    interval = following.at_s - beat.at_s
    _, after_s = extent(beat.form, beat.period_s, REACH)
    before_s, _ = extent(following.form, following.period_s, REACH)
    turns = after_s / beat.period_s + before_s / following.period_s
    share = min(1.0, (interval - HURRY_S) / (after_s + before_s), MOST_OF_A_TURN / turns)
    after_s, before_s = after_s * share, before_s * share  # where there is no room for both, each gives in proportion
    times = (beat.at_s, beat.at_s + after_s, following.at_s - before_s, following.at_s)
    phases = (0.0, TURN * after_s / beat.period_s, TURN * (1 - before_s / following.period_s), TURN)
    return Leg(beat.at_s, beat, following, times, phases)


def _over_s(beat: HeartBeat) -> float:
    return extent(beat.form, beat.period_s, OVER)[1]


def _ahead_s(beat: HeartBeat) -> float:
    return extent(beat.form, beat.period_s, OVER)[0]
