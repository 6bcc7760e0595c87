"""The laws that can be held against any machine, as checks: AssertionError where one is broken."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from edgeecg_kernels.state import GRID_HZ
from tests.laws.machines import Machine, Told
from tests.laws.signals import Cuts, Signal, heart, pieces


def check_cut(machine: type[Machine], x: Signal, cuts: Cuts) -> None:
    """Law 1: however the input is cut, the same events and the same final state."""
    whole, cut = machine(), machine()
    expected = whole.feed(x)
    assert [event for piece in pieces(x, cuts) for event in cut.feed(piece)] == expected
    assert cut.save() == whole.save()


def check_snapshot(machine: type[Machine], x: Signal, at: int) -> None:
    """Law 2: a machine made from another's state goes on as that one does."""
    begin, end = pieces(x, [at])
    unbroken, after = machine(), machine()
    unbroken.feed(begin)
    after.load(unbroken.save())
    assert after.feed(end) == unbroken.feed(end)
    assert after.save() == unbroken.save()


def check_finite(machine: type[Machine], x: Signal) -> None:
    """Law 4: whatever came, numbers come out; and after good samples nothing bad is left inside."""
    box = machine()
    clean, _ = heart(machine.rate_hz, 12.0, seed=3)
    for event in box.feed(np.concatenate([x, clean])):
        assert machine.passes_bad or all(np.isfinite(floats).all() for floats in box.floats_in(event))
    assert all(np.isfinite(floats).all() for floats in box.floats_inside())


def check_bounded(machine: type[Machine], x: Signal) -> None:
    """Law 5: state has one size for ever, and events are no more than samples."""
    box = machine()
    before = len(box.save())
    assert len(box.feed(x)) <= 2 * len(x) + 16
    assert len(box.save()) == before


def check_causal(machine: type[Machine], x: Signal, cut: int) -> None:
    """Law 6: what a sample decides is said when it comes, not before and not later, within the declared bound."""
    box = machine()
    for begin, end in pairwise([*range(0, len(x), cut), len(x)]):
        for about, decided, _ in box.feed(x[begin:end]):
            assert begin <= decided < end
            assert about <= decided <= about + machine.bound


def check_scale(machine: type[Machine], x: Signal, gain: float, offset: float) -> None:
    """Law 7: beats do not depend on gain, offset or polarity, but for a sample of the grid."""
    plain, changed = (np.array(machine().beats(signal)) for signal in (x, gain * x + offset))
    assert len(plain) == len(changed) > 15
    assert np.abs(plain - changed).max() <= math.ceil(machine.rate_hz / GRID_HZ)


def check_fleet(one: Sequence[Sequence[object]], many: Sequence[Sequence[object]]) -> None:
    """Law 11: what `feed_many` gave is what `feed` gave for each."""
    assert [tuple(events) for events in many] == [tuple(events) for events in one]


def digest_of(told: Sequence[Told]) -> str:
    """Everything a machine said, for comparing machines in different processes."""
    return "\n".join(f"{about} {decided} {rest!r}" for about, decided, rest in told)
