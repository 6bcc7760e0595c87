"""Tell a lead in which there is nothing but waves of one size, as while ventricles flutter or fibrillate.

Kuo, S. and Dillman, R. (1978), "Computer detection of ventricular fibrillation", Computers in Cardiology, 347-349: a signal
is added to itself half a period later; of a wave little is left (equations for N and for the leakage). Differences: means
of five samples less their mean stand for the signal, so the half period is no whole number of them and the shifted signal is
read between two; and four seconds must each swing by a least height, at a rate that ventricles have, and none far out of the others.
A QRS complex leaks: it is short and what follows it is not its mirror image.
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
    SIZE_MIN,
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
def _size(means: Any, mean: float) -> float:
    """Return the sum of how far the means are from theirs."""
    size = 0.0
    for k in range(MEANS):
        size += abs(means[k] - mean)
    return size


@kernel
def _leakage(means: Any, oldest: int, mean: float, half: float) -> float:
    """Return what is left of the signal added to itself half a period later, as a share of both."""
    whole = int(half)
    part = half - whole
    left = both = 0.0
    now = (oldest + whole + 1) % MEANS
    then = oldest
    earlier = means[then] - mean
    for _ in range(whole + 1, MEANS):
        then = then + 1 if then + 1 < MEANS else 0
        later = means[then] - mean
        shifted = (1.0 - part) * later + part * earlier
        value = means[now] - mean
        left += abs(value + shifted)
        both += abs(value) + abs(shifted)
        earlier = later
        now = now + 1 if now + 1 < MEANS else 0
    return left / both if both > 0.0 else 1.0


@kernel
def _judge(s: Any, end: int, lead: int, out: Any, n_out: int) -> int:
    """Append a row if the window that ends before grid sample `end` is one of waves."""
    means = s["means"]
    oldest = s["count"] % MEANS
    before = means[oldest]
    least, lowest, highest, total, change = 1e9, 1e9, -1e9, 0.0, 0.0
    k = oldest
    for _ in range(SECONDS):
        low = high = means[k]
        for _ in range(MEANS_HZ):
            v = means[k]
            low = min(low, v)
            high = max(high, v)
            total += v
            change += abs(v - before)
            before = v
            k = k + 1 if k + 1 < MEANS else 0
        least = min(least, high - low)
        lowest = min(lowest, low)
        highest = max(highest, high)
    if least < SWING_MIN_MV:
        return n_out
    mean = total / MEANS
    size = _size(means, mean)
    if size < SIZE_MIN * MEANS * (highest - lowest):
        return n_out
    half = math.pi * size / change
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
    row["value"][2] = least
    return n_out + 1


@kernel
def flutter_block(s: Any, y: Any, flags: Any, n: int, first: int, lead: int, out: Any, n_out: int) -> int:
    """Take n clean samples from grid index `first` on; append a row for each second that ends four of waves, return the new count."""
    k = first % GROUP_LEN
    ahead = GRID_HZ - first % GRID_HZ  # up to the end of the second
    if n > 0 and k == 0:
        s["whole"] = 1
    total, whole, count, means = s["total"], s["whole"], s["count"], s["means"]
    slot = count % MEANS
    i = 0
    while 0 <= i < n:
        if k == 0 and i + GROUP_LEN <= n:
            stop = i + GROUP_LEN
            total = 0.0 + float(y[i]) + float(y[i + 1]) + float(y[i + 2]) + float(y[i + 3]) + float(y[i + 4])
            bad = 0 | flags[i] | flags[i + 1] | flags[i + 2] | flags[i + 3] | flags[i + 4]
        else:
            stop = min(n, i + GROUP_LEN - k)
            bad = 0
            for j in range(i, stop):
                total += float(y[j])
                bad |= int(flags[j])
        if bad & FLAG_BAD:
            for j in range(i, stop):
                if int(flags[j]) & FLAG_BAD:
                    s["bad_at"] = first + j
        k += stop - i
        ahead -= stop - i
        i = stop
        if k < GROUP_LEN:
            continue
        k = 0
        if whole == 1:
            means[slot] = total * (1.0 / GROUP_LEN)
            slot = slot + 1 if slot + 1 < MEANS else 0
            count += 1
        whole = 1
        total = 0.0
        if ahead == 0:
            ahead = GRID_HZ
            s["count"] = count
            if count >= MEANS and first + i - s["bad_at"] > WINDOW_LEN:
                n_out = _judge(s, first + i, lead, out, n_out)
    s["total"] = total
    s["whole"] = whole
    s["count"] = count
    return n_out


@kernel
def flutter(state: Any, y: Any, flags: Any, first: int, out: Any) -> int:
    """Run `flutter_block` for a caller in Python: return the number of rows written."""
    return flutter_block(state[0], y, flags, len(y), first, 0, out, 0)
