"""The features of the beat tree, in the order in which `edgeecg.models.features.beat` names them.

One R peak, how early it comes for this heart, how it looks, and how it looks beside the beats before it; of these the ones
that the detector did not call wide, if there are two, else all. Nothing is assumed to be there: what is not known is NaN.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.features_intervals import EARLY, KEPT, N_ORDER, N_SCATTER, WIDE, order, scatter
from edgeecg_kernels.features_onset import N_ONSET, onset
from edgeecg_kernels.features_order import clear, middle, ordered_into, ratio
from edgeecg_kernels.features_strip import (
    AFTER,
    BEAT,
    BEFORE,
    P0,
    P1,
    PR0,
    QRS0,
    QRS1,
    ST0,
    ST1,
    T0,
    T1,
    hump,
    likeness,
    mean_of,
    range_of,
    spread_of,
    typical_of,
)

N_RHYTHM, N_VERDICT, N_OWN, N_AGAINST = 20, 13, 18, 25
SHAPE_POINTS, SHAPE_STEP = 19, 10
AT_MINUTE = N_RHYTHM
AT_VERDICT = AT_MINUTE + N_SCATTER + N_ORDER
AT_OWN = AT_VERDICT + N_VERDICT
AT_AGAINST = AT_OWN + N_OWN
AT_SHAPE = AT_AGAINST + N_AGAINST
AT_ONSET = AT_SHAPE + 2 * SHAPE_POINTS
N_FEATURES = AT_ONSET + N_ONSET
MOST_BEATS = 360
ROOM = 2 * MOST_BEATS + 4
"""To put a sample of so many beats in order, see `typical_of`."""
NEAR_S = 0.02
"""A beat further than this from the R peak asked about is another one."""
RECENT, NORMALS, LAST = 8, 4, 6
ALIKE = 0.9
SHIFT = 8
PR_LAG = 15
"""P waves are compared at this many grid samples earlier and later, too."""


@kernel
def beat_features(
    rows: Any, clean: Any, first: int, at: int, at_s: float, chosen: Any, cells: Any, scratch: Any, out: Any
) -> None:  # fmt: skip
    """Write N_FEATURES of the beat whose R peak is clean[at], `at_s` into the window, whose samples begin at `first`.

    `rows` are the beats known, oldest first. `scratch` has five rows of ROOM, `chosen` has MOST_BEATS, `cells` 961.
    """
    clear(out, 0, AT_OWN)
    clear(out, AT_ONSET, N_ONSET)
    this = _nearest(rows, at_s)
    ordered = scratch[1]
    if this >= 0:
        _rhythm(rows, this, scratch[0], ordered, cells, out)
        _verdict(rows, this, ordered, out, AT_VERDICT)
    start = at - BEFORE
    height = range_of(clean, start + QRS0, start + QRS1) + 1e-6
    beat = clean[start : start + BEAT]
    _own(beat, height, scratch[2], ordered, out, AT_OWN)
    n = _others(rows, this, first, at, chosen)
    typical = scratch[3]
    if n > 0:
        typical_of(clean, chosen, n, ordered, typical)
        _against(clean, start, chosen, n, typical, scratch[4], ordered, out, AT_AGAINST)
    else:
        clear(out, AT_AGAINST, N_AGAINST)
    scale = range_of(typical, QRS0, QRS1) + 1e-6
    for k in range(SHAPE_POINTS):
        out[AT_SHAPE + k] = mean_of(beat, k * SHAPE_STEP, (k + 1) * SHAPE_STEP) / height
        usual = mean_of(typical, k * SHAPE_STEP, (k + 1) * SHAPE_STEP) if n > 0 else math.nan
        out[AT_SHAPE + SHAPE_POINTS + k] = (mean_of(beat, k * SHAPE_STEP, (k + 1) * SHAPE_STEP) - usual) / scale if n > 0 else math.nan


@kernel
def _nearest(rows: Any, at_s: float) -> int:
    """Return the beat at `at_s`, or -1."""
    best, away = -1, NEAR_S
    for k in range(rows.shape[0]):
        if abs(rows[k, 0] - at_s) <= away:
            best, away = k, abs(rows[k, 0] - at_s)
    return best


@kernel
def _others(rows: Any, this: int, first: int, at: int, chosen: Any) -> int:
    """Write where the beats to compare with are, oldest first: whole, before this one; return how many."""
    narrow = 0
    for k in range(max(this, 0)):
        peak = round(rows[k, 0] * 250.0)
        if peak >= first + BEFORE and peak < at and rows[k, 2] != WIDE:
            narrow += 1
    count = 0
    for k in range(max(this, 0)):
        peak = round(rows[k, 0] * 250.0)
        if peak >= first + BEFORE and peak < at and (narrow < 2 or rows[k, 2] != WIDE):
            chosen[count] = peak
            count += 1
    return count


# --- how early it comes ------------------------------------------------------------------------------------------------


@kernel
def _rhythm(rows: Any, this: int, rr: Any, ordered: Any, cells: Any, out: Any) -> None:
    """How early this beat is for this heart: beside the intervals just before, and beside the minute's."""
    n = this
    out[19] = float(n)
    if n < 1:
        return
    for k in range(n):
        rr[k] = rows[k + 1, 0] - rows[k, 0]
    last, m = rr[n - 1], n - 1  # rr[:m] are those before
    out[0] = last
    after = rows[this + 1, 0] - rows[this, 0] if this + 1 < rows.shape[0] else math.nan
    out[16] = after
    scatter(rr, m, ordered, out, AT_MINUTE)
    order(rr, m, ordered, cells, out, AT_MINUTE + N_SCATTER)
    onset(rr, n, ordered, out, AT_ONSET)
    if n < 2:
        return
    before = rr[n - 2]
    out[1] = before
    out[5] = ratio(last, before)
    if n < 3:
        return
    out[2] = rr[n - 3]
    minute = out[AT_MINUTE + 2]
    kept_spread = out[AT_MINUTE + 14] * minute
    low = max(0, m - RECENT)
    for k in range(low, m):
        ordered_into(ordered, k - low, rr[k])
    recent = middle(ordered, m - low)
    least = most = rr[m - 1]
    for k in range(max(0, m - LAST), m):
        least = min(least, rr[k])
        most = max(most, rr[k])
    normal = _usual_interval(rows, rr, m, minute, recent)
    out[3] = ratio(last, recent)
    out[4] = ratio(last, minute)
    out[6] = ratio(last, most)
    out[7] = ratio(last, least)
    out[8] = ratio(last, normal)
    out[9] = ratio(before, minute)
    out[10] = ratio(before, normal)
    out[11] = ratio(spread_of(rr, low, m), recent)
    out[12] = (last - minute) / (kept_spread + 0.01)
    out[13] = (last - normal) / (kept_spread + 0.01)
    out[14] = ratio(out[AT_MINUTE + 3], minute)
    out[15] = _early_share(rr, m, minute)
    out[17] = ratio(last + after, 2.0 * normal)
    out[18] = abs(last - rr[n - 3]) / (abs(last - before) + 0.02)


@kernel
def _usual_interval(rows: Any, rr: Any, m: int, minute: float, recent: float) -> float:
    """Return the mean of the last few intervals before that are near the minute's median and end in a beat not wide."""
    total, count = 0.0, 0
    for k in range(m - 1, -1, -1):
        if abs(rr[k] - minute) < KEPT * minute and rows[k + 1, 2] != WIDE:
            total += rr[k]
            count += 1
            if count == NORMALS:
                break
    return total / count if count > 0 else recent


@kernel
def _early_share(rr: Any, m: int, minute: float) -> float:
    count = 0
    for k in range(m):
        count += 1 if rr[k] < EARLY * minute else 0
    return count / m


@kernel
def _verdict(rows: Any, this: int, ordered: Any, out: Any, at: int) -> None:
    """What the engine said of this beat, and against those before."""
    for k in range(6):
        out[at + k] = rows[this, k + 1]
    if this == 0:
        return
    width, distance, height = rows[this, 3], rows[this, 5], rows[this, 6]
    out[at + 6] = ratio(width, _usual(rows, this, 3, ordered) + 1.0)
    out[at + 7] = ratio(distance, _usual(rows, this, 5, ordered) + 0.02)
    out[at + 8] = ratio(height, _usual(rows, this, 6, ordered) + 1e-3)
    wide = recently = 0
    for k in range(this):
        wide += 1 if rows[k, 2] == WIDE else 0
        recently += 1 if rows[k, 2] == WIDE and k >= this - RECENT else 0
    out[at + 9] = wide / this
    out[at + 10] = recently / min(this, RECENT)
    out[at + 11] = rows[this - 1, 2]
    out[at + 12] = rows[this - 1, 4]


@kernel
def _usual(rows: Any, this: int, column: int, ordered: Any) -> float:
    for k in range(this):
        ordered_into(ordered, k, rows[k, column])
    return middle(ordered, this)


# --- how it looks ------------------------------------------------------------------------------------------------------


@kernel
def _base(beat: Any, ordered: Any) -> float:
    """Return the level before the QRS."""
    for i in range(P0, P1):
        ordered_into(ordered, i - P0, beat[i])
    return middle(ordered, P1 - P0)


@kernel
def _own(beat: Any, height: float, y: Any, ordered: Any, out: Any, at: int) -> None:
    """The beat by itself, in units of its QRS."""
    for i in range(BEAT):
        y[i] = beat[i] / height
    base = _base(y, ordered)
    up, down, area, moment = y[QRS0], y[QRS0], 0.0, 0.0
    steepest = lowest = y[QRS0 + 1] - y[QRS0]
    turns, before = 0, 0.0
    for i in range(QRS0, QRS1):
        up, down = max(up, y[i]), min(down, y[i])
        area += abs(y[i] - base)
        moment += abs(y[i] - base) * (i - QRS0)
        if i + 1 < QRS1:
            slope = y[i + 1] - y[i]
            steepest, lowest = max(steepest, slope), min(lowest, slope)
            sign = 1.0 if slope > 0.0 else (-1.0 if slope < 0.0 else 0.0)
            turns += 1 if i > QRS0 and sign != before else 0
            before = sign
    n35 = n50 = 0
    around = 0.0
    for i in range(QRS0 - 20, QRS1 + 20):
        away = abs(y[i] - base)
        n35 += 1 if away > 0.35 else 0
        n50 += 1 if away > 0.5 else 0
        around += away
    out[at] = up - base
    out[at + 1] = down - base
    out[at + 2] = float(n35)
    out[at + 3] = float(n50)
    out[at + 4] = around
    out[at + 5] = steepest
    out[at + 6] = lowest
    out[at + 7] = hump(y, P0, P1, ordered)
    out[at + 8] = ordered[0]
    out[at + 9] = ordered[1]
    best = T0
    for i in range(T0, T1):
        best = i if abs(y[i] - base) > abs(y[best] - base) else best
    out[at + 10] = y[best] - base
    out[at + 11] = float(best - T0)
    out[at + 12] = mean_of(y, T0, T1) - base
    out[at + 13] = mean_of(y, ST0, ST1) - base
    out[at + 14] = base
    rough = 0.0
    for i in range(P0, P1 - 1):
        rough += abs(y[i + 1] - y[i])
    out[at + 15] = rough / (P1 - P0 - 1)
    out[at + 16] = moment / (area + 1e-9)
    out[at + 17] = float(turns)


# --- how it looks beside those before ----------------------------------------------------------------------------------


@kernel
def _against(y: Any, start: int, peaks: Any, n: int, typical: Any, spare: Any, ordered: Any, out: Any, at: int) -> None:
    """The beat beside the typical one of those before, and beside the one of them most like it."""
    scale = range_of(typical, QRS0, QRS1) + 1e-6
    _part(y, start, typical, 0, BEAT, scale, out, at, at + 7)
    _part(y, start, typical, QRS0, QRS1, scale, out, at + 1, at + 8)
    _part(y, start, typical, P0, P1, scale, out, at + 2, at + 9)
    _part(y, start, typical, T0, T1, scale, out, at + 3, at + 10)
    out[at + 4] = _gain(y, start, typical, QRS0, QRS1, scale)
    out[at + 5] = _gain(y, start, typical, P0, P1, scale)
    out[at + 6] = _gain(y, start, typical, T0, T1, scale)
    own = y[start : start + BEAT]
    out[at + 11] = _width(own, ordered) / (_width(typical, ordered) + 1.0)
    area = usual_area = slope = usual_slope = 0.0
    for i in range(QRS0 - 20, QRS1 + 20):
        area += abs(own[i])
        usual_area += abs(typical[i])
    for i in range(QRS0, QRS1 - 1):
        slope = max(slope, abs(own[i + 1] - own[i]))
        usual_slope = max(usual_slope, abs(typical[i + 1] - typical[i]))
    out[at + 12] = math.log((area + 1e-6) / (usual_area + 1e-6))
    out[at + 13] = math.log((slope + 1e-6) / (usual_slope + 1e-6))
    out[at + 14] = _shift(own, typical)
    _beside_each(y, own, peaks, n, typical, spare, ordered, out, at + 15)
    out[at + 22] = _p_scatter(y, peaks, n, typical) / (spread_of(typical, P0, P1) + 0.01 * scale)
    _p_elsewhere(y, start, typical, out, at + 23)


@kernel
def _part(y: Any, start: int, typical: Any, begin: int, end: int, scale: float, out: Any, like: int, far: int) -> None:
    out[like] = likeness(y, start, typical, begin, end)
    total = 0.0
    for i in range(begin, end):
        rest = (y[start + i] - typical[i]) / scale
        total += rest * rest
    out[far] = math.sqrt(total / (end - begin))


@kernel
def _gain(y: Any, start: int, typical: Any, begin: int, end: int, scale: float) -> float:
    own = range_of(y, start + begin, start + end) + 0.01 * scale
    return math.log(own / (range_of(typical, begin, end) + 0.01 * scale))


@kernel
def _width(beat: Any, ordered: Any) -> float:
    """Return how many samples about the QRS are far from the level before it."""
    base = _base(beat, ordered)
    level = 0.35 * (range_of(beat, QRS0, QRS1) + 1e-9)
    count = 0
    for i in range(QRS0 - 20, QRS1 + 20):
        count += 1 if abs(beat[i] - base) > level else 0
    return float(count)


@kernel
def _shift(own: Any, typical: Any) -> float:
    """Return where the QRS lies best on the typical one, in grid samples."""
    mean = mean_of(own, QRS0, QRS1)
    best, best_at = -math.inf, 0
    for k in range(-SHIFT, SHIFT + 1, 2):
        score = 0.0
        for i in range(QRS0, QRS1):
            score += (own[i] - mean) * typical[i + k]
        if score > best:
            best, best_at = score, k
    return float(best_at)


@kernel
def _beside_each(
    y: Any, own: Any, peaks: Any, n: int, typical: Any, spare: Any, ordered: Any, out: Any, at: int
) -> None:  # fmt: skip
    """How like this beat the others are, each by itself, and how like the typical one they are."""
    near, qrs = 0, -math.inf
    for k in range(n):
        start = peaks[k] - BEFORE
        like = likeness(y, start, own, 0, BEAT)
        near += 1 if like > ALIKE else 0
        ordered_into(ordered, k, like)
        qrs = max(qrs, likeness(y, start, own, QRS0, QRS1))
        spare[k] = likeness(y, start, typical, 0, BEAT)
    out[at] = ordered[n - 1]
    out[at + 1] = near / n
    out[at + 2] = ordered[n - 2] if n > 1 else math.nan
    out[at + 3] = middle(ordered, n)
    out[at + 4] = spread_of(spare, 0, n)
    out[at + 5] = likeness(y, peaks[n - 1] - BEFORE, own, 0, BEAT)
    out[at + 6] = qrs


@kernel
def _p_scatter(y: Any, peaks: Any, n: int, typical: Any) -> float:
    total = 0.0
    for k in range(n):
        for i in range(P0, P1):
            rest = y[peaks[k] - BEFORE + i] - typical[i]
            total += rest * rest
    return math.sqrt(total / (n * (P1 - P0)))


@kernel
def _p_elsewhere(y: Any, start: int, typical: Any, out: Any, at: int) -> None:
    """Look for the typical P wave a little earlier and later than usual: how like it the best place is, and where."""
    best, best_at = -1.0, 0
    for k in range(-PR_LAG, PR_LAG + 1, 3):
        like = likeness(y, start + k, typical, P0, P1)
        if like > best:
            best, best_at = like, k
    out[at] = best
    out[at + 1] = float(best_at)


__all__ = ["AFTER", "BEAT", "BEFORE", "MOST_BEATS", "NEAR_S", "PR0", "ROOM", "beat_features"]
