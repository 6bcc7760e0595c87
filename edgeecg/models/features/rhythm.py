"""What the rhythm model is told of beats: figures for its trees, of intervals and the engine's own verdicts in the window and in the
minute that ends with it, and of the samples; and the minute's beats one by one, for its net of beats.

Early in a stream the minute is as long as what has been heard.
"""

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.features.intervals import ORDER, SCATTER, TOLD
from edgeecg.models.features.strip import BETWEEN, GRID_HZ, REPEATED, WHOLE, Strip, band, power_of, strip
from edgeecg.models.features.told import told
from edgeecg_kernels.features_intervals import CELLS
from edgeecg_kernels.features_rhythm import MOST_BEATS, ROOM, rhythm_between
from edgeecg_kernels.features_rhythm import rhythm_features as _features
from edgeecg_kernels.features_sequence import N_SEQUENCE, sequence

Floats = NDArray[np.float64]

MINUTE = "minute_"
NAMES = (*TOLD, *(f"{MINUTE}{name}" for name in TOLD), *WHOLE, *REPEATED, *BETWEEN)
INTERVALS_ONLY = (*SCATTER, *ORDER)


def rhythm_features(samples_mv: NDArray[np.float32], beats: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return NAMES of a window, the beats known in it, and those of the minute before its end."""
    return _figures(strip(samples_mv), told(beats)).astype(np.float32)


def beats_in_order(samples_mv: NDArray[np.float32], beats: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the table of the minute's beats one by one, as `edgeecg_kernels.features_sequence` tells them."""
    return _in_order(strip(samples_mv), told(beats)).astype(np.float32)


def rhythm_and_beats(samples_mv: NDArray[np.float32], beats: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return NAMES, then the table of the minute's beats: what trees and the net of beats read."""
    rows, s = told(beats), strip(samples_mv)
    return np.concatenate((_figures(s, rows), _in_order(s, rows))).astype(np.float32)


def _figures(s: Strip, rows: Floats) -> Floats:
    n = len(s.clean)
    shared, out = band(n), np.empty(len(NAMES))
    peaks, cells = np.empty(2 * len(rows), np.int64), np.empty(CELLS * CELLS, np.int64)
    scratch = np.empty((5, max(n, ROOM)))
    height = _features(rows, s.raw, s.clean, s.power, shared.edges, s.missing, peaks, cells, scratch, out)
    left = power_of(np.fft.rfft(scratch[0, :n]))
    rhythm_between(left, s.power, shared.places, GRID_HZ / n, n, height, out)
    return out


def _in_order(s: Strip, rows: Floats) -> Floats:
    out = np.empty(N_SEQUENCE)
    sequence(rows, s.clean, np.empty(MOST_BEATS), out)
    return out
