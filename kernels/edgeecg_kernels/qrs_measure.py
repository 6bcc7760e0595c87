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
    M_NORM,
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
CLEAR = 21
"""A QRS complex is over this far from its centre."""
CORE = 15


@kernel
def surroundings(line: Any, energy: Any, a: int, b: int) -> tuple[float, float, float, float]:
    """Return of line[a:b] and the energy centred on it: largest and mean energy, range, mean absolute second difference.

    The last is what muscle has and the heart has not.
    """
    n = b - a
    around = line[a - 1 : b + 1]
    energies = energy[a + ENERGY_DELAY : b + ENERGY_DELAY]
    top = 0.0
    total = 0.0
    rough = 0.0
    low = around[1]
    high = low
    for k in range(n):
        v = energies[k]
        here = around[k + 1]
        total += v
        top = max(top, v)
        low = min(low, here)
        high = max(high, here)
        rough += abs((around[k] - here) - (here - around[k + 2]))
    return top, total / n, high - low, rough / n


@kernel
def steepest(line: Any, a: int, b: int) -> float:
    """Return the largest absolute central difference over line[a:b]."""
    around = line[a - 1 : b + 1]
    top = 0.0
    for k in range(b - a):
        top = max(top, abs(around[k + 2] - around[k]))
    return top


@kernel
def core(line: Any, c: int) -> tuple[float, float]:
    """Return range and steepest slope of the complex itself."""
    around = line[c - CORE - 1 : c + CORE + 2]
    low = around[CORE + 1]
    high = low
    top = 0.0
    for k in range(2 * CORE + 1):
        here = around[k + 1]
        low = min(low, here)
        high = max(high, here)
        top = max(top, abs(around[k + 2] - around[k]))
    return high - low, top


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
def shoulders(line: Any, c: int) -> tuple[float, float]:
    """Return the mean of the line just before and just after the complex."""
    before = 0.0
    after = 0.0
    for k in range(CORE):
        before += line[c - 2 * CORE + k]
        after += line[c + CORE + k]
    return before / CORE, after / CORE


@kernel
def r_peak(line: Any, c: int, rest: float) -> tuple[int, float]:
    """Return where the line is farthest from `rest` about c, and the signed distance there.

    Neither sign is preferred, so an inverted lead has its peaks at the same samples.
    """
    best = 0.0
    at = c
    for k in range(c - APART // 2, c + APART // 2 + 1):
        v = line[k] - rest
        if abs(v) > abs(best):
            best = v
            at = k
    return at, best


@kernel
def take_snippet(smooth: Any, c: int, snippet: Any) -> float:
    """Write the shape about c, without mean and of unit power; return the norm it had."""
    first = c + 2 - SNIPPET_STEP * (SNIPPET // 2)
    t0 = t1 = t2 = t3 = 0.0
    for k in range(0, SNIPPET, 4):
        t0 += smooth[first + SNIPPET_STEP * k]
        t1 += smooth[first + SNIPPET_STEP * (k + 1)]
        t2 += smooth[first + SNIPPET_STEP * (k + 2)]
        t3 += smooth[first + SNIPPET_STEP * (k + 3)]
    mean = ((t0 + t1) + (t2 + t3)) / SNIPPET
    for k in range(SNIPPET):
        snippet[k] = smooth[first + SNIPPET_STEP * k] - mean
    t0 = t1 = t2 = t3 = 0.0
    for k in range(0, SNIPPET, 4):
        t0 += snippet[k] * snippet[k]
        t1 += snippet[k + 1] * snippet[k + 1]
        t2 += snippet[k + 2] * snippet[k + 2]
        t3 += snippet[k + 3] * snippet[k + 3]
    power = (t0 + t1) + (t2 + t3)
    norm = math.sqrt(power)
    scale = 1.0 / norm if norm > 1e-9 else 0.0
    for k in range(SNIPPET):
        snippet[k] *= scale
    return norm


@kernel
def measure(line: Any, smooth: Any, energy: Any, c: int, row: Any, snippet: Any) -> None:
    """Fill `row` and `snippet` for the candidate centred on line[c]."""
    pre, pre_mean, pre_range, pre_rough = surroundings(line, energy, c - BEFORE, c - CLEAR)
    post, post_mean, post_range, post_rough = surroundings(line, energy, c + CLEAR, c + AFTER)
    row[M_STRENGTH] = math.sqrt(energy[c + ENERGY_DELAY])
    row[M_PRE] = math.sqrt(pre)
    row[M_POST] = math.sqrt(post)
    row[M_PRE_MEAN] = math.sqrt(pre_mean)
    row[M_POST_MEAN] = math.sqrt(post_mean)
    row[M_PRE_RANGE] = pre_range
    row[M_POST_RANGE] = post_range
    row[M_ROUGH] = 0.5 * (pre_rough + post_rough)
    row[M_WIDTH] = width_above(energy, c + ENERGY_DELAY, 0.25)
    row[M_RANGE], row[M_SLOPE] = core(line, c)
    before, after = shoulders(line, c)
    row[M_STEP] = before - after
    row[M_BULGE] = abs(smooth[c + 2] - 0.5 * (smooth[c - 20] + smooth[c + 24]))
    at, height = r_peak(line, c, 0.5 * (before + after))
    row[M_PEAK] = at - c
    row[M_HEIGHT] = height
    row[M_NORM] = take_snippet(smooth, c, snippet)
