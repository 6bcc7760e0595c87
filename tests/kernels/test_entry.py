import os

import numpy as np

from edgeecg_kernels.condition_qrs import CLEAN_LEAD, condition_qrs, condition_qrs_params, condition_qrs_state
from edgeecg_kernels.entry import entry
from edgeecg_kernels.state import EVENT, GRID_HZ
from tests.laws.signals import heart


def test_the_machine_code_itself_does_what_the_kernel_does() -> None:
    x, _ = heart(GRID_HZ, 12.0)
    params, clean, outs = condition_qrs_params(), np.zeros(1, CLEAN_LEAD), (np.zeros(64, EVENT), np.zeros(64, EVENT))
    states = condition_qrs_state(), condition_qrs_state()
    directly = entry(condition_qrs, states[1], params, x, 0, clean, outs[1])
    assert (directly is condition_qrs) == bool(os.environ.get("NUMBA_DISABLE_JIT"))
    assert states[1].tobytes() == condition_qrs_state().tobytes(), "asking for it runs nothing"
    for start in range(0, len(x), 100):
        n = [
            call(state, params, x[start : start + 100], start, clean, out)
            for call, state, out in zip((condition_qrs, directly), states, outs, strict=True)
        ]
        assert n[0] == n[1]
        assert outs[0].tobytes() == outs[1].tobytes()
    assert states[0].tobytes() == states[1].tobytes()
    assert states[0]["qrs"]["beats"][0] > 5
