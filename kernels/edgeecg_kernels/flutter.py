"""Tell a lead in which there is nothing but waves of one size, as while ventricles flutter or fibrillate.

Kuo, S. and Dillman, R. (1978), "Computer detection of ventricular fibrillation", Computers in Cardiology, 347-349: a signal
is added to itself half a period later; of a wave little is left (equations for N and for the leakage). Differences: means
of five samples less their mean stand for the signal, so the half period is no whole number of them and the shifted signal is
read between two; and four seconds must each swing by a least height, at a rate that ventricles have. A QRS complex leaks: it is short
and what follows it is not its mirror image.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.flutter_state import (
    FASTEST_HZ,
    GROUP_LEN,
    LEAKAGE_MAX,
    MEANS,
    MEANS_HZ,
    SECONDS,
    SLOWEST_HZ,
    SWING_MIN_MV,
    WINDOW_LEN,
)
from edgeecg_kernels.state import FLAG_BAD, GRID_HZ, KIND_FLUTTER

FLUTTER_BOUND = WINDOW_LEN - 1
"""From a window's first sample to the one that decides it."""


@kernel
def flutter_reset(s: Any) -> None:
    """Forget everything: the next sample starts the lead anew."""
    s["whole"] = 0
    s["total"] = 0.0
    s["count"] = 0
    s["bad_at"] = -WINDOW_LEN


@kernel
def _least_swing(means: Any, oldest: int) -> float:
    """Return the height of the second that swings least."""
    least = 1e9
    k = oldest
    for _ in range(SECONDS):
        low = high = means[k]
        for _ in range(MEANS_HZ):
            low = min(low, means[k])
            high = max(high, means[k])
            k = k + 1 if k + 1 < MEANS else 0
        least = min(least, high - low)
    return least


@kernel
def _half_period(means: Any, oldest: int, mean: float) -> float:
    """Return half a period of the wave that this would be, in means; 0: it does not move."""
    size = change = 0.0
    before = means[oldest]
    k = oldest
    for _ in range(MEANS):
        size += abs(means[k] - mean)
        change += abs(means[k] - before)
        before = means[k]
        k = k + 1 if k + 1 < MEANS else 0
    return math.pi * size / change if change > 0.0 else 0.0


@kernel
def _leakage(means: Any, oldest: int, mean: float, half: float) -> float:
    """Return what is left of the signal added to itself half a period later, as a share of both."""
    whole = int(half)
    part = half - whole
    left = both = 0.0
    for j in range(whole + 1, MEANS):
        now = means[(oldest + j) % MEANS] - mean
        later = means[(oldest + j - whole) % MEANS] - mean
        earlier = means[(oldest + j - whole - 1) % MEANS] - mean
        then = (1.0 - part) * later + part * earlier
        left += abs(now + then)
        both += abs(now) + abs(then)
    return left / both if both > 0.0 else 1.0


@kernel
def _judge(s: Any, end: int, lead: int, out: Any, n_out: int) -> int:
    """Append a row if the window that ends before grid sample `end` is one of waves."""
    means = s["means"]
    oldest = s["count"] % MEANS
    swing = _least_swing(means, oldest)
    if swing < SWING_MIN_MV:
        return n_out
    total = 0.0
    for k in range(MEANS):
        total += means[(oldest + k) % MEANS]
    mean = total / MEANS
    half = _half_period(means, oldest, mean)
    if half < MEANS_HZ / (2.0 * FASTEST_HZ) or half > MEANS_HZ / (2.0 * SLOWEST_HZ):
        return n_out
    leakage = _leakage(means, oldest, mean, half)
    if leakage >= LEAKAGE_MAX:
        return n_out
    row = out[n_out]
    row["kind"] = KIND_FLUTTER
    row["lead"] = lead
    row["sample"] = end - WINDOW_LEN
    row["known_at"] = end - 1
    for k in range(8):
        row["value"][k] = 0.0
    row["value"][0] = leakage
    row["value"][1] = MEANS_HZ / (2.0 * half)
    row["value"][2] = swing
    return n_out + 1


@kernel
def flutter_block(s: Any, y: Any, flags: Any, n: int, first: int, lead: int, out: Any, n_out: int) -> int:
    """Take n clean samples from grid index `first` on; append a row for each second that ends four of waves, return the new count."""
    if n > 0 and first % GROUP_LEN == 0:
        s["whole"] = 1
    total = s["total"]
    i = 0
    while 0 <= i < n:
        stop = min(n, i + GROUP_LEN - (first + i) % GROUP_LEN)
        for j in range(i, stop):
            total += float(y[j])
            if int(flags[j]) & FLAG_BAD:
                s["bad_at"] = first + j
        i = stop
        end = first + i
        if end % GROUP_LEN > 0:
            continue
        if s["whole"] == 1:
            s["means"][s["count"] % MEANS] = total / GROUP_LEN
            s["count"] += 1
        s["whole"] = 1
        total = 0.0
        if end % GRID_HZ == 0 and s["count"] >= MEANS and end - s["bad_at"] > WINDOW_LEN:
            n_out = _judge(s, end, lead, out, n_out)
    s["total"] = total
    return n_out


@kernel
def flutter(state: Any, y: Any, flags: Any, first: int, out: Any) -> int:
    """Run `flutter_block` for a caller in Python: return the number of rows written."""
    return flutter_block(state[0], y, flags, len(y), first, 0, out, 0)
