"""What a window's samples say: how its power is spread, how clean it is, the beat that repeats in it, and what lies between beats.

Plain statistics of a filtered window and its spectrum (both made by the caller, whose transforms they are), under their
names in `edgeecg.models.features`. A beat is BEFORE grid samples in front of R and AFTER behind it; the typical one is the
median of those that lie in the window whole. Sums go from first to last.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.features_order import clear, middle, ordered_into, ratio
from edgeecg_kernels.four import four, larger, lesser, put, spread

BEFORE, AFTER = 80, 110
BEAT = BEFORE + AFTER
QRS0, QRS1, P0, P1, T0, T1 = 68, 96, 20, 66, 104, 190
"""Where in a beat the QRS complex, the P wave and the T wave begin and end."""
SHAPE_POINTS, SHAPE_STEP = 24, 7
BANDS = 12
SECOND = 250
N_WHOLE, N_REPEATED, N_BETWEEN = BANDS + 10, 27 + SHAPE_POINTS, 10
FADE = 12.0
ST0, ST1, PR0 = 98, 104, 60


@kernel
def mean_of(y: Any, begin: int, end: int) -> float:
    """Return the mean of y[begin:end]."""
    total = 0.0
    for i in range(begin, end):
        total += y[i]
    return total / (end - begin)


@kernel
def spread_of(y: Any, begin: int, end: int) -> float:
    """Return the deviation of y[begin:end]."""
    mean = mean_of(y, begin, end)
    total = 0.0
    for i in range(begin, end):
        total += (y[i] - mean) * (y[i] - mean)
    return math.sqrt(total / (end - begin))


@kernel
def range_of(y: Any, begin: int, end: int) -> float:
    """Return how far y[begin:end] reaches."""
    low = high = y[begin]
    for i in range(begin + 1, end):
        low = min(low, y[i])
        high = max(high, y[i])
    return float(high - low)


@kernel
def power_between(power: Any, begin: int, end: int) -> float:
    """Return the sum of power[begin:end]."""
    total = 0.0
    for i in range(begin, end):
        total += power[i]
    return total


@kernel
def whole(raw: Any, clean: Any, power: Any, edges: Any, missing: float, ordered: Any, out: Any, at: int) -> None:
    """Write N_WHOLE values: the window as it is, beats or none. `edges` are the bands' places in `power`."""
    total = power_between(power, edges[0], edges[BANDS])
    for k in range(BANDS):
        out[at + k] = math.log((power_between(power, edges[k], edges[k + 1]) + 1e-9) / (total + 1e-6))
    size = spread_of(clean, 0, len(clean)) + 1e-6
    _moments(clean, size, out, at + BANDS)
    _seconds(clean, ordered, out, at + BANDS + 4)
    jump = 0.0
    for i in range(1, len(raw)):
        jump = max(jump, abs(raw[i] - raw[i - 1]))
    out[at + BANDS + 8] = missing
    out[at + BANDS + 9] = math.log(jump / size + 1e-6)


@kernel
def _moments(y: Any, size: float, out: Any, at: int) -> None:
    n = len(y)
    cube = fourth = slope2 = slope4 = 0.0
    crossings = 0
    for i in range(n):
        z = y[i] / size
        cube += z * z * z
        fourth += z * z * z * z
        if i > 0:
            last = y[i - 1] / size
            crossings += 1 if z * last < 0.0 else 0
            step = (z - last) * (z - last)
            slope2 += step
            slope4 += step * step
    slope2, slope4 = slope2 / (n - 1), slope4 / (n - 1)
    out[at] = math.log(size)
    out[at + 1] = fourth / n
    out[at + 2] = cube / n
    out[at + 3] = crossings / (n - 1)
    out[at + 7] = math.log(max(slope4 / (slope2 * slope2 + 1e-12), 1e-6))


@kernel
def _seconds(y: Any, ordered: Any, out: Any, at: int) -> None:
    """How far each whole second reaches: the flattest and the loudest against the usual one, and their spread."""
    n = len(y) // SECOND
    total = 0.0
    for k in range(n):
        reach = range_of(y, k * SECOND, (k + 1) * SECOND) + 1e-6
        total += reach
        ordered_into(ordered, k, reach)
    usual, mean = middle(ordered, n), total / n
    square = 0.0
    for k in range(n):
        square += (ordered[k] - mean) * (ordered[k] - mean)
    out[at] = ordered[0] / usual
    out[at + 1] = ordered[n - 1] / usual
    out[at + 2] = math.sqrt(square / n) / mean


@kernel
def choose_whole(peaks: Any, n: int, first: int, length: int, chosen: Any) -> int:
    """Write to `chosen` the peaks whose beats lie in [first, length) whole; return how many."""
    count = 0
    for k in range(n):
        if peaks[k] >= first + BEFORE and peaks[k] < length - AFTER:
            chosen[count] = peaks[k]
            count += 1
    return count


@kernel
def typical_of(y: Any, peaks: Any, n: int, ordered: Any, typical: Any) -> None:
    """Write the median of the beats at peaks[:n], sample by sample, n > 0; `ordered` has room for 2 n + 4.

    Four samples at a time, each put in order by itself up to its middle: whether two change places is chosen, not guessed.
    """
    half = n // 2
    for at in range(0, BEAT, 4):
        begin = min(at, BEAT - 4)
        for k in range(n):
            value = four(y, peaks[k] - BEFORE + begin)
            for j in range(min(k, half + 1)):
                other = four(ordered, 4 * j)
                put(ordered, 4 * j, lesser(value, other))
                value = larger(other, value)
            if k <= half:
                put(ordered, 4 * k, value)
        usual = four(ordered, 4 * half)
        if n % 2 == 0:
            usual = (four(ordered, 4 * (half - 1)) + usual) * spread(0.5)
        put(typical, begin, usual)


@kernel
def likeness(y: Any, at: int, other: Any, begin: int, end: int) -> float:
    """Correlate y[at + begin:at + end] with other[begin:end]."""
    n = end - begin
    mine = theirs = 0.0
    for i in range(begin, end):
        mine += y[at + i]
        theirs += other[i]
    mine, theirs = mine / n, theirs / n
    product = own = its = 0.0
    for i in range(begin, end):
        a, b = y[at + i] - mine, other[i] - theirs
        product += a * b
        own += a * a
        its += b * b
    return product / ((math.sqrt(own) + 1e-9) * (math.sqrt(its) + 1e-9))


@kernel
def _likenesses(y: Any, peaks: Any, n: int, typical: Any, spare: Any, out: Any, at: int) -> None:
    """How like the typical beat the others are, as a whole and in their P waves, and how far they reach."""
    least = math.inf
    unlike = 0
    for k in range(n):
        spare[k] = likeness(y, peaks[k] - BEFORE, typical, 0, BEAT)
        least = min(least, spare[k])
        unlike += 1 if spare[k] < 0.8 else 0
    out[at + 1] = mean_of(spare, 0, n)
    out[at + 2] = least
    out[at + 3] = spread_of(spare, 0, n)
    out[at + 4] = unlike / n
    for k in range(n):
        spare[k] = likeness(y, peaks[k] - BEFORE, typical, P0, P1)
    out[at + 22] = mean_of(spare, 0, n)
    out[at + 23] = spread_of(spare, 0, n)
    for k in range(n):
        spare[k] = range_of(y, peaks[k] - BEFORE + QRS0, peaks[k] - BEFORE + QRS1)
    out[at + 24] = spread_of(spare, 0, n) / (mean_of(spare, 0, n) + 1e-6)


@kernel
def _outliers(y: Any, peaks: Any, n: int, typical: Any, height: float, ordered: Any, out: Any, at: int) -> None:
    """The widest beat against the usual one, and the one furthest from the typical."""
    for k in range(n):
        start = peaks[k] - BEFORE
        level = 0.35 * range_of(y, start + QRS0, start + QRS1)
        count = 0
        for i in range(QRS0 - 12, QRS1 + 12):
            count += 1 if abs(y[start + i]) > level else 0
        ordered_into(ordered, k, float(count))
    out[at] = ordered[n - 1] / (middle(ordered, n) + 1.0)
    for k in range(n):
        start = peaks[k] - BEFORE
        total = 0.0
        for i in range(BEAT):
            total += (y[start + i] - typical[i]) * (y[start + i] - typical[i])
        ordered_into(ordered, k, math.sqrt(total / BEAT) / height)
    out[at + 1] = ordered[n - 1] / (middle(ordered, n) + 0.02)


@kernel
def _noise(y: Any, peaks: Any, n: int, typical: Any, height: float, noise: Any) -> None:
    """How far the beats are from the typical one, sample by sample, in units of its height."""
    for i in range(BEAT):
        total = 0.0
        for k in range(n):
            rest = y[peaks[k] - BEFORE + i] - typical[i]
            total += rest * rest
        noise[i] = math.sqrt(total / n) / height


@kernel
def hump(shape: Any, begin: int, end: int, place: Any) -> float:
    """Return how far shape[begin:end] bows from the line between its ends; write where, its mean and its mean square to `place`."""
    n = end - begin
    first = shape[begin]
    slope = (shape[end - 1] - first) / (n - 1)
    best, best_at, total, square = 0.0, 0, 0.0, 0.0
    for i in range(n):
        bow = shape[begin + i] - (first + slope * i)
        total += bow
        square += bow * bow
        if abs(bow) > abs(best):
            best, best_at = bow, i
    place[0] = float(best_at)
    place[1] = total / n
    place[2] = square / n
    return float(best)


@kernel
def _waves(shape: Any, noise: Any, spare: Any, out: Any, at: int) -> None:
    """The typical beat's P and T waves, and its ST segment."""
    p = hump(shape, P0, P1, spare)
    out[at] = p
    out[at + 1] = spare[0]
    out[at + 2] = abs(p) / (noise[P0 + int(spare[0])] + 1e-3)
    square = 0.0
    for i in range(P0, P1):
        square += noise[i] * noise[i]
    out[at + 3] = math.log(spare[2] / (square / (P1 - P0) + 1e-6) + 1e-6)
    out[at + 4] = hump(shape, T0, T1, spare)
    out[at + 5] = spare[0]
    out[at + 6] = spare[1]
    out[at + 7] = mean_of(shape, ST0, ST1) - mean_of(shape, PR0, P1)


@kernel
def repeated(y: Any, peaks: Any, n: int, typical: Any, shape: Any, noise: Any, ordered: Any, out: Any, at: int) -> None:
    """Write N_REPEATED values: the typical beat, and how far the n others are from it."""
    up = down = typical[QRS0]
    for i in range(QRS0, QRS1):
        up = max(up, typical[i])
        down = min(down, typical[i])
    sign = 1.0 if up >= -down else -1.0
    height = max(up, -down) + 1e-6
    for i in range(BEAT):
        shape[i] = sign * typical[i] / height
    _noise(y, peaks, n, typical, height, noise)
    out[at] = float(n)
    _likenesses(y, peaks, n, typical, ordered, out, at)
    out[at + 5] = mean_of(noise, 0, BEAT)
    out[at + 6] = mean_of(noise, QRS0, QRS1)
    out[at + 7] = mean_of(noise, P0, P1)
    out[at + 8] = mean_of(noise, T0, T1)
    out[at + 9] = math.log(height)
    out[at + 10] = sign * min(up, -down) / height
    wide, area, slope = 0, 0.0, 0.0
    for i in range(QRS0, QRS1):
        wide += 1 if abs(shape[i]) > 0.35 else 0
        area += abs(shape[i])
        slope = max(slope, abs(shape[i] - shape[i - 1]) if i > QRS0 else 0.0)
    out[at + 11] = wide / (QRS1 - QRS0)
    out[at + 12] = area / (QRS1 - QRS0)
    _waves(shape, noise, ordered, out, at + 13)
    out[at + 21] = slope
    _outliers(y, peaks, n, typical, height, ordered, out, at + 25)
    for k in range(SHAPE_POINTS):
        out[at + 27 + k] = mean_of(shape, k * SHAPE_STEP, (k + 1) * SHAPE_STEP)


@kernel
def take_beats_off(y: Any, peaks: Any, n: int, typical: Any, rest: Any) -> None:
    """Write to `rest` what is left of y when the typical beat is taken off at every R peak and each QRS is silenced."""
    length = len(y)
    for i in range(length):
        rest[i] = y[i]
    for k in range(n):
        start = peaks[k] - BEFORE
        for i in range(max(0, -start), min(BEAT, length - start)):
            rest[start + i] -= typical[i] * min(1.0, min(i, BEAT - 1 - i) / FADE)
    for k in range(n):
        for i in range(max(0, peaks[k] - 15), min(length, peaks[k] + 20)):
            rest[i] = 0.0


@kernel
def _quiet(y: Any, peaks: Any, n: int, quiet: Any) -> int:
    """Write the samples well after a T wave and well before the next P wave in a row; return how many."""
    count = 0
    for k in range(n - 1):
        first, last = peaks[k], peaks[k + 1]
        if last - first > BEFORE:
            for i in range(first + int(0.62 * (last - first)), last - 20):
                quiet[count] = y[i]
                count += 1
    return count


@kernel
def between(
    power: Any, usual: Any, places: Any, step_hz: float, length: int, height: float, out: Any, at: int
) -> None:  # fmt: skip
    """Write the spectral values of what lies between beats; `places` are 1, 4, 9.5 and 20 Hz, `usual` the window's own power."""
    low, start, end, high = places[0], places[1], places[2], places[3]
    inside = power_between(power, start, end)
    total = power_between(power, low, high) + 1e-9
    best, entropy = start, 0.0
    for i in range(start, end):
        best = i if power[i] > power[best] else best
        share = power[i] / (inside + 1e-12)
        entropy -= share * math.log(share + 1e-12)
    out[at] = inside / total
    out[at + 1] = math.log(inside / (power_between(usual, start, end) + 1e-9) + 1e-9)
    out[at + 2] = best * step_hz
    out[at + 3] = power[best] / (inside + 1e-12) * (end - start)
    out[at + 4] = power_between(power, low, start) / total
    out[at + 5] = power_between(power, end, high) / total
    out[at + 6] = math.log(math.sqrt(inside) / length / height + 1e-6)
    out[at + 7] = entropy


@kernel
def between_in_time(y: Any, peaks: Any, n: int, height: float, quiet: Any, out: Any, at: int) -> None:
    """Write how large the quiet stretches between beats are, and how often they cross their mean."""
    clear(out, at, 2)
    count = _quiet(y, peaks, n, quiet)
    if count <= 10:
        return
    mean = mean_of(quiet, 0, count)
    turns = 0
    for i in range(1, count):
        before, now = quiet[i - 1] - mean, quiet[i] - mean
        alike = (before > 0.0 and now > 0.0) or (before < 0.0 and now < 0.0) or (before == 0.0 and now == 0.0)
        turns += 0 if alike else 1
    out[at] = math.log(ratio(spread_of(quiet, 0, count), height) + 1e-6)
    out[at + 1] = turns / (count - 1)
