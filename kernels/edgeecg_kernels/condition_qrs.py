"""`condition` and `qrs` in one call, for a lead that is on the grid already and a caller that wants beats alone.

No paper: the two stages as they are. Fused, because a second call from Python costs as much as the work on 64 samples;
all it knows of a lead is one array, because each array costs some 40 ns to hand over.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.arena import BLOCK_GRID
from edgeecg_kernels.condition import condition_block, condition_reset
from edgeecg_kernels.condition_state import CONDITION_PARAMS, CONDITION_STATE, condition_params
from edgeecg_kernels.machine import borrowed
from edgeecg_kernels.qrs import qrs_block, qrs_reset
from edgeecg_kernels.qrs_state import QRS_PARAMS, QRS_STATE, qrs_params

CONDITION_QRS = np.dtype(
    [
        ("next", "i8"),  # grid index of the sample that comes next
        ("condition", CONDITION_STATE),
        ("qrs", QRS_STATE),
        ("condition_params", CONDITION_PARAMS),
        ("qrs_params", QRS_PARAMS),
        # what `condition` made of the newest samples of a call: room to work in, and to read afterwards if one likes
        ("y", "f8", (BLOCK_GRID,)),
        ("flags", "u1", (BLOCK_GRID,)),
    ],
    align=True,
)


def condition_qrs_lead(first: int = 0) -> npt.NDArray[np.void]:
    """Return CONDITION_QRS of shape (1,), whose first sample is number `first`: no rails known, the detector as trained."""
    lead = np.zeros(1, CONDITION_QRS)
    lead["next"] = first
    lead["condition_params"] = condition_params()
    lead["qrs_params"] = qrs_params()
    condition_reset(lead[0]["condition"])
    qrs_reset(lead[0]["qrs"])
    return lead


@kernel
def condition_qrs(lead: Any, x: Any, out: Any) -> int:
    """Take grid samples x in mV, the next of the lead; write the beats they decide; return how many."""
    s = lead[0]
    x, out = borrowed(x), borrowed(out)
    n_out = 0
    done = 0
    while done < len(x):
        n = min(BLOCK_GRID, len(x) - done)
        condition_block(s["condition"], s["condition_params"], x[done : done + n], n, s["next"], s["y"], s["flags"])
        n_out = qrs_block(s["qrs"], s["qrs_params"], s["y"], s["flags"], n, s["next"], 0, out, n_out)
        s["next"] += n
        done += n
    return n_out
