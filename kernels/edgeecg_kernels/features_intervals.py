"""What the times between beats say: how far they scatter, whether the scatter has an order, and what the engine said of the beats.

Sample entropy for short records after Lake & Moorman 2011 (m = 1, less the logarithm of the mean interval); the tolerance
doubles until five pairs match, and half a match is added to both counts, so that none is infinite. Cells of successive
differences after Sarkar et al. 2008. Everything else is a plain statistic under its name in `edgeecg.models.features`.
Sums go from first to last; what cannot be known is NaN.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.features_order import clear, middle, ordered_into, ratio

N_SCATTER, N_ORDER, N_VERDICTS = 17, 22, 21
KEPT = 0.2
"""An interval this far from the median, as a share of it, is left out of what is called kept."""
EARLY, SURE, WIDE, NARROW = 0.85, 0.5, 2.0, 1.0
CELLS = 31
"""Successive differences from -0.6 to 0.6 s, in steps of 40 ms."""
BINS = 41


@kernel
def scatter(rr: Any, n: int, ordered: Any, out: Any, at: int) -> None:
    """Write N_SCATTER values: mean, spread and outliers of rr[:n], in any order."""
    clear(out, at, N_SCATTER)
    out[at] = float(n)
    if n < 2:
        if n == 1:
            out[at + 1] = rr[0]
            out[at + 2] = rr[0]
        return
    total = 0.0
    for i in range(n):
        total += rr[i]
        ordered_into(ordered, i, rr[i])
    mean, median = total / n, middle(ordered, n)
    least, most = ordered[0], ordered[n - 1]
    quarters = ordered[(3 * n) // 4] - ordered[n // 4]
    square = cube = 0.0
    n_short = n_long = n_kept = 0
    kept_total, kept_least, kept_most = 0.0, math.inf, -math.inf
    for i in range(n):
        far = rr[i] - mean
        square += far * far
        cube += far * far * far
        away = abs(rr[i] - median)
        ordered_into(ordered, i, away)
        n_short += 1 if rr[i] < 0.85 * median else 0
        n_long += 1 if rr[i] > 1.15 * median else 0
        if away < KEPT * median:
            n_kept += 1
            kept_total += rr[i]
            kept_least = min(kept_least, rr[i])
            kept_most = max(kept_most, rr[i])
    spread = math.sqrt(square / n)
    out[at + 1] = mean
    out[at + 2] = median
    out[at + 3] = least
    out[at + 4] = most
    out[at + 5] = ratio(spread, mean)
    out[at + 6] = ratio(middle(ordered, n), median)
    out[at + 7] = ratio(quarters, median)
    out[at + 8] = ratio(most - least, median)
    out[at + 9] = cube / n / (spread * spread * spread + 1e-9)
    out[at + 10] = ratio(rr[0], rr[n - 1])
    out[at + 11] = ratio(rr[n - 1], median)
    out[at + 12] = n_short / n
    out[at + 13] = n_long / n
    if n_kept > 0:
        out[at + 14] = ratio(_kept_spread(rr, n, median, kept_total / n_kept, n_kept), median)
        out[at + 15] = ratio(kept_most - kept_least, median)
    out[at + 16] = n_kept / n


@kernel
def _kept_spread(rr: Any, n: int, median: float, kept_mean: float, n_kept: int) -> float:
    total = 0.0
    for i in range(n):
        if abs(rr[i] - median) < KEPT * median:
            total += (rr[i] - kept_mean) * (rr[i] - kept_mean)
    return math.sqrt(total / n_kept)


@kernel
def order(rr: Any, n: int, ordered: Any, cells: Any, out: Any, at: int) -> None:
    """Write N_ORDER values: what follows what in rr[:n]."""
    clear(out, at, N_ORDER)
    if n < 4:
        return
    total = 0.0
    for i in range(n):
        total += rr[i]
        ordered_into(ordered, i, rr[i])
    mean, median = total / n, middle(ordered, n)
    if not (mean > 0.0 and median > 0.0):
        return
    out[at + 21] = _ranks(ordered, n)
    spread = _variance(rr, n, mean)
    _steps(rr, n, median, spread, ordered, out, at)
    _echoes(rr, n, mean, median, spread, out, at)
    _ectopy(rr, n, median, out, at)
    out[at + 13] = _entropy(rr, n, median, cells)
    out[at + 14] = _sample_entropy(rr, n, mean)
    _lorenz(rr, n, cells, out, at + 15)
    _kept_order(rr, n, mean, median, ordered, out, at + 18)


@kernel
def _variance(rr: Any, n: int, mean: float) -> float:
    total = 0.0
    for i in range(n):
        total += (rr[i] - mean) * (rr[i] - mean)
    return total / n


@kernel
def _ranks(ordered: Any, n: int) -> float:
    """Share of intervals that differ, told apart by 30 ms."""
    count = 1
    for i in range(1, n):
        count += 1 if round(ordered[i] / 0.03) != round(ordered[i - 1] / 0.03) else 0
    return count / n


@kernel
def _steps(rr: Any, n: int, median: float, spread: float, ordered: Any, out: Any, at: int) -> None:
    """The size of successive differences, and how often they turn."""
    m = n - 1
    total = square = largest = 0.0
    over20 = over50 = over100 = turns = 0
    before = 0.0
    for i in range(m):
        step = rr[i + 1] - rr[i]
        size = abs(step)
        total += step
        square += step * step
        largest = max(largest, size)
        ordered_into(ordered, i, size)
        over20 += 1 if size > 0.02 else 0
        over50 += 1 if size > 0.05 else 0
        over100 += 1 if size > 0.10 else 0
        turns += 1 if step * before < 0.0 else 0
        before = step
    mean = total / m
    variance = 0.0
    for i in range(m):
        far = rr[i + 1] - rr[i] - mean
        variance += far * far
    variance = variance / m
    longer = 2.0 * spread - 0.5 * variance
    out[at] = math.sqrt(square / m) / median
    out[at + 1] = middle(ordered, m) / median
    out[at + 2] = largest / median
    out[at + 3] = over20 / m
    out[at + 4] = over50 / m
    out[at + 5] = over100 / m
    out[at + 6] = math.sqrt(variance / 2.0) / ((math.sqrt(longer) if longer > 0.0 else 0.0) + 1e-3)
    out[at + 7] = turns / (m - 1)


@kernel
def _echoes(rr: Any, n: int, mean: float, median: float, spread: float, out: Any, at: int) -> None:
    """How much an interval says of the next, and of the one after."""
    lag1 = lag2 = second = first = 0.0
    for i in range(n - 1):
        lag1 += (rr[i] - mean) * (rr[i + 1] - mean)
        first += abs(rr[i + 1] - rr[i])
        if i < n - 2:
            lag2 += (rr[i] - mean) * (rr[i + 2] - mean)
            second += abs(rr[i + 2] - rr[i])
    power = spread * n / (median * median) + 1e-9
    out[at + 8] = lag1 / (median * median) / power
    out[at + 9] = lag2 / (median * median) / power
    out[at + 10] = second / (n - 2) / (first / (n - 1) + 1e-3)


@kernel
def _ectopy(rr: Any, n: int, median: float, out: Any, at: int) -> None:
    """An early beat and the pause behind it: how nearly the two make up for each other, and how often."""
    least = math.inf
    pauses = 0
    for i in range(n - 1):
        z, after = rr[i] / median - 1.0, rr[i + 1] / median - 1.0
        if z < -0.12:
            least = min(least, abs(z + after))
            pauses += 1 if after > 0.05 else 0
    out[at + 11] = least if least < math.inf else math.nan
    out[at + 12] = pauses / (n - 1)


@kernel
def _entropy(rr: Any, n: int, median: float, cells: Any) -> float:
    """Shannon's entropy of the intervals in bins of 5 % of their median, against the most it could be."""
    for k in range(BINS):
        cells[k] = 0
    for i in range(n):
        cells[min(max(round((rr[i] / median - 1.0) / 0.05) + 20, 0), BINS - 1)] += 1
    total = 0.0
    for k in range(BINS):
        if cells[k] > 0:
            share = cells[k] / n
            total -= share * math.log(share)
    return total / math.log(float(n))


@kernel
def _sample_entropy(rr: Any, n: int, mean: float) -> float:
    near = (0, 0, 0, 0)
    longer = (0, 0, 0, 0)
    tolerance = 0.03
    for i in range(n - 1):
        for j in range(i + 1, n - 1):
            apart, after = abs(rr[i] - rr[j]), abs(rr[i + 1] - rr[j + 1])
            if apart < 0.24:
                a, b, c = 1 if apart < 0.03 else 0, 1 if apart < 0.06 else 0, 1 if apart < 0.12 else 0
                near = (near[0] + a, near[1] + b, near[2] + c, near[3] + 1)
                if after < 0.24:
                    both = max(apart, after)
                    a, b, c = 1 if both < 0.03 else 0, 1 if both < 0.06 else 0, 1 if both < 0.12 else 0
                    longer = (longer[0] + a, longer[1] + b, longer[2] + c, longer[3] + 1)
    level = 0
    while level < 3 and longer[level] < 5:
        level += 1
        tolerance *= 2.0
    if longer[level] < 5:
        tolerance *= 2.0
    entropy = math.log((near[level] + 0.5) / (longer[level] + 0.5))
    return entropy + math.log(2.0 * tolerance) - math.log(mean)


@kernel
def _cell(step: float) -> int:
    return int(min(max(round(step / 0.04) + CELLS // 2, 0), CELLS - 1))


@kernel
def _lorenz(rr: Any, n: int, cells: Any, out: Any, at: int) -> None:
    """Cells that pairs of successive differences visit: share of all visits, visits at rest, evidence of fibrillation."""
    for k in range(CELLS * CELLS):
        cells[k] = 0
    visited = rest = 0
    for i in range(n - 2):
        before, step = rr[i + 1] - rr[i], rr[i + 2] - rr[i + 1]
        place = _cell(step) * CELLS + _cell(before)
        visited += 1 if cells[place] == 0 else 0
        cells[place] = 1
        rest += (1 if abs(step) < 0.02 else 0) + (1 if abs(before) < 0.02 else 0)
    share, at_rest = visited / (n - 2), rest / (2.0 * (n - 2))
    out[at] = share
    out[at + 1] = at_rest
    out[at + 2] = share - at_rest


@kernel
def _kept_order(rr: Any, n: int, mean: float, median: float, ordered: Any, out: Any, at: int) -> None:
    """The same of kept intervals: their differences, and how much one says of the next kept one."""
    square = lag = power = last = 0.0
    count, seen = 0, False
    for i in range(n):
        if not abs(rr[i] / median - 1.0) < KEPT:
            continue
        z = (rr[i] - mean) / median
        lag += z * last if seen else 0.0
        power += z * z
        last, seen = z, True
        if i > 0 and abs(rr[i - 1] / median - 1.0) < KEPT:
            step = rr[i] - rr[i - 1]
            square += step * step
            ordered_into(ordered, count, abs(step))
            count += 1
    if count > 0:
        out[at] = math.sqrt(square / count) / median
        out[at + 1] = middle(ordered, count) / median
    out[at + 2] = lag / (power + 1e-9)


@kernel
def verdicts(rows: Any, begin: int, ordered: Any, out: Any, at: int) -> None:
    """Write N_VERDICTS values: what the engine said of the beats rows[begin:], put together."""
    clear(out, at, N_VERDICTS)
    n = rows.shape[0] - begin
    if n == 0:
        return
    sure = early_distance = 0.0
    least_sure = earliest = math.inf
    latest = -math.inf
    doubtful = wide = unknown = hasty = hasty_wide = hasty_narrow = 0
    for i in range(begin, begin + n):
        confidence, kind, early, distance = rows[i, 1], rows[i, 2], rows[i, 4], rows[i, 5]
        sure += confidence
        least_sure = min(least_sure, confidence)
        doubtful += 1 if confidence < SURE else 0
        wide += 1 if kind == WIDE else 0
        unknown += 1 if kind == 0.0 else 0
        if early > 0.0:
            earliest = min(earliest, early)
            latest = max(latest, early)
            if early < EARLY:
                hasty += 1
                hasty_wide += 1 if kind == WIDE else 0
                hasty_narrow += 1 if kind == NARROW else 0
                early_distance += distance
    out[at] = sure / n
    out[at + 1] = least_sure
    out[at + 2] = doubtful / n
    out[at + 3] = wide / n
    out[at + 4] = unknown / n
    _column(rows, begin, 3, ordered, out, at + 5)
    out[at + 5] = middle(ordered, n)
    out[at + 6] = ordered[n - 1]
    _column(rows, begin, 5, ordered, out, at + 8)
    out[at + 8] = middle(ordered, n)
    out[at + 9] = ordered[n - 1]
    mean = _column(rows, begin, 6, ordered, out, at + 10)
    usual = middle(ordered, n)
    out[at + 11] = usual
    out[at + 12] = ratio(out[at + 12], abs(mean) + 1e-6)
    out[at + 13] = ratio(ordered[0], usual + 1e-6)
    out[at + 14] = ratio(ordered[n - 1], usual + 1e-6)
    if latest > -math.inf:
        out[at + 15] = earliest
        out[at + 19] = latest
    out[at + 16] = hasty / n
    out[at + 17] = hasty_wide / n
    out[at + 18] = hasty_narrow / n
    if hasty > 0:
        out[at + 20] = early_distance / hasty


@kernel
def _column(rows: Any, begin: int, column: int, ordered: Any, out: Any, at: int) -> float:
    """Put rows[begin:, column] in order, write its deviation to out[at + 2], return its mean."""
    n = rows.shape[0] - begin
    total = 0.0
    for i in range(n):
        value = rows[begin + i, column]
        total += value
        ordered_into(ordered, i, value)
    mean = total / n
    square = 0.0
    for i in range(n):
        far = rows[begin + i, column] - mean
        square += far * far
    out[at + 2] = math.sqrt(square / n)
    return float(mean)


@kernel
def told(rows: Any, begin: int, rr: Any, ordered: Any, cells: Any, out: Any, at: int) -> None:
    """Write what the beats rows[begin:] say: N_SCATTER, N_ORDER and N_VERDICTS values."""
    n = max(rows.shape[0] - begin - 1, 0)
    for i in range(n):
        rr[i] = rows[begin + i + 1, 0] - rows[begin + i, 0]
    scatter(rr, n, ordered, out, at)
    order(rr, n, ordered, cells, out, at + N_SCATTER)
    verdicts(rows, begin, ordered, out, at + N_SCATTER + N_ORDER)
