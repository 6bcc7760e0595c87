"""What a second lead has to say: it settles doubts about the first, stands in while the first says nothing, and answers for what it missed.

After the multi-lead fusion of Ledezma & Altuve (2019, "Optimal data fusion for the improvement of QRS complex detection in
multi-channel ECG recordings", Med Biol Eng Comput 57:1673-1681): each lead is detected by itself and decisions are weighed by how far a
lead can be trusted. Differences: the first lead decides, and the second is asked only where that is in doubt, overdue or
deaf; it is trusted by what it said of its own last beats; and only what it had said by the deciding sample counts, so no
cut of the input shows. Without a second lead nothing here does anything.
"""

from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.qrs_state import LOOK, VOTES

NEAR = 25
"""R peaks of one beat are no further apart in two leads."""
SAME = 37
"""Nor are two reports of one beat, in whichever leads; EC57's window."""
WITNESSES = 8
TRUSTED = 0.9
"""A second lead that is on average less sure of its last beats is not asked."""
STALE = 500
"""Nor is one that has told of no beat for 2 s."""
HAD_ITS_SAY = LOOK + 15
FOR, AGAINST = 3.0, 2.0
"""What its word, or its silence, adds to log-odds."""


@kernel
def pass_row(row: Any, now: int, out: Any, n_out: int) -> int:
    """Report a beat of the second lead, known `now`."""
    target = out[n_out]
    target["kind"] = row["kind"]
    target["lead"] = row["lead"]
    target["sample"] = row["sample"]
    target["known_at"] = now
    for k in range(8):
        target["value"][k] = row["value"][k]
    return n_out + 1


@kernel
def hear(s: Any, rows: Any, begin: int, end: int) -> None:
    """Remember what the second lead decided of this block; the first asks for it as time comes to it."""
    if begin < end and s["votes"] == 0:
        s["heard_from"] = rows[begin]["known_at"]
    for k in range(begin, end):
        pass_row(rows[k], rows[k]["known_at"], s["vote"], s["votes"] & (VOTES - 1))
        s["votes"] += 1


@kernel
def known_votes(s: Any, now: int) -> int:
    """Return how many beats the second lead had told of by now."""
    k = s["votes"]
    while k > 0 and s["vote"][(k - 1) & (VOTES - 1)]["known_at"] > now:
        k -= 1
    return k  # type: ignore[no-any-return]


@kernel
def trust(s: Any, now: int) -> float:
    """Return how sure the second lead was of its last beats; 0 where it has not told of enough, or of none for long."""
    k = s["votes"]
    oldest = max(k - VOTES, 0)
    count, total = 0, 0.0
    while k > oldest and count < WITNESSES:
        k -= 1
        row = s["vote"][k & (VOTES - 1)]
        if row["known_at"] <= now:
            if count == 0 and now - row["known_at"] > STALE:
                return 0.0
            total += row["value"][0]
            count += 1
    return total / count if count == WITNESSES else 0.0


@kernel
def support(s: Any, now: int, sample: int) -> float:
    """Return what the second lead adds to the log-odds that there is a beat at `sample`."""
    if not trust(s, now) > TRUSTED:
        return 0.0
    k = s["votes"]
    oldest = max(k - VOTES, 0)
    while k > oldest:
        k -= 1
        row = s["vote"][k & (VOTES - 1)]
        if row["known_at"] <= now and abs(row["sample"] - sample) <= NEAR:
            return FOR * row["value"][0] if row["sample"] >= s["told_until"] else 0.0
        if row["sample"] < sample - NEAR:
            break
    return -AGAINST if now >= sample + HAD_ITS_SAY else 0.0


@kernel
def witness(s: Any, now: int, earliest: int) -> int:
    """Return which beat of the second lead, the first at or after `earliest` that it was sure of, is one that this lead missed; -1: none."""
    found = -1
    if not trust(s, now) > TRUSTED:
        return found
    k = s["votes"]
    oldest = max(k - VOTES, 0)
    while k > oldest:
        k -= 1
        row = s["vote"][k & (VOTES - 1)]
        if row["sample"] < earliest:
            break
        if row["known_at"] <= now and row["value"][0] > TRUSTED:
            found = k
    return found


@kernel
def stand_in(s: Any, now: int, out: Any, n_out: int) -> int:
    """This lead is deaf: pass on what the second has told by now, but for what this one told of before."""
    s["heeded"] = max(s["heeded"], s["votes"] - VOTES)
    while s["heeded"] < s["votes"]:
        row = s["vote"][s["heeded"] & (VOTES - 1)]
        if row["known_at"] > now:
            break
        s["heeded"] += 1
        if row["sample"] >= s["told_until"]:
            s["told_until"] = row["sample"] + SAME + 1
            s["stood_in_until"] = s["told_until"]
            n_out = pass_row(row, row["known_at"], out, n_out)
    return n_out


@kernel
def overhear(s: Any, now: int) -> None:
    """This lead has spoken for itself up to `now`: what the second told by then need not be passed on."""
    s["heeded"] = max(s["heeded"], s["votes"] - VOTES)
    while s["heeded"] < s["votes"] and s["vote"][s["heeded"] & (VOTES - 1)]["known_at"] <= now:
        s["heeded"] += 1
