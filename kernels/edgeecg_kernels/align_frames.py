"""The frames of a stream, one after another: what is put into it, what is missing before, what waits for its turn."""

from typing import Any

from edgeecg_kernels import align_state as a
from edgeecg_kernels._jit import kernel
from edgeecg_kernels.align_clock import device_step_us, elapsed_us, len_us, observe_clock, restart_clock, span_len
from edgeecg_kernels.align_evidence import missing_by_arrival, numbered_gap, slot_of, timed_gap, untimed_gap


@kernel
def say(spans: Any, count: int, kind: int, reason: int, first: int, n: int, value: int) -> int:
    """Write one span; return how many there are now."""
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
    n = min(n, a.LAST_START - s["next_index"])
    if n <= 0:
        return count
    count = say(spans, count, a.GAP, reason, s["next_index"], n, 0)
    s["next_index"] += n
    s["missing"] += n
    s["gaps"] += 1
    return count


@kernel
def _anchor(s: Any) -> None:
    """Remember when the newest frame began on the source's clock; what came a moment before says the same."""
    n = s["anchors"]
    if n > 0 and 0 <= s["last_us"] - s["anchor_us"][(n - 1) % a.ANCHORS] < a.ANCHOR_US:
        return
    s["anchor_index"][n % a.ANCHORS] = s["next_index"]
    s["anchor_us"][n % a.ANCHORS] = s["last_us"]
    s["anchors"] = n + 1


@kernel
def remember(s: Any, sequence: int, device_us: int, arrival_ns: int, frame_len: int, ahead: int) -> None:
    """Make these the stamps of the newest frame in the stream."""
    if frame_len != s["last_len"]:
        s["regular"] = 0
        s["longest"] = max(s["longest"], frame_len)
    s["last_sequence"] = sequence
    s["last_device_us"] = device_us
    s["last_arrival_ns"] = arrival_ns
    s["last_len"] = frame_len
    s["dropped"] = 0
    s["next_number"] += ahead + 1
    s["delivered"] = ((s["delivered"] << min(ahead + 1, a.REMEMBERED)) | 1) & ((1 << a.REMEMBERED) - 1)
    if device_us >= 0:
        _anchor(s)


@kernel
def accept(s: Any, p: Any, sequence: int, device_us: int, arrival_ns: int, frame_len: int, ahead: int, spans: Any, count: int) -> int:
    """Make this the newest frame of the stream: say what is missing before it and what its clock did."""
    numbered = sequence >= 0 and s["last_sequence"] >= 0
    timed = device_us >= 0 and s["last_device_us"] >= 0
    step_us = 0
    jumped = False
    if timed:
        step_us = device_step_us(s, p, device_us, arrival_ns)
        if numbered:
            gap, jumped = numbered_gap(s, p, step_us, arrival_ns, frame_len, ahead)
        else:
            gap, jumped = timed_gap(s, p, step_us, arrival_ns, frame_len)
    else:
        gap = untimed_gap(s, p, arrival_ns, frame_len, ahead, numbered)
    gap = min(gap, a.MAX_INDEX)
    if jumped:
        s["jumps"] += 1
        jump_us = step_us - len_us(s["last_len"] + gap, p["rate_mhz"])
        count = say(spans, count, a.CLOCK, a.JUMP, s["next_index"], 0, jump_us)
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
        count = say(spans, count, a.CLOCK, a.DRIFT, s["next_index"], 0, s["drift_ppb"])
    remember(s, sequence, device_us, arrival_ns, frame_len, ahead)
    return count


@kernel
def open_run(s: Any, p: Any, sequence: int, device_us: int, arrival_ns: int, frame_len: int, reason: int, spans: Any, count: int) -> int:
    """Begin a run with this frame: the index goes on by the time since the run before, and starts at 0 in the first."""
    continuous = False
    us = 0
    if s["started"] == 1:
        gap = max(1, missing_by_arrival(s, p, arrival_ns, frame_len))
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
    remember(s, sequence, device_us, arrival_ns, frame_len, 0)
    return count


@kernel
def _first_held(s: Any) -> int:
    """Return the held frame that is next in the stream."""
    first = -1
    for slot in range(a.HELD_FRAMES):
        if s["held_used"][slot] == 1 and (first < 0 or s["held_number"][slot] < s["held_number"][first]):
            first = slot
    return first


@kernel
def free_slot(s: Any) -> int:
    """Return a slot that holds no frame; there always is one between two calls."""
    slot = 0
    while s["held_used"][slot] == 1:
        slot += 1
    return slot


@kernel
def is_arriving(s: Any) -> bool:
    """Tell whether more of the newest frame in the stream is to come."""
    return bool(s["frame_fate"] == a.FATE_DELIVERED and s["frame_received"] < s["frame_len"])


@kernel
def _release(s: Any, p: Any, slot: int, spans: Any, count: int) -> int:
    """Put a held frame into the stream, after the gap before it; one that is still arriving goes on as delivered."""
    received, frame_len = s["held_received"][slot], s["held_len"][slot]
    ahead = s["held_number"][slot] - s["next_number"]
    count = accept(s, p, s["held_sequence"][slot], s["held_device_us"][slot], s["held_arrival_ns"][slot], frame_len, ahead, spans, count)
    count = say(spans, count, a.DATA, 0, s["next_index"], received, 0)
    spans[count - 1]["source"] = slot
    s["next_index"] += received
    s["held_used"][slot] = 0
    s["held_count"] -= 1
    if s["frame_fate"] == a.FATE_HELD and s["frame_slot"] == slot:
        s["frame_fate"] = a.FATE_DELIVERED
        return count
    return _gap(s, frame_len - received, a.TRUNCATED, spans, count)


@kernel
def release_ready(s: Any, p: Any, spans: Any, count: int) -> int:
    """Release the held frames whose turn it is."""
    while s["held_count"] > 0 and not is_arriving(s):
        slot = slot_of(s, s["next_number"])
        if slot < 0:
            break
        count = _release(s, p, slot, spans, count)
    return count


@kernel
def release_below(s: Any, p: Any, number: int, spans: Any, count: int) -> int:
    """Release all held frames before this number, gaps and all."""
    while s["held_count"] > 0 and not is_arriving(s):
        slot = _first_held(s)
        if s["held_number"][slot] >= number:
            break
        count = _release(s, p, slot, spans, count)
    return count


@kernel
def release_expired(s: Any, p: Any, now_ns: int, spans: Any, count: int) -> int:
    """Give up on missing frames that have been waited for long enough."""
    while s["held_count"] > 0 and not is_arriving(s):
        oldest_ns = now_ns
        for slot in range(a.HELD_FRAMES):
            if s["held_used"][slot] == 1:
                oldest_ns = min(oldest_ns, s["held_arrival_ns"][slot])
        if now_ns - oldest_ns < p["reorder_ns"]:
            break
        count = _release(s, p, _first_held(s), spans, count)
        count = release_ready(s, p, spans, count)
    return count


@kernel
def close_frame(s: Any, p: Any, spans: Any, count: int) -> int:
    """End the frame that was arriving: what did not come of it is missing."""
    if is_arriving(s):
        count = _gap(s, s["frame_len"] - s["frame_received"], a.TRUNCATED, spans, count)
        s["frame_fate"] = a.FATE_NONE
        count = release_ready(s, p, spans, count)
    s["frame_fate"] = a.FATE_NONE
    return count
