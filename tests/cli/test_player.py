"""A recording is delivered whole, in order, and not before its time."""

import numpy as np
import pytest

from edgeecg.api import records_of
from edgeecg.facts import StreamFacts
from edgeecg.io.sources.pace import Pace
from edgeecg.types import Chunk, SourceChange, SourceState

FACTS = StreamFacts(name="a", rate_hz=250.0)


@pytest.mark.parametrize(("n_samples", "chunk_len"), [(1000, 64), (1000, 1000), (1000, 5000), (64, 1), (0, 10)])
def test_every_sample_is_delivered_once_and_in_order(n_samples: int, chunk_len: int) -> None:
    samples = np.arange(n_samples)
    opened, *chunks, lost = records_of(samples, FACTS, chunk_len=chunk_len)
    assert isinstance(opened, SourceState)
    assert opened.change == SourceChange.OPENED
    assert isinstance(lost, SourceState)
    assert lost.change == SourceChange.LOST
    delivered = [chunk.samples for chunk in chunks if isinstance(chunk, Chunk)]
    assert len(delivered) == len(chunks)
    np.testing.assert_array_equal(np.concatenate([*delivered, np.empty(0)]), samples)
    assert all(len(piece) <= chunk_len for piece in delivered)


def test_a_chunk_arrives_when_its_last_sample_has_been_taken() -> None:
    _, *chunks, lost = records_of(np.zeros(100), FACTS, chunk_len=30)
    arrivals = [chunk.arrival_ns for chunk in chunks if isinstance(chunk, Chunk)]
    assert arrivals == [120_000_000, 240_000_000, 360_000_000, 400_000_000]
    assert isinstance(lost, SourceState)
    assert lost.now_ns == arrivals[-1]


class Clock:
    """A clock that only sleeping and working move."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def wait(self, wanted_s: float) -> bool:
        self.slept.append(wanted_s)
        self.now_s += wanted_s
        return False


def test_pace_waits_for_the_moment_and_takes_work_off() -> None:
    clock = Clock()
    pace = Pace(2.0, clock=clock, wait=clock.wait)
    pace.wait_for(1.0)
    clock.now_s += 0.2  # work
    pace.wait_for(2.0)
    clock.now_s += 3.0  # more work than there was time for
    pace.wait_for(3.0)
    assert clock.slept == pytest.approx([0.5, 0.3, 0.0])


def test_who_is_behind_time_is_told_to_stop_too() -> None:
    clock = Clock()
    assert not Pace(1.0, clock=clock, wait=lambda _: True).wait_for(-5.0)


def test_as_fast_as_possible_never_waits() -> None:
    clock = Clock()
    Pace(float("inf"), clock=clock, wait=clock.wait).wait_for(1e6)
    assert sum(clock.slept) == 0.0
