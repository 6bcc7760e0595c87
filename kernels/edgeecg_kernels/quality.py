"""Rate every second of a conditioned lead: how likely is it that all its beats, and only they, were found.

No paper's index: causal measures of the signal in half seconds, put in proportion to the running QRS height, and what
the detector says of its beats (`quality_rating`). The index is that probability, times the share of samples that are
no bad ones. A second is good if that is high, and if so it is of the beats its heart rate rests on: three intervals are known, and of the
last ten none holds what may have been a beat. Seconds start at multiples of 250 on the grid; the verdict waits half a second more, for beats that are
reported late and for noise that has just begun.
"""

from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.quality_rating import hear_beats, rate_second
from edgeecg_kernels.quality_state import (
    BAD,
    GROUP_LEN,
    HALF_LEN,
    HALVES,
    HIGH,
    LOW,
    MEAN,
    MEASURES,
    PIECE_LEN,
    ROUGH_MIN,
    SLOPE,
    SLOPE_MIN,
    STEP,
)
from edgeecg_kernels.state import FLAG_BAD, GRID_HZ

QUALITY_BOUND = GRID_HZ + HALF_LEN - 1
"""From a second's first sample to the sample that decides its rating."""


@kernel
def quality_reset(s: Any) -> None:
    """Forget everything: the next sample starts the lead anew."""
    s["intervals"] = 0
    _start_anew(s)


@kernel
def _start_anew(s: Any) -> None:
    s["fresh"] = 1
    s["halves"] = 0
    s["beats"] = 0
    s["height"] = 0.0
    s["rr"] = float(GRID_HZ)
    s["doubt"] = 0.0


@kernel
def _clear(now: Any) -> None:
    for k in range(MEASURES):
        now[k] = 0.0
    now[ROUGH_MIN] = now[SLOPE_MIN] = now[LOW] = 1e9
    now[HIGH] = -1e9


@kernel
def _begin(s: Any, first: int, v: float) -> None:
    """Start at grid index `first`, as if its value had always been there; a half begun in its middle does not count."""
    s["fresh"] = 0
    s["whole"] = 1 if first % HALF_LEN == 0 else 0
    for k in range(GROUP_LEN):  # of a group begun in its middle, the samples before it
        s["tail"][k] = v if k < first % GROUP_LEN else 0.0
    s["piece_bad"] = 0
    s["before"][0] = v
    s["before"][1] = v
    s["mean"] = v
    s["piece_rough"] = 0.0
    s["piece_slope"] = 0.0
    _clear(s["now"])


@kernel
def _end_piece(now: Any, rough: float, slope: float, bad: int) -> None:
    now[SLOPE] += slope
    now[BAD] += bad
    if rough < now[ROUGH_MIN]:
        now[ROUGH_MIN] = rough
    if slope < now[SLOPE_MIN]:
        now[SLOPE_MIN] = slope


@kernel
def _note(now: Any, total: float, highest_step: float, low: float, high: float) -> None:
    now[MEAN] = total
    now[STEP] = highest_step
    now[LOW] = low
    now[HIGH] = high


@kernel
def _end_half(s: Any) -> None:
    half = s["half"]
    for h in range(HALVES - 1):
        for k in range(MEASURES):
            half[h, k] = half[h + 1, k]
    for k in range(MEASURES):
        half[HALVES - 1, k] = s["now"][k]
    s["halves"] += 1


@kernel
def quality_block(s: Any, p: Any, y: Any, flags: Any, n: int, first: int, lead: int, mains: Any, out: Any, heard: int, n_out: int) -> int:
    """Take n clean samples from grid index `first` on, with the rows out[heard:n_out] of all beats these samples decided.

    Appends a row for every second they complete and returns the new count. `mains` is the ring of `condition`: it holds
    the last 8 seconds, so a block is shorter than that.
    """
    if n <= 0:
        return n_out
    if s["fresh"] == 1:
        _begin(s, first, float(y[0]))
    end_of_beats = n_out
    tail = s["tail"]
    bad = s["piece_bad"]
    v3 = s["before"][0]
    v4 = s["before"][1]
    mean = s["mean"]
    rough = s["piece_rough"]
    slope = s["piece_slope"]
    now = s["now"]
    total = now[MEAN]
    highest_step = now[STEP]
    low = now[LOW]
    high = now[HIGH]
    k = first % GROUP_LEN
    i = 0
    while 0 <= i < n:
        u3 = v3
        u4 = v4
        if k == 0 and i + GROUP_LEN <= n:
            v0 = float(y[i])
            v1 = float(y[i + 1])
            v2 = float(y[i + 2])
            v3 = float(y[i + 3])
            v4 = float(y[i + 4])
            if (flags[i] | flags[i + 1] | flags[i + 2] | flags[i + 3] | flags[i + 4]) & FLAG_BAD:
                for j in range(i, i + GROUP_LEN):
                    bad += 1 if flags[j] & FLAG_BAD else 0
            i += GROUP_LEN
        else:
            tail[k] = float(y[i])
            bad += 1 if flags[i] & FLAG_BAD else 0
            i += 1
            k += 1
            if k < GROUP_LEN:
                continue
            v0 = tail[0]
            v1 = tail[1]
            v2 = tail[2]
            v3 = tail[3]
            v4 = tail[4]
            k = 0
            for j in range(GROUP_LEN):  # or the state would show how the input was cut
                tail[j] = 0.0
        rough += (
            (abs((v0 - u4) - (u4 - u3)) + abs((v1 - v0) - (v0 - u4)))
            + (abs((v2 - v1) - (v1 - v0)) + abs((v3 - v2) - (v2 - v1)))
            + abs((v4 - v3) - (v3 - v2))
        )
        level = (((v0 + v1) + (v2 + v3)) + v4) * (1.0 / GROUP_LEN)
        step = abs(level - mean)
        mean = level
        slope += step
        total += level * (GROUP_LEN / HALF_LEN)
        if step > highest_step:
            highest_step = step
        if level > high:
            high = level
        if level < low:
            low = level
        end = first + i
        if end % PIECE_LEN > 0:
            continue
        _end_piece(now, rough, slope, bad)
        rough = 0.0
        slope = 0.0
        bad = 0
        if end % HALF_LEN > 0:
            continue
        _note(now, total, highest_step, low, high)
        if s["whole"] == 1:
            _end_half(s)
        s["whole"] = 1
        _clear(now)
        total = highest_step = 0.0
        low = now[LOW]
        high = now[HIGH]
        if end % GRID_HZ == HALF_LEN and s["halves"] >= HALVES - 1:
            heard = hear_beats(s, lead, out, heard, end_of_beats, end - 1)
            n_out = rate_second(s, p, end - QUALITY_BOUND - 1, end - 1, lead, mains, out, n_out)
    hear_beats(s, lead, out, heard, end_of_beats, first + n)
    _note(now, total, highest_step, low, high)
    s["piece_bad"] = bad
    s["before"][0] = v3
    s["before"][1] = v4
    s["mean"] = mean
    s["piece_rough"] = rough
    s["piece_slope"] = slope
    return n_out


@kernel
def quality_finish(s: Any, p: Any, now: int, lead: int, mains: Any, out: Any, heard: int, n_out: int) -> int:
    """Rate the second that waits for more, if one does, by what there is: the stretch ends with grid sample `now`."""
    end_of_beats = n_out
    hear_beats(s, lead, out, heard, end_of_beats, now)
    if s["fresh"] == 0 and (now + 1) // HALF_LEN % 2 == 0 and s["halves"] >= HALVES - 2:
        for k in range(MEASURES):
            s["now"][k] = s["half"][HALVES - 1, k]
        _end_half(s)
        n_out = rate_second(s, p, (now + 1) // GRID_HZ * GRID_HZ - GRID_HZ, now, lead, mains, out, n_out)
    _start_anew(s)
    return n_out


@kernel
def quality(state: Any, params: Any, y: Any, flags: Any, first: int, mains: Any, out: Any, n_beats: int) -> int:
    """Run `quality_block` for a caller in Python: out[:n_beats] are the detector's rows; return the count of all rows."""
    return quality_block(state[0], params[0], y, flags, len(y), first, 0, mains, out, 0, n_beats)
