import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgeecg_kernels.signal import HOLD, SIGNAL_STATE, signal
from edgeecg_kernels.state import EVENT
from tests.naive.signal import changes

runs = st.lists(st.tuples(st.integers(0, 31), st.integers(1, 400)), min_size=1, max_size=8)


def reported(*blocks: np.ndarray) -> list[tuple[int, int]]:
    state, found, first = np.zeros(1, SIGNAL_STATE), [], 0
    for flags in blocks:
        out = np.zeros(len(flags) + 8, EVENT)
        n = signal(state, flags, first, out)
        found += [(int(row["sample"]), int(row["value"][0])) for row in out[:n]]
        first += len(flags)
    return found


@given(runs=runs)
def test_says_what_the_oracle_says(runs: list[tuple[int, int]]) -> None:
    blocks = [np.full(n, value, np.uint8) for value, n in runs]
    flags = np.concatenate(blocks)
    assert reported(flags) == changes(flags.tolist())
    assert reported(*blocks) == reported(flags)


def test_what_was_there_for_a_whole_block_is_withdrawn_when_it_has_been_absent_for_long() -> None:
    mains = np.full(HOLD, 16, np.uint8)
    assert reported(mains, mains, np.zeros(HOLD, np.uint8)) == [(0, 16), (3 * HOLD - 1, 0)]


def test_a_flickering_flag_is_said_once() -> None:
    assert reported(np.tile(np.array([0, 2, 0, 0, 2], np.uint8), 400)) == [(1, 2)]
