"""Windows for models: remember a lead, say when a window is whole, and when its answer is too late.

No paper: bookkeeping over a ring. A window is announced at the grid sample that completes it, every `hop` samples,
and expires at `deadline` samples after that. Missing samples are marked bad in the ring; windows that would have been
completed inside a gap are never announced, because no sample's arrival could have decided them.
"""

from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.state import FLAG_BAD, KIND_EXPIRED, KIND_WINDOW
from edgeecg_kernels.window_state import (
    LARGEST_MV,
    MAX_OPEN,
    NEVER,
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
    for i in range(RING):
        s["mv"][i] = 0.0
        s["bad"][i] = 1
    for slot in range(MAX_OPEN):
        s["open_status"][slot] = OPEN_FREE
    for m in range(models.shape[0]):
        s["next_due"][m] = first + models[m]["length"] - 1


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


@kernel
def bad_samples(s: Any, start: int, length: int) -> int:
    """Count the bad samples of a window."""
    count = 0
    for g in range(start, start + length):
        count += int(s["bad"][g % RING])
    return count


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
def _announce(s: Any, models: Any, m: int, due: int, out: Any, n_out: int) -> int:
    slot = _slot_to_fill(s)
    if s["open_status"][slot] == OPEN_WAITING:
        _report(KIND_EXPIRED, s, slot, due, out[n_out])
        n_out += 1
    length = models[m]["length"]
    s["open_status"][slot] = OPEN_WAITING
    s["open_id"][slot] = s["next_id"]
    s["open_model"][slot] = m
    s["open_start"][slot] = due - length + 1
    s["open_deadline"][slot] = due + models[m]["deadline"]
    s["next_id"] += 1
    _find_earliest_deadline(s)
    row = out[n_out]
    _report(KIND_WINDOW, s, slot, due, row)
    row["value"][2] = float(bad_samples(s, due - length + 1, length))
    return n_out + 1


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
def _expire(s: Any, known_at: int, out: Any, n_out: int) -> int:
    slot = _oldest_late(s, known_at)
    while slot >= 0:
        s["open_status"][slot] = OPEN_EXPIRED
        _report(KIND_EXPIRED, s, slot, known_at, out[n_out])
        n_out += 1
        slot = _oldest_late(s, known_at)
    _find_earliest_deadline(s)
    return n_out


@kernel
def _next_event(s: Any, models: Any) -> int:
    """Return the grid sample at which something happens next: a window is whole, or an answer is late."""
    nearest: int = s["earliest_deadline"]
    for m in range(models.shape[0]):
        nearest = min(nearest, s["next_due"][m])
    return nearest


@kernel
def window_block(s: Any, models: Any, hop_factor: int, y: Any, flags: Any, n: int, first: int, out: Any, n_out: int) -> int:
    """Remember y[0:n] at grid samples first..first+n-1 (mV, as resampled, not conditioned) and report windows."""
    done = 0
    while done < n:
        moment = _next_event(s, models)
        stop = min(n, max(moment - first + 1, done)) if moment < first + n else n
        for i in range(done, stop):
            at = (first + i) % RING
            value = float(y[i])
            bad = (flags[i] & FLAG_BAD) != 0 or not abs(value) < LARGEST_MV
            s["mv"][at] = 0.0 if bad else value
            s["bad"][at] = 1 if bad else 0
        done = stop
        if moment < first + n:
            n_out = _expire(s, max(moment, first), out, n_out) if s["earliest_deadline"] <= moment else n_out
            for m in range(models.shape[0]):
                if s["next_due"][m] <= moment:
                    n_out = _announce(s, models, m, s["next_due"][m], out, n_out)
                    s["next_due"][m] += models[m]["hop"] * hop_factor
    return n_out


@kernel
def window(state: Any, models: Any, hop_factor: int, y: Any, flags: Any, first: int, out: Any) -> int:
    """Run `window_block` on one state; return the number of rows written."""
    return window_block(state[0], models, hop_factor, y, flags, y.shape[0], first, out, 0)
