"""Laws 1, 2, 4, 5 and 6 over every stage and over the whole engine."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.machines import MACHINES, Machine, floats_of
from tests.laws.signals import Signal, cuts_of, hearts, pieces, spoiled

each_machine = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.__name__)
signals = spoiled(hearts(seconds=6.0))


@each_machine
@given(x=signals, data=st.data())
def test_cut(machine: type[Machine], x: Signal, data: st.DataObject) -> None:
    whole, cut = machine(), machine()
    expected = whole.feed(x)
    assert [event for piece in pieces(x, data.draw(cuts_of(len(x)))) for event in cut.feed(piece)] == expected
    assert cut.save() == whole.save()


@each_machine
@given(x=signals, at=st.floats(0, 1))
def test_snapshot(machine: type[Machine], x: Signal, at: float) -> None:
    begin, end = pieces(x, [int(at * len(x))])
    unbroken, after = machine(), machine()
    unbroken.feed(begin)
    after.load(unbroken.save())
    assert after.feed(end) == unbroken.feed(end)
    assert after.save() == unbroken.save()


@each_machine
@given(x=signals)
def test_bounded(machine: type[Machine], x: Signal) -> None:
    box = machine()
    before = len(box.save())
    box.feed(x)
    assert len(box.save()) == before


@each_machine
@given(x=signals, cut=st.integers(1, 100))
def test_causal(machine: type[Machine], x: Signal, cut: int) -> None:
    """What is decided by a sample is said when that sample comes: not later, and never before it."""
    box = machine()
    fed = 0
    for piece in pieces(x, range(cut, len(x), cut)):
        for about, decided, _ in box.feed(piece):
            assert fed <= decided < fed + len(piece)
            assert about <= decided <= about + machine.bound
        fed += len(piece)
