"""A recording's windows, read out of the engine: training, `classify` and a live stream see the same ones.

A recording shorter than a window is followed by missing samples up to one window. What it never had does not count
against the model's `max_missing_share`, as long as there is half a window; a shorter one gives a window that is not
readable, and so no answer.
"""

import dataclasses
import heapq
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.rulefacts import RuleFacts
from edgeecg.types import Chunk, Event, Inference, Record, SourceChange, SourceState, WindowReady

STREAM = "samples"
CHUNK_S = 0.2
FLUSH_S = 0.1
"""Missing samples after the last, which see a window through that ends with it: what the engine's own filters hold back."""
LEAST_SHARE = 0.5
END_NS = 1 << 62


def of_recording(
    samples: NDArray[np.number], rate_hz: float, facts: ModelFacts, *, mv_per_unit: float = 1.0, offset_units: float = 0.0
) -> Iterator[WindowReady]:
    """Yield the windows of one lead that a model would be asked about."""
    stream = StreamFacts(name=STREAM, rate_hz=rate_hz, mv_per_unit=mv_per_unit, offset_units=offset_units)
    return (event for event in run(samples, stream, facts) if isinstance(event, WindowReady))


def run(
    samples: NDArray[np.number], stream: StreamFacts, facts: ModelFacts, answer: Callable[[WindowReady], Inference] | None = None,
    sound: tuple[NDArray[np.number], StreamFacts] | None = None, rules: tuple[RuleFacts, ...] = (),
) -> Iterator[Event]:  # fmt: skip
    """Take one lead, with its sound where there is one, through an engine of its own; answer each readable window at once, where there is who answers."""
    padded, facts = _padded(samples, stream.rate_hz, facts)
    streams = [(padded, stream)]
    if sound:
        streams.append((_as_long(sound[0], round(len(padded) / stream.rate_hz * sound[1].rate_hz)), sound[1]))
    engine = Engine(EngineConfig(streams=tuple(of for _, of in streams), models=(facts,), rules=rules))
    for record in heapq.merge(*(_records(x, of) for x, of in streams), key=_came_ns):
        for event in engine.feed(record):
            yield event
            if answer and isinstance(event, WindowReady) and event.readable:
                yield from engine.feed(answer(event))


def _came_ns(record: Record) -> int:
    """Sources are lost when all has come."""
    if isinstance(record, Chunk):
        return record.arrival_ns
    return END_NS if isinstance(record, SourceState) and record.change == SourceChange.LOST else 0


def _as_long(samples: NDArray[np.number], n: int) -> NDArray[np.float64]:
    """Cut, or go on with missing samples."""
    return np.concatenate((samples[:n].astype(np.float64), np.full(max(0, n - len(samples)), np.nan)))


def _padded(samples: NDArray[np.number], rate_hz: float, facts: ModelFacts) -> tuple[NDArray[Any], ModelFacts]:
    """Return samples that fill at least one window, and how much of it may be missing then."""
    lacking = max(0, round(facts.window_s * rate_hz) - len(samples))
    after_s = FLUSH_S + (facts.window_s if facts.before_s >= 0 else 0.0)  # the last beat has its window too, if not a readable one
    padded = np.concatenate((samples.astype(np.float64), np.full(lacking + round(after_s * rate_hz), np.nan)))
    share = lacking / (lacking + len(samples))
    if share > LEAST_SHARE or facts.before_s >= 0:
        return padded, facts
    return padded, dataclasses.replace(facts, max_missing_share=share + (1 - share) * facts.max_missing_share)


def _records(samples: NDArray[Any], stream: StreamFacts) -> Iterator[Record]:
    yield SourceState(stream.name, SourceChange.OPENED, 0)
    chunk_len = max(1, round(CHUNK_S * stream.rate_hz))
    now_ns = 0
    for start in range(0, len(samples), chunk_len):
        piece = samples[start : start + chunk_len]
        now_ns = round((start + len(piece)) / stream.rate_hz * 1e9)
        yield Chunk(stream.name, piece, now_ns)
    yield SourceState(stream.name, SourceChange.LOST, now_ns)
