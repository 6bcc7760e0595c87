"""Run the detector over recordings and keep what it was asked and what it said."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edgeecg_kernels.qrs import qrs_block, qrs_finish, qrs_reset
from edgeecg_kernels.qrs_state import INPUTS, M_PEAK, QRS_STATE, QUEUE
from edgeecg_kernels.state import EVENT
from qrs.recordings import GRID_HZ, Recording
from qrs.score import WINDOW, outside

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Harvest:
    """Candidates of one run: inputs, label (1 beat, 0 none), weight (0: nobody knows), width label."""

    x: NDArray[np.float32]
    beat: NDArray[np.float32]
    wide: NDArray[np.int8]
    weight: NDArray[np.float32]


@njit
def _run(state: Any, params: Any, y: Any, flags: Any, restart: int, xs: Any, peaks: Any, out: Any) -> tuple[int, int]:
    """One sample a call, so that every judged candidate can be seen."""
    s, p = state[0], params[0]
    rows, asked = 0, 0
    qrs_reset(s)
    for i in range(len(y)):
        if restart > 0 and i > 0 and i % restart == 0:
            rows = qrs_finish(s, p, 0, out, rows)
            qrs_reset(s)
        before = s["judged"]
        rows = qrs_block(s, p, y[i : i + 1], flags[i : i + 1], 1, i, 0, out, rows)
        if s["judged"] != before:
            slot = before & (QUEUE - 1)
            xs[asked] = s["x"]
            peaks[asked] = s["place"][slot] + int(s["measure"][slot, M_PEAK])
            asked += 1
    return rows, asked


def harvest(recording: Recording, samples: Floats, params: NDArray[Any], weight: float, restart_s: int = 0) -> Harvest:
    """Run over `samples` (the recording, perhaps spoiled) and label each candidate by the nearest annotated beat."""
    capacity = len(samples) // 20 + 100
    xs = np.zeros((capacity, INPUTS), np.float32)
    peaks = np.zeros(capacity, np.int64)
    out = np.zeros(capacity, EVENT)
    flags = np.zeros(len(samples), np.uint8)
    _, n = _run(np.zeros(1, QRS_STATE), params, samples, flags, restart_s * GRID_HZ, xs, peaks, out)
    beat, wide = np.zeros(n, np.float32), np.full(n, -1, np.int8)
    peaks = peaks[:n]
    for reference, kind in zip(recording.beats, recording.wide, strict=True):
        if n == 0:
            break
        near = np.searchsorted(peaks, [reference - WINDOW, reference + WINDOW])
        if near[0] < near[1]:
            best = near[0] + np.argmin(np.abs(peaks[near[0] : near[1]] - reference))
            beat[best], wide[best] = 1.0, kind
    weights = (weight * outside(peaks.astype(np.float64), recording.skip)).astype(np.float32)
    return Harvest(xs[:n], beat, wide, weights)


def detect(samples: Floats, params: NDArray[Any]) -> NDArray[Any]:
    """Return the beats' rows, as the live chain would get them."""
    state = np.zeros(1, QRS_STATE)
    out = np.zeros(len(samples) // 20 + 100, EVENT)
    rows, _ = _detect(state, params, samples, np.zeros(len(samples), np.uint8), out)
    return out[:rows]


@njit
def _detect(state: Any, params: Any, y: Any, flags: Any, out: Any) -> tuple[int, int]:
    s, p = state[0], params[0]
    qrs_reset(s)
    rows = qrs_block(s, p, y, flags, len(y), 0, 0, out, 0)
    return qrs_finish(s, p, 0, out, rows), 0
