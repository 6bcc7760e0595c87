"""Windows for models: remember a lead and its beats, say when a window is whole, and when its answer is too late.

No paper: bookkeeping over a ring. A window is announced at the grid sample that completes it, every `hop` samples, or,
for a model that is asked about beats, at the sample that completes it or made the beat known, whichever is later. It
expires `deadline` samples after its last. Missing samples are marked bad in the ring; windows that would have been
completed inside a gap are never announced, because no sample's arrival could have decided them.

What happens is taken in the order of the samples that make it happen, beats too: numbers and slots are given in that
order, so they do not show how the input was cut.
"""

from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.state import FLAG_BAD, KIND_BEAT, KIND_EXPIRED, KIND_WINDOW
from edgeecg_kernels.window_state import (
    BEAT_VALUES,
    BEATS,
    LARGEST_MV,
    MAX_OPEN,
    MAX_PENDING,
    NEVER,
    NOT_ABOUT_BEATS,
    OPEN_EXPIRED,
    OPEN_FREE,
    OPEN_WAITING,
    RING,
)


@kernel
def window_start(s: Any, models: Any, first: int) -> None:
    """Begin, or begin again: the ring is empty (all bad), the first windows end one length after `first`."""
    s["started"] = 1
    s["earliest_deadline"] = NEVER
    s["earliest_pending"] = NEVER
    s["n_pending"] = 0
    s["n_beats"] = 0
    for i in range(RING):
        s["mv"][i] = 0.0
        s["bad"][i] = 1
    for slot in range(MAX_OPEN):
        s["open_status"][slot] = OPEN_FREE
    for m in range(models.shape[0]):
        about_beats = models[m]["before"] != NOT_ABOUT_BEATS
        s["next_due"][m] = NEVER if about_beats else first + models[m]["length"] - 1


@kernel
def window_skip(s: Any, models: Any, hop_factor: int, first: int, after: int) -> None:
    """A gap from grid sample `first` up to `after`: its samples are bad, and what would have been due in it is not."""
    begin = max(first, after - RING)
    for g in range(begin, after):
        s["mv"][g % RING] = 0.0
        s["bad"][g % RING] = 1
    for m in range(models.shape[0]):
        hop = models[m]["hop"] * hop_factor
        if s["next_due"][m] < after:
            missed = (after - s["next_due"][m] + hop - 1) // hop
            s["next_due"][m] += missed * hop
    for i in range(s["n_pending"] - 1, -1, -1):
        if s["pending_due"][i] < after:
            _forget_pending(s, i)


@kernel
def bad_samples(s: Any, start: int, length: int) -> int:
    """Count the bad samples of a window."""
    count = 0
    for g in range(start, start + length):
        count += int(s["bad"][g % RING])
    return count


# --- windows that wait for their last samples --------------------------------------------------------------------------


@kernel
def _find_earliest_pending(s: Any) -> None:
    earliest = NEVER
    for i in range(s["n_pending"]):
        earliest = min(earliest, s["pending_due"][i])
    s["earliest_pending"] = earliest


@kernel
def _forget_pending(s: Any, i: int) -> None:
    s["n_pending"] -= 1
    for j in range(i, s["n_pending"]):
        s["pending_due"][j] = s["pending_due"][j + 1]
        s["pending_model"][j] = s["pending_model"][j + 1]
        s["pending_beat"][j] = s["pending_beat"][j + 1]
    _find_earliest_pending(s)


@kernel
def _learn_beat(s: Any, models: Any, row: Any, known_at: int) -> None:
    """Remember a beat, known at `known_at`, and wait for the windows about it."""
    at = s["n_beats"] % BEATS
    s["n_beats"] += 1
    s["beat_at"][at] = row["sample"]
    s["beat_known"][at] = known_at
    for i in range(BEAT_VALUES):
        s["beat_value"][at][i] = row["value"][i]
    for m in range(models.shape[0]):
        if models[m]["before"] == NOT_ABOUT_BEATS:
            continue
        if s["n_pending"] == MAX_PENDING:
            _forget_pending(s, 0)
        i = s["n_pending"]
        s["pending_due"][i] = row["sample"] - models[m]["before"] + models[m]["length"] - 1
        s["pending_model"][i] = m
        s["pending_beat"][i] = row["sample"]
        s["n_pending"] += 1
    _find_earliest_pending(s)


# --- windows that wait for an answer -----------------------------------------------------------------------------------


@kernel
def _find_earliest_deadline(s: Any) -> None:
    earliest = NEVER
    for slot in range(MAX_OPEN):
        if s["open_status"][slot] == OPEN_WAITING:
            earliest = min(earliest, s["open_deadline"][slot])
    s["earliest_deadline"] = earliest


@kernel
def _report(kind: int, s: Any, slot: int, known_at: int, row: Any) -> None:
    row["kind"] = kind
    row["lead"] = 0
    row["sample"] = s["open_start"][slot]
    row["known_at"] = known_at
    for i in range(8):
        row["value"][i] = 0.0
    row["value"][0] = float(s["open_model"][slot])
    row["value"][1] = float(s["open_id"][slot])
    row["value"][3] = float(s["open_start"][slot])
    row["value"][4] = float(s["open_known"][slot])
    row["value"][5] = float(s["open_beat"][slot])


@kernel
def _slot_to_fill(s: Any) -> int:
    """Return a free slot, else the oldest expired one, else the oldest of all."""
    best, best_rank, best_id = 0, 3, NEVER
    for slot in range(MAX_OPEN):
        status = s["open_status"][slot]
        rank = 0 if status == OPEN_FREE else (1 if status == OPEN_EXPIRED else 2)
        if rank < best_rank or (rank == best_rank and s["open_id"][slot] < best_id):
            best, best_rank, best_id = slot, rank, s["open_id"][slot]
    return best


@kernel
def open_window(s: Any, models: Any, m: int, start: int, beat: int, known_at: int, out: Any, n_out: int) -> int:
    """Have a window wait for its answer, and report it; where there is no slot, the oldest gives way."""
    slot = _slot_to_fill(s)
    if s["open_status"][slot] == OPEN_WAITING:
        _report(KIND_EXPIRED, s, slot, known_at, out[n_out])
        n_out += 1
    s["open_status"][slot] = OPEN_WAITING
    s["open_id"][slot] = s["next_id"]
    s["open_model"][slot] = m
    s["open_start"][slot] = start
    s["open_deadline"][slot] = start + models[m]["length"] - 1 + models[m]["deadline"]
    s["open_known"][slot] = known_at
    s["open_beat"][slot] = beat
    s["next_id"] += 1
    _find_earliest_deadline(s)
    _report(KIND_WINDOW, s, slot, known_at, out[n_out])
    return n_out + 1


@kernel
def _announce(s: Any, models: Any, m: int, start: int, beat: int, known_at: int, out: Any, n_out: int) -> int:
    n_out = open_window(s, models, m, start, beat, known_at, out, n_out)
    out[n_out - 1]["value"][2] = float(bad_samples(s, start, models[m]["length"]))
    return n_out


@kernel
def _announce_pending(s: Any, models: Any, moment: int, known_at: int, out: Any, n_out: int) -> int:
    """Announce the windows about beats that the samples up to `moment` complete; one that would be late already is not."""
    i = 0
    while i < s["n_pending"]:
        if s["pending_due"][i] > moment:
            i += 1
            continue
        m, beat, late = (
            s["pending_model"][i],
            s["pending_beat"][i],
            s["pending_due"][i] + models[s["pending_model"][i]]["deadline"] <= moment,
        )
        _forget_pending(s, i)
        if late:
            continue
        n_out = _announce(s, models, m, beat - models[m]["before"], beat, known_at, out, n_out)
    return n_out


@kernel
def _oldest_late(s: Any, known_at: int) -> int:
    """Return the oldest window whose answer is late, or -1."""
    best = -1
    for slot in range(MAX_OPEN):
        late = s["open_status"][slot] == OPEN_WAITING and s["open_deadline"][slot] <= known_at
        if late and (best < 0 or s["open_id"][slot] < s["open_id"][best]):
            best = slot
    return best


@kernel
def expire_windows(s: Any, known_at: int, out: Any, n_out: int) -> int:
    """Report the windows whose answer is late at `known_at`."""
    slot = _oldest_late(s, known_at)
    while slot >= 0:
        s["open_status"][slot] = OPEN_EXPIRED
        _report(KIND_EXPIRED, s, slot, known_at, out[n_out])
        n_out += 1
        slot = _oldest_late(s, known_at)
    _find_earliest_deadline(s)
    return n_out


# --- samples -----------------------------------------------------------------------------------------------------------


@kernel
def _next_event(s: Any, models: Any) -> int:
    """Return the grid sample at which something happens next: a window is whole, or an answer is late."""
    nearest: int = min(s["earliest_deadline"], s["earliest_pending"])
    for m in range(models.shape[0]):
        nearest = min(nearest, s["next_due"][m])
    return nearest


@kernel
def _remember(s: Any, y: Any, flags: Any, begin: int, end: int, first: int) -> None:
    while begin < end:
        at = (first + begin) % RING
        count = min(end - begin, RING - at)
        values, marks = y[begin : begin + count], flags[begin : begin + count]
        mv, is_bad = s["mv"][at : at + count], s["bad"][at : at + count]
        for k in range(count):
            value = float(values[k])
            bad = (marks[k] & FLAG_BAD != 0) | (not abs(value) < LARGEST_MV)
            mv[k] = 0.0 if bad else value
            is_bad[k] = 1 if bad else 0
        begin += count


@kernel
def _happen(s: Any, models: Any, hop_factor: int, moment: int, out: Any, n_out: int) -> int:
    """Report what is due at `moment`: answers that are late, windows by the clock, windows about beats."""
    if s["earliest_deadline"] <= moment:
        n_out = expire_windows(s, moment, out, n_out)
    for m in range(models.shape[0]):
        if s["next_due"][m] <= moment:
            due = s["next_due"][m]
            n_out = _announce(s, models, m, due - models[m]["length"] + 1, -1, due, out, n_out)
            s["next_due"][m] += models[m]["hop"] * hop_factor
    if s["earliest_pending"] <= moment:
        n_out = _announce_pending(s, models, moment, moment, out, n_out)
    return n_out


@kernel
def _next_beat(out: Any, begin: int, end: int) -> int:
    """Return the place of the next beat's row, or `end`."""
    while begin < end and out[begin]["kind"] != KIND_BEAT:
        begin += 1
    return begin


@kernel
def window_block(
    s: Any, models: Any, hop_factor: int, y: Any, flags: Any, n: int, first: int, out: Any, heard: int, n_out: int
) -> int:  # fmt: skip
    """Remember y[0:n] at grid samples first..first+n-1 (mV, as resampled, not conditioned) and report windows.

    out[heard:n_out] is what the stages before made of the same samples: its beats are learned in the order they were known.
    """
    done, told = 0, n_out
    row = _next_beat(out, heard, told)
    while done < n:
        moment = _next_event(s, models)
        if row < told:
            moment = min(moment, out[row]["known_at"])
        moment = max(moment, first + done)  # what fell due in a gap happens at the first sample after it
        stop = n if moment >= first + n else moment - first + 1  # NEVER is too large to be counted on from
        _remember(s, y, flags, done, stop, first)
        done = stop
        if moment >= first + n:
            continue
        while row < told and out[row]["known_at"] <= moment:
            _learn_beat(s, models, out[row], out[row]["known_at"])
            row = _next_beat(out, row + 1, told)
        n_out = _happen(s, models, hop_factor, moment, out, n_out)
    return n_out


@kernel
def window_finish(s: Any, models: Any, newest: int, out: Any, heard: int, n_out: int) -> int:
    """Take the beats that were decided because a stretch ended at grid sample `newest`, and report windows about them.

    They were not known yet when that sample came: to the windows it completed they are news.
    """
    told = n_out
    row = _next_beat(out, heard, told)
    while row < told:
        _learn_beat(s, models, out[row], newest + 1)
        row = _next_beat(out, row + 1, told)
    return _announce_pending(s, models, newest, newest + 1, out, n_out)


@kernel
def window(state: Any, models: Any, hop_factor: int, y: Any, flags: Any, first: int, out: Any, heard: int) -> int:
    """Run `window_block` on one state, with `heard` rows of the stages before at the head of `out`; return the rows in it."""
    return window_block(state[0], models, hop_factor, y, flags, y.shape[0], first, out, 0, heard)
