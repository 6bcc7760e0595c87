"""What the R-peak detector learns from its verdicts: levels, rhythm and two shapes, each following slowly.

After Hamilton (2002, "Open source ECG analysis", Computers in Cardiology 29) and Pan & Tompkins (1985): running signal and noise
levels and a running RR interval. Differences: a beat counts as much as the detector was sure of it, so doubtful beats hardly
move anything; and there are two templates, because an ectopic focus has a shape of its own.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.qrs_judge import clamp, likeness
from edgeecg_kernels.qrs_measure import inner_power
from edgeecg_kernels.qrs_state import (
    LOOK,
    M_NORM,
    M_PEAK,
    M_RANGE,
    M_SLOPE,
    M_STRENGTH,
    OVERDUE,
    QUEUE,
    RECENT,
    SNIPPET,
    START,
)

KEPT = 2500
"""What is known of a heart is kept over a gap of up to 10 s."""
KNOWN_BEATS = 8
ALIKE = 0.85
LEAST = 0.1
"""mV of strength, as candidates have it: that of a QRS complex of some 30 uV."""


@kernel
def remembered(s: Any) -> bool:
    """Return whether the stretch before ended a short while ago and knew its heart."""
    pause = s["start"] - s["last_place"]
    return bool(s["known_beats"] >= KNOWN_BEATS and 0 <= pause <= KEPT)


@kernel
def familiar(s: Any, snippet: Any) -> bool:
    """Return whether a shape is one of those this heart had."""
    main = likeness(snippet, s["template"])
    return bool(main > ALIKE or (s["other_weight"] > 0.0 and likeness(snippet, s["other"]) > ALIKE))


@kernel
def strongest(s: Any, stranger: bool) -> int:
    """Return the strongest candidate gathered since the restart, if need be of the familiar ones; -1: none is."""
    best = -1
    measure = s["measure"]
    for k in range(s["judged"], s["measured"]):
        slot = k & (QUEUE - 1)
        if best >= 0 and not measure[slot, M_STRENGTH] > measure[best & (QUEUE - 1), M_STRENGTH]:
            continue
        if stranger or familiar(s, s["snippet"][slot]):
            best = k
    return best


@kernel
def forget_heart(s: Any, snippet: Any) -> None:
    """Nothing is known of the heart but one complex."""
    s["rr"] = 200.0
    s["rr_spread"] = 50.0
    s["swing"] = 0.1
    s["unrest"] = 0.1
    s["template_weight"] = 0.0
    s["other_weight"] = 0.0
    s["template_kind"] = 0.0
    s["other_kind"] = 0.0
    s["normals"] = 0.0
    s["usual_rise"] = 0.0
    s["usual_full"] = 0.0
    s["usual_slow"] = 0.0
    s["usual_side"] = 0.0
    s["template"][:] = snippet
    s["other"][:] = 0.0
    s["known_beats"] = 0


@kernel
def learn_levels(s: Any) -> None:
    """Set the levels from the candidates gathered since the restart: the strongest stands for the QRS.

    After a short gap it is the strongest that looks as the heart did before, and then what is known of the heart is kept:
    its shapes, its rhythm and what is usual to it. Levels are learned anew all the same: the electrode may have moved.
    """
    best = strongest(s, False) if remembered(s) else -1
    if best < 0:
        best = strongest(s, True)
        forget_heart(s, s["snippet"][best & (QUEUE - 1)])
    row = s["measure"][best & (QUEUE - 1)]
    s["strength"] = row[M_STRENGTH]
    s["weakest"] = row[M_STRENGTH]
    s["noise"] = 0.25 * row[M_STRENGTH]
    s["slope"] = row[M_SLOPE]
    s["range"] = row[M_RANGE]
    s["norm"] = row[M_NORM]
    s["doubt"] = 0.5
    s["inherits"] = 0.0
    for k in range(RECENT):
        s["recent"][k] = s["start"] - 2000
    s["rr_last"] = s["rr"]
    s["beats"] = 0
    s["last_place"] = s["start"] - 200
    s["last_peak"] = s["start"] - 200
    s["last_strength"] = row[M_STRENGTH]
    s["last_slope"] = row[M_SLOPE]
    s["last_surety"] = 0.5
    s["last_kind"] = 0.0
    s["last_but_one_kind"] = 0.0
    s["refused_place"] = s["start"] - 200
    s["refused_strength"] = 0.0
    s["refused_logit"] = -8.0
    s["alarm"] = s["start"] + START + OVERDUE
    s["levelled"] = 1


@kernel
def drift(level: float, v: float, weight: float) -> float:
    """Return the level moved towards v, which counts as at most three and at least a third of it."""
    return level + weight * (clamp(v, level / 3.0, 3.0 * level) - level)


@kernel
def learn_shape(s: Any, snippet: Any, main: float, other: float, surety: float, kind: float) -> None:
    """Let the nearer of two templates follow an accepted beat; the one met more often is the main one."""
    if s["template_weight"] == 0.0:
        s["template"][:] = snippet
        s["template_weight"] = 0.5
        s["template_kind"] = kind
        return
    follow_main = main > 0.75 or (main >= other and main > 0.6)
    target = s["template"] if follow_main else s["other"]
    weight = 0.125 * surety if (follow_main or other > 0.75) else 1.0
    for k in range(SNIPPET):
        target[k] += weight * (snippet[k] - target[k])
    if follow_main:
        s["template_kind"] += 0.25 * (kind - s["template_kind"])
    else:
        s["other_kind"] += max(0.25, weight) * (kind - s["other_kind"])
    scale = 1.0 / math.sqrt(inner_power(target) + 1e-12)
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
        s["template_weight"], s["other_weight"] = s["other_weight"], s["template_weight"]
        s["template_kind"], s["other_kind"] = s["other_kind"], s["template_kind"]


@kernel
def learn_beat(s: Any, p: Any, index: int, main: float, other: float, surety: float, kind: float) -> None:
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
    learn_shape(s, s["snippet"][slot], main, other, surety, kind)
    s["recent"][s["beats"] & (RECENT - 1)] = place
    s["last_place"] = place
    s["last_peak"] = place + int(m[M_PEAK])
    s["last_strength"] = strength
    s["last_slope"] = m[M_SLOPE]
    s["last_surety"] = surety
    s["refused_strength"] = 0.0
    s["refused_logit"] = -8.0
    s["refused_place"] = place
    s["inherits"] = 0.0
    s["beats"] += 1
    s["known_beats"] += 1
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
    """A beat is overdue and nothing resembled one: look for smaller ones, within reason.

    Past reason, where no heart is known, the levels came from none, as from an electrode that was touched: all of them come down, and it goes on.
    """
    if s["strength"] > 0.1 * s["last_strength"]:
        s["strength"] *= 0.8
        s["weakest"] *= 0.8
    elif s["known_beats"] < KNOWN_BEATS and s["strength"] > LEAST:
        part_left = s["strength"] / s["last_strength"]
        s["noise"] *= part_left
        s["slope"] *= part_left
        s["range"] *= part_left
        s["norm"] *= part_left
        s["last_slope"] *= part_left
        s["last_strength"] = s["strength"]
    s["alarm"] = now + OVERDUE
