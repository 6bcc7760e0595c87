"""Condition one ECG lead on the 250 Hz grid: take the baseline and the mains off, and flag what is not ECG.

No paper. Baseline: a causal one-pole high-pass at 0.5 Hz. It is computed from means of 5 samples and drawn as a line
across the 5 that follow, so it trails by 20-40 ms and has not moved yet when an R wave peaks: no delay, and a QRS
complex keeps its height. It starts at the first sample, so an offset of any size leaves no transient, and starts anew
after a bad stretch of 0.1 s. A bad sample is replaced by the last good one, so that the output stays finite.
Mains: see `condition_mains`. Two paths, one arithmetic: five good samples that do not stand still go the fast one.
"""

from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.condition_mains import mains_reset, mains_segment
from edgeecg_kernels.condition_state import (
    FLAT_LEN,
    GAINS,
    GROUP_LEN,
    HISTORY_LEN,
    INVALID_MV,
    JUMP_GROUPS,
    JUMP_MV,
    MAINS_RING,
    NOT_YET,
    RESEED_LEN,
    SEGMENT_LEN,
    STUCK_LEN,
    STUCK_MV,
    TINY_MV,
)
from edgeecg_kernels.state import FLAG_BAD, FLAG_FLAT, FLAG_INVALID, FLAG_LEAD_OFF, FLAG_SATURATED

_OLDEST_GAIN = len(GAINS) - 1
_FAST_STILL_MAX = STUCK_LEN - GROUP_LEN  # so few equal samples before a group cannot become STUCK_LEN within it


@kernel
def condition_reset(s: Any) -> None:
    """Forget everything: the next sample starts the lead anew, after a gap or a restart of its source."""
    s["previous"] = 0.0
    s["held"] = 0.0
    s["still"] = 0
    s["stuck"] = 0
    s["bad"] = RESEED_LEN
    s["clean"] = 0
    s["line"] = 0.0
    s["target"] = 0.0
    s["slope"] = 0.0
    s["sum"] = 0.0
    s["age"] = 0
    s["far"] = 0
    s["quiet"][0] = NOT_YET
    s["quiet"][1] = NOT_YET
    for k in range(HISTORY_LEN + SEGMENT_LEN):
        s["segment"][k] = 0.0
    for k in range(MAINS_RING):
        s["mains_mv"][k] = 0.0
    mains_reset(s)


@kernel
def _fault(p: Any, v: float) -> int:
    """Return the flags of a sample by its value alone."""
    if not abs(v) <= INVALID_MV:
        return FLAG_INVALID
    flag = 0
    if v <= p["rail_low"] or v >= p["rail_high"]:
        flag = FLAG_SATURATED
    if abs(v) >= p["lead_off"]:
        flag |= FLAG_LEAD_OFF
    return flag


@kernel
def condition_block(s: Any, p: Any, x: Any, n: int, first: int, y: Any, flags: Any) -> None:
    """Write the clean signal y[0:n] and flags[0:n] of x[0:n], grid samples in mV of which x[0] is number `first`."""
    low = p["rail_low"] if p["rail_low"] > -p["lead_off"] else -p["lead_off"]
    high = p["rail_high"] if p["rail_high"] < p["lead_off"] else p["lead_off"]
    still_mv = p["still"]
    previous = s["previous"]
    held = s["held"]
    still = s["still"]
    stuck = s["stuck"]
    bad = s["bad"]
    clean = s["clean"]
    line = s["line"]
    target = s["target"]
    slope = s["slope"]
    total = s["sum"]
    age = s["age"]
    far = s["far"]
    marks = s["marks"]
    segment = s["segment"]
    wave = s["wave"]
    pos = first % SEGMENT_LEN
    k = first % GROUP_LEN
    v0 = v1 = v2 = v3 = v4 = 0.0
    i = 0
    while 0 <= i < n:  # what the compiler knows not to be negative is not wrapped around
        if k == 0 and pos >= 0 and bad + (marks & FLAG_BAD) == 0 and still <= _FAST_STILL_MAX and i + GROUP_LEN <= n:
            v0 = float(x[i])
            v1 = float(x[i + 1])
            v2 = float(x[i + 2])
            v3 = float(x[i + 3])
            v4 = float(x[i + 4])
            inside = (low < v0 < high) & (low < v1 < high) & (low < v2 < high) & (low < v3 < high) & (low < v4 < high)
            fast = inside & (abs(v4 - v3) > still_mv)
        else:
            fast = False
        if fast:
            e0 = v0 - wave[pos]
            e1 = v1 - wave[pos + 1]
            e2 = v2 - wave[pos + 2]
            e3 = v3 - wave[pos + 3]
            held = v4 - wave[pos + 4]
            segment[HISTORY_LEN + pos] = e0
            segment[HISTORY_LEN + pos + 1] = e1
            segment[HISTORY_LEN + pos + 2] = e2
            segment[HISTORY_LEN + pos + 3] = e3
            segment[HISTORY_LEN + pos + 4] = held
            y[i] = e0 - line
            y[i + 1] = e1 - (line + slope)
            y[i + 2] = e2 - (line + slope * 2)
            y[i + 3] = e3 - (line + slope * 3)
            y[i + 4] = held - (line + slope * 4)
            for j in range(i, i + GROUP_LEN):
                flags[j] = marks
            total = e0 + e1 + e2 + e3 + held
            previous = v4
            still = 0
            clean += GROUP_LEN
            i += GROUP_LEN
            pos += GROUP_LEN
            k = GROUP_LEN
        else:
            v = float(x[i])
            flag = marks
            if low < v < high:
                held = v - wave[pos]
                if abs(v - previous) <= still_mv:
                    still += 1
                    if still >= STUCK_LEN:
                        if still == STUCK_LEN and abs(held - line) > STUCK_MV:
                            stuck = FLAG_SATURATED
                        flag |= stuck
                        if still >= FLAT_LEN:
                            flag |= FLAG_FLAT
                        if abs(v) < TINY_MV:
                            held = 0.0
                else:
                    still = 0
                    stuck = 0
                previous = v
                clean += 1
            else:
                flag |= _fault(p, v)
                clean = 0
            if flag & FLAG_BAD:
                bad += 1
            else:
                if bad >= RESEED_LEN:
                    line = held
                    target = held
                    slope = 0.0
                    age = 0
                    far = 0
                    total = held * k
                    clean = 0
                bad = 0
            segment[HISTORY_LEN + pos] = held
            y[i] = held - (line + slope * k)
            flags[i] = flag
            total += held
            i += 1
            pos += 1
            k += 1
        if k == GROUP_LEN:
            k = 0
            mean = total * (1.0 / GROUP_LEN)
            total = 0.0
            far = far + 1 if abs(mean - target) > JUMP_MV else 0
            if far == JUMP_GROUPS:
                target = mean
                age = 0
                far = 0
            line = target
            target = target + GAINS[age] * (mean - target)
            if abs(target) < TINY_MV:
                target = 0.0
            slope = (target - line) * (1.0 / GROUP_LEN)
            if age < _OLDEST_GAIN:
                age += 1
            if pos == SEGMENT_LEN:
                pos = 0
                s["target"] = target
                mains_segment(s, p, first + i, clean)
                marks = s["marks"]
    s["previous"] = previous
    s["held"] = held
    s["still"] = still
    s["stuck"] = stuck
    s["bad"] = bad
    s["clean"] = clean
    s["line"] = line
    s["target"] = target
    s["slope"] = slope
    s["sum"] = total
    s["age"] = age
    s["far"] = far


@kernel
def condition(state: Any, params: Any, x: Any, first: int, y: Any, flags: Any) -> int:
    """Condition the block x, grid samples from `first` on, into y and flags; return how many were written."""
    n = len(x)
    condition_block(state[0], params[0], x, n, first, y, flags)
    return n
