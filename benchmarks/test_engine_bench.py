"""Each way through the engine on the bundled recording, one call at a time, beside sleepecg's batch detector on the same samples.

Run: python -m pytest benchmarks/test_engine_bench.py --benchmark-columns=median,iqr,ops. How far it is from what it must
reach, in ratios within one run, `python benchmarks/engine.py` says.
"""

from itertools import cycle, islice

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from sleepecg import detect_heartbeats

from benchmarks.engine_work import FLEET, RATE_HZ, Lead, arrival_ns, cut, engine_of, fleet_calls, read_lead
from edgeecg.stages.rows import bytes_of, flat_rows
from edgeecg.types import Chunk
from edgeecg_kernels.condition_qrs import condition_qrs, condition_qrs_lead
from edgeecg_kernels.entry import entry
from edgeecg_kernels.state import EVENT, GRID_HZ

SETTLING = 5


@pytest.fixture(scope="module")
def lead() -> Lead:
    return read_lead(None)


@pytest.mark.parametrize("length", [64, 360])
def test_condition_and_detect(benchmark: BenchmarkFixture, lead: Lead, length: int) -> None:
    """One kernel call, of samples on the grid that go round and round."""
    conditioned, out = condition_qrs_lead(), np.zeros(64, EVENT)
    chunks = cycle(cut(lead.on_grid, length))
    call = entry(condition_qrs, conditioned, lead.on_grid, out)

    def one_call() -> None:
        call(conditioned, next(chunks), out)

    for _ in range(SETTLING * GRID_HZ // length):
        one_call()
    benchmark(one_call)


@pytest.mark.parametrize("rate_hz", [GRID_HZ, RATE_HZ])
def test_sleepecg(benchmark: BenchmarkFixture, lead: Lead, rate_hz: float) -> None:
    """Five minutes at once: divide by its samples."""
    samples: NDArray[np.float64] = lead.on_grid if rate_hz == GRID_HZ else lead.millivolts
    assert len(benchmark(detect_heartbeats, samples, rate_hz)) > 400


@pytest.mark.parametrize("length", [1, 16, 64, 3600])
def test_feed(benchmark: BenchmarkFixture, lead: Lead, length: int) -> None:
    """One stream, one chunk."""
    engine, pieces = engine_of(1), cycle(cut(lead.counts, length))
    sent = 0

    def next_chunk() -> tuple[tuple[Chunk], dict[str, object]]:
        nonlocal sent
        sent += length
        return (Chunk("stream-0", next(pieces), arrival_ns(sent)),), {}

    for _ in range(max(1, int(SETTLING * RATE_HZ) // length)):
        engine.feed(*next_chunk()[0])
    benchmark.pedantic(engine.feed, setup=next_chunk, rounds=max(50, 20_000 // length))  # type: ignore[no-untyped-call]


def test_feed_many(benchmark: BenchmarkFixture, lead: Lead) -> None:
    """A thousand streams, ten samples each: divide by 1,000 for a chunk."""
    engine, calls = engine_of(FLEET), fleet_calls(lead)
    for chunks in islice(calls, SETTLING * int(RATE_HZ) // 10):
        engine.feed_many(chunks)
    benchmark.pedantic(engine.feed_many, setup=lambda: ((next(calls),), {}), rounds=100)  # type: ignore[no-untyped-call]


def test_snapshot_and_restore(benchmark: BenchmarkFixture, lead: Lead) -> None:
    """One stream."""
    engine = engine_of(1)
    engine.feed(Chunk("stream-0", lead.counts[:3600], arrival_ns(3600)))
    benchmark(lambda: engine.restore(engine.snapshot()))


def test_rows(benchmark: BenchmarkFixture) -> None:
    """A hundred rows out of the kernel's array."""
    assert len(benchmark(flat_rows, bytes_of(np.zeros(100, EVENT)), 100)) == 100
