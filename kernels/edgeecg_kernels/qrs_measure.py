"""What is measured of a candidate once its LOOK samples have come: raw numbers in mV and samples, no level in them yet."""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.qrs_state import (
    APART,
    ENERGY_DELAY,
    LOOK,
    M_BULGE,
    M_HEIGHT,
    M_PEAK,
    M_POST,
    M_POST_MEAN,
    M_POST_RANGE,
    M_PRE,
    M_PRE_MEAN,
    M_PRE_RANGE,
    M_RANGE,
    M_ROUGH,
    M_SLOPE,
    M_STEP,
    M_STRENGTH,
    M_WIDTH,
    SNIPPET,
    SNIPPET_STEP,
)

BEFORE = 60
AFTER = LOOK - ENERGY_DELAY - 2
CLEAR = 22
"""A QRS complex is over this far from its centre."""
CORE = 15


@kernel
def peak_and_mean(x: Any, a: int, b: int) -> tuple[float, float]:
    """Return the largest value and the mean of x[a:b]."""
    top = 0.0
    total = 0.0
    for k in range(a, b):
        v = x[k]
        total += v
        if v > top:
            top = v
    return top, total / (b - a)


@kernel
def extent(x: Any, a: int, b: int) -> tuple[float, float]:
    """Return the smallest and the largest value of x[a:b]."""
    low = x[a]
    high = x[a]
    for k in range(a + 1, b):
        v = x[k]
        if v < low:
            low = v
        if v > high:
            high = v
    return low, high


@kernel
def mean(x: Any, a: int, b: int) -> float:
    """Return the mean of x[a:b]."""
    total = 0.0
    for k in range(a, b):
        total += x[k]
    return total / (b - a)


@kernel
def roughness(x: Any, a: int, b: int) -> float:
    """Return the mean absolute second difference over x[a:b]: what muscle has and the heart has not."""
    total = 0.0
    for k in range(a, b):
        total += abs(x[k - 1] - 2.0 * x[k] + x[k + 1])
    return total / (b - a)


@kernel
def steepest(x: Any, a: int, b: int) -> float:
    """Return the largest absolute central difference over x[a:b]."""
    top = 0.0
    for k in range(a, b):
        v = abs(x[k + 1] - x[k - 1])
        if v > top:
            top = v
    return top


@kernel
def width_above(energy: Any, at: int, share: float) -> int:
    """Return for how many samples around `at` the energy stays above a share of its value there."""
    limit = energy[at] * share
    left = at
    while left > at - BEFORE and energy[left - 1] > limit:
        left -= 1
    right = at
    while right < at + AFTER and energy[right + 1] > limit:
        right += 1
    return right - left + 1


@kernel
def r_peak(line: Any, c: int, a: int, b: int) -> tuple[int, float]:
    """Return where line[c-a:c+b] is farthest from its surroundings' mean, and the signed distance there.

    Neither sign is preferred, so an inverted lead has its peaks at the same samples.
    """
    rest = 0.5 * (mean(line, c - 30, c - 15) + mean(line, c + 15, c + 30))
    best = 0.0
    at = c
    for k in range(c - a, c + b):
        v = line[k] - rest
        if abs(v) > abs(best):
            best = v
            at = k
    return at, best


@kernel
def measure(line: Any, smooth: Any, energy: Any, c: int, row: Any, snippet: Any) -> None:
    """Fill `row` and `snippet` for the candidate centred on line[c]."""
    e = c + ENERGY_DELAY
    pre, pre_mean = peak_and_mean(energy, e - BEFORE, e - CLEAR)
    post, post_mean = peak_and_mean(energy, e + CLEAR, e + AFTER)
    row[M_STRENGTH] = math.sqrt(energy[e])
    row[M_PRE] = math.sqrt(pre)
    row[M_POST] = math.sqrt(post)
    row[M_PRE_MEAN] = math.sqrt(pre_mean)
    row[M_POST_MEAN] = math.sqrt(post_mean)
    row[M_SLOPE] = steepest(line, c - CORE, c + CORE + 1)
    row[M_ROUGH] = 0.5 * (roughness(line, c - BEFORE, c - CLEAR) + roughness(line, c + CLEAR, c + AFTER))
    row[M_WIDTH] = width_above(energy, e, 0.25)
    row[M_STEP] = mean(line, c - 45, c - 25) - mean(line, c + 25, c + 45)
    low, high = extent(line, c - CORE, c + CORE + 1)
    row[M_RANGE] = high - low
    low, high = extent(line, c - BEFORE, c - CLEAR)
    row[M_PRE_RANGE] = high - low
    low, high = extent(line, c + CLEAR, c + AFTER)
    row[M_POST_RANGE] = high - low
    row[M_BULGE] = abs(smooth[c + 2] - 0.5 * (smooth[c - 20] + smooth[c + 24]))
    at, height = r_peak(line, c, APART // 2, APART // 2 + 1)
    row[M_PEAK] = at - c
    row[M_HEIGHT] = height
    total = 0.0
    for k in range(SNIPPET):
        v = smooth[c + 2 + SNIPPET_STEP * (k - SNIPPET // 2)]
        snippet[k] = v
        total += v
    total /= SNIPPET
    power = 0.0
    for k in range(SNIPPET):
        v = snippet[k] - total
        snippet[k] = v
        power += v * v
    scale = 1.0 / math.sqrt(power) if power > 1e-18 else 0.0
    for k in range(SNIPPET):
        snippet[k] *= scale
