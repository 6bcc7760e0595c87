"""Run the detector over recordings and keep what it was asked and what it said."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels.qrs import qrs_block, qrs_finish, qrs_reset
from edgeecg_kernels.qrs_state import INPUTS, KIND_INPUTS, M_PEAK, QRS_STATE, QUEUE, START
from edgeecg_kernels.state import EVENT
from qrs.pool import Piece
from qrs.recordings import GRID_HZ, condition
from qrs.score import WINDOW, outside

Floats = NDArray[np.float64]
kernel = numba.njit(nogil=True, error_model="numpy")
"""Never cached: numba would not see that a kernel it calls has changed."""


@dataclass(frozen=True, slots=True)
class Harvest:
    """Candidates of one run: inputs, label (1 beat, 0 none), weight (0: nobody knows); of those taken for beats, the same of their kind."""

    x: NDArray[np.float32]
    beat: NDArray[np.float32]
    weight: NDArray[np.float32]
    kind_x: NDArray[np.float32]
    wide: NDArray[np.float32]
    kind_weight: NDArray[np.float32]


@kernel
def _run(
    state: Any, params: Any, y: Any, flags: Any, restart: int, xs: Any, kinds: Any, peaks: Any, taken: Any, out: Any
) -> tuple[int, int]:
    """Few samples a call, so that every judged candidate can be seen: one a sample at the start, else one in APART."""
    s, p = state[0], params[0]
    rows, asked, i = 0, 0, 0
    qrs_reset(s)
    while i < len(y):
        if restart > 0 and i > 0 and i % restart == 0:
            qrs_reset(s)
            s["known_beats"] = 0  # taught is a start from nothing: what is kept over a gap makes it easier
        n = min(1 if i - s["start"] < START + QUEUE or s["fresh"] == 1 else 15, len(y) - i)
        if restart > 0:
            n = min(n, restart - i % restart)
        before = s["judged"]
        s["x"][0] = -1.0
        rows = qrs_block(s, p, y[i : i + n], flags[i : i + n], n, i, 0, out, rows)
        if s["judged"] == before + 1 and s["x"][0] >= 0.0:
            slot = before & (QUEUE - 1)
            xs[asked] = s["x"]
            kinds[asked] = s["kind_x"]
            taken[asked] = s["last_place"] == s["place"][slot]
            peaks[asked] = s["place"][slot] + int(s["measure"][slot, M_PEAK])
            asked += 1
        i += n
    return rows, asked


@kernel
def _label(peaks: Any, beats: Any, kinds: Any, window: float, beat: Any, wide: Any) -> None:
    """Mark the candidate nearest to each annotated beat."""
    first = 0
    for k in range(len(beats)):
        while first < len(peaks) and peaks[first] < beats[k] - window:
            first += 1
        best = -1
        j = first
        while j < len(peaks) and peaks[j] <= beats[k] + window:
            if best < 0 or abs(peaks[j] - beats[k]) < abs(peaks[best] - beats[k]):
                best = j
            j += 1
        if best >= 0:
            beat[best] = 1.0
            wide[best] = kinds[k]


def harvest(piece: Piece, params: NDArray[Any], weight: float, kind_weight: float) -> Harvest:
    """Run over a piece and label each candidate by the nearest annotated beat."""
    recording = piece.recording
    capacity = len(piece.clean) // 20 + 100
    xs, kind_xs = np.zeros((capacity, INPUTS), np.float32), np.zeros((capacity, KIND_INPUTS), np.float32)
    peaks, taken = np.zeros(capacity, np.int64), np.zeros(capacity, np.bool_)
    state, out = np.zeros(1, QRS_STATE), np.zeros(capacity, EVENT)
    _, n = _run(state, params, piece.clean.astype(np.float64), piece.flags, piece.restart_s * GRID_HZ, xs, kind_xs, peaks, taken, out)
    beat, wide = np.zeros(n, np.float32), np.full(n, -1, np.int8)
    peaks, taken = peaks[:n], taken[:n]
    _label(peaks, recording.beats, recording.wide, WINDOW, beat, wide)
    counted = outside(peaks.astype(np.float64), recording.skip).astype(np.float32)
    weights, kind_weights = np.float32(weight) * counted, np.float32(kind_weight) * counted
    known = taken & (wide >= 0)
    return Harvest(xs[:n], beat, weights, kind_xs[:n][known], wide[known].astype(np.float32), kind_weights[known])


def detect(samples: Floats, params: NDArray[Any]) -> NDArray[Any]:
    """Return the beats' rows, as the live chain would get them."""
    state = np.zeros(1, QRS_STATE)
    out = np.zeros(len(samples) // 20 + 100, EVENT)
    clean, flags = condition(samples)
    rows, _ = _detect(state, params, clean, flags, out)
    return out[:rows]


@kernel
def _detect(state: Any, params: Any, y: Any, flags: Any, out: Any) -> tuple[int, int]:
    s, p = state[0], params[0]
    qrs_reset(s)
    rows = qrs_block(s, p, y, flags, len(y), 0, 0, out, 0)
    return qrs_finish(s, p, 0, out, rows), 0
