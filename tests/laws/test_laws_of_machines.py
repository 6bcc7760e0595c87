"""Laws 1, 2, 4, 5, 6 and 7 over every stage and over the whole engine."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg_kernels.state import GRID_HZ
from tests.laws.machines import MACHINES, Machine
from tests.laws.signals import Signal, cuts_of, heart, hearts, pieces, spoiled

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


@pytest.mark.parametrize("machine", [machine for machine in MACHINES if machine.in_order], ids=lambda machine: machine.__name__)
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


@each_machine
@given(x=signals)
def test_finite(machine: type[Machine], x: Signal) -> None:
    """Whatever came, numbers come out; and when good samples have come again, nothing is left of it inside."""
    box = machine()
    clean, _ = heart(machine.rate_hz, 12.0, seed=3)
    for event in box.feed(np.concatenate([x, clean])):
        if not machine.passes_bad:
            assert all(np.isfinite(floats).all() for floats in box.floats_in(event))
    assert all(np.isfinite(floats).all() for floats in box.floats_inside())


scaling_machines = pytest.mark.parametrize(
    "machine", [machine for machine in MACHINES if machine.scales], ids=lambda machine: machine.__name__
)


@scaling_machines
@given(
    seed=st.integers(0, 1000),
    gain=st.sampled_from((0.25, 0.5, 2.0, 4.0)),
    sign=st.sampled_from((1, -1)),
    offset=st.sampled_from((0.0, 0.4, -3.0)),
)
def test_scale(machine: type[Machine], seed: int, gain: float, sign: int, offset: float) -> None:
    """Beats do not depend on gain, offset or polarity, but for a sample of the grid."""
    x, _ = heart(machine.rate_hz, 20.0, seed=seed, noise_mv=0.02)
    plain, changed = (np.array(machine().beats(signal)) for signal in (x, sign * gain * x + offset))
    assert len(plain) == len(changed) > 15
    assert np.abs(plain - changed).max() <= math.ceil(machine.rate_hz / GRID_HZ)
