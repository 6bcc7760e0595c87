"""What the sound stage reads of the ECG beside it: a beat's R peak to the millisecond.

The grid's 250 Hz become 1000 by a polyphase sinc under a Kaiser window (Crochiere & Rabiner, Multirate Digital Signal
Processing, 1983, chapter 3): the lead as it came, so nothing is moved. R is where that is farthest from the level before
the beat, within eight milliseconds of where the detector has it on its own grid.
"""

from typing import Any

import numpy as np

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.exact import kaiser, sinc, sums_of_rows
from edgeecg_kernels.sound_state import QRS_BEFORE, QRS_LEN, SOUND_HZ
from edgeecg_kernels.state import GRID_HZ
from edgeecg_kernels.window_state import RING

UP = SOUND_HZ // GRID_HZ
REACH = 8
"""Grid samples on either side of what lies between two."""
REFINED_MS = 8
LEVEL_LEN = 50


def _phases() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    distance = np.arange(UP)[:, None] / UP + (REACH - 1) - np.arange(2 * REACH)
    taps = sinc(distance) * kaiser(distance, REACH, 5.0)
    return np.asarray(taps / sums_of_rows(taps))


PHASES = _phases()


@kernel
def read_qrs(window: Any, newest: int, grid: int, qrs: Any) -> None:
    """Fill in the ECG around grid sample `grid`; samples after `newest`, and bad ones, are 0."""
    for i in range(QRS_LEN):
        ms = i - QRS_BEFORE
        before = ms // UP
        phase = ms - before * UP
        total = 0.0
        for k in range(2 * REACH):
            g = grid + before + k - (REACH - 1)
            if g <= newest:
                total += PHASES[phase][k] * np.float64(window["mv"][g % RING])
        qrs[i] = total


@kernel
def refined_r(window: Any, newest: int, grid: int, qrs: Any) -> int:
    """Return how many milliseconds after grid sample `grid` the R peak is."""
    read_qrs(window, newest, grid, qrs)
    level = 0.0
    for i in range(LEVEL_LEN):
        level += qrs[i]
    level /= LEVEL_LEN
    best, best_at = abs(qrs[QRS_BEFORE] - level), 0
    sign = 1.0 if qrs[QRS_BEFORE] >= level else -1.0
    for shift in range(-REFINED_MS, REFINED_MS + 1):
        height = sign * (qrs[QRS_BEFORE + shift] - level)
        if height > best:
            best, best_at = height, shift
    return best_at if abs(best_at) < REFINED_MS else 0
