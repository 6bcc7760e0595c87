"""Changes of a lead's condition flags, as events that cannot flood.

No paper. A flag is reported with the first sample that carries it, and withdrawn when it has been absent for
`HOLD` samples, so a flag that flickers is one event, not hundreds.
"""

from typing import Any

import numpy as np

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.state import GRID_HZ, KIND_SIGNAL

HOLD = GRID_HZ
N_FLAGS = 5

SIGNAL_STATE = np.dtype([("reported", "i8"), ("last_seen", "i8", (N_FLAGS,))], align=True)


@kernel
def _report(s: Any, at: int, lead: int, out: Any, n_out: int) -> int:
    row = out[n_out]
    row["kind"] = KIND_SIGNAL
    row["lead"] = lead
    row["sample"] = at
    row["known_at"] = at
    for i in range(8):
        row["value"][i] = 0.0
    row["value"][0] = float(s["reported"])
    return n_out + 1


@kernel
def signal_block(s: Any, flags: Any, n: int, first: int, lead: int, out: Any, n_out: int) -> int:
    """Report changes of `flags[0:n]`, which stand at grid samples first..first+n-1."""
    seen = 0
    always = -1
    for i in range(n):
        seen |= int(flags[i])
        always &= int(flags[i])
    if n <= 0 or (seen == always and seen == s["reported"]):  # nothing comes or goes: as below, at once
        for bit in range(N_FLAGS):
            if seen & 1 << bit:
                s["last_seen"][bit] = first + n - 1
        return n_out
    for i in range(n):
        before = s["reported"]
        now = before
        for bit in range(N_FLAGS):
            mask = 1 << bit
            if int(flags[i]) & mask:
                s["last_seen"][bit] = first + i
                now |= mask
            elif before & mask and first + i - s["last_seen"][bit] >= HOLD:
                now &= ~mask
        if now != before:
            s["reported"] = now
            n_out = _report(s, first + i, lead, out, n_out)
    return n_out


@kernel
def signal(state: Any, flags: Any, first: int, out: Any) -> int:
    """Run `signal_block` on one state, lead 0; return the number of rows written."""
    return signal_block(state[0], flags, flags.shape[0], first, 0, out, 0)
