"""Chunks share a kernel call and keep to themselves: long ones, empty ones, and those around a refusal."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.types import Beat, Chunk, Event, Refused, SourceChange, SourceState
from tests.laws.signals import Signal, heart

RATE_HZ = 250.0
NAMES = ("a", "b", "c")


def open_engine() -> Engine:
    streams = tuple(StreamFacts(name=name, rate_hz=RATE_HZ, leads=("I", "II") if name == "b" else ("I",)) for name in NAMES)
    engine = Engine(EngineConfig(streams=streams))
    for name in NAMES:
        engine.feed(SourceState(name, SourceChange.OPENED, 0))
    return engine


def chunk(name: str, x: Signal, end: int) -> Chunk:
    samples = np.stack([x, -x], axis=1) if name == "b" else x
    return Chunk(name, samples, round(end / RATE_HZ * 1e9))


def test_an_empty_chunk_says_nothing_and_changes_nothing() -> None:
    engine = open_engine()
    before = engine.snapshot()
    assert engine.feed(chunk("a", np.zeros(0), 0)) == ()
    assert engine.feed_many([chunk("a", np.zeros(0), 0), chunk("b", np.zeros(0), 0)]) == ((), ())
    assert engine.snapshot() == before


def test_chunks_of_any_length_around_a_refusal_are_taken_as_if_alone() -> None:
    x, _ = heart(RATE_HZ, 40.0)
    bad = Chunk("c", np.zeros(5, np.complex128), 0)
    at, records = 0, list[Chunk]()
    for n in (1, 10, 2500, 0, 700, 3000, 64, 1500):
        records += [chunk("a", x[at : at + n], at + n), bad, chunk("b", x[at : at + n], at + n), chunk("c", 2 * x[at : at + n], at + n)]
        at += n
    together, alone = open_engine(), open_engine()
    events: tuple[tuple[Event, ...], ...] = together.feed_many(records)
    assert events == tuple(alone.feed(record) for record in records)
    assert together.snapshot() == alone.snapshot()
    assert [type(one) for told in events[1::4] for one in told] == [Refused] * 8
    beats = {name: [one.sample for told in events for one in told if isinstance(one, Beat) and one.stream == name] for name in NAMES}
    assert len(beats["a"]) > 20
    assert beats["a"] == beats["b"] == beats["c"]


def test_samples_of_several_types_and_such_as_lie_apart_are_taken_as_if_alone() -> None:
    x, _ = heart(RATE_HZ, 8.0)
    counts = np.round(x * 200)
    sent: list[NDArray[Any]] = [
        counts.astype(np.int16),
        counts.astype(np.float32),
        counts.astype(">i4"),
        np.repeat(counts, 2).astype(np.int16)[::2],
        counts[:0],
    ]
    for many in (sent[:2], [sent[3]] * 2, sent, [*sent[:1], sent[3]], [sent[2]] * 2, [sent[4]] * 2):
        engine, alone = open_engine(), open_engine()
        chunks = [Chunk("ac"[i % 2], samples, (i + 1) * 10**10) for i, samples in enumerate(many)]
        assert engine.feed_many(chunks) == tuple(alone.feed(Chunk(one.stream, one.samples.astype(float), one.arrival_ns)) for one in chunks)
        assert engine.snapshot() == alone.snapshot()
