"""What a candidate looks like against what is known of this heart, and how likely that is a beat.

Pan & Tompkins (1985), Hamilton (2002) and Kim & Shin (2016) compare a peak with running levels by thresholds: amplitude against
signal and noise, slope against the last beat (T wave), interval against the running RR. Difference: the same comparisons, and
others, are inputs of small taught networks, each as a share a / (a + b), so that gain, offset and polarity cancel.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel, part
from edgeecg_kernels.qrs_measure import CORE, steepest
from edgeecg_kernels.qrs_state import (
    EDGE,
    ENERGY_DELAY,
    HIDDEN,
    INPUTS,
    JUDGES,
    LOOK,
    LOOK_AGAIN,
    M_BULGE,
    M_HEIGHT,
    M_NORM,
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
    QUEUE,
    RECENT,
    SNIPPET,
)

FLOOR = 1e-6
"""mV. Keeps a ratio finite where there is no signal; nothing else is measured in absolute terms."""


@kernel
def share(a: float, b: float) -> float:
    """Return a against b as a number from 0 to 1; 0.5 where they are equal."""
    return a / (a + b + FLOOR)


@kernel
def clamp(v: float, low: float, high: float) -> float:
    """Return v, or the bound it is beyond."""
    if v < low:
        return low
    if v > high:
        return high
    return v


@kernel
def likeness(snippet: Any, template: Any) -> float:
    """Return the best inner product of two shapes over shifts of up to EDGE point, at most 1: a shape with itself has it."""
    a = 0.0
    b = 0.0
    c = 0.0
    for k in range(SNIPPET - 2 * EDGE):
        v = template[k + 1]
        a += snippet[k] * v
        b += snippet[k + 1] * v
        c += snippet[k + 2] * v
    return min(1.0, max(a, b, c))


@kernel
def cycle_miss(s: Any, place: int, cycle: float) -> float:
    """Return how far the nearest remembered beat is from one cycle before `place`."""
    recent = s["recent"]
    nearest = cycle
    for k in range(RECENT):
        nearest = min(nearest, abs(place - recent[k] - cycle))
    return nearest


@kernel
def describe(s: Any, index: int, now: int) -> tuple[float, float]:
    """Fill s["x"] with what the network is told about a candidate: shares, so gain cancels."""
    x = s["x"]
    slot = index & (QUEUE - 1)
    m = s["measure"][slot]
    place = s["place"][slot]
    strength = m[M_STRENGTH]
    rr = s["rr"]
    gap = float(place - s["last_place"])
    x[0] = share(strength, s["strength"])
    x[1] = share(strength, s["weakest"])
    x[2] = share(strength, s["noise"])
    x[3] = share(strength, m[M_PRE])
    x[4] = share(strength, m[M_POST])
    x[5] = share(strength, m[M_PRE_MEAN])
    x[6] = share(strength, m[M_POST_MEAN])
    x[7] = share(m[M_SLOPE], s["slope"])
    x[8] = share(10.0 * m[M_SLOPE], strength)
    x[9] = share(m[M_ROUGH], m[M_SLOPE])
    x[10] = share(m[M_RANGE], s["range"])
    x[11] = share(m[M_RANGE], m[M_PRE_RANGE])
    x[12] = share(m[M_RANGE], m[M_POST_RANGE])
    x[13] = share(abs(m[M_HEIGHT]), m[M_RANGE])
    x[14] = m[M_WIDTH] / 50.0
    x[15] = share(abs(m[M_STEP]), m[M_RANGE])
    x[16] = share(m[M_BULGE], strength)
    main = likeness(s["snippet"][slot], s["template"])
    other = likeness(s["snippet"][slot], s["other"]) if s["other_weight"] > 0.0 else 0.0
    x[17] = main
    x[18] = other
    x[19] = s["other_weight"]
    x[20] = share(gap, rr)
    x[21] = share(gap, 50.0)
    x[22] = share(gap, s["rr_last"])
    x[23] = share(s["rr_spread"], rr)
    x[24] = share(strength, s["last_strength"])
    x[25] = share(m[M_SLOPE], s["last_slope"])
    x[26] = s["last_surety"]
    x[27] = 1.0
    x[28] = 0.0
    x[46] = 0.0
    if index + 1 < s["found"]:
        rival = (index + 1) & (QUEUE - 1)
        offset = float(s["place"][rival] - place)
        if offset < LOOK - 11:
            at = s["place"][rival] - s["base"]
            reach = min(CORE, now - s["base"] - at)
            x[46] = share(steepest(s["line"], at - CORE, at + reach), m[M_SLOPE])
            x[27] = offset / LOOK
            x[28] = share(s["measure"][rival, M_STRENGTH], strength)
    since = float(place - s["refused_place"])
    x[29] = share(s["refused_strength"], strength)
    x[30] = 0.125 * clamp(s["refused_logit"], -8.0, 8.0)
    x[31] = share(since, 50.0)
    x[32] = s["doubt"]
    x[33] = min(float(s["beats"]), 16.0) / 16.0
    x[34] = share(rr, 150.0)
    x[35] = share(rr, 4.0 * abs(gap - rr))
    x[36] = share(m[M_PRE], s["strength"])
    x[37] = share(m[M_POST], s["strength"])
    turns = gap / rr
    x[38] = abs(turns - math.floor(turns + 0.5)) if turns < 8.0 else 0.5
    x[39] = share(gap, 500.0)
    x[40] = share(rr, 8.0 * cycle_miss(s, place, rr))
    x[41] = share(rr, 8.0 * cycle_miss(s, place, 2.0 * rr))
    best = clamp(max(main, other), 0.0, 1.0)
    x[42] = share(best * m[M_NORM], s["norm"])
    x[43] = share(math.sqrt(1.0 - best * best) * m[M_NORM], s["norm"])
    x[44] = share(m[M_PRE_RANGE], s["range"])
    x[45] = share(m[M_POST_RANGE], s["range"])
    x[47] = s["swing"]
    return main, other


@kernel
def outdone(s: Any, p: Any, index: int, now: int) -> bool:
    """Return whether the next candidate follows too closely to be another beat, and looks more like one."""
    if index + 1 >= s["found"]:
        return False
    slot = index & (QUEUE - 1)
    rival = (index + 1) & (QUEUE - 1)
    if s["place"][rival] - s["place"][slot] > LOOK_AGAIN - ENERGY_DELAY - 1:
        return False
    own = s["measure"][slot]
    at = s["place"][rival] - s["base"]
    slope = steepest(s["line"], at - CORE, at + min(CORE, now - s["base"] - at))
    factor = p["outdone"]
    return bool(s["measure"][rival, M_STRENGTH] > factor * own[M_STRENGTH] and slope > factor * own[M_SLOPE])


@part
def opinion(s: Any, w1: Any, b1: Any, w2: Any, b2: float) -> float:
    """Return one network's log-odds that s["x"] is a beat."""
    x = s["x"]
    hidden = s["hidden"]
    for h in range(HIDDEN):
        hidden[h] = b1[h]
    for k in range(0, INPUTS, 8):
        a, b, c, d = x[k], x[k + 1], x[k + 2], x[k + 3]
        e, f, g, i = x[k + 4], x[k + 5], x[k + 6], x[k + 7]
        r = w1[k : k + 8]
        for h in range(HIDDEN):
            v = hidden[h] + ((a * r[0, h] + b * r[1, h]) + (c * r[2, h] + d * r[3, h]))
            hidden[h] = v + ((e * r[4, h] + f * r[5, h]) + (g * r[6, h] + i * r[7, h]))
    logit = b2
    for h in range(HIDDEN):
        logit += max(0.0, hidden[h]) * w2[h]  # adding a zero costs less than a branch that is guessed wrongly
    return logit


@kernel
def verdict(s: Any, p: Any) -> float:
    """Return the log-odds that s["x"] is a beat: what the first network says, or all by their shares where it is not sure."""
    logit = 0.0
    for j in range(JUDGES):
        said = opinion(s, p["w1"][j], p["b1"][j], p["w2"][j], p["b2"][j])
        if j == 0 and abs(said) >= p["sure"]:
            return said
        logit += p["share"][j] * said
    return logit
