"""A heart that beats on as it did: what its rows say waits in a few numbers, and the rules are not asked.

No paper. What the rules of a fleet remember is larger than any cache, and to reach for one stream's takes longer than to think
about an event. The rules say what they would find nothing in (`edgeecg.stages.rules.calm`); here alone is decided, row by row,
whether something is that, and kept until they are asked again.

A beat of another shape waits too where it is alone: no rule is about one, unless it comes so early that it falls on a T wave.

A beat that is not faint puts off the time at which one that does not come is missed. Which are faint depends on the heights
before them, smoothed: none of those is above the tallest, so that a beat of FAINT of the tallest is not.
"""

from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.calm_state import ALARM_INTERVALS, ALONE, FAINT, FEW, MANY, MOST, MOVED_MV
from edgeecg_kernels.state import KIND_BEAT, KIND_EXPIRED, KIND_QUALITY, KIND_VITALS, KIND_WINDOW

_MORPHOLOGY_NORMAL = 1.0


@kernel
def _has_usual_shape(s: Any, row: Any, beats: int, since_odd: int) -> bool:
    """Say whether a beat and the one before have the usual shape, or the one that has not is alone: two before it had."""
    if row["value"][1] == _MORPHOLOGY_NORMAL:
        return bool(since_odd > 0 or beats > 0)
    return bool(since_odd >= ALONE and row["value"][3] >= s["least_prematurity"])


@kernel
def _is_in_time(s: Any, row: Any, beats: int) -> bool:
    """Say whether a beat, with so many waiting before it, is the newest, no pause, and leaves the rate as usual."""
    since = row["sample"] - s["place"][beats + ALARM_INTERVALS]
    length = row["sample"] - s["place"][beats + 1]
    if since <= 0 or since / s["rate_hz"] >= s["longest_s"] or length > s["rate_len"]:
        return False
    rate = 60.0 * s["rate_hz"] * ALARM_INTERVALS / length
    return bool(s["slowest"] <= rate <= s["fastest"])


@kernel
def _is_good(s: Any, row: Any, beats: int) -> bool:
    """Say whether a second is good, and neither odd beats nor a contact that moves are in it, nor an irregular rhythm before it."""
    value = row["value"]
    is_sure = value[1] != 0.0 and value[0] >= s["least_index"] and value[7] <= MOVED_MV
    return bool(is_sure and row["lead"] == 0 and row["sample"] > s["odd_at"] and beats <= s["beats_left"])


@kernel
def _due(s: Any, watched_from: int) -> int:
    """Return the sample at which the rules must be asked, whatever comes."""
    return int(min(s["until"], watched_from + s["patience"]))


@kernel
def _note_second(s: Any, row: Any) -> None:
    s["rated_until"] = row["sample"] + s["second_len"]
    s["noise_mv"] = row["value"][4]
    s["mains_mv"] = row["value"][5]


@kernel
def _note_vitals(s: Any, row: Any) -> None:
    s["vitals"] = 1
    for k in range(4):
        s["vital"][k] = row["value"][k]


@kernel
def _put_beat(s: Any, row: Any, beats: int) -> None:
    s["place"][beats + 1 + ALARM_INTERVALS] = row["sample"]
    value, kept = row["value"], s["beat"][beats]
    kept["morphology"] = int(value[1])
    kept["confidence"] = value[0]
    kept["width_ms"] = value[2]
    kept["prematurity"] = value[3]
    kept["amplitude_mv"] = value[5]


@kernel
def _put_second(s: Any, row: Any, seconds: int, beats: int, told_at: int) -> None:
    kept = s["second"][seconds]
    kept["index"] = row["value"][0]
    kept["level_mv"] = row["value"][7]
    kept["told_at"] = told_at
    kept["beats"] = beats


@kernel
def calm_keep(s: Any, due: Any, slot: int, out: Any, begin: int, end: int, now: int) -> bool:
    """Keep out[begin:end] if no rule could find anything in any of these rows or in the time up to `now`, and move due[slot] on.

    False: nothing is kept, and the rules take it all.
    """
    if s["is_now"] == 0:
        return False
    beats, seconds, newest, watched, tallest = s["beats"], s["seconds"], s["newest"], s["watched_from"], s["tallest_mv"]
    since_odd = s["since_odd"]
    last_second = last_vitals = -1
    for i in range(begin, end):
        row = out[i]
        kind = row["kind"]
        newest = max(newest, row["known_at"])
        if newest >= _due(s, watched):
            return False
        if kind == KIND_BEAT:
            is_usual = row["lead"] == 0 and _has_usual_shape(s, row, beats, since_odd) and _is_in_time(s, row, beats)
            if beats == MOST or not is_usual:
                return False
            _put_beat(s, row, beats)
            since_odd = min(since_odd + 1, ALONE) if row["value"][1] == _MORPHOLOGY_NORMAL else 0
            beats += 1
            height = abs(row["value"][5])
            tallest = max(tallest, height)
            if height >= FAINT * tallest:
                watched = max(watched, row["sample"])
        elif kind == KIND_QUALITY:
            if seconds == MOST or not _is_good(s, row, beats):
                return False
            _put_second(s, row, seconds, beats, newest)
            seconds += 1
            last_second = i
        elif kind == KIND_VITALS:
            last_vitals = i
        elif kind not in (KIND_WINDOW, KIND_EXPIRED):  # of which the rules know nothing
            return False
    if now >= _due(s, watched):
        return False
    if last_second >= 0:
        _note_second(s, out[last_second])
    if last_vitals >= 0:
        _note_vitals(s, out[last_vitals])
    s["beats"] = beats
    s["seconds"] = seconds
    s["pieces"] += 1
    s["since_odd"] = since_odd
    s["newest"] = newest
    s["watched_from"] = watched
    s["tallest_mv"] = tallest
    due[slot] = _due(s, watched)
    return True


@kernel
def calm_asks(s: Any) -> bool:
    """Say whether so much waits that the rules are to remember it now, where nothing else is said."""
    beats = s["beats"]
    return bool(max(beats, s["seconds"]) >= MANY or beats >= max(s["beats_left"], FEW))


@kernel
def calm(state: Any, due: Any, out: Any, n_rows: int, now: int) -> bool:
    """Run `calm_keep` for a caller in Python, of one stream."""
    return calm_keep(state[0], due, 0, out, 0, n_rows, now)
