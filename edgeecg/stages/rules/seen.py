"""What is kept of a beat, and how beats are like one another."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Final, NamedTuple

from edgeecg.types import Morphology

WIDE: Final = int(Morphology.WIDE)
NORMAL: Final = int(Morphology.NORMAL)


class Seen(NamedTuple):
    """What is kept of a beat."""

    sample: int
    morphology: int
    confidence: float
    width_ms: float
    prematurity: float
    amplitude_mv: float


SEEN: Final = partial(tuple.__new__, Seen)
"""As Seen, at half its price: one is made of every beat."""


def alike(beats: Sequence[Seen], most: float) -> bool:
    """Say whether no RR interval is longer than another by more than this factor."""
    intervals = [after.sample - before.sample for before, after in pairwise(beats)]
    return not intervals or max(intervals) <= most * min(intervals)
