"""Pieces of device frames to one ordered stream of samples, with what is missing marked.

Every decision is made when the first piece of a frame comes, from its stamps alone; the pieces that follow share its fate.
So how a frame was cut cannot matter. The stream's index counts samples at the nominal rate from its first one; it never
goes back, and where samples are missing it goes on by as many as were lost:

* the device's clock says how many, where frames carry it and it can be true against arrival;
* else the frame counter does, in frames of the usual length; how often it wrapped, arrival says;
* else, after a silence, arrival does.

Where device clock and counter agree within a sample on whole frames, whole frames were lost.
"""

from typing import Any

from edgeecg_kernels import align_state as a
from edgeecg_kernels._jit import kernel
from edgeecg_kernels.align_clock import (
    MAX_SPAN_US,
    arrival_of,
    can_be_true,
    clamp,
    device_step_us,
    elapsed_us,
    len_us,
    observe_clock,
    restart_clock,
    span_len,
)

_NONE, _DELIVERED, _HELD, _REFUSED = 0, 1, 2, 3  # what became of the frame that is arriving
_FORWARD, _RESTART = 0, 1  # verdicts on a frame; the others are reasons of a REJECT
_REMEMBERED = 31  # frames back for which `delivered` tells a duplicate from one that came too late
_TRUSTED = 64  # frames lost in a row that the counter alone is believed about


@kernel
def _say(spans: Any, count: int, kind: int, reason: int, first: int, n: int, value: int) -> int:
    span = spans[count]
    span["kind"] = kind
    span["reason"] = reason
    span["first_sample"] = first
    span["n"] = n
    span["source"] = a.PIECE
    span["source_start"] = 0
    span["value"] = value
    return count + 1


@kernel
def _gap(s: Any, n: int, reason: int, spans: Any, count: int) -> int:
    """Let the index go on by n missing samples, as far as an index can go."""
    n = min(n, a.MAX_INDEX - s["next_index"])
    if n <= 0:
        return count
    count = _say(spans, count, a.GAP, reason, s["next_index"], n, 0)
    s["next_index"] += n
    s["missing"] += n
    s["gaps"] += 1
    return count


# What a frame's stamps say of the frames before it


@kernel
def _usual_len(s: Any, p: Any) -> int:
    """Return the length that a lost frame most likely had."""
    return s["last_len"] if s["regular"] == 1 or p["nominal_len"] == 0 else p["nominal_len"]


@kernel
def _missing_by_arrival(s: Any, p: Any, arrival_ns: int, frame_len: int) -> int:
    """Return the samples between the newest frame and this one, had the network taken equally long over both."""
    return span_len(elapsed_us(s, arrival_ns), p["rate_mhz"]) - frame_len


@kernel
def _wraps(missing: int, ahead: int, usual: int, p: Any) -> int:
    """Return how often the counter went all the way round, given an estimate of the missing samples."""
    cycle = (p["sequence_mask"] + 1) * usual
    return max(0, (missing - ahead * usual + cycle // 2) // cycle)


@kernel
def _whole_frames_fit(s: Any, missing: int, frames: int) -> bool:
    """Tell whether `frames` lost frames can have held `missing` samples, be they of any length seen so far twice over."""
    return bool(frames <= missing <= 2 * frames * s["longest"])


@kernel
def _numbered_gap(s: Any, p: Any, step_us: int, arrival_ns: int, frame_len: int, ahead: int) -> tuple[int, bool]:
    """Weigh counter against device clock: the samples missing, and whether the device's clock jumped."""
    missing = span_len(step_us, p["rate_mhz"]) - s["last_len"]
    if ahead == 0 and abs(missing) <= max(s["last_len"] >> 1, 2):
        return 0, False
    usual = _usual_len(s, p)
    frames = ahead + _wraps(missing, ahead, usual, p) * (p["sequence_mask"] + 1)
    if frames > 0 and s["regular"] == 1 and abs(missing - frames * usual) <= 1 and (frames == ahead or can_be_true(s, step_us, arrival_ns)):
        return frames * usual, False
    if frames == ahead and _whole_frames_fit(s, missing, frames):
        return missing, False
    if missing > 0 and can_be_true(s, step_us, arrival_ns):
        return missing, False
    by_arrival = _missing_by_arrival(s, p, arrival_ns, frame_len)
    if ahead == 0 and by_arrival > p["silence_len"]:
        return by_arrival, True
    return ahead * usual, True


@kernel
def _timed_gap(s: Any, p: Any, step_us: int, arrival_ns: int, frame_len: int) -> tuple[int, bool]:
    """Frames without a counter: the samples missing by the device's clock, and whether it jumped."""
    missing = span_len(step_us, p["rate_mhz"]) - s["last_len"]
    if abs(missing) <= max(s["last_len"] >> 1, 1):
        s["stale_run"] = 0
        return 0, False
    if missing > 0 and can_be_true(s, step_us, arrival_ns):
        return missing, False
    by_arrival = _missing_by_arrival(s, p, arrival_ns, frame_len)
    return (by_arrival if by_arrival > p["silence_len"] else 0), True


@kernel
def _untimed_gap(s: Any, p: Any, arrival_ns: int, frame_len: int, ahead: int, numbered: bool) -> int:
    """Frames without device time: the samples missing by counter and arrival."""
    by_arrival = _missing_by_arrival(s, p, arrival_ns, frame_len)
    silent = by_arrival > p["silence_len"]
    if not numbered:
        return max(by_arrival if silent else 0, s["dropped"])
    usual = _usual_len(s, p)
    wraps = _wraps(by_arrival, ahead, usual, p) if silent else 0
    return (ahead + wraps * (p["sequence_mask"] + 1)) * usual


@kernel
def _accept(
    s: Any, p: Any, sequence: int, device_us: int, arrival_ns: int, frame_len: int, ahead: int, spans: Any, count: int
) -> int:
    """Make this the newest frame of the stream: say what is missing before it and what its clock did."""
    numbered = sequence >= 0 and s["last_sequence"] >= 0
    timed = device_us >= 0 and s["last_device_us"] >= 0
    step_us = 0
    jumped = False
    if timed:
        step_us = device_step_us(s, p, device_us, arrival_ns)
        if numbered:
            gap, jumped = _numbered_gap(s, p, step_us, arrival_ns, frame_len, ahead)
        else:
            gap, jumped = _timed_gap(s, p, step_us, arrival_ns, frame_len)
    else:
        gap = _untimed_gap(s, p, arrival_ns, frame_len, ahead, numbered)
    if jumped:
        s["jumps"] += 1
        jump_us = step_us - len_us(s["last_len"] + gap, p["rate_mhz"])
        count = _say(spans, count, a.CLOCK, a.JUMP, s["next_index"], 0, jump_us)
    if gap > 0:
        reason = a.LOST if numbered or (timed and not jumped) else (a.DROPPED if gap == s["dropped"] else a.SILENCE)
        count = _gap(s, gap, reason, spans, count)
    if timed and not jumped:
        news = observe_clock(s, s["last_us"] + step_us, arrival_ns)
    elif device_us >= 0:
        news = False
        restart_clock(s, device_us, arrival_ns)
    elif s["last_device_us"] >= 0:
        news = False
        restart_clock(s, len_us(s["next_index"], p["rate_mhz"]), arrival_ns)
    else:
        news = observe_clock(s, len_us(s["next_index"], p["rate_mhz"]), arrival_ns)
    if news:
        count = _say(spans, count, a.CLOCK, a.DRIFT, s["next_index"], 0, s["drift_ppb"])
    _remember(s, sequence, device_us, arrival_ns, frame_len, ahead)
    return count


@kernel
def _remember(s: Any, sequence: int, device_us: int, arrival_ns: int, frame_len: int, ahead: int) -> None:
    if frame_len != s["last_len"]:
        s["regular"] = 0
        s["longest"] = max(s["longest"], frame_len)
    s["last_sequence"] = sequence
    s["last_device_us"] = device_us
    s["last_arrival_ns"] = arrival_ns
    s["last_len"] = frame_len
    s["dropped"] = 0
    s["next_number"] += ahead + 1
    s["delivered"] = ((s["delivered"] << min(ahead + 1, _REMEMBERED)) | 1) & ((1 << _REMEMBERED) - 1)


@kernel
def _open_run(
    s: Any, p: Any, sequence: int, device_us: int, arrival_ns: int, frame_len: int, reason: int, spans: Any, count: int
) -> int:
    """Begin a run with this frame: the index goes on by the time since the run before, and starts at 0 in the first."""
    continuous = False
    if s["started"] == 1:
        gap = max(1, _missing_by_arrival(s, p, arrival_ns, frame_len))
        if device_us >= 0 and s["last_device_us"] >= 0:
            step_us = device_step_us(s, p, device_us, arrival_ns)
            missing = span_len(step_us, p["rate_mhz"]) - s["last_len"]
            elapsed = elapsed_us(s, arrival_ns)
            continuous = missing >= -1 and abs(step_us - elapsed) <= 500_000 + elapsed // 1000
            if continuous:
                gap = max(0, missing)
                us = s["last_us"] + step_us
        count = _gap(s, gap, reason, spans, count)
        s["restarts"] += 1
    if continuous:
        observe_clock(s, us, arrival_ns)
    else:
        restart_clock(s, device_us if device_us >= 0 else len_us(s["next_index"], p["rate_mhz"]), arrival_ns)
    s["started"] = 1
    s["fresh"] = 0
    s["next_number"] = 0
    s["delivered"] = 0
    s["stale_run"] = 0
    s["last_len"] = s["longest"] = frame_len
    s["regular"] = 1
    _remember(s, sequence, device_us, arrival_ns, frame_len, 0)
    return count


# Frames that came before their turn


@kernel
def _slot_of(s: Any, number: int) -> int:
    """Return the held frame of this number, or -1."""
    for slot in range(a.HELD_FRAMES):
        if s["held_used"][slot] == 1 and s["held_number"][slot] == number:
            return slot
    return -1


@kernel
def _first_held(s: Any) -> int:
    """Return the held frame that is next in the stream."""
    first = -1
    for slot in range(a.HELD_FRAMES):
        if s["held_used"][slot] == 1 and (first < 0 or s["held_number"][slot] < s["held_number"][first]):
            first = slot
    return first


@kernel
def _free_slot(s: Any) -> int:
    slot = 0
    while s["held_used"][slot] == 1:
        slot += 1
    return slot


@kernel
def _release(s: Any, p: Any, slot: int, spans: Any, count: int) -> int:
    """Put a held frame into the stream, after the gap before it; one that is still arriving goes on as delivered."""
    received, frame_len = s["held_received"][slot], s["held_len"][slot]
    ahead = s["held_number"][slot] - s["next_number"]
    count = _accept(
        s, p, s["held_sequence"][slot], s["held_device_us"][slot], s["held_arrival_ns"][slot], frame_len, ahead, spans, count
    )
    count = _say(spans, count, a.DATA, 0, s["next_index"], received, 0)
    spans[count - 1]["source"] = slot
    s["next_index"] += received
    s["held_used"][slot] = 0
    s["held_count"] -= 1
    if s["frame_fate"] == _HELD and s["frame_slot"] == slot:
        s["frame_fate"] = _DELIVERED
        return count
    return _gap(s, frame_len - received, a.TRUNCATED, spans, count)


@kernel
def _is_arriving(s: Any) -> bool:
    """Tell whether more of the newest frame in the stream is to come."""
    return bool(s["frame_fate"] == _DELIVERED and s["frame_received"] < s["frame_len"])


@kernel
def _release_ready(s: Any, p: Any, spans: Any, count: int) -> int:
    """Release the held frames whose turn it is."""
    while s["held_count"] > 0 and not _is_arriving(s):
        slot = _slot_of(s, s["next_number"])
        if slot < 0:
            break
        count = _release(s, p, slot, spans, count)
    return count


@kernel
def _release_below(s: Any, p: Any, number: int, spans: Any, count: int) -> int:
    """Release all held frames before this number, gaps and all."""
    while s["held_count"] > 0 and not _is_arriving(s):
        slot = _first_held(s)
        if s["held_number"][slot] >= number:
            break
        count = _release(s, p, slot, spans, count)
    return count


@kernel
def _release_expired(s: Any, p: Any, now_ns: int, spans: Any, count: int) -> int:
    """Give up on missing frames that have been waited for long enough."""
    while s["held_count"] > 0 and not _is_arriving(s):
        oldest_ns = now_ns
        for slot in range(a.HELD_FRAMES):
            if s["held_used"][slot] == 1:
                oldest_ns = min(oldest_ns, s["held_arrival_ns"][slot])
        if now_ns - oldest_ns < p["reorder_ns"]:
            break
        count = _release(s, p, _first_held(s), spans, count)
        count = _release_ready(s, p, spans, count)
    return count


@kernel
def _close_frame(s: Any, p: Any, spans: Any, count: int) -> int:
    """End the frame that was arriving: what did not come of it is missing."""
    if _is_arriving(s):
        count = _gap(s, s["frame_len"] - s["frame_received"], a.TRUNCATED, spans, count)
        s["frame_fate"] = _NONE
        count = _release_ready(s, p, spans, count)
    s["frame_fate"] = _NONE
    return count


# The way of a frame


@kernel
def _verdict_on_number(s: Any, p: Any, ahead: int, device_us: int, arrival_ns: int, frame_len: int) -> int:
    """Judge a frame that is not the next: lost ones before it, itself late or a copy, or a device that began anew."""
    if s["held_count"] > 0 and _slot_of(s, s["next_number"] + ahead) >= 0:
        return a.DUPLICATE
    modulus = p["sequence_mask"] + 1
    back = modulus - ahead
    longest = max(s["longest"], frame_len)
    late = back <= min(_REMEMBERED, modulus // 2 - 1)
    if device_us >= 0 and s["last_device_us"] >= 0:
        step_us = device_step_us(s, p, device_us, arrival_ns)
        missing = span_len(step_us, p["rate_mhz"]) - s["last_len"]
        late = late and -2 * (back + 2) * longest <= missing < 0
        forward = ahead <= min(_TRUSTED, modulus // 2) or (missing > 0 and can_be_true(s, step_us, arrival_ns))
    else:
        missing = _missing_by_arrival(s, p, arrival_ns, frame_len)
        forward = ahead <= modulus // 2 or missing >= ahead * _usual_len(s, p) // 2
        late = late and not forward
    if late:
        return a.DUPLICATE if s["delivered"] >> (back - 1) & 1 else a.STALE
    return _FORWARD if forward else _RESTART


@kernel
def _verdict_on_time(s: Any, p: Any, device_us: int, arrival_ns: int) -> int:
    """Judge a frame without a number by its device time: one that is a little old is a copy or came too late."""
    step_us = device_step_us(s, p, device_us, arrival_ns)
    if step_us > 0 or s["stale_run"] >= 3 or (step_us < 0 and -step_us * 1000 > p["reorder_ns"]):
        return _FORWARD
    s["stale_run"] += 1
    return a.DUPLICATE if step_us == 0 else a.STALE


@kernel
def _can_wait(s: Any, p: Any, ahead: int, device_us: int, arrival_ns: int, frame_len: int) -> bool:
    """Tell whether the frames missing before this one may still come, and this one can be kept until then."""
    if ahead > p["reorder_frames"] or frame_len * p["leads"] > a.HELD_VALUES:
        return False
    if device_us < 0 or s["last_device_us"] < 0:
        return True
    missing = span_len(device_step_us(s, p, device_us, arrival_ns), p["rate_mhz"]) - s["last_len"]
    return _whole_frames_fit(s, missing, ahead)


@kernel
def _hold(s: Any, slot: int, ahead: int) -> None:
    s["frame_fate"] = _HELD
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
    return _say(spans, count, a.REJECT, reason, s["next_index"], n, 0)


@kernel
def _deliver(s: Any, p: Any, ahead: int, spans: Any, count: int) -> int:
    """Put the frame into the stream, after the held ones before it."""
    if s["held_count"] > 0:
        number = s["next_number"] + ahead
        count = _release_below(s, p, number, spans, count)
        ahead = number - s["next_number"]
    count = _accept(
        s, p, s["frame_sequence"], s["frame_device_us"], s["frame_arrival_ns"], s["frame_len"], ahead, spans, count
    )
    s["frame_fate"] = _DELIVERED
    return count


@kernel
def _deliver_anew(s: Any, p: Any, reason: int, spans: Any, count: int) -> int:
    """Put the frame into the stream as the first of a run."""
    count = _release_below(s, p, a.MAX_INDEX, spans, count)
    count = _open_run(
        s, p, s["frame_sequence"], s["frame_device_us"], s["frame_arrival_ns"], s["frame_len"], reason, spans, count
    )
    s["frame_fate"] = _DELIVERED
    return count


@kernel
def _begin_frame(s: Any, p: Any, spans: Any, free: int, count: int) -> int:
    """Decide what becomes of a frame whose first piece is here."""
    sequence, device_us = s["frame_sequence"], s["frame_device_us"]
    arrival_ns, frame_len = s["frame_arrival_ns"], s["frame_len"]
    if s["fresh"] == 1:
        return _deliver_anew(s, p, a.REOPENED, spans, count)
    ahead = 0
    verdict = _FORWARD
    if sequence >= 0 and s["last_sequence"] >= 0:
        ahead = (sequence - s["last_sequence"] - 1) & p["sequence_mask"]
        if ahead > 0:
            verdict = _verdict_on_number(s, p, ahead, device_us, arrival_ns, frame_len)
    else:
        count = _release_below(s, p, a.MAX_INDEX, spans, count)
        if device_us >= 0 and s["last_device_us"] >= 0:
            verdict = _verdict_on_time(s, p, device_us, arrival_ns)
    if verdict == _RESTART:
        return _deliver_anew(s, p, a.RESTARTED, spans, count)
    if verdict != _FORWARD:
        s["frame_fate"] = _REFUSED
        return _refuse(s, verdict, frame_len, spans, count)
    if ahead > 0 and _can_wait(s, p, ahead, device_us, arrival_ns, frame_len):
        _hold(s, free, ahead)
        return count
    return _deliver(s, p, ahead, spans, count)


@kernel
def _take(s: Any, p: Any, n: int, x: Any, start: int, spans: Any, count: int) -> int:
    """Let a piece share its frame's fate."""
    received = s["frame_received"]
    s["frame_received"] = received + n
    if s["frame_fate"] == _DELIVERED:
        count = _say(spans, count, a.DATA, 0, s["next_index"], n, 0)
        spans[count - 1]["source_start"] = start
        s["next_index"] += n
        if s["held_count"] > 0:
            count = _release_ready(s, p, spans, count)
    elif s["frame_fate"] == _HELD:
        slot, leads = s["frame_slot"], p["leads"]
        values = s["held_values"][slot]
        for i in range(n * leads):
            values[received * leads + i] = float(x[start * leads + i])
        s["held_received"][slot] += n
    return count


@kernel
def _malformed(s: Any, p: Any, meta: Any, rows: int) -> int:
    """Return why a piece cannot be what it says, or 0."""
    n, offset, frame_len = meta["n"], meta["offset"], meta["frame_len"]
    if n < 0 or n > rows or not 1 <= frame_len <= a.MAX_FRAME_LEN or not 0 <= offset <= frame_len or n > frame_len - offset:
        return a.BAD_LEN
    if p["sequence_mask"] > 0 and not -1 <= meta["sequence"] <= p["sequence_mask"]:
        return a.BAD_SEQUENCE
    if p["device_max"] >= 0 and not -1 <= meta["device_us"] <= p["device_max"]:
        return a.BAD_DEVICE_TIME
    if s["next_index"] > a.MAX_INDEX - (1 << 20):
        return a.EXHAUSTED
    return 0


@kernel
def align_chunk(s: Any, p: Any, meta: Any, x: Any, start: int, spans: Any) -> int:
    """Take one piece of a frame; write what it means for the stream into `spans`, SPANS_LEN long; return how many.

    x is flat, sample after sample with the leads side by side; the piece begins at its sample `start`. Rows of x and of
    `held_values` that a DATA span names stay as they are until the next call.
    """
    n = meta["n"]
    reason = _malformed(s, p, meta, len(x) // p["leads"] - start)
    if reason > 0:
        return _refuse(s, reason, n, spans, 0)
    if n == 0:
        return 0
    sequence = meta["sequence"] if p["sequence_mask"] > 0 else -1
    device_us = meta["device_us"] if p["device_max"] >= 0 else -1
    arrival_ns = arrival_of(meta["arrival_ns"])
    if meta["offset"] > 0:
        if (
            s["frame_fate"] == _NONE
            or meta["offset"] != s["frame_received"]
            or meta["frame_len"] != s["frame_len"]
            or sequence != s["frame_sequence"]
            or device_us != s["frame_device_us"]
            or arrival_ns != s["frame_arrival_ns"]
        ):
            return _refuse(s, a.NOT_CONTINUING, n, spans, 0)
        return _take(s, p, n, x, start, spans, 0)
    free = _free_slot(s) if s["held_count"] > 0 else 0
    count = _close_frame(s, p, spans, 0)
    if s["held_count"] > 0:
        count = _release_expired(s, p, arrival_ns, spans, count)
    s["frame_sequence"] = sequence
    s["frame_device_us"] = device_us
    s["frame_arrival_ns"] = arrival_ns
    s["frame_len"] = meta["frame_len"]
    s["frame_received"] = 0
    count = _begin_frame(s, p, spans, free, count)
    return _take(s, p, n, x, start, spans, count)


@kernel
def align_tick(s: Any, p: Any, now_ns: int, spans: Any) -> int:
    """Let time pass: frames that waited long enough for missing ones are released, the gaps marked."""
    return _release_expired(s, p, arrival_of(now_ns), spans, 0) if s["held_count"] > 0 else 0


@kernel
def align_break(s: Any, p: Any, spans: Any) -> int:
    """The source was lost, or opened: what is held comes out, and the next frame begins a run of its own.

    Its counter and its device clock may start anew. The index goes on by the time that passed.
    """
    count = _close_frame(s, p, spans, 0)
    count = _release_below(s, p, a.MAX_INDEX, spans, count)
    s["fresh"] = 1
    return count


@kernel
def align_dropped(s: Any, n: int) -> None:
    """The source dropped n samples: the word for it where frames carry neither counter nor device time."""
    s["dropped"] = clamp(s["dropped"] + clamp(n, 0, MAX_SPAN_US), 0, MAX_SPAN_US)
