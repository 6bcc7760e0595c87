"""Verdicts: a candidate is a beat, is none, waits for a second look, or is found to have been a beat after all.

The second look settles which of two close candidates is the beat, where the first may be a tall P wave. Looking back is
Hamilton's search-back (2002), by the network's log-odds in place of half a threshold.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.qrs_judge import clamp, describe, likeness, outdone, verdict
from edgeecg_kernels.qrs_learn import learn_beat, learn_levels, learn_refusal, starve
from edgeecg_kernels.qrs_state import (
    ALIKE,
    APART,
    LOOK,
    LOOK_AGAIN,
    M_HEIGHT,
    M_PEAK,
    M_RANGE,
    M_SLOPE,
    M_STRENGTH,
    M_WIDTH,
    OVERDUE,
    QUEUE,
    SAME,
    SOON,
)
from edgeecg_kernels.state import GRID_HZ, KIND_BEAT

DECISION_BOUND = 365
"""Grid samples after its R peak by which a beat is reported, at the latest."""
LATEST = DECISION_BOUND - APART // 2 - 1
LATE = 1.0
UNKNOWN, NORMAL, WIDE = 0.0, 1.0, 2.0
MS_PER_SAMPLE = 1000.0 / GRID_HZ


@kernel
def turn(s: Any, index: int) -> int:
    """Return the grid index at which a doubtful candidate is judged for good."""
    return s["place"][index & (QUEUE - 1)] + LOOK_AGAIN  # type: ignore[no-any-return]


@kernel
def report(s: Any, index: int, now: int, lead: int, surety: float, morphology: float, likeness: float, out: Any, n_out: int) -> int:
    """Write one beat's row."""
    slot = index & (QUEUE - 1)
    m = s["measure"][slot]
    place = s["place"][slot]
    row = out[n_out]
    row["kind"] = KIND_BEAT
    row["lead"] = lead
    row["sample"] = place + int(m[M_PEAK])
    row["known_at"] = now
    value = row["value"]
    value[0] = surety
    value[1] = morphology
    value[2] = MS_PER_SAMPLE * m[M_WIDTH]
    value[3] = (place - s["last_place"]) / s["rr"]
    value[4] = 1.0 - likeness
    value[5] = m[M_HEIGHT]
    value[6] = LATE if now - place > LOOK else 0.0
    value[7] = m[M_RANGE]
    return n_out + 1


@kernel
def encore(s: Any, index: int) -> bool:
    """Return whether a candidate is the last beat once more: as strong, as steep, of the same shape, and not too soon.

    The network has seen few fast runs of wide beats; one after the other it would refuse them.
    """
    slot = index & (QUEUE - 1)
    m = s["measure"][slot]
    return bool(
        s["beats"] > 0
        and s["place"][slot] - s["last_place"] >= SOON
        and ALIKE * s["last_strength"] <= m[M_STRENGTH] <= s["last_strength"] / ALIKE
        and ALIKE * s["last_slope"] <= m[M_SLOPE] <= s["last_slope"] / ALIKE
        and ALIKE * s["strength"] <= m[M_STRENGTH]
        and likeness(s["snippet"][slot], s["last_shape"]) >= SAME * likeness(s["last_shape"], s["last_shape"])
    )


@kernel
def judge(s: Any, p: Any, now: int, final: bool, lead: int, out: Any, n_out: int) -> int:
    """Give the oldest measured candidate its verdict; a beat is reported."""
    if s["levelled"] == 0:
        learn_levels(s)
    index = s["judged"]
    main, other = describe(s, index, now)
    logit, wide = verdict(s, p)
    if logit <= p["accept"] and encore(s, index):
        logit = p["doubtful"]
    if p["accept"] < logit < p["doubtful"]:
        if s["waiting"] == 0 and now < turn(s, index) and not final:
            s["waiting"] = 1
            return n_out
        if outdone(s, p, index, now):
            logit = -logit
    s["waiting"] = 0
    surety = 1.0 / (1.0 + math.exp(-clamp(logit, -30.0, 30.0)))
    s["doubt"] += 0.125 * (1.0 - abs(2.0 * surety - 1.0) - s["doubt"])
    if logit > p["accept"]:
        n_out = report(s, index, now, lead, surety, WIDE if wide > 0.0 else NORMAL, main, out, n_out)
        learn_beat(s, p, index, main, other, surety)
    else:
        learn_refusal(s, index, logit)
    s["judged"] = index + 1
    return n_out


@kernel
def look_back(s: Any, p: Any, now: int, lead: int, out: Any, n_out: int) -> int:
    """A beat is overdue: the best candidate refused since the last one may be it (Hamilton's search-back)."""
    index = s["refused"]
    if s["refused_logit"] < p["rescue"] or now - s["refused_place"] > LATEST or s["found"] - index > QUEUE:
        starve(s, now)
        return n_out
    slot = index & (QUEUE - 1)
    main = likeness(s["snippet"][slot], s["template"])
    other = likeness(s["snippet"][slot], s["other"])
    surety = 1.0 / (1.0 + math.exp(-clamp(s["refused_logit"] - p["rescue"], -30.0, 30.0)))
    n_out = report(s, index, now, lead, surety, UNKNOWN, main, out, n_out)
    learn_beat(s, p, index, main, other, surety)
    s["alarm"] = max(s["alarm"], now + OVERDUE)
    return n_out
