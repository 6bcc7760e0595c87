"""What early beats follow and what follows them, counted; and what the beats before said of each beat of a record, as a model is told."""

import numpy as np
from numpy.typing import NDArray

from beat.harvest import LABELS, Harvest
from edgeecg.models.card import Course as Learned
from edgeecg.models.course import Course, pace_of
from edgeecg.models.memory import RR, RR_BEFORE

EARLY, USUAL = LABELS.index("S"), LABELS.index("N")
BESIDE = "fibrillating"
PACES = 3
ALIKE, TRUST, HALF_BEATS = 0.12, 0.2, 100.0
MOST_OF_A_PERSON = 100
"""A record counts no more than so often for one thing that follows another: of some the runs are long."""
ASSUMED = 2.0
"""So many beats more are assumed to be as those of their pace."""
ASSUMED_EARLY = 0.1


def paces(h: Harvest) -> NDArray[np.int64]:
    """Return how each beat's interval compares with the one before."""
    return np.array([pace_of(float(row[RR]), float(row[RR_BEFORE]), ALIKE) for row in h.features], np.int64)


def counted(h: Harvest) -> NDArray[np.float64]:
    """Count beats by pace, by whether the one before was early, and by whether it is; beats of other classes are passed over."""
    told = np.isin(h.label, (USUAL, EARLY))
    early, pace = (h.label[told] == EARLY).astype(np.int64), paces(h)[told]
    counts = np.zeros((PACES, 2, 2))
    np.add.at(counts, (pace[1:], early[:-1], early[1:]), 1)
    return np.minimum(counts, MOST_OF_A_PERSON)


def learned(counts: NDArray[np.float64], weight: float = 0.0, against: float = 0.0) -> Learned:
    """Return what a card says of the course, from the counts of some records."""
    common = (counts.sum(1)[:, 1] + ASSUMED * ASSUMED_EARLY) / (counts.sum((1, 2)) + ASSUMED)
    behind = (counts[:, :, 1] + 3 * ASSUMED * common[:, None]) / (counts.sum(2) + 3 * ASSUMED)
    return Learned(
        early=LABELS[EARLY],
        fibrillating=BESIDE,
        alike=ALIKE,
        behind_early=_by_pace(behind[:, 1]),
        behind_other=_by_pace(behind[:, 0]),
        common=_by_pace(common),
        trust=TRUST,
        half_beats=HALF_BEATS,
        weight=weight,
        against=against,
    )


def _by_pace(chances: NDArray[np.float64]) -> tuple[float, float, float]:
    like, shorter, longer = (round(float(chance), 6) for chance in chances)
    return like, shorter, longer


def said_of_course(h: Harvest, chance: NDArray[np.float64], how: Learned) -> NDArray[np.float64]:
    """Return of each beat of a record what those before it say of its being early, and how much of them fibrillated."""
    course = Course(how)
    each = zip(chance[:, USUAL].tolist(), chance[:, EARLY].tolist(), chance[:, -1].tolist(), paces(h).tolist(), strict=True)
    return np.array([course.step(*beat) for beat in each]).reshape(-1, 2)
