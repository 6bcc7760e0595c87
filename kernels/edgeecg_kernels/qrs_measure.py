"""What is measured of a candidate once its LOOK samples have come: raw numbers in mV and samples, no level in them yet."""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.four import four, larger, largest, least, lesser, spread
from edgeecg_kernels.qrs_state import (
    APART,
    EDGE,
    ENERGY_DELAY,
    LOOK,
    M_BULGE,
    M_FULLNESS,
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
)

BEFORE = 40
AFTER = 12
"""Samples on either side of a complex that say what surrounds it; every second one is enough for that."""
CLEAR = 21
"""A QRS complex is over this far from its centre."""
CORE = 15
SPAN = 60
"""A hump of energy is not followed any further back than this."""
AHEAD = LOOK - ENERGY_DELAY - 2
"""What is known of the energy after a candidate's own when it is measured."""


@kernel
def surroundings(line: Any, energy: Any, a: int, n: int) -> tuple[float, float, float, float]:
    """Return of line[a:a+n] and the energy centred on it: largest and mean energy, range, mean absolute second difference.

    The last is what muscle has and the heart has not.
    """
    around = line[a - 1 : a + n + 1]
    energies = energy[a + ENERGY_DELAY : a + n + ENERGY_DELAY]
    top = 0.0
    total = 0.0
    rough = 0.0
    low = around[1]
    high = low
    for k in range(0, n, 2):
        v = energies[k]
        here = around[k + 1]
        total += v
        top = max(top, v)
        low = min(low, here)
        high = max(high, here)
        rough += abs((around[k] - here) - (here - around[k + 2]))
    count = 0.5 * n
    return top, total / count, high - low, rough / count


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
    low = high = four(line, c - CORE)
    top = spread(0.0)
    for k in range(c - CORE, c + CORE + 1, 4):
        j = min(k, c + CORE - 3)  # the last four overlap those before
        here = four(line, j)
        low, high = lesser(here, low), larger(here, high)
        top = larger(abs(four(line, j + 1) - four(line, j - 1)), top)
    return largest(high) - least(low), largest(top)


@kernel
def width_above(energy: Any, at: int, share: float) -> int:
    """Return for how many samples around `at` the energy stays above a share of its value there."""
    limit = energy[at] * share
    left = energy[at - SPAN : at]
    width = 1
    for k in range(SPAN):
        if not left[SPAN - 1 - k] > limit:
            break
        width += 1
    right = energy[at + 1 : at + AHEAD + 1]
    for k in range(AHEAD):
        if not right[k] > limit:
            break
        width += 1
    return width


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
def fullness(line: Any, c: int, rest: float) -> float:
    """Return how far the line is from `rest` about c, on average over 160 ms."""
    around = line[c - 20 : c + 21]
    total = 0.0
    for k in range(0, 41, 2):
        total += abs(around[k] - rest)
    return total / 21.0


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
def inner_power(shape: Any) -> float:
    """Return the power of a shape but for its EDGE points at either end: those that are compared when nothing is shifted."""
    a = b = 0.0
    for k in range(EDGE, SNIPPET - EDGE, 2):
        a += shape[k] * shape[k]
        b += shape[k + 1] * shape[k + 1]
    return a + b


@kernel
def take_snippet(smooth: Any, c: int, snippet: Any) -> float:
    """Write the shape about c, every second sample, without mean and of unit inner power; return the norm it had."""
    points = smooth[c + 2 - SNIPPET : c + 2 + SNIPPET]
    a = b = 0.0
    for k in range(0, SNIPPET, 2):
        v, w = points[2 * k], points[2 * k + 2]
        snippet[k], snippet[k + 1] = v, w
        a += v
        b += w
    mean = (a + b) / SNIPPET
    for k in range(SNIPPET):
        snippet[k] -= mean
    norm = math.sqrt(inner_power(snippet))
    scale = 1.0 / norm if norm > 1e-9 else 0.0
    for k in range(SNIPPET):
        snippet[k] *= scale
    return norm


@kernel
def measure(line: Any, smooth: Any, energy: Any, c: int, row: Any, snippet: Any) -> None:
    """Fill `row` and `snippet` for the candidate centred on line[c]."""
    pre, pre_mean, pre_range, pre_rough = surroundings(line, energy, c - CLEAR - BEFORE, BEFORE)
    post, post_mean, post_range, post_rough = surroundings(line, energy, c + CLEAR + 1, AFTER)
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
    rest = 0.5 * (before + after)
    at, height = r_peak(line, c, rest)
    row[M_PEAK] = at - c
    row[M_HEIGHT] = height
    row[M_FULLNESS] = fullness(line, c, rest)
    row[M_NORM] = take_snippet(smooth, c, snippet)
