"""Causal R-peak detector on the 250 Hz grid: peaks of QRS energy are candidates, and each is judged once.

Signal path after Hamilton & Tompkins (1986): band-pass, slope, energy, peaks. Differences: band-pass and slope are one pair of
filters in quadrature (first and second difference of five-sample sums), whose squared sum has one hump a QRS complex and needs
no moving average; of two humps within APART only the larger is a candidate; a verdict waits LOOK samples and is a network's
(`qrs_judge`), not a threshold's. Everything happens at a sample's own index, so no cut of the input shows.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel, part
from edgeecg_kernels.four import FIRST, above, at_least, four, put, spread
from edgeecg_kernels.qrs_decide import DECISION_BOUND, dismiss, hopeless, judge, look_back, turn
from edgeecg_kernels.qrs_measure import measure
from edgeecg_kernels.qrs_second import known_votes, overhear, stand_in
from edgeecg_kernels.qrs_state import (
    APART,
    ENERGY_DELAY,
    HISTORY,
    LINE,
    LOOK,
    M_STRENGTH,
    QUEUE,
    START,
    VOTES,
)
from edgeecg_kernels.state import FLAG_BAD

__all__ = ["DECISION_BOUND", "HOLD", "LIMIT", "NOISE_FLOOR", "qrs", "qrs_block", "qrs_finish", "qrs_reset", "rows_at_most"]

NEVER = 1 << 62
LIMIT = 1e4
"""mV; beyond it a sample is no ECG, whatever its flags say."""
HOLD = 25
"""Bad samples in a row that are bridged by the last good value; one more and the stretch is over."""
NOISE_FLOOR = 1e-4
"""mV squared. Energy below it is no candidate: a QRS complex of about 3 uV, the one absolute level there is."""


def rows_at_most(n: int) -> int:
    """Return how many rows n samples, or an end, can give: the queue once, a second lead's, and then a beat per APART samples."""
    return QUEUE + 2 * (n // APART + 1) + VOTES


@kernel
def qrs_reset(s: Any) -> None:
    """Forget the signal and the levels: the next sample starts a new stretch."""
    s["fresh"] = 1
    s["fill"] = HISTORY
    s["found"] = 0
    s["measured"] = 0
    s["judged"] = 0
    s["levelled"] = 0
    s["bad_run"] = 0
    s["waiting"] = 0


@kernel
def begin(s: Any, first: int, y0: float) -> None:
    """Start a stretch at grid index `first`, as if its first value had always been there."""
    s["fresh"] = 0
    s["base"] = first - HISTORY
    s["start"] = first
    s["strength"] = 0.0
    for k in range(HISTORY):
        s["line"][k] = y0
        s["smooth"][k] = 5.0 * y0
        s["energy"][k] = 0.0


@part
def usable(y: Any, flags: Any, a: int, b: int) -> bool:
    """Return whether every sample of [a, b) is finite, of a possible size and not flagged bad."""
    values = y[a:b]
    marks = flags[a:b]
    bad = 0
    for k in range(b - a):
        bad += (marks[k] & FLAG_BAD != 0) | (not abs(values[k]) <= LIMIT)
    return bad == 0


@part
def sharpen(line: Any, smooth: Any, energy: Any, a: int, m: int) -> None:
    """Fill smooth[a:a+m] and energy[a:a+m].

    A five-sample sum (zero at 50 Hz) and its first and second difference over 32 ms: two filters in quadrature around
    15 Hz, so that their squares add up to one smooth hump a QRS complex, whatever its polarity and phase.
    """
    half = spread(0.5)
    k = a
    while k + 4 <= a + m:
        u = ((four(line, k - 4) + four(line, k - 3)) + (four(line, k - 2) + four(line, k - 1))) + four(line, k)
        put(smooth, k, u)
        odds = four(smooth, k - 4) - four(smooth, k - 12)
        evens = four(smooth, k - 8) - half * (four(smooth, k - 16) + u)
        put(energy, k, odds * odds + evens * evens)
        k += 4
    while 16 <= k < a + m:
        smooth[k] = ((line[k - 4] + line[k - 3]) + (line[k - 2] + line[k - 1])) + line[k]
        odd = smooth[k - 4] - smooth[k - 12]
        even = smooth[k - 8] - 0.5 * (smooth[k - 16] + smooth[k])
        energy[k] = odd * odd + even * even
        k += 1


@part
def push(s: Any, place: int, energy: float) -> None:
    """Queue a peak of energy, unless a stronger one is near; a weaker one near gives way to it."""
    found = s["found"]
    strength = math.sqrt(energy)
    if found > s["measured"]:
        tail = (found - 1) & (QUEUE - 1)
        if place - s["place"][tail] <= APART:
            if strength > s["measure"][tail, M_STRENGTH]:
                s["place"][tail] = place
                s["measure"][tail, M_STRENGTH] = strength
            return
    slot = found & (QUEUE - 1)
    s["place"][slot] = place
    s["measure"][slot, M_STRENGTH] = strength
    s["found"] = found + 1


@part
def due(s: Any, now: int) -> int:
    """Return the next grid index at which something is to be measured or judged, after `now`."""
    at = NEVER
    if s["measured"] < s["found"]:
        at = s["place"][s["measured"] & (QUEUE - 1)] + LOOK
    if s["judged"] < s["measured"]:
        at = min(at, max(now + 1, turn(s, s["judged"]) if s["waiting"] == 1 else s["start"] + START))
    elif s["levelled"] == 1:
        at = min(at, max(now + 1, s["alarm"]))
    if s["heeded"] < s["votes"] and s["levelled"] == 0:
        at = min(at, max(now + 1, s["vote"][s["heeded"] & (VOTES - 1)]["known_at"]))
    return at


@kernel
def step(s: Any, p: Any, now: int, lead: int, out: Any, n_out: int) -> int:
    """Do what is due at grid index `now`."""
    index = s["measured"]
    slot = index & (QUEUE - 1)
    if index < s["found"] and s["place"][slot] + LOOK == now:
        if s["judged"] == index and hopeless(s, p, index):
            dismiss(s, index)
        else:
            at = s["place"][slot] - s["base"]
            measure(s["line"], s["smooth"], s["energy"], at, s["measure"][slot], s["snippet"][slot])
            s["measured"] = index + 1
    index = s["judged"]
    if index < s["measured"]:
        if now >= s["start"] + START and (s["waiting"] == 0 or now >= turn(s, index)):
            n_out = judge(s, p, now, False, lead, out, n_out)
    elif s["levelled"] == 1 and now >= s["alarm"]:
        n_out = look_back(s, p, now, lead, out, n_out)
    if s["heeded"] < s["votes"] and s["levelled"] == 0:
        n_out = stand_in(s, now, out, n_out)
    return n_out


@part
def next_peak(energy: Any, k: int, stop: int, gate: float) -> int:
    """Return the first k at which a peak of energy above the gate is seen, one sample after it; `stop` where there is none."""
    least = spread(gate)
    while k + 4 <= stop:
        e = four(energy, k - 1)
        seen = above(e, least) & above(e, four(energy, k)) & at_least(e, four(energy, k - 2))
        if seen != 0:
            return k + FIRST[seen]  # type: ignore[no-any-return]
        k += 4
    while 1 < k < stop:  # what the compiler knows not to be negative is not wrapped around
        e = energy[k - 1]
        if e > gate and energy[k] < e and energy[k - 2] <= e:
            break
        k += 1
    return k


@part
def scan(s: Any, p: Any, a: int, m: int, lead: int, out: Any, n_out: int) -> int:
    """Walk energy[a:a+m]: queue its peaks and do what falls due."""
    energy = s["energy"]
    base = s["base"]
    end = a + m
    gate = max(NOISE_FLOOR, (p["gate"] * s["strength"]) ** 2)
    at = due(s, base + a - 1) - base
    stop = min(end, at + 1)
    k = a
    while k < end:
        k = next_peak(energy, k, stop, gate)
        if k < stop:
            push(s, base + k - 1 - ENERGY_DELAY, energy[k - 1])
            at = due(s, base + k - 1) - base
            stop = min(end, at + 1)
            k += 1
        if k == stop and k == at + 1:
            n_out = step(s, p, base + at, lead, out, n_out)
            gate = max(NOISE_FLOOR, (p["gate"] * s["strength"]) ** 2)
            at = due(s, base + at) - base
            stop = min(end, at + 1)
    return n_out


@kernel
def wind_back(s: Any) -> None:
    """The line is full: keep its last HISTORY samples. Depends on the count of samples alone, never on the blocks."""
    for k in range(HISTORY):
        s["line"][k] = s["line"][LINE - HISTORY + k]
        s["smooth"][k] = s["smooth"][LINE - HISTORY + k]
        s["energy"][k] = s["energy"][LINE - HISTORY + k]
    s["base"] += LINE - HISTORY
    s["fill"] = HISTORY


@kernel
def advance(s: Any, p: Any, y: Any, a: int, b: int, lead: int, out: Any, n_out: int) -> int:
    """Take the good samples y[a:b]."""
    i = a
    while i < b:
        fill = s["fill"]
        m = min(b - i, LINE - fill)
        line = s["line"][fill : fill + m]
        source = y[i : i + m]
        for k in range(m):
            line[k] = float(source[k])
        sharpen(s["line"], s["smooth"], s["energy"], fill, m)
        n_out = scan(s, p, fill, m, lead, out, n_out)
        s["fill"] = fill + m
        if s["fill"] == LINE:
            wind_back(s)
        i += m
    return n_out


@kernel
def persist(s: Any, p: Any, count: int, lead: int, out: Any, n_out: int) -> int:
    """Go on `count` samples at the last value."""
    held = s["held"]
    held[0] = s["line"][s["fill"] - 1]
    for _ in range(count):
        n_out = advance(s, p, held, 0, 1, lead, out, n_out)
    return n_out


@kernel
def close(s: Any, p: Any, now: int, lead: int, out: Any, n_out: int) -> int:
    """Judge all that is pending, as if the signal stayed where it is, and forget the stretch; `now` decides."""
    votes = s["votes"]
    s["votes"] = known_votes(s, now)  # what goes on below is imagined: of that time the second lead has not spoken yet
    if s["fresh"] == 0:
        begun = n_out
        n_out = persist(s, p, LOOK, lead, out, n_out)
        while s["judged"] < s["measured"]:
            n_out = judge(s, p, now, True, lead, out, n_out)
        for k in range(begun, n_out):
            out[k]["known_at"] = now
    s["votes"] = votes
    overhear(s, now)
    qrs_reset(s)
    return n_out


@kernel
def creep(s: Any, p: Any, y: Any, flags: Any, n: int, first: int, lead: int, out: Any, n_out: int) -> int:
    """Take n samples of which some are bad: a short run of those is held over, a long one is a gap."""
    for i in range(n):
        if usable(y, flags, i, i + 1):
            if s["fresh"] == 1:
                begin(s, first + i, float(y[i]))
            s["bad_run"] = 0
            n_out = advance(s, p, y, i, i + 1, lead, out, n_out)
        elif s["fresh"] == 0:
            s["bad_run"] += 1
            if s["bad_run"] > HOLD:
                n_out = close(s, p, first + i, lead, out, n_out)
            else:
                n_out = persist(s, p, 1, lead, out, n_out)
        if s["heeded"] < s["votes"] and s["levelled"] == 0:
            n_out = stand_in(s, first + i, out, n_out)
    return n_out


@part
def qrs_block(s: Any, p: Any, y: Any, flags: Any, n: int, first: int, lead: int, out: Any, n_out: int) -> int:
    """Take n clean samples from grid index `first` on; append a row to `out` for every beat they decide."""
    if n <= 0:
        return n_out
    if not usable(y, flags, 0, n):
        return creep(s, p, y, flags, n, first, lead, out, n_out)
    if s["fresh"] == 1:
        begin(s, first, float(y[0]))
    s["bad_run"] = 0
    return advance(s, p, y, 0, n, lead, out, n_out)


@kernel
def qrs_finish(s: Any, p: Any, lead: int, out: Any, n_out: int) -> int:
    """The stretch ends here or a gap begins: decide what is pending by what is known, and await a new stretch."""
    if s["levelled"] == 0:
        n_out = stand_in(s, NEVER, out, n_out)
    return close(s, p, s["base"] + s["fill"] - 1, lead, out, n_out)


@kernel
def qrs(state: Any, params: Any, y: Any, flags: Any, first: int, out: Any) -> int:
    """Run `qrs_block` over an array for a caller in Python."""
    return qrs_block(state[0], params[0], y, flags, len(y), first, 0, out, 0)
