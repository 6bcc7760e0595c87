"""Laws 1, 2, 4, 5, 6 and 7 over every stage and over the whole engine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws import laws
from tests.laws.machines import MACHINES, Machine
from tests.laws.signals import Signal, cuts_of, heart, hearts, spoiled

each_machine = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.__name__)
in_order = pytest.mark.parametrize("machine", [box for box in MACHINES if box.in_order], ids=lambda machine: machine.__name__)
scaling = pytest.mark.parametrize("machine", [box for box in MACHINES if box.scales], ids=lambda machine: machine.__name__)
signals = spoiled(hearts(seconds=6.0))


@each_machine
@given(x=signals, data=st.data())
def test_cut(machine: type[Machine], x: Signal, data: st.DataObject) -> None:
    laws.check_cut(machine, x, data.draw(cuts_of(len(x))))


@each_machine
@given(x=signals, at=st.floats(0, 1))
def test_snapshot(machine: type[Machine], x: Signal, at: float) -> None:
    laws.check_snapshot(machine, x, int(at * len(x)))


@each_machine
@given(x=signals)
def test_finite(machine: type[Machine], x: Signal) -> None:
    laws.check_finite(machine, x)


@each_machine
@given(x=signals)
def test_bounded(machine: type[Machine], x: Signal) -> None:
    laws.check_bounded(machine, x)


@in_order
@given(x=signals, cut=st.integers(1, 100))
def test_causal(machine: type[Machine], x: Signal, cut: int) -> None:
    laws.check_causal(machine, x, cut)


@scaling
@given(
    seed=st.integers(0, 1000),
    gain=st.sampled_from((0.25, 0.5, 2.0, 4.0, -0.25, -1.0, -4.0)),
    offset=st.sampled_from((0.0, 0.4, -3.0)),
)
def test_scale(machine: type[Machine], seed: int, gain: float, offset: float) -> None:
    x, _ = heart(machine.rate_hz, 20.0, seed=seed, noise_mv=0.02)
    laws.check_scale(machine, x, gain, offset)
