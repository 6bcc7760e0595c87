"""What the beats before say of a heart's course: whether early beats run on at their pace, and whether its atria have been fibrillating.

The beats of a run are usual beside each other, so each by itself says little; and fast beats of a flutter look like a run to whoever has not
heard the fibrillation before. Only what the model said of beats by themselves moves the course, never what the course added.
"""

import math
from typing import NamedTuple

from edgeecg.models.card import Course as Learned

LIKE_THE_LAST, SHORTER, LONGER = 0, 1, 2
LEAST_PROBABILITY = 1e-3
"""Added to each, so that no one beat outweighs all others."""
FIRST_CHANCE = 0.05
"""That a beat is early, before any was heard."""


class Said(NamedTuple):
    """What the beats before say of one beat."""

    run: float
    """The log odds that it is early, beyond those of beats of its pace."""
    fibrillating: float
    """The share of the last beats, the newer the more, that were heard to fibrillate."""


class Course:
    """One heart's course, beat by beat."""

    __slots__ = ("_early", "_fibrillating", "_gone", "_learned")

    def __init__(self, learned: Learned) -> None:
        self._learned, self._gone = learned, 1 - 0.5 ** (1 / learned.half_beats)
        self._early, self._fibrillating = FIRST_CHANCE, 0.0

    def step(self, usual: float, early: float, fibrillating: float, pace: int) -> Said:
        """Return what is said of the next beat before it is heard; then hear it, the probabilities of it by itself."""
        learned = self._learned
        awaited = _odds(self._early * learned.behind_early[pace] + (1 - self._early) * learned.behind_other[pace])
        common = _odds(learned.common[pace])
        said = Said(awaited - common, self._fibrillating)
        by_itself = math.log((early + LEAST_PROBABILITY) / (usual + LEAST_PROBABILITY))
        heard = 1 / (1 + math.exp(-(awaited + learned.trust * (by_itself - common))))
        either = usual + early
        self._early += either * (heard - self._early)
        self._fibrillating += self._gone * (fibrillating - self._fibrillating)
        return said

    def added(self, said: Said) -> float:
        """Return what is added to the score of an early beat."""
        return self._learned.weight * said.run - self._learned.against * said.fibrillating


def pace_of(rr: float, rr_before: float, alike: float) -> int:
    """Say how an interval compares with the one before; one that is not known is a longer one."""
    if not (rr > 0 and rr_before > 0):
        return LONGER
    ratio = rr / rr_before
    if ratio < 1 - alike:
        return SHORTER
    return LONGER if ratio > 1 + alike else LIKE_THE_LAST


def _odds(chance: float) -> float:
    return math.log(chance / (1 - chance))
