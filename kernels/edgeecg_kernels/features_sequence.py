"""The beats of a minute one by one, oldest first: a table that a net of beats reads, with what the typical one of them looks like.

A row says that the beat is there, that no one came before it, that its second of signal lies in the window; its intervals against the
usual one and against each other; the engine's verdicts; and its signal, as means over stretches about the R peak, narrow where
the complex is. A beat whose signal is not in the window has zeros there.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.features_order import middle, ordered_into

MOST_ROWS = 128
"""Of more beats than this the oldest are left out."""
EDGES = (-100, -84, -68, -56, -46, -38, -30, -22, -16, -11, -7, -4, -1, 2, 5, 8, 12, 17, 24, 33, 45, 60, 76, 94, 114, 136, 156)
"""Where the stretches of a beat's signal begin and end, in samples from its R peak at 250 Hz: 0.4 s before it to 0.62 s after."""
N_SHAPE = len(EDGES) - 1
N_ABOUT = 15
AT_CODED = 2
N_COLUMNS = N_ABOUT + N_SHAPE
N_SEQUENCE = MOST_ROWS * N_COLUMNS + N_SHAPE
"""The table row by row, then the median of each stretch over the beats whose signal is there."""
SHORTEST_S, FARTHEST = 0.05, 1.5
TALLEST, HEIGHT_FLOOR_MV, MOST_TALLER = 6.0, 0.02, 2.0
FARTHEST_SHAPE = 2.0


@kernel
def sequence(rows: Any, clean: Any, ordered: Any, out: Any) -> None:
    """Write N_SEQUENCE values of beats (rows of BEAT_FIELDS, oldest first).

    `clean` is the window without wander and hiss; `ordered` has room for as many values as there are beats.
    """
    for k in range(N_SEQUENCE):
        out[k] = 0.0
    first = max(0, rows.shape[0] - MOST_ROWS)
    n = rows.shape[0] - first
    if n == 0:
        return
    usual_s = 1.0
    for k in range(n - 1):
        ordered_into(ordered, k, rows[first + k + 1, 0] - rows[first + k, 0])
    if n > 1:
        usual_s = middle(ordered, n - 1)
    for k in range(n):
        ordered_into(ordered, k, abs(rows[first + k, 6]))
    usual_mv = middle(ordered, n)
    unit = _deviation(clean) + 1e-6
    for k in range(n):
        row, place = first + k, k * N_COLUMNS
        _about(rows, row, first, usual_s, usual_mv, out, place)
        _shape(clean, round(rows[row, 0] * 250.0), unit, out, place)
    _typical(n, ordered, out)


@kernel
def _about(rows: Any, row: int, first: int, usual_s: float, usual_mv: float, out: Any, at: int) -> None:
    last = rows.shape[0] - 1
    before, after = 1.0, 1.0
    if last > first:
        before = rows[max(row, first + 1), 0] - rows[max(row, first + 1) - 1, 0]
        after = rows[min(row, last - 1) + 1, 0] - rows[min(row, last - 1), 0]
    kind = rows[row, 2]
    out[at] = 1.0
    out[at + 1] = 1.0 if row == first else 0.0
    out[at + 3] = 4.0 * _log_of(before / usual_s)
    out[at + 4] = 4.0 * _log_of(after / usual_s)
    out[at + 5] = 4.0 * _log_of(after / before)
    out[at + 6] = 2.0 * _log_of(before)
    out[at + 7] = rows[row, 1]
    out[at + 8] = 1.0 if kind == 1.0 else 0.0
    out[at + 9] = 1.0 if kind == 2.0 else 0.0
    out[at + 10] = 1.0 if kind > 2.0 else 0.0
    out[at + 11] = rows[row, 3] / 100.0
    out[at + 12] = 2.0 * rows[row, 4] - 2.0
    out[at + 13] = min(max(rows[row, 5], 0.0), FARTHEST_SHAPE)
    taller = math.log((abs(rows[row, 6]) + HEIGHT_FLOOR_MV) / (usual_mv + HEIGHT_FLOOR_MV))
    out[at + 14] = min(max(taller, -MOST_TALLER), MOST_TALLER)


@kernel
def _shape(clean: Any, peak: int, unit: float, out: Any, at: int) -> None:
    if peak + EDGES[0] < 0 or peak + EDGES[N_SHAPE] > len(clean):
        return
    out[at + AT_CODED] = 1.0
    for part in range(N_SHAPE):
        begin, end = peak + EDGES[part], peak + EDGES[part + 1]
        total = 0.0
        for i in range(begin, end):
            total += clean[i]
        out[at + N_ABOUT + part] = min(max(total / (end - begin) / unit, -TALLEST), TALLEST)


@kernel
def _typical(n: int, ordered: Any, out: Any) -> None:
    for part in range(N_SHAPE):
        coded = 0
        for k in range(n):
            place = k * N_COLUMNS
            if out[place + AT_CODED] == 1.0:
                ordered_into(ordered, coded, out[place + N_ABOUT + part])
                coded += 1
        if coded > 0:
            out[MOST_ROWS * N_COLUMNS + part] = middle(ordered, coded)


@kernel
def _deviation(x: Any) -> float:
    total, square = 0.0, 0.0
    for value in x:
        total += value
    mean = total / len(x)
    for value in x:
        square += (value - mean) * (value - mean)
    return math.sqrt(square / len(x))


@kernel
def _log_of(value: float) -> float:
    return min(max(math.log(max(value, SHORTEST_S)), -FARTHEST), FARTHEST)
