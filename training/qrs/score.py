"""EC57's beat-by-beat score: one-to-one pairing in time order within 150 ms, flutter left out, gross sums over records."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qrs.recordings import GRID_HZ, Recording

WINDOW = 0.150 * GRID_HZ
MINUTE_5 = 300.0 * GRID_HZ

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one record or the sum over several."""

    tp: int = 0
    fn: int = 0
    fp: int = 0
    errors: tuple[float, ...] = ()  # paired timing errors, grid samples
    delays: tuple[float, ...] = ()  # annotated R to verdict, grid samples

    def __add__(self, other: "Score") -> "Score":
        return Score(self.tp + other.tp, self.fn + other.fn, self.fp + other.fp, self.errors + other.errors, self.delays + other.delays)

    @property
    def f1(self) -> float:
        """Per cent."""
        return 200.0 * self.tp / max(2 * self.tp + self.fn + self.fp, 1)

    @property
    def mean_error_ms(self) -> float:
        """Mean absolute timing error of paired beats."""
        return float(np.mean(np.abs(self.errors))) * 1000.0 / GRID_HZ if self.errors else 0.0


def outside(times: Floats, spans: tuple[tuple[float, float], ...]) -> NDArray[np.bool_]:
    """Return which times no span covers."""
    kept = np.ones(len(times), dtype=bool)
    for start, end in spans:
        kept &= (times < start) | (times > end)
    return kept


def pairs(reference: Floats, found: Floats) -> list[tuple[int, int]]:
    """Pair in time order; of two rivals for a partner the nearer wins."""
    result: list[tuple[int, int]] = []
    i = j = 0
    while i < len(reference) and j < len(found):
        distance = found[j] - reference[i]
        if distance > WINDOW:
            i += 1
        elif distance < -WINDOW or (
            j + 1 < len(found)
            and abs(found[j + 1] - reference[i]) < abs(distance)
            and (i + 1 >= len(reference) or abs(found[j + 1] - reference[i]) < abs(found[j + 1] - reference[i + 1]))
        ):
            j += 1
        elif (
            i + 1 < len(reference)
            and abs(found[j] - reference[i + 1]) < abs(distance)
            and (j + 1 >= len(found) or abs(found[j] - reference[i + 1]) < abs(found[j + 1] - reference[i + 1]))
        ):
            i += 1
        else:
            result.append((i, j))
            i, j = i + 1, j + 1
    return result


def score(recording: Recording, found: Floats, known: Floats, start: float = 0.0) -> Score:
    """Score one record from grid position `start` on."""
    reference = recording.beats[(recording.beats >= start) & outside(recording.beats, recording.skip)]
    kept = (found >= start) & outside(found, recording.skip)
    found, known = found[kept], known[kept]
    matched = pairs(reference, found)
    errors = tuple(float(found[j] - reference[i]) for i, j in matched)
    delays = tuple(float(known[j] - reference[i]) for i, j in matched)
    return Score(len(matched), len(reference) - len(matched), len(found) - len(matched), errors, delays)
