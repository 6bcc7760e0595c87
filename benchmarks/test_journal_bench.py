"""What it costs to write every input down: a fleet's call of 1,000 chunks of 10 samples, and a single device's.

Run: python -m pytest benchmarks/test_journal_bench.py --benchmark-columns=median,iqr,ops
"""

from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from edgeecg import snapshot
from edgeecg.encoding import decode_all, encode_all, events_crc
from edgeecg.facts import EngineConfig
from edgeecg.journal import Limits, open_for_append, recover
from edgeecg.types import Beat, Chunk, Morphology

FLEET = 1000
LIMITS = Limits(size_cap_bytes=2 << 30, sync_bytes=1 << 30, sync_calls=1 << 30)
"""The interval of fsync is the caller's choice; what is measured is everything else."""


def chunks(count: int) -> tuple[Chunk, ...]:
    rng = np.random.default_rng(1)
    samples = rng.integers(-2000, 2000, (count, 10)).astype("<i2")
    return tuple(Chunk(f"stream-{row:05}", samples[row], 10**15 + row, row, 10**9 + row) for row in range(count))


@pytest.mark.parametrize("count", [1, FLEET])
def test_append(benchmark: BenchmarkFixture, tmp_path: Path, count: int) -> None:
    """One call, written and answered. Divide by 1,000 for a chunk of the fleet's."""
    call, nothing = chunks(count), ((),) * count
    with open_for_append(tmp_path, config=EngineConfig(), limits=LIMITS) as journal:

        def one_call() -> None:
            journal.append(call)
            journal.answered(nothing)

        benchmark(one_call)


def test_encode(benchmark: BenchmarkFixture) -> None:
    benchmark(encode_all, chunks(FLEET))


def test_decode(benchmark: BenchmarkFixture) -> None:
    benchmark(decode_all, encode_all(chunks(FLEET)))


def test_crc_of_a_beat(benchmark: BenchmarkFixture) -> None:
    benchmark(events_crc, (Beat("stream-00001", "I", 12345, 0.9, Morphology.NORMAL, 92.0, 1.01, 0.1, 1.2, late=False, reported_at=12400),))


def test_survey_of_a_segment(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """100,000 chunks: every CRC checked, nothing decoded yet."""
    call, nothing = chunks(FLEET), ((),) * FLEET
    with open_for_append(tmp_path, config=EngineConfig(), limits=LIMITS) as journal:
        for _ in range(100):
            journal.append(call)
            journal.answered(nothing)
    report = benchmark(recover, tmp_path)[2]
    assert report.calls == 100


def test_pack_a_snapshot(benchmark: BenchmarkFixture) -> None:
    """10 MB of state."""
    sections = {"leads": bytes(8_000_000), "streams": bytes(2_000_000)}
    benchmark(snapshot.pack, sections, schema=1, config_digest=bytes(16), model_hashes=["ab" * 32])
