"""What a frame's stamps say of the frames before it: how many samples are missing, and whether it comes too late.

Three witnesses: the frame counter, which wraps; the device's clock, which may be set; and arrival, which the network
delays.
"""

from typing import Any

from edgeecg_kernels import align_state as a
from edgeecg_kernels._jit import kernel
from edgeecg_kernels.align_clock import can_be_true, device_step_us, elapsed_us, span_len

_TRUSTED = 64  # frames lost in a row that the counter alone is believed about
_BOOT_US = 60_000_000  # a clock that went back to less than this was not set, it began anew


@kernel
def usual_len(s: Any, p: Any) -> int:
    """Return the length that a lost frame most likely had."""
    return int(s["last_len"] if s["regular"] == 1 or p["nominal_len"] == 0 else p["nominal_len"])


@kernel
def tolerance(s: Any, p: Any, least: int) -> int:
    """Return how many samples a device time may be off before it means anything: half a frame, a second at most."""
    return int(max(least, min(s["last_len"] >> 1, p["rate_mhz"] >> 10)))


@kernel
def missing_by_arrival(s: Any, p: Any, arrival_ns: int, frame_len: int) -> int:
    """Return the samples between the newest frame and this one, had the network taken equally long over both."""
    return span_len(elapsed_us(s, arrival_ns), p["rate_mhz"]) - frame_len


@kernel
def _wraps(missing: int, ahead: int, usual: int, p: Any) -> int:
    """Return how often the counter went all the way round, given an estimate of the missing samples."""
    cycle = (p["sequence_mask"] + 1) * usual
    return int(max(0, (missing - ahead * usual + cycle // 2) // cycle))


@kernel
def _whole_frames_fit(s: Any, missing: int, frames: int, frame_len: int) -> bool:
    """Tell whether `frames` lost frames can have held `missing` samples, were none over twice the longest seen."""
    return bool(frames <= missing <= 2 * frames * max(s["longest"], frame_len))


@kernel
def untimed_gap(s: Any, p: Any, arrival_ns: int, frame_len: int, ahead: int, numbered: bool) -> int:
    """Frames without device time: the samples missing by counter and arrival."""
    by_arrival = missing_by_arrival(s, p, arrival_ns, frame_len)
    silent = by_arrival > p["silence_len"]
    if not numbered:
        return int(max(by_arrival if silent else 0, s["dropped"]))
    usual = usual_len(s, p)
    wraps = _wraps(by_arrival, ahead, usual, p) if silent else 0
    return int((ahead + wraps * (p["sequence_mask"] + 1)) * usual)


@kernel
def numbered_gap(s: Any, p: Any, step_us: int, arrival_ns: int, frame_len: int, ahead: int) -> tuple[int, bool]:
    """Weigh counter against device clock: the samples missing, and whether the device's clock jumped.

    Where they agree within a sample on whole frames, whole frames were lost. Where they do not, and frames are of one
    length, arrival decides between them; frames of many lengths leave the word to the clock, as far as it can be true.
    """
    missing = span_len(step_us, p["rate_mhz"]) - s["last_len"]
    if ahead == 0 and abs(missing) <= tolerance(s, p, 2):
        return 0, False
    usual = usual_len(s, p)
    by_arrival = missing_by_arrival(s, p, arrival_ns, frame_len)
    frames = ahead + _wraps(missing, ahead, usual, p) * (p["sequence_mask"] + 1)
    possible = missing > 0 and can_be_true(s, step_us, arrival_ns)
    if frames > 0 and s["regular"] == 1 and frame_len == s["last_len"]:
        if abs(missing - frames * usual) <= 1 and (frames == ahead or possible):
            return frames * usual, False
        counted = untimed_gap(s, p, arrival_ns, frame_len, ahead, True)
        if abs(by_arrival - counted) < abs(by_arrival - missing):
            return counted, True
    if possible or (frames == ahead and _whole_frames_fit(s, missing, frames, frame_len)):
        return missing, False
    if ahead == 0 and by_arrival > p["silence_len"]:
        return by_arrival, True
    return ahead * usual, True


@kernel
def timed_gap(s: Any, p: Any, step_us: int, arrival_ns: int, frame_len: int) -> tuple[int, bool]:
    """Frames without a counter: the samples missing by the device's clock, and whether it jumped."""
    missing = span_len(step_us, p["rate_mhz"]) - s["last_len"]
    if abs(missing) <= tolerance(s, p, 1):
        s["stale_run"] = 0
        return 0, False
    if missing > 0 and can_be_true(s, step_us, arrival_ns):
        return missing, False
    by_arrival = missing_by_arrival(s, p, arrival_ns, frame_len)
    return (by_arrival if by_arrival > p["silence_len"] else 0), True


@kernel
def slot_of(s: Any, number: int) -> int:
    """Return the held frame of this number, or -1."""
    for slot in range(a.HELD_FRAMES):
        if s["held_used"][slot] == 1 and s["held_number"][slot] == number:
            return slot
    return -1


@kernel
def verdict_on_number(s: Any, p: Any, ahead: int, device_us: int, arrival_ns: int, frame_len: int) -> int:
    """Judge a frame that is not the next: lost ones before it, itself late or a copy, or a device that began anew."""
    if s["held_count"] > 0 and slot_of(s, s["next_number"] + ahead) >= 0:
        return a.DUPLICATE
    modulus = p["sequence_mask"] + 1
    back = modulus - ahead
    longest = max(s["longest"], frame_len)
    late = back <= min(a.REMEMBERED, modulus // 2 - 1)
    if device_us >= 0 and s["last_device_us"] >= 0:
        step_us = device_step_us(s, p, device_us, arrival_ns)
        missing = span_len(step_us, p["rate_mhz"]) - s["last_len"]
        late = late and -2 * (back + 2) * longest <= missing < 0
        booted = step_us < 0 and device_us < _BOOT_US
        forward = ahead <= min(_TRUSTED, modulus // 2) and not booted
        forward = forward or (missing > 0 and can_be_true(s, step_us, arrival_ns))
    else:
        missing = missing_by_arrival(s, p, arrival_ns, frame_len)
        forward = ahead <= modulus // 2 or missing >= ahead * usual_len(s, p) // 2
        late = late and not forward
    if late:
        return a.DUPLICATE if s["delivered"] >> (back - 1) & 1 else a.STALE
    return a.VERDICT_FORWARD if forward else a.VERDICT_RESTART


@kernel
def verdict_on_time(s: Any, p: Any, device_us: int, arrival_ns: int) -> int:
    """Judge a frame without a number by its device time: one that is a little old is a copy or came too late."""
    step_us = device_step_us(s, p, device_us, arrival_ns)
    if step_us > 0 or s["stale_run"] >= 3 or (step_us < 0 and -step_us * 1000 > p["reorder_ns"]):
        return a.VERDICT_FORWARD
    s["stale_run"] += 1
    return a.DUPLICATE if step_us == 0 else a.STALE


@kernel
def can_wait(s: Any, p: Any, ahead: int, device_us: int, arrival_ns: int, frame_len: int) -> bool:
    """Tell whether the frames missing before this one may still come, and this one can be kept until then."""
    if ahead > p["reorder_frames"] or frame_len * p["leads"] > a.HELD_VALUES:
        return False
    if device_us < 0 or s["last_device_us"] < 0:
        return True
    missing = span_len(device_step_us(s, p, device_us, arrival_ns), p["rate_mhz"]) - s["last_len"]
    return _whole_frames_fit(s, missing, ahead, frame_len)
