"""Beat-by-beat pairing as ANSI/AAMI EC57 and the bxb program do it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError

WINDOW_S = 0.15
UNPAIRED = -1


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """For every reference beat the detection that is its own, by number."""

    reference: NDArray[np.int64]
    detected: NDArray[np.int64]
    match: NDArray[np.int64]
    """One entry a reference beat: the number of its detection, or `UNPAIRED`."""

    @property
    def found(self) -> NDArray[np.bool_]:
        """Which reference beats have a detection."""
        return np.asarray(self.match != UNPAIRED, np.bool_)

    @property
    def false(self) -> NDArray[np.bool_]:
        """Which detections have no reference beat."""
        unused = np.ones(len(self.detected), np.bool_)
        unused[self.match[self.found]] = False
        return unused


def pair(reference: NDArray[np.int64], detected: NDArray[np.int64], window: int) -> Pairing:
    """Pair each reference beat with at most one detection less than `window` samples away.

    A reference beat takes the nearest detection that follows those already passed, unless the next reference beat is
    nearer to it: then it takes the one before, if that is still free. Gives what `wfdb.processing.compare_annotations`
    gives, but where beats crowd within a window, four or more, so that that one lets two of them share a detection.
    """
    for name, samples in (("reference", reference), ("detected", detected)):
        if np.any(np.diff(samples) < 0):
            raise InputError(f"pair: {name}", "not in time order", "ascending samples")
    peaks, seen = reference.tolist(), detected.tolist()
    match = [UNPAIRED] * len(peaks)
    start = taken = 0  # detections before `start` are passed; those before `taken` belong to a beat or to none for good
    for i, peak in enumerate(peaks):
        if start >= len(seen):
            break
        best = _nearest(peak, seen, start)
        rival = _nearest(peaks[i + 1], seen, start) if i + 1 < len(peaks) else UNPAIRED
        if best == rival and abs(peaks[i + 1] - seen[best]) < abs(peak - seen[best]):
            best -= 1
            if best < taken:
                continue
        start = best + 1
        if abs(peak - seen[best]) < window:
            match[i] = best
            taken = start
    return Pairing(reference, detected, np.array(match, np.int64))


def _nearest(peak: int, seen: list[int], start: int) -> int:
    """Find the nearest detection from `start` on; of two equally near ones the first."""
    best = start
    for i in range(start, len(seen)):
        if abs(seen[i] - peak) < abs(seen[best] - peak):
            best = i
        if seen[i] >= peak:
            break
    return best
