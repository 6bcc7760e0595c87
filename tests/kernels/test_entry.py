import os

import numpy as np

from edgeecg_kernels.condition_qrs import condition_qrs, condition_qrs_lead
from edgeecg_kernels.entry import entry
from edgeecg_kernels.state import EVENT, GRID_HZ
from tests.laws.signals import heart


def test_the_machine_code_itself_does_what_the_kernel_does() -> None:
    x, _ = heart(GRID_HZ, 12.0)
    outs = np.zeros(64, EVENT), np.zeros(64, EVENT)
    leads = condition_qrs_lead(), condition_qrs_lead()
    directly = entry(condition_qrs, leads[1], x, outs[1])
    assert (directly is condition_qrs) == bool(os.environ.get("NUMBA_DISABLE_JIT"))
    assert leads[1].tobytes() == condition_qrs_lead().tobytes(), "asking for it runs nothing"
    for start in range(0, len(x), 100):
        n = [call(lead, x[start : start + 100], out) for call, lead, out in zip((condition_qrs, directly), leads, outs, strict=True)]
        assert n[0] == n[1]
        assert outs[0].tobytes() == outs[1].tobytes()
    assert leads[0].tobytes() == leads[1].tobytes()
    assert leads[0]["qrs"]["beats"][0] > 5
