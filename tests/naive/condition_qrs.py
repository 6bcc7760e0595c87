"""What `condition_qrs` adds to its stages, slowly: one after the other, a sample at a time."""

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels.condition import condition
from edgeecg_kernels.condition_qrs import condition_qrs_lead
from edgeecg_kernels.qrs import qrs
from edgeecg_kernels.state import EVENT


def beats(x: NDArray[np.float64], first: int) -> NDArray[np.void]:
    """Return the rows of all beats."""
    lead = condition_qrs_lead()
    y, flags, out = np.zeros(1), np.zeros(1, np.uint8), np.zeros(64, EVENT)
    rows = [out[:0].copy()]
    for k in range(len(x)):
        condition(lead["condition"], lead["condition_params"], x[k : k + 1], first + k, y, flags)
        rows.append(out[: qrs(lead["qrs"], lead["qrs_params"], y, flags, first + k, out)].copy())
    return np.concatenate(rows)
