"""What lies around the engine, by the works of `edgeecg bench`: bytes, a microphone, windows on each runtime, alerts on a disk, the whole daemon.

Run: python -m pytest benchmarks/test_path_bench.py --benchmark-columns=median,iqr,ops
"""

from itertools import islice
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from edgeecg.bench import hearing, path, stages
from edgeecg.bench.effort import QUICK
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.sources.items import Announced
from edgeecg.models import golden
from edgeecg.models.backend import runtime_of
from edgeecg.models.card import FileKey
from edgeecg.models.classifier import Classifier
from edgeecg.models.registry import Registry
from edgeecg.models.tflite_backend import at_hand
from edgeecg.types import Chunk, SourceState

MINUTE_S = 60.0


def test_decode(benchmark: BenchmarkFixture) -> None:
    """A frame of 10 samples; each is new, as a device's are."""
    device = stages.reader()
    hello, *rest = stages.frames(QUICK, times=5)
    device.feed(hello, 0)
    sent = iter(rest)
    benchmark.pedantic(device.feed, setup=lambda: ((next(sent), 0), {}), rounds=len(rest))  # type: ignore[no-untyped-call]


def test_bytes_to_events(benchmark: BenchmarkFixture) -> None:
    """A frame's bytes, until what it tells is told."""
    device = stages.reader()
    hello, *rest = stages.frames(QUICK, times=5)
    announced = next(item for item in device.feed(hello, 0) if isinstance(item, Announced))
    engine = stages.engine_of(facts=announced.facts)
    sent = iter(enumerate(rest, 1))

    def one_frame(number: int, frame: bytes) -> None:
        engine.feed_many([item for item in device.feed(frame, number * 40_000_000) if isinstance(item, Chunk | SourceState)])

    benchmark.pedantic(one_frame, setup=lambda: (next(sent), {}), rounds=len(rest))  # type: ignore[no-untyped-call]


def test_ecg_and_sound(benchmark: BenchmarkFixture) -> None:
    """A chunk of each: coupling of every beat."""
    engine, fed = hearing.calls(MINUTE_S)
    for both in islice(fed, 10 * 25):
        engine.feed_many(both)
    benchmark.pedantic(engine.feed_many, setup=lambda: ((next(fed),), {}), rounds=40 * 25)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("key", [FileKey.FP32_ONNX, FileKey.INT8_ONNX, FileKey.INT8_TFLITE])
def test_classify(benchmark: BenchmarkFixture, key: FileKey) -> None:
    """A window of `rhythm`, from millivolt to scores."""
    if runtime_of(key) == "tflite" and not at_hand():
        pytest.skip("no TFLite runtime is installed")
    classifier = Classifier(Registry().load("rhythm", key=key))
    benchmark(classifier.opinion, *golden.window(classifier.model.card.input))


def test_outbox(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """An alert, on the disk."""
    outbox = Outbox(tmp_path / "outbox.sqlite")
    alerts = iter(list(stages.alerts_of(500)))
    try:
        benchmark.pedantic(outbox.put, setup=lambda: (([next(alerts)],), {}), rounds=500)  # type: ignore[no-untyped-call]
    finally:
        outbox.close()


def test_bytes_to_mqtt(benchmark: BenchmarkFixture) -> None:
    """The whole daemon, once; how late its alerts came stands in the extra information."""
    measured = benchmark.pedantic(path.measure, rounds=1)  # type: ignore[no-untyped-call]
    benchmark.extra_info |= measured.to_json()["said"]
    assert measured.delays_ms
