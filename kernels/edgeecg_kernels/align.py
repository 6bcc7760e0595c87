"""Pieces of device frames to one ordered stream of samples, with what is missing marked.

Every decision is made when the first piece of a frame comes, from its stamps alone; the pieces that follow share its fate.
So how a frame was cut cannot matter. The stream's index counts samples at the nominal rate from its first one; it never
goes back, and where samples are missing it goes on by as many as were lost:

* the device's clock says how many, where frames carry it and it can be true against arrival;
* else the frame counter does, in frames of the usual length; how often it wrapped, arrival says;
* else, after a silence, arrival does.
"""

from typing import Any

from edgeecg_kernels import align_state as a
from edgeecg_kernels._jit import kernel
from edgeecg_kernels.align_clock import (
    MAX_SPAN_US,
    arrival_of,
    clamp,
    device_step_us,
    len_us,
    observe_clock,
    span_len,
)
from edgeecg_kernels.align_evidence import can_wait, missing_by_arrival, tolerance, verdict_on_number, verdict_on_time
from edgeecg_kernels.align_frames import (
    accept,
    close_frame,
    free_slot,
    is_arriving,
    open_run,
    release_below,
    release_expired,
    release_ready,
    remember,
    say,
)


@kernel
def _hold(s: Any, slot: int, ahead: int) -> None:
    s["frame_fate"] = a.FATE_HELD
    s["frame_slot"] = slot
    s["held_used"][slot] = 1
    s["held_count"] += 1
    s["held_number"][slot] = s["next_number"] + ahead
    s["held_sequence"][slot] = s["frame_sequence"]
    s["held_device_us"][slot] = s["frame_device_us"]
    s["held_arrival_ns"][slot] = s["frame_arrival_ns"]
    s["held_len"][slot] = s["frame_len"]
    s["held_received"][slot] = 0


@kernel
def _refuse(s: Any, reason: int, n: int, spans: Any, count: int) -> int:
    if reason == a.DUPLICATE:
        s["duplicates"] += 1
    elif reason == a.STALE:
        s["stale"] += 1
    else:
        s["malformed"] += 1
    return say(spans, count, a.REJECT, reason, s["next_index"], n, 0)


@kernel
def _deliver(s: Any, p: Any, ahead: int, spans: Any, count: int) -> int:
    """Put the frame into the stream, after the held ones before it."""
    if s["held_count"] > 0:
        number = s["next_number"] + ahead
        count = release_below(s, p, number, spans, count)
        ahead = number - s["next_number"]
    count = accept(s, p, s["frame_sequence"], s["frame_device_us"], s["frame_arrival_ns"], s["frame_len"], ahead, spans, count)
    s["frame_fate"] = a.FATE_DELIVERED
    return count


@kernel
def _deliver_anew(s: Any, p: Any, reason: int, spans: Any, count: int) -> int:
    """Put the frame into the stream as the first of a run."""
    count = release_below(s, p, a.MAX_INDEX, spans, count)
    count = open_run(s, p, s["frame_sequence"], s["frame_device_us"], s["frame_arrival_ns"], s["frame_len"], reason, spans, count)
    s["frame_fate"] = a.FATE_DELIVERED
    return count


@kernel
def _judge(s: Any, p: Any, spans: Any, free: int, count: int) -> int:
    """Decide what becomes of a frame whose first piece is here."""
    sequence, device_us = s["frame_sequence"], s["frame_device_us"]
    arrival_ns, frame_len = s["frame_arrival_ns"], s["frame_len"]
    if s["fresh"] == 1:
        return _deliver_anew(s, p, a.REOPENED, spans, count)
    ahead = 0
    verdict = a.VERDICT_FORWARD
    if sequence >= 0 and s["last_sequence"] >= 0:
        ahead = (sequence - s["last_sequence"] - 1) & p["sequence_mask"]
        if ahead > 0:
            verdict = verdict_on_number(s, p, ahead, device_us, arrival_ns, frame_len)
    else:
        count = release_below(s, p, a.MAX_INDEX, spans, count)
        if device_us >= 0 and s["last_device_us"] >= 0:
            verdict = verdict_on_time(s, p, device_us, arrival_ns)
    if verdict == a.VERDICT_RESTART:
        return _deliver_anew(s, p, a.RESTARTED, spans, count)
    if verdict != a.VERDICT_FORWARD:
        s["frame_fate"] = a.FATE_REFUSED
        return _refuse(s, verdict, frame_len, spans, count)
    if ahead > 0 and can_wait(s, p, ahead, device_us, arrival_ns, frame_len):
        _hold(s, free, ahead)
        return count
    return _deliver(s, p, ahead, spans, count)


@kernel
def _pass_on(s: Any, n: int, start: int, spans: Any, count: int) -> int:
    """Put n samples of the piece itself into the stream."""
    span = spans[count]
    span["kind"], span["reason"] = a.DATA, 0
    span["first_sample"], span["n"] = s["next_index"], n
    span["source"], span["source_start"], span["value"] = a.PIECE, start, 0
    s["next_index"] += n
    s["frame_received"] += n
    return count + 1


@kernel
def _take(s: Any, p: Any, n: int, x: Any, start: int, spans: Any, count: int) -> int:
    """Let a piece share its frame's fate."""
    if s["frame_fate"] == a.FATE_DELIVERED:
        count = _pass_on(s, n, start, spans, count)
        return release_ready(s, p, spans, count)
    received = s["frame_received"]
    s["frame_received"] = received + n
    if s["frame_fate"] == a.FATE_HELD:
        slot, leads = s["frame_slot"], p["leads"]
        values = s["held_values"][slot]
        for i in range(n * leads):
            values[received * leads + i] = float(x[start * leads + i])
        s["held_received"][slot] += n
    return count


@kernel
def _malformed(s: Any, p: Any, meta: Any, start: int, values: int) -> int:
    """Return why a piece cannot be what it says, or 0."""
    n, offset, frame_len = meta["n"], meta["offset"], meta["frame_len"]
    if not 1 <= frame_len <= a.MAX_FRAME_LEN or not 0 <= offset <= frame_len or not 0 <= n <= frame_len - offset:
        return a.BAD_LEN
    if start < 0 or start > values or (start + n) * p["leads"] > values:
        return a.BAD_LEN
    if p["sequence_mask"] > 0 and not -1 <= meta["sequence"] <= p["sequence_mask"]:
        return a.BAD_SEQUENCE
    if p["device_max"] >= 0 and not -1 <= meta["device_us"] <= p["device_max"]:
        return a.BAD_DEVICE_TIME
    if s["next_index"] > a.LAST_START:
        return a.EXHAUSTED
    return 0


@kernel
def _source_us(s: Any, p: Any, sequence: int, device_us: int, arrival_ns: int, frame_len: int) -> int:
    """Return the source's time of a frame that nothing whatever is to be said of but "next", else -1.

    A short way past `_begin_frame`, to the same state: all but one frame in thousands go here.
    """
    if s["held_count"] > 0 or s["fresh"] == 1 or s["dropped"] > 0 or s["stale_run"] > 0 or is_arriving(s):
        return -1
    numbered = sequence >= 0 and s["last_sequence"] >= 0
    if numbered and (s["last_sequence"] + 1) & p["sequence_mask"] != sequence:
        return -1
    if device_us >= 0 and s["last_device_us"] >= 0:
        step_us = device_step_us(s, p, device_us, arrival_ns)
        if abs(span_len(step_us, p["rate_mhz"]) - s["last_len"]) <= tolerance(s, p, 0):
            return int(s["last_us"] + step_us)
    elif device_us < 0 and s["last_device_us"] < 0 and missing_by_arrival(s, p, arrival_ns, frame_len) <= p["silence_len"]:
        return len_us(s["next_index"], p["rate_mhz"])
    return -1


@kernel
def _continues(s: Any, meta: Any, sequence: int, device_us: int, arrival_ns: int) -> bool:
    """Tell whether a piece is the one that comes next of the frame that is arriving."""
    return bool(
        s["frame_fate"] != a.FATE_NONE
        and meta["offset"] == s["frame_received"]
        and meta["frame_len"] == s["frame_len"]
        and sequence == s["frame_sequence"]
        and device_us == s["frame_device_us"]
        and arrival_ns == s["frame_arrival_ns"]
    )


@kernel
def _set_frame(s: Any, sequence: int, device_us: int, arrival_ns: int, frame_len: int, fate: int) -> None:
    s["frame_sequence"] = sequence
    s["frame_device_us"] = device_us
    s["frame_arrival_ns"] = arrival_ns
    s["frame_len"] = frame_len
    s["frame_received"] = 0
    s["frame_fate"] = fate


@kernel
def _begin_frame(s: Any, p: Any, sequence: int, device_us: int, arrival_ns: int, meta: Any, x: Any, start: int, spans: Any) -> int:
    """The long way of a frame's first piece: end the frame before, see who has waited long enough, judge this one."""
    free = free_slot(s) if s["held_count"] > 0 else 0
    count = close_frame(s, p, spans, 0)
    count = release_expired(s, p, arrival_ns, spans, count)
    _set_frame(s, sequence, device_us, arrival_ns, meta["frame_len"], a.FATE_NONE)
    count = _judge(s, p, spans, free, count)
    return _take(s, p, meta["n"], x, start, spans, count)


@kernel
def align_chunk(s: Any, p: Any, meta: Any, x: Any, start: int, spans: Any) -> int:
    """Take one piece of a frame; write what it means for the stream into `spans`, SPANS_LEN long; return how many.

    x is flat, sample after sample with the leads side by side; the piece begins at its sample `start`. Rows of x and of
    `held_values` that a DATA span names stay as they are until the next call.
    """
    n, frame_len = meta["n"], meta["frame_len"]
    reason = _malformed(s, p, meta, start, len(x))
    if reason > 0:
        return _refuse(s, reason, n, spans, 0)
    if n == 0:
        return 0
    sequence = meta["sequence"] if p["sequence_mask"] > 0 else -1
    device_us = meta["device_us"] if p["device_max"] >= 0 else -1
    arrival_ns = arrival_of(meta["arrival_ns"])
    if meta["offset"] > 0:
        if not _continues(s, meta, sequence, device_us, arrival_ns):
            return _refuse(s, a.NOT_CONTINUING, n, spans, 0)
        return _take(s, p, n, x, start, spans, 0)
    source_us = _source_us(s, p, sequence, device_us, arrival_ns, frame_len)
    if source_us < 0:
        return _begin_frame(s, p, sequence, device_us, arrival_ns, meta, x, start, spans)
    count = 0
    if observe_clock(s, source_us, arrival_ns):
        count = say(spans, count, a.CLOCK, a.DRIFT, s["next_index"], 0, s["drift_ppb"])
    remember(s, sequence, device_us, arrival_ns, frame_len, 0)
    _set_frame(s, sequence, device_us, arrival_ns, frame_len, a.FATE_DELIVERED)
    return _pass_on(s, n, start, spans, count)


@kernel
def align_tick(s: Any, p: Any, now_ns: int, spans: Any) -> int:
    """Let time pass: frames that waited long enough for missing ones are released, the gaps marked."""
    return release_expired(s, p, arrival_of(now_ns), spans, 0)


@kernel
def align_break(s: Any, p: Any, spans: Any) -> int:
    """The source was lost, or opened: what is held comes out, and the next frame begins a run of its own.

    Its counter and its device clock may start anew. The index goes on by the time that passed.
    """
    count = close_frame(s, p, spans, 0)
    count = release_below(s, p, a.MAX_INDEX, spans, count)
    s["fresh"] = 1
    return count


@kernel
def align_dropped(s: Any, n: int) -> None:
    """The source dropped n samples: the word for it where frames carry neither counter nor device time."""
    s["dropped"] = clamp(s["dropped"] + clamp(n, 0, MAX_SPAN_US), 0, MAX_SPAN_US)
