"""A candidate is judged: its measures against the running levels, a small network's verdict, and what is learned from it."""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.qrs_measure import steepest
from edgeecg_kernels.qrs_state import (
    HIDDEN,
    INPUTS,
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
    OVERDUE,
    QUEUE,
    RECENT,
    SNIPPET,
    START,
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
    """Return the best inner product of two shapes of unit power over shifts of up to two points."""
    a = 0.0
    b = 0.0
    c = 0.0
    d = 0.0
    e = 0.0
    for k in range(SNIPPET - 4):
        v = template[k + 2]
        a += snippet[k] * v
        b += snippet[k + 1] * v
        c += snippet[k + 2] * v
        d += snippet[k + 3] * v
        e += snippet[k + 4] * v
    return max(a, b, c, d, e)


@kernel
def cycle_miss(s: Any, place: int, cycle: float) -> float:
    """Return how far the nearest remembered beat is from one cycle before `place`."""
    recent = s["recent"]
    nearest = cycle
    for k in range(RECENT):
        nearest = min(nearest, abs(place - recent[k] - cycle))
    return nearest


@kernel
def learn_levels(s: Any) -> None:
    """Set the levels from the candidates gathered since the restart: the strongest stands for the QRS."""
    best = s["judged"]
    measure = s["measure"]
    for k in range(s["judged"], s["measured"]):
        if measure[k & (QUEUE - 1), M_STRENGTH] > measure[best & (QUEUE - 1), M_STRENGTH]:
            best = k
    row = measure[best & (QUEUE - 1)]
    s["strength"] = row[M_STRENGTH]
    s["weakest"] = row[M_STRENGTH]
    s["noise"] = 0.25 * row[M_STRENGTH]
    s["slope"] = row[M_SLOPE]
    s["range"] = row[M_RANGE]
    s["norm"] = row[M_NORM]
    s["swing"] = 0.1
    s["doubt"] = 0.5
    for k in range(RECENT):
        s["recent"][k] = s["start"] - 2000
    s["rr"] = 200.0
    s["rr_last"] = 200.0
    s["rr_spread"] = 50.0
    s["beats"] = 0
    s["last_place"] = s["start"] - 200
    s["last_peak"] = s["start"] - 200
    s["last_strength"] = row[M_STRENGTH]
    s["last_slope"] = row[M_SLOPE]
    s["last_surety"] = 0.5
    s["refused_place"] = s["start"] - 200
    s["refused_strength"] = 0.0
    s["refused_logit"] = -8.0
    s["template_weight"] = 0.0
    s["other_weight"] = 0.0
    s["template"][:] = s["snippet"][best & (QUEUE - 1)]
    s["other"][:] = 0.0
    s["alarm"] = s["start"] + START + OVERDUE
    s["levelled"] = 1


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
    other = likeness(s["snippet"][slot], s["other"])
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
            reach = min(15, now - s["base"] - at)
            x[46] = share(steepest(s["line"], at - 15, at + reach), m[M_SLOPE])
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
def verdict(s: Any, p: Any) -> tuple[float, float]:
    """Return the network's log-odds that s["x"] is a beat, and that a beat is a wide one."""
    x = s["x"]
    hidden = s["hidden"]
    w1 = p["w1"]
    b1 = p["b1"]
    for h in range(HIDDEN):
        hidden[h] = b1[h]
    for k in range(0, INPUTS, 4):
        a, b, c, d = x[k], x[k + 1], x[k + 2], x[k + 3]
        for h in range(HIDDEN):
            hidden[h] += (a * w1[k, h] + b * w1[k + 1, h]) + (c * w1[k + 2, h] + d * w1[k + 3, h])
    w2 = p["w2"]
    beat = p["b2"][0]
    wide = p["b2"][1]
    for h in range(HIDDEN):
        v = hidden[h]
        if v > 0.0:
            beat += v * w2[h, 0]
            wide += v * w2[h, 1]
    return beat, wide


@kernel
def drift(level: float, v: float, weight: float) -> float:
    """Return the level moved towards v, which counts as at most three and at least a third of it."""
    return level + weight * (clamp(v, level / 3.0, 3.0 * level) - level)


@kernel
def learn_shape(s: Any, snippet: Any, main: float, other: float, surety: float) -> None:
    """Let the nearer of two templates follow an accepted beat; the one met more often is the main one."""
    if s["beats"] == 0:
        s["template"][:] = snippet
        s["template_weight"] = 0.5
        return
    follow_main = main > 0.75 or (main >= other and main > 0.6)
    target = s["template"] if follow_main else s["other"]
    weight = 0.125 * surety if (follow_main or other > 0.75) else 1.0
    for k in range(SNIPPET):
        target[k] += weight * (snippet[k] - target[k])
    power = 0.0
    for k in range(SNIPPET):
        power += target[k] * target[k]
    scale = 1.0 / math.sqrt(power + 1e-12)
    for k in range(SNIPPET):
        target[k] *= scale
    hit = 1.0 if follow_main else 0.0
    s["template_weight"] += 0.0625 * (hit - s["template_weight"])
    s["other_weight"] += 0.0625 * (1.0 - hit - s["other_weight"])
    if s["other_weight"] > s["template_weight"]:
        for k in range(SNIPPET):
            v = s["template"][k]
            s["template"][k] = s["other"][k]
            s["other"][k] = v
        v = s["template_weight"]
        s["template_weight"] = s["other_weight"]
        s["other_weight"] = v


@kernel
def learn_beat(s: Any, p: Any, index: int, main: float, other: float, surety: float) -> None:
    """Let the levels, the rhythm and the templates follow an accepted beat."""
    slot = index & (QUEUE - 1)
    m = s["measure"][slot]
    place = s["place"][slot]
    strength = m[M_STRENGTH]
    weight = surety / (s["beats"] + 1.0) if s["beats"] < 7 else 0.125 * surety
    s["strength"] = drift(s["strength"], strength, weight)
    s["weakest"] = drift(s["weakest"], strength, 0.3 if strength < s["weakest"] else 0.04)
    s["slope"] = drift(s["slope"], m[M_SLOPE], weight)
    s["range"] = drift(s["range"], m[M_RANGE], weight)
    s["norm"] = drift(s["norm"], m[M_NORM], weight)
    if s["beats"] > 0:
        gap = float(place - s["last_place"])
        expected = s["rr"]
        seen = clamp(gap, 0.5 * expected, 1.7 * expected)
        both = surety * s["last_surety"]
        pace = 0.5 if s["beats"] == 1 else 0.125 * both * both
        s["swing"] += 0.125 * (abs(gap - s["rr_last"]) / (gap + s["rr_last"]) - s["swing"])
        s["rr_spread"] += pace * (abs(seen - expected) - s["rr_spread"])
        s["rr"] = clamp(expected + pace * (seen - expected), 50.0, 500.0)
        s["rr_last"] = clamp(gap, 40.0, 600.0)
    learn_shape(s, s["snippet"][slot], main, other, surety)
    s["recent"][s["beats"] & (RECENT - 1)] = place
    s["last_place"] = place
    s["last_peak"] = place + int(m[M_PEAK])
    s["last_strength"] = strength
    s["last_slope"] = m[M_SLOPE]
    s["last_surety"] = surety
    s["refused_strength"] = 0.0
    s["refused_logit"] = -8.0
    s["refused_place"] = place
    s["beats"] += 1
    s["alarm"] = place + LOOK + int(p["patience"] * s["rr"] + s["rr_spread"])


@kernel
def learn_refusal(s: Any, index: int, logit: float) -> None:
    """Let the noise level follow a refused candidate, and remember the most beat-like one since the last beat."""
    slot = index & (QUEUE - 1)
    strength = s["measure"][slot, M_STRENGTH]
    s["noise"] += 0.125 * (min(strength, s["strength"]) - s["noise"])
    if logit > s["refused_logit"]:
        s["refused_logit"] = logit
        s["refused"] = index
        s["refused_strength"] = strength
        s["refused_place"] = s["place"][slot]


@kernel
def starve(s: Any, now: int) -> None:
    """A beat is overdue and nothing resembled one: look for smaller ones, within reason."""
    if s["strength"] > 0.1 * s["last_strength"]:
        s["strength"] *= 0.8
        s["weakest"] *= 0.8
    s["alarm"] = now + OVERDUE
