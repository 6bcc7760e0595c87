"""Heart rate and variability of one lead once a second, from the rows of `qrs` and `quality` alone.

Heart rate is 60 over the mean of the last ten RR intervals, none ending more than 15 s ago: all beats count, so that a
premature beat and its pause cancel. An interval in which the detector most likely passed a beat over counts as two. The rate is known in a good second, and in a bad one if at most three of the last ten were bad.
SDNN and RMSSD (Task Force of ESC and NASPE, 1996, table 1) are taken over the last 60 s from intervals between normal
beats that lie in good seconds, with no bad second between them: none that begins or ends with an ectopic beat. A beat
is ectopic here if it comes more than a fifth before its time, or is wide where most are not. All sums are whole numbers
of grid samples, so nothing drifts.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.state import GRID_HZ, KIND_BEAT, KIND_QUALITY, KIND_VITALS, PASSED_OVER
from edgeecg_kernels.vitals_state import (
    BAD_SECONDS_MAX,
    MINUTE,
    NO_CHANGE,
    PENDING,
    RECENT,
    RECENT_AGE,
    RING,
    SECONDS,
    USUAL,
    USUAL_AGE,
    USUAL_MIN,
)

UNKNOWN = -1.0
_PREMATURE = 0.8  # of the usual interval
_PAUSE = 1.5
_MORPHOLOGY_WIDE = 2.0
_WIDE_MEMORY = 0.05
_NORMAL_MIN = 5
_RATE_MIN = 3
_MS = 1000.0 / GRID_HZ


@kernel
def vitals_reset(s: Any) -> None:
    """Forget everything."""
    s["pending"] = 0
    s["known"] = 0
    s["wide_share"] = 0.0
    s["rated"] = 0
    s["intervals"] = 0
    s["trusted"] = 0
    s["oldest"] = 0
    s["newest"] = 0
    s["sum"] = 0
    s["sum_squares"] = 0
    s["changes"] = 0
    s["sum_changes"] = 0


@kernel
def vitals_break(s: Any) -> None:
    """A gap: no interval spans it, but those before it stay."""
    s["pending"] = 0
    s["known"] = 0


@kernel
def _wait(s: Any, place: int, wide: int, beats: int) -> None:
    """Keep a beat, in order of place, until its second is rated."""
    count = s["pending"]
    places = s["pending_place"]
    wides = s["pending_wide"]
    numbers = s["pending_beats"]
    if count == PENDING:
        return
    k = count
    while k > 0 and places[k - 1] > place:
        places[k] = places[k - 1]
        wides[k] = wides[k - 1]
        numbers[k] = numbers[k - 1]
        k -= 1
    places[k] = place
    wides[k] = wide
    numbers[k] = beats
    s["pending"] = count + 1


@kernel
def _usual(s: Any, now: int, otherwise: int) -> int:
    """Return the median of the latest trusted intervals that are not old, or `otherwise` where they are too few."""
    n = 0
    target = s["sorted"]
    for k in range(min(s["trusted"], USUAL)):
        if s["usual_end"][k] < now - USUAL_AGE:
            continue
        value = s["usual"][k]
        j = n
        while j > 0 and target[j - 1] > value:
            target[j] = target[j - 1]
            j -= 1
        target[j] = value
        n += 1
    return int(target[n // 2]) if n >= USUAL_MIN else otherwise


@kernel
def _drop_oldest(s: Any) -> None:
    slot = s["oldest"] % RING
    interval = s["interval"][slot]
    change = s["change"][slot]
    s["sum"] -= interval
    s["sum_squares"] -= interval * interval
    if change != NO_CHANGE:
        s["changes"] -= 1
        s["sum_changes"] -= change * change
    s["oldest"] += 1


@kernel
def _add_normal(s: Any, end: int, interval: int) -> None:
    """Take a normal-to-normal interval into the minute's sums."""
    if s["newest"] - s["oldest"] == RING:
        _drop_oldest(s)
    change = NO_CHANGE
    if s["newest"] > s["oldest"]:
        before = (s["newest"] - 1) % RING
        if s["end"][before] == end - interval:
            change = interval - s["interval"][before]
    slot = s["newest"] % RING
    s["end"][slot] = end
    s["interval"][slot] = interval
    s["change"][slot] = change
    s["sum"] += interval
    s["sum_squares"] += interval * interval
    if change != NO_CHANGE:
        s["changes"] += 1
        s["sum_changes"] += change * change
    s["newest"] += 1


@kernel
def _take_beat(s: Any, place: int, wide: int, beats: int, trusted: int) -> None:
    """Take the next beat of a rated second, with one that was passed over before it if `beats` is two."""
    ectopic = 0
    s["wide_share"] += _WIDE_MEMORY * (wide - s["wide_share"])
    if wide == 1 and s["wide_share"] < 0.5:
        ectopic = 1
    if s["known"] == 1:
        interval = place - s["last_place"]
        if interval <= 0:
            return
        slot = s["intervals"] % RECENT
        s["length"][slot] = interval
        s["length_end"][slot] = place
        s["length_beats"][slot] = beats
        s["intervals"] += 1
        usual = _usual(s, place, interval)
        if interval < _PREMATURE * usual:
            ectopic = 1
        if trusted == 1 and s["last_trusted"] == 1:
            slot = s["trusted"] % USUAL
            s["usual"][slot] = interval
            s["usual_end"][slot] = place
            s["trusted"] += 1
            if ectopic == 0 and s["last_ectopic"] == 0 and interval < _PAUSE * usual and beats == 1:
                _add_normal(s, place, interval)
    s["known"] = 1
    s["last_place"] = place
    s["last_trusted"] = trusted
    s["last_ectopic"] = ectopic


@kernel
def _settle(s: Any, start: int, good: bool) -> None:
    """Take the pending beats up to the end of the second at `start`, which was rated."""
    end = start + GRID_HZ
    places = s["pending_place"]
    wides = s["pending_wide"]
    numbers = s["pending_beats"]
    count = s["pending"]
    taken = 0
    while taken < count and places[taken] < end:
        trusted = 1 if good and places[taken] >= start else 0
        _take_beat(s, places[taken], wides[taken], numbers[taken], trusted)
        taken += 1
    for k in range(taken, count):
        places[k - taken] = places[k]
        wides[k - taken] = wides[k]
        numbers[k - taken] = numbers[k]
    s["pending"] = count - taken
    s["rated"] = (s["rated"] << 1 | (0 if good else 1)) & ((1 << SECONDS) - 1)
    if not good:
        s["last_trusted"] = 0
    while s["oldest"] < s["newest"] and s["end"][s["oldest"] % RING] < end - MINUTE:
        _drop_oldest(s)


@kernel
def _trustworthy(s: Any) -> bool:
    """In a good second beats were found for a while before it, whatever those seconds were rated; in a bad one that is not known."""
    bad = 0
    for k in range(SECONDS):
        bad += s["rated"] >> k & 1
    return bool(s["rated"] & 1 == 0 or bad <= BAD_SECONDS_MAX)


@kernel
def _rate(s: Any, end: int, value: Any) -> None:
    """Put heart rate, last interval and the count of intervals they are from, as of `end`, into a row's value."""
    n = 0
    total = 0
    k = s["intervals"]
    oldest = max(k - RECENT, 0)
    while k > oldest and n < RECENT:
        k -= 1
        slot = k % RECENT
        if s["length_end"][slot] >= end - RECENT_AGE:
            total += s["length"][slot]
            n += s["length_beats"][slot]
    value[5] = n
    if n >= _RATE_MIN and _trustworthy(s):
        last = (s["intervals"] - 1) % RECENT
        value[0] = 60.0 * GRID_HZ * n / total
        value[1] = _MS * s["length"][last] / s["length_beats"][last]


@kernel
def _report(s: Any, start: int, now: int, lead: int, out: Any, n_out: int) -> int:
    row = out[n_out]
    row["kind"] = KIND_VITALS
    row["lead"] = lead
    row["sample"] = start
    row["known_at"] = now
    value = row["value"]
    for k in range(8):
        value[k] = UNKNOWN
    _rate(s, start + GRID_HZ, value)
    normal = s["newest"] - s["oldest"]
    value[4] = normal
    if normal >= _NORMAL_MIN:
        spread = normal * s["sum_squares"] - s["sum"] * s["sum"]
        value[2] = _MS * math.sqrt(spread / (normal * (normal - 1)))
    if s["changes"] >= _NORMAL_MIN:
        value[3] = _MS * math.sqrt(s["sum_changes"] / s["changes"])
    return n_out + 1


@kernel
def _hear(s: Any, lead: int, out: Any, at: int, end: int, now: int) -> int:
    """Keep this lead's beats out of out[at:end] that were known by `now`, up to the first that was not."""
    while at < end and (out[at]["kind"] != KIND_BEAT or out[at]["known_at"] <= now):
        row = out[at]
        if row["kind"] == KIND_BEAT and row["lead"] == lead:
            wide = 1 if row["value"][1] == _MORPHOLOGY_WIDE else 0
            _wait(s, row["sample"], wide, 2 if int(row["value"][6]) & PASSED_OVER else 1)
        at += 1
    return at


@kernel
def vitals_block(s: Any, lead: int, out: Any, heard: int, n_out: int) -> int:
    """Read a block's rows out[heard:n_out], beats in order of `known_at`; append a row for every rated second among them."""
    end = n_out
    at = heard
    for k in range(heard, end):
        if out[k]["kind"] == KIND_QUALITY and out[k]["lead"] == lead:
            start = out[k]["sample"]
            now = out[k]["known_at"]
            at = _hear(s, lead, out, at, end, now)
            _settle(s, start, out[k]["value"][6] > 0.0)
            n_out = _report(s, start, now, lead, out, n_out)
    if at < end:
        _hear(s, lead, out, at, end, out[end - 1]["known_at"] + MINUTE)
    return n_out


@kernel
def vitals(state: Any, out: Any, n_rows: int) -> int:
    """Run `vitals_block` for a caller in Python: out[:n_rows] are the rows of one lead; return the count of all rows."""
    return vitals_block(state[0], 0, out, 0, n_rows)
