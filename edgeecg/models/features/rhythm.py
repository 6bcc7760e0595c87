"""The features of the rhythm tree: intervals and the engine's own verdicts on its beats, in the window and in the minute
that ends with it, and the samples.

Early in a stream the minute is as long as what has been heard.
"""

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.features.intervals import ORDER, SCATTER, TOLD
from edgeecg.models.features.strip import BETWEEN, GRID_HZ, REPEATED, WHOLE, band, power_of, strip
from edgeecg_kernels.features_intervals import CELLS
from edgeecg_kernels.features_rhythm import MOST_BEATS, ROOM, rhythm_between
from edgeecg_kernels.features_rhythm import rhythm_features as _features

Floats = NDArray[np.float64]

MINUTE = "minute_"
NAMES = (*TOLD, *(f"{MINUTE}{name}" for name in TOLD), *WHOLE, *REPEATED, *BETWEEN)
INTERVALS_ONLY = (*SCATTER, *ORDER)


def rhythm_features(samples_mv: NDArray[np.float32], beats: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return NAMES of a window, the beats known in it, and those of the minute before its end."""
    told = beats[-MOST_BEATS:].astype(np.float64)
    s, n = strip(samples_mv), len(samples_mv)
    shared, out = band(n), np.empty(len(NAMES))
    peaks, cells = np.empty(2 * len(told), np.int64), np.empty(CELLS * CELLS, np.int64)
    scratch = np.empty((5, max(n, ROOM)))
    height = _features(told, s.raw, s.clean, s.power, shared.edges, s.missing, peaks, cells, scratch, out)
    left = power_of(np.fft.rfft(scratch[0, :n]))
    rhythm_between(left, s.power, shared.places, GRID_HZ / n, n, height, out)
    return out.astype(np.float32)
