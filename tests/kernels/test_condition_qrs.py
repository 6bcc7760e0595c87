import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeecg_kernels.arena import BLOCK_GRID
from edgeecg_kernels.condition_qrs import condition_qrs, condition_qrs_lead
from edgeecg_kernels.state import EVENT, GRID_HZ
from tests.laws.signals import Signal, cuts_of, heart, hearts, pieces, spoiled
from tests.naive.condition_qrs import beats


def found(x: Signal, cuts: list[int], first: int = 0) -> NDArray[np.void]:
    lead, out = condition_qrs_lead(first), np.zeros(64, EVENT)
    rows = [out[:0].copy()]
    rows += [out[: condition_qrs(lead, piece, out)].copy() for piece in pieces(x, cuts)]
    return np.concatenate(rows)


@pytest.mark.parametrize("first", [0, 3, 10**12 + 1])
def test_one_call_says_what_two_say(first: int) -> None:
    x, _ = heart(GRID_HZ, 12.0, noise_mv=0.02)
    rows = found(x, [], first)
    assert len(x) > 2 * BLOCK_GRID
    assert len(rows) > 5
    assert rows.tobytes() == beats(x, first).tobytes()


@given(st.data())
def test_neither_cuts_nor_bad_samples_come_between_the_two(data: st.DataObject) -> None:
    x = data.draw(spoiled(hearts()))
    assert found(x, data.draw(cuts_of(len(x)))).tobytes() == beats(x, 0).tobytes()
