"""Verdicts: a candidate is a beat, is none, waits for a second look, or is found to have been a beat after all.

The second look settles which of two close candidates is the beat, where the first may be a tall P wave: the one that is outdone is
none; if both are humps of one beat, with one R peak, the other is at least as likely one as it was. Looking back is
Hamilton's search-back (2002), by the network's log-odds in place of half a threshold.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.qrs_judge import clamp, describe, likeness, outdone, verdict
from edgeecg_kernels.qrs_kind import learn_kind, wideness
from edgeecg_kernels.qrs_learn import learn_beat, learn_levels, learn_refusal, starve
from edgeecg_kernels.qrs_measure import width_above
from edgeecg_kernels.qrs_second import SAME, pass_row, support, witness
from edgeecg_kernels.qrs_state import (
    APART,
    ENERGY_DELAY,
    LOOK,
    LOOK_AGAIN,
    M_HEIGHT,
    M_PEAK,
    M_RANGE,
    M_STRENGTH,
    M_WIDTH,
    OVERDUE,
    QUEUE,
    START,
    VOTES,
)
from edgeecg_kernels.state import GRID_HZ, KIND_BEAT, LATE, LEFT_OPEN, PASSED_OVER

DECISION_BOUND = START + 15
"""Grid samples after its R peak by which a beat is reported, at the latest."""
LATEST = DECISION_BOUND - APART // 2 - 1
UNKNOWN, NORMAL, WIDE = 0.0, 1.0, 2.0
OPEN = 4.0
"""Log-odds, either way, below which a second lead is asked."""
BROAD, FULL = 45.0, 36
"""A hump of energy this long above a quarter of its peak, 180 ms, and above half, 144 ms, is a baseline that swings ..."""
ALONE = 112
"""... where no beat came in the 448 ms before it: in noise the complexes of a fast tachycardia flow together."""
NONE = -8.0
"""Log-odds of what cannot be a beat."""
LONG, LONGEST = 1.2, 2.4
"""Cycles without a beat after which one may have been refused, and after which several may have been: they need not resemble one much."""
PAUSE = 1.5
"""Cycles without a beat in which a heart that is regular, and had no early beat before them, has most likely had one."""
AMID = (0.2, 0.7)
"""Shares of the time without a beat between which it came: before lies a T wave, after them a P wave."""
REGULAR, IN_TIME = 0.15, 0.85
"""Of a cycle: how much others differ from it at most, and how long the last one was at least."""
LIKELY, OPEN_LIKELY, FAINTLY = -4.0, -2.0, -6.0
"""Log-odds of what was refused from which it was a beat, in a pause of a regular heart; may have been one; and one of several."""
SETTLED = 4
"""Beats from which on it is known how long a cycle is."""
APART_SHARE = 0.5
"""A missed beat is no closer than this share of a cycle to the last one."""
UNREST_PACE = 1.0 / 128.0
"""Some hundred candidates, a minute or so: noise that comes is heard by the doubt at once, and is not forgotten when it pauses."""
MS_PER_SAMPLE = 1000.0 / GRID_HZ


@kernel
def turn(s: Any, index: int) -> int:
    """Return the grid index at which a doubtful candidate is judged for good."""
    return s["place"][index & (QUEUE - 1)] + LOOK_AGAIN  # type: ignore[no-any-return]


@kernel
def passed_over(s: Any, place: int) -> int:
    """Return what a refused candidate was, now that a beat at `place` says how long there was none: PASSED_OVER, LEFT_OPEN, or nothing.

    That is too late to tell of a beat, and not for a rate. In atrial fibrillation a long cycle says little, and after an early beat nothing.
    """
    if s["beats"] < SETTLED:
        return 0
    rr = s["rr"]
    logit = s["refused_logit"]
    gap = float(place - s["last_place"])
    if gap >= LONGEST * rr:
        return LEFT_OPEN if logit > FAINTLY else 0
    since = float(s["refused_place"] - s["last_place"])
    if not AMID[0] * gap < since < AMID[1] * gap:
        return 0
    if logit > LIKELY and gap > PAUSE * rr and s["rr_spread"] < REGULAR * rr and s["rr_last"] > IN_TIME * rr:
        return PASSED_OVER
    return LEFT_OPEN if logit > OPEN_LIKELY and gap > LONG * rr else 0


@kernel
def report(s: Any, index: int, now: int, lead: int, surety: float, morphology: float, likeness: float, out: Any, n_out: int) -> int:
    """Write one beat's row, unless the second lead told of it while this one was deaf."""
    slot = index & (QUEUE - 1)
    m = s["measure"][slot]
    place = s["place"][slot]
    sample = place + int(m[M_PEAK])
    if 0 < s["stood_in_until"] and sample < s["stood_in_until"]:
        return n_out
    s["told_until"] = sample + SAME + 1
    row = out[n_out]
    row["kind"] = KIND_BEAT
    row["lead"] = lead
    row["sample"] = sample
    row["known_at"] = now
    value = row["value"]
    value[0] = surety
    value[1] = morphology
    value[2] = MS_PER_SAMPLE * m[M_WIDTH]
    value[3] = (place - s["last_place"]) / s["rr"]
    value[4] = 1.0 - likeness
    value[5] = m[M_HEIGHT]
    value[6] = (LATE if now - place > LOOK else 0) + passed_over(s, place)
    value[7] = m[M_RANGE]
    return n_out + 1


@kernel
def hopeless(s: Any, p: Any, index: int) -> bool:
    """Return whether a candidate is too weak to be measured and asked about: most P and T waves are, and hardly a beat."""
    slot = index & (QUEUE - 1)
    gap = float(s["place"][slot] - s["last_place"])
    least = p["faint_soon"] if gap < p["soon"] * s["rr"] else p["faint"]
    return bool(s["levelled"] == 1 and s["measure"][slot, M_STRENGTH] < least * s["weakest"])


@kernel
def dismiss(s: Any, index: int) -> None:
    """Refuse a hopeless candidate: there is no doubt, and it cannot come back."""
    s["doubt"] -= 0.125 * s["doubt"]
    s["inherits"] = 0.0
    learn_refusal(s, index, -math.inf)
    s["measured"] = index + 1
    s["judged"] = index + 1


@kernel
def swings(s: Any, index: int) -> bool:
    """Return whether a candidate is a baseline that swings slowly: no complex lasts so long, and no beat is near to flow into it."""
    slot = index & (QUEUE - 1)
    place = s["place"][slot]
    if place - s["last_place"] <= ALONE or s["measure"][slot, M_WIDTH] < BROAD:
        return False
    return bool(width_above(s["energy"], place - s["base"] + ENERGY_DELAY, 0.5) >= FULL)


@kernel
def credit(s: Any, p: Any, place: int) -> float:
    """Return what is added to a candidate's log-odds: where hardly anything is doubtful, now and for long, what is odd is a beat.

    Not so soon after one: what comes there is noise that begins, which would pass for a tachycardia.
    """
    if place - s["last_place"] < APART_SHARE * s["rr"]:
        return 0.0
    return p["credit"] * clamp(1.0 - max(s["unrest"], s["doubt"]) / p["calm"], 0.0, 1.0)  # type: ignore[no-any-return]


@kernel
def judge(s: Any, p: Any, now: int, final: bool, lead: int, out: Any, n_out: int) -> int:
    """Give the oldest measured candidate its verdict; a beat is reported."""
    if s["levelled"] == 0:
        learn_levels(s)
    index = s["judged"]
    slot = index & (QUEUE - 1)
    place = s["place"][slot]
    main, other = describe(s, index, now)
    peak = place + int(s["measure"][slot, M_PEAK])
    logit = NONE if swings(s, index) else verdict(s, p) + credit(s, p, place)
    if s["inherits"] > 0.0 and abs(peak - s["outdone_peak"]) <= APART // 2:
        logit = max(logit, s["inherits"])
    inherits = 0.0
    heard = s["votes"] > 0 and s["heard_from"] <= now
    if p["accept"] < logit < p["doubtful"] or (heard and abs(logit) < OPEN):
        if s["waiting"] == 0 and now < turn(s, index) and not final:
            s["waiting"] = 1
            return n_out
        if p["accept"] < logit < p["doubtful"] and outdone(s, p, index, now):
            inherits, logit = logit, -logit
        if heard:
            logit += support(s, now, peak)
    s["waiting"] = 0
    s["inherits"] = inherits
    s["outdone_peak"] = peak
    surety = 1.0 / (1.0 + math.exp(-clamp(logit, -30.0, 30.0)))
    s["doubt"] += 0.125 * (1.0 - abs(2.0 * surety - 1.0) - s["doubt"])
    s["unrest"] += UNREST_PACE * (s["doubt"] - s["unrest"])
    if logit > p["accept"]:
        wide = wideness(s, p, index)
        n_out = report(s, index, now, lead, surety, WIDE if wide > p["wide"] else NORMAL, main, out, n_out)
        learn_beat(s, p, index, main, other, surety, learn_kind(s, index, wide))
    else:
        learn_refusal(s, index, logit)
    s["judged"] = index + 1
    return n_out


@kernel
def answer(s: Any, p: Any, now: int, out: Any, n_out: int) -> int:
    """A beat is overdue and nothing resembled one here: report the one that the second lead is sure of."""
    earliest = max(s["last_peak"] + int(APART_SHARE * s["rr"]), s["told_until"], now - LATEST)
    index = witness(s, now, earliest)
    if index < 0:
        return n_out
    row = s["vote"][index & (VOTES - 1)]
    n_out = pass_row(row, now, out, n_out)
    out[n_out - 1]["value"][6] = LATE
    s["told_until"] = row["sample"] + SAME + 1
    s["last_place"] = row["sample"]
    s["last_peak"] = row["sample"]
    s["alarm"] = max(now + 1, row["sample"] + LOOK + int(p["patience"] * s["rr"]))
    return n_out


@kernel
def look_back(s: Any, p: Any, now: int, lead: int, out: Any, n_out: int) -> int:
    """A beat is overdue: the best candidate refused since the last one may be it (Hamilton's search-back)."""
    index = s["refused"]
    if s["refused_logit"] < p["rescue"] or now - s["refused_place"] > LATEST or s["found"] - index > QUEUE:
        starve(s, now)
        return answer(s, p, now, out, n_out) if s["votes"] > 0 else n_out
    slot = index & (QUEUE - 1)
    main = likeness(s["snippet"][slot], s["template"])
    other = likeness(s["snippet"][slot], s["other"]) if s["other_weight"] > 0.0 else 0.0
    surety = 1.0 / (1.0 + math.exp(-clamp(s["refused_logit"] - p["rescue"], -30.0, 30.0)))
    n_out = report(s, index, now, lead, surety, UNKNOWN, main, out, n_out)
    learn_beat(s, p, index, main, other, surety, 0.0)
    s["alarm"] = max(s["alarm"], now + OVERDUE)
    return n_out
