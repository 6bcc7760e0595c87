"""Condition one ECG lead on the 250 Hz grid: take the baseline and the mains off, and flag what is not ECG.

No paper. Baseline: a causal one-pole high-pass at 0.5 Hz. It is computed from means of 5 samples and drawn as a line
across the 5 that follow, so it trails by 20-40 ms and has not moved yet when an R wave peaks: no delay, and a QRS
complex keeps its height. It starts at the first sample, so an offset of any size leaves no transient, and starts anew
after a bad stretch of 0.1 s. A bad sample is replaced by the last good one, so that the output stays finite.
Mains: see `condition_mains`. Two paths, one arithmetic: groups of five samples in which nothing happens go the fast one.
"""

from typing import Any

import numpy as np

from edgeecg_kernels._jit import kernel, part
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
from edgeecg_kernels.four import ALL, above, at_least, four, lane, of, put, spread
from edgeecg_kernels.state import FLAG_BAD, FLAG_FLAT, FLAG_INVALID, FLAG_LEAD_OFF, FLAG_SATURATED

_OLDEST_GAIN = len(GAINS) - 1
_CALM_STILL_MAX = STUCK_LEN - GROUP_LEN  # so few equal samples before a group cannot become STUCK_LEN within it
_EQUAL_AT_END = np.array([4 - (15 - equal).bit_length() for equal in range(16)])
"""By which of a group's last four samples are equal to the one before: how many are so at its end."""


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
def _lowest(p: Any) -> float:
    return p["rail_low"] if p["rail_low"] > -p["lead_off"] else -p["lead_off"]  # type: ignore[no-any-return]


@kernel
def _highest(p: Any) -> float:
    return p["rail_high"] if p["rail_high"] < p["lead_off"] else p["lead_off"]  # type: ignore[no-any-return]


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


@part
def _still_after(s: Any, p: Any, v: float) -> int:
    """Count a sample that is as the one before, or end the count; return the flags of one that has been so for long."""
    flag = 0
    if abs(v - s["previous"]) <= p["still"]:
        still = s["still"] + 1
        s["still"] = still
        if still >= STUCK_LEN:
            if still == STUCK_LEN and abs(s["held"] - s["line"]) > STUCK_MV:
                s["stuck"] = FLAG_SATURATED
            flag = int(s["stuck"])
            if still >= FLAT_LEN:
                flag |= FLAG_FLAT
            if abs(v) < TINY_MV:
                s["held"] = 0.0
    else:
        s["still"] = 0
        s["stuck"] = 0
    s["previous"] = v
    return flag


@part
def _take_one(s: Any, p: Any, v: float, pos: int, k: int) -> int:
    """Take one sample, the k-th of its group, into s["held"]; return its flags."""
    flag = int(s["marks"])
    if _lowest(p) < v < _highest(p):
        s["held"] = v - s["wave"][pos]
        flag |= _still_after(s, p, v)
        s["clean"] += 1
    else:
        flag |= _fault(p, v)
        s["clean"] = 0
    if flag & FLAG_BAD:
        s["bad"] += 1
        return flag
    if s["bad"] >= RESEED_LEN:
        held = s["held"]
        s["line"] = held
        s["target"] = held
        s["slope"] = 0.0
        s["age"] = 0
        s["far"] = 0
        s["sum"] = held * k
        s["clean"] = 0
    s["bad"] = 0
    return flag


@part
def _end_group(s: Any) -> None:
    """Move the baseline by a group's mean, and draw its line across the next."""
    mean = s["sum"] * (1.0 / GROUP_LEN)
    s["sum"] = 0.0
    line = s["target"]
    s["far"] = s["far"] + 1 if abs(mean - line) > JUMP_MV else 0
    if s["far"] == JUMP_GROUPS:
        line = mean
        s["age"] = 0
        s["far"] = 0
    target = line + GAINS[s["age"]] * (mean - line)
    if abs(target) < TINY_MV:
        target = 0.0
    s["line"] = line
    s["target"] = target
    s["slope"] = (target - line) * (1.0 / GROUP_LEN)
    if s["age"] < _OLDEST_GAIN:
        s["age"] += 1


@part
def _take_each(s: Any, p: Any, x: Any, y: Any, flags: Any, i: int, n: int, pos: int) -> None:
    """Take x[i:i+n], of one group, sample by sample: whatever may happen, happens here."""
    k = pos % GROUP_LEN
    for j in range(n):
        flags[i + j] = _take_one(s, p, float(x[i + j]), pos + j, k + j)
        held = s["held"]
        s["segment"][HISTORY_LEN + pos + j] = held
        y[i + j] = held - (s["line"] + s["slope"] * (k + j))
        s["sum"] += held
    if k + n == GROUP_LEN:
        _end_group(s)


@part
def _take_calm(s: Any, p: Any, x: Any, y: Any, flags: Any, i: int, groups: int, pos: int) -> int:
    """Take the whole groups from x[i] on in which nothing happens; return how many samples those are.

    So: every sample good, no run of equal ones, which with those before could be a stuck converter's; a baseline that
    neither settles, nor jumps, nor comes to rest at nothing. Then a group is a few operations on four samples at once.
    """
    if s["bad"] + (s["marks"] & FLAG_BAD) + s["far"] > 0 or s["still"] > _CALM_STILL_MAX or s["age"] < _OLDEST_GAIN:
        return 0
    low, high, still_mv = spread(_lowest(p)), spread(_highest(p)), spread(p["still"])
    ramp = of(0.0, 1.0, 2.0, 3.0)
    wave, segment, marks = s["wave"], s["segment"], int(s["marks"])
    line, target, slope = s["line"], s["target"], s["slope"]
    begin, end, equal = i, i + GROUP_LEN * groups, 0
    while 0 <= i < end and pos >= 0:  # what the compiler knows not to be negative is not wrapped around
        v, later = four(x, i), four(x, i + 1)
        inside = above(v, low) & above(high, v) & above(later, low) & above(high, later)
        equal_now = at_least(still_mv, abs(later - v))
        e, last = v - four(wave, pos), x[i + 4] - wave[pos + 4]
        mean = (lane(e, 0) + lane(e, 1) + lane(e, 2) + lane(e, 3) + last) * (1.0 / GROUP_LEN)
        way = mean - target
        moved = target + GAINS[_OLDEST_GAIN] * way
        if inside != ALL or equal_now == ALL or not abs(way) <= JUMP_MV or abs(moved) < TINY_MV:
            break
        put(segment, HISTORY_LEN + pos, e)
        segment[HISTORY_LEN + pos + 4] = last
        put(y, i, e - (spread(line) + spread(slope) * ramp))
        y[i + 4] = last - (line + slope * 4)
        line, target, slope = target, moved, (moved - target) * (1.0 / GROUP_LEN)
        equal = equal_now
        i += GROUP_LEN
        pos += GROUP_LEN
    if i > begin:
        of_calm = flags[begin:i]
        for j in range(i - begin):
            of_calm[j] = marks
        s["line"], s["target"], s["slope"] = line, target, slope
        s["still"] = _EQUAL_AT_END[equal]
        s["stuck"] = 0
        s["clean"] += i - begin
        s["previous"] = float(x[i - 1])
        s["held"] = segment[HISTORY_LEN + pos - 1]
    return i - begin


@part
def condition_block(s: Any, p: Any, x: Any, n: int, first: int, y: Any, flags: Any) -> None:
    """Write the clean signal y[0:n] and flags[0:n] of x[0:n], grid samples in mV of which x[0] is number `first`."""
    pos = first % SEGMENT_LEN
    i = 0
    while 0 <= i < n:
        m = 0
        if pos % GROUP_LEN == 0:
            m = _take_calm(s, p, x, y, flags, i, min(n - i, SEGMENT_LEN - pos) // GROUP_LEN, pos)
        if m == 0:
            m = min(n - i, GROUP_LEN - pos % GROUP_LEN)
            _take_each(s, p, x, y, flags, i, m, pos)
        i += m
        pos += m
        if pos == SEGMENT_LEN:
            pos = 0
            mains_segment(s, p, first + i, s["clean"])


@kernel
def condition(state: Any, params: Any, x: Any, first: int, y: Any, flags: Any) -> int:
    """Condition the block x, grid samples from `first` on, into y and flags; return how many were written."""
    n = len(x)
    condition_block(state[0], params[0], x, n, first, y, flags)
    return n
