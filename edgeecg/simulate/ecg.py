"""One lead of the simulated heart, stretch by stretch, by the dynamical model."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeecg.simulate.phase import legs, walk
from edgeecg.simulate.rhythm import HeartBeat
from edgeecg.simulate.scenario import Scenario
from edgeecg.simulate.shapes import MAX_WAVES, events
from edgeecg_kernels.heart import HEART_STATE, heart

INTERNAL_HZ = 500.0
"""The integration takes at least so many steps a second, a whole number of them a sample."""

Signal = NDArray[np.float64]
Neighbours = Sequence[HeartBeat | None]
"""The beats around a stretch, from the one before to the one after; None where there is none near."""


class Ecg:
    """The model's trajectory: give it each stretch's beats, and it goes on from where it was."""

    def __init__(self, scenario: Scenario, rate_hz: float) -> None:
        self._steps = math.ceil(INTERNAL_HZ / rate_hz)
        self._step_s = 1 / (rate_hz * self._steps)
        self._scenario = scenario
        self._done = 0
        self._state: NDArray[np.void] | None = None

    def stretch(self, beats: Neighbours, n: int) -> Signal:
        """Return the next `n` samples in millivolt."""
        n_steps = n * self._steps
        way = legs(beats)
        number, phase = walk(way, np.arange(self._done, self._done + n_steps, dtype=np.float64) * self._step_s)
        if self._state is None:
            self._state = np.array([(math.cos(phase[0]), math.sin(phase[0]), 0.0)], HEART_STATE)
        waves = np.stack([_waves(beat) for leg in way for beat in (leg.beat, leg.following)])
        out = np.empty(n_steps)
        heart(self._state, waves, 2 * number, phase, self._rest_mv(n_steps), self._step_s, out)
        self._done += n_steps
        return out[:: self._steps]

    def _rest_mv(self, n_steps: int) -> Signal:
        """Give z0 from the end of the step before to the end of the last, at every half step."""
        halves = np.arange(2 * n_steps + 1, dtype=np.float64) + 2 * (self._done - 1)
        return self._scenario.wander_mv * breathing(self._scenario, halves * (0.5 * self._step_s))


def breathing(scenario: Scenario, at_s: Signal | float) -> Signal:
    """Return where the breath is, from -1, all out, to 1: equation (2) of the paper."""
    return np.asarray(np.sin(2 * np.pi * scenario.breath_hz * np.asarray(at_s)), np.float64)


def _waves(beat: HeartBeat | None) -> Signal:
    return np.tile((0.0, 0.0, 1.0), (MAX_WAVES, 1)) if beat is None else events(beat.form, beat.period_s)
