import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgeecg_kernels.signal import SIGNAL_STATE, signal
from edgeecg_kernels.state import EVENT
from tests.naive.signal import changes

runs = st.lists(st.tuples(st.integers(0, 31), st.integers(1, 400)), min_size=1, max_size=8)


def reported(flags: np.ndarray) -> list[tuple[int, int]]:
    out = np.zeros(len(flags) + 8, EVENT)
    n = signal(np.zeros(1, SIGNAL_STATE), flags, 0, out)
    return [(int(row["sample"]), int(row["value"][0])) for row in out[:n]]


@given(runs=runs)
def test_says_what_the_oracle_says(runs: list[tuple[int, int]]) -> None:
    flags = np.concatenate([np.full(n, value, np.uint8) for value, n in runs])
    assert reported(flags) == changes(flags.tolist())


def test_a_flickering_flag_is_said_once() -> None:
    assert reported(np.tile(np.array([0, 2, 0, 0, 2], np.uint8), 400)) == [(1, 2)]
