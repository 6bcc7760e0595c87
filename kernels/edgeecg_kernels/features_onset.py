"""Where the intervals that are like the last one began: a run of early beats starts at once, a heart that hastens does not.

The beats of a run are usual beside each other; what tells them is the interval before the first of them, however long ago it was,
and the slow intervals that the minute holds.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.features_order import clear, middle, ordered_into, ratio

N_ONSET = 12
LIKE = 0.12
"""An interval is like others as long as it is no further from their mean than this share of it."""
BEFORE_RUN = 8


@kernel
def onset(rr: Any, n: int, ordered: Any, out: Any, at: int) -> None:
    """Write N_ONSET values about the run that rr[n - 1] ends, and about that interval beside the slow and the fast ones of rr[:n]."""
    clear(out, at, N_ONSET)
    if n < 3:
        return
    length, mean = _run(rr, n)
    begin, total, square = n - length, 0.0, 0.0
    for i in range(begin, n):
        total += rr[i]
        square += (rr[i] - mean) * (rr[i] - mean)
    out[at] = float(length)
    out[at + 1] = total
    out[at + 2] = ratio(math.sqrt(square / length), mean)
    if begin > 0:
        low = max(0, begin - BEFORE_RUN)
        usual = _median(rr, low, begin, ordered)
        out[at + 3] = ratio(mean, usual)
        out[at + 4] = ratio(rr[begin], rr[begin - 1])
        out[at + 5] = ratio(rr[begin - 1], usual)
    half = n // 2
    if half >= 3:
        earlier = _median(rr, 0, half, ordered)
        out[at + 6] = ratio(_median(rr, half, n, ordered), earlier)
    _beside(rr, n, ordered, out, at + 7)


@kernel
def _run(rr: Any, n: int) -> tuple[int, float]:
    """Return how many of the last intervals are alike, each like the mean of the later ones, and their mean."""
    total, length = rr[n - 1], 1
    while length < n:
        mean = total / length
        other = rr[n - 1 - length]
        if abs(other - mean) > LIKE * mean:
            break
        total += other
        length += 1
    return length, total / length


@kernel
def _median(rr: Any, begin: int, end: int, ordered: Any) -> float:
    for i in range(begin, end):
        ordered_into(ordered, i - begin, rr[i])
    return middle(ordered, end - begin)


@kernel
def _beside(rr: Any, n: int, ordered: Any, out: Any, at: int) -> None:
    """The last interval beside the slow and the fast ones, and how often one is unlike the one before."""
    for i in range(n):
        ordered_into(ordered, i, rr[i])
    last, breaks = rr[n - 1], 0
    out[at] = ratio(last, ordered[9 * (n - 1) // 10])
    out[at + 1] = ratio(last, ordered[3 * (n - 1) // 4])
    out[at + 2] = ratio(last, ordered[(n - 1) // 4])
    out[at + 3] = ratio(last, ordered[(n - 1) // 10])
    for i in range(1, n):
        breaks += 1 if abs(rr[i] - rr[i - 1]) > LIKE * rr[i - 1] else 0
    out[at + 4] = breaks / n
