"""`condition` and `qrs` in one call, for a lead that is on the grid already and a caller that wants beats alone.

No paper: the two stages as they are. Fused, because a second call from Python costs as much as the work on 64 samples;
everything it is told comes in five arguments, because each array costs a tenth of a microsecond to hand over.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.arena import BLOCK_GRID
from edgeecg_kernels.condition import condition_block, condition_reset
from edgeecg_kernels.condition_state import CONDITION_PARAMS, CONDITION_STATE, condition_params
from edgeecg_kernels.qrs import qrs_block, qrs_reset
from edgeecg_kernels.qrs_state import QRS_PARAMS, QRS_STATE, qrs_params

CONDITION_QRS_STATE = np.dtype([("condition", CONDITION_STATE), ("qrs", QRS_STATE)], align=True)

CONDITION_QRS_PARAMS = np.dtype([("condition", CONDITION_PARAMS), ("qrs", QRS_PARAMS)], align=True)

CLEAN_LEAD = np.dtype([("y", "f8", (BLOCK_GRID,)), ("flags", "u1", (BLOCK_GRID,))], align=True)
"""What `condition` makes of the newest samples of a call: room to work in, and to read afterwards if one likes."""


def condition_qrs_state() -> npt.NDArray[np.void]:
    """Return a fresh state of shape (1,): nothing seen yet."""
    state = np.zeros(1, CONDITION_QRS_STATE)
    condition_reset(state[0]["condition"])
    qrs_reset(state[0]["qrs"])
    return state


def condition_qrs_params() -> npt.NDArray[np.void]:
    """Return CONDITION_QRS_PARAMS of shape (1,): no rails known, the detector as trained."""
    params = np.zeros(1, CONDITION_QRS_PARAMS)
    params["condition"] = condition_params()
    params["qrs"] = qrs_params()
    return params


@kernel
def condition_qrs(state: Any, params: Any, x: Any, first: int, clean: Any, out: Any) -> int:
    """Take grid samples x in mV, of which x[0] is number `first`; write the beats they decide; return how many."""
    s, p, work = state[0], params[0], clean[0]
    n_out = 0
    done = 0
    while done < len(x):
        n = min(BLOCK_GRID, len(x) - done)
        condition_block(s["condition"], p["condition"], x[done : done + n], n, first + done, work["y"], work["flags"])
        n_out = qrs_block(s["qrs"], p["qrs"], work["y"], work["flags"], n, first + done, 0, out, n_out)
        done += n
    return n_out
