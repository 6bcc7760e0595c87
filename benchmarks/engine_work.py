"""The work the engine is timed on: one real lead of many hearts, as a device sends it and on the grid; and each way through the engine."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly
from sleepecg import detect_heartbeats

from edgeecg.data import load_excerpt
from edgeecg.engine import Engine
from edgeecg.evals.rpeaks import find_records
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.io.wfdb import read_record
from edgeecg.journal import Limits, open_for_append
from edgeecg.types import Chunk, SourceChange, SourceState
from edgeecg_kernels.condition_qrs import condition_qrs, condition_qrs_lead
from edgeecg_kernels.entry import entry
from edgeecg_kernels.resample import resample, resample_reset
from edgeecg_kernels.resample_state import RESAMPLE_STATE, design
from edgeecg_kernels.state import EVENT, GRID_HZ

RATE_HZ = 360.0
UNITS_PER_MV = 200.0
OF_EACH_S = 60
FLEET = 1000
FLEET_CHUNK = 10
FLEET_CALLS = 20
LONG_S = 10
SETTLED_S = 5
"""Levels are learned, mains is looked for: what comes after is the steady state."""

Floats = NDArray[np.float64]
Number = TypeVar("Number", bound="np.number[Any]")
Work = Callable[[], dict[str, float]]
"""One round of one way; gives figures by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Lead:
    """One lead at 360 Hz."""

    source: str
    counts: NDArray[np.int16]

    @property
    def millivolts(self) -> Floats:
        """As the batch detector takes it."""
        return self.counts / UNITS_PER_MV

    @property
    def on_grid(self) -> Floats:
        """As the kernels take it."""
        return np.ascontiguousarray(resample_poly(self.millivolts, GRID_HZ, int(RATE_HZ)))


def read_lead(data: Path | None) -> Lead:
    """Take a minute of every recording in mitdb/, or without a folder the bundled recording."""
    if data is None:
        excerpt = load_excerpt()
        return Lead(excerpt.title, _counts(excerpt.samples_mv))
    n = OF_EACH_S * int(RATE_HZ)
    paths = find_records(data)
    minutes = [read_record(path).lead(0).millivolts()[5 * n : 6 * n] for path in paths]
    return Lead(f"a minute of each of {len(paths)} recordings of mitdb", _counts(np.concatenate(minutes)))


def _counts(samples_mv: Floats) -> NDArray[np.int16]:
    return np.round(samples_mv * UNITS_PER_MV).astype(np.int16)


def cut(x: NDArray[Number], length: int) -> list[NDArray[Number]]:
    """Cut into pieces of one length; what is left over is left out."""
    return [x[start : start + length] for start in range(0, len(x) - length + 1, length)]


def processor_us(work: Callable[[], object]) -> float:
    """Return the processor time of this thread for a call: what other programs take is not counted."""
    began = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - began) / 1e3


# --- one way each -------------------------------------------------------------------------------------------------


def fused(lead: Lead, length: int) -> Work:
    """Condition and detect in one kernel call a chunk, grid samples; called as the engine calls its own."""
    chunks = cut(lead.on_grid, length)
    out = np.zeros(64, EVENT)
    call = entry(condition_qrs, condition_qrs_lead(), chunks[0], out)

    def every_chunk() -> None:
        conditioned = condition_qrs_lead()
        for chunk in chunks:
            call(conditioned, chunk, out)

    return lambda: {f"condition + detect, chunks of {length}": len(chunks) * length / processor_us(every_chunk)}


def batch(name: str, samples_mv: Floats, rate_hz: float) -> Work:
    """Run sleepecg's compiled detector over all samples at once."""
    return lambda: {name: len(samples_mv) / processor_us(lambda: detect_heartbeats(samples_mv, rate_hz))}


def engine_of(count: int) -> Engine:
    """Return an engine with open streams."""
    streams = tuple(StreamFacts(name=f"stream-{n}", rate_hz=RATE_HZ, mv_per_unit=1 / UNITS_PER_MV) for n in range(count))
    engine = Engine(EngineConfig(streams=streams))
    for facts in streams:
        engine.feed(SourceState(facts.name, SourceChange.OPENED, 0))
    return engine


def arrival_ns(n_samples: int) -> int:
    """When a sample arrives, at the stream's own rate."""
    return round(n_samples / RATE_HZ * 1e9)


def chunks_of(lead: Lead, length: int) -> list[Chunk]:
    """Cut a lead as a source does."""
    pieces = cut(lead.counts, length)
    return [Chunk("stream-0", piece, arrival_ns((n + 1) * length)) for n, piece in enumerate(pieces)]


def feed_long(lead: Lead) -> Work:
    """Feed one stream in chunks of ten seconds."""
    length = int(LONG_S * RATE_HZ)
    chunks = chunks_of(lead, length)

    def work() -> dict[str, float]:
        engine = engine_of(1)
        return {"feed, chunks of 10 s": len(chunks) * length / processor_us(lambda: [engine.feed(chunk) for chunk in chunks])}

    return work


def feed_latency(lead: Lead, length: int, calls: int = 4000) -> Work:
    """Feed one stream in short chunks, every call timed: a caller waits for wall time."""
    chunks = chunks_of(lead, length)[: calls + int(SETTLED_S * RATE_HZ / length)]

    def work() -> dict[str, float]:
        engine, taken = engine_of(1), []
        for chunk in chunks:
            began = time.perf_counter_ns()
            engine.feed(chunk)
            taken.append(time.perf_counter_ns() - began)
        p50, p99 = np.percentile(taken[int(SETTLED_S * RATE_HZ / length) :], [50, 99]) / 1e3
        return {f"feed, chunks of {length}, p50": float(p50), f"feed, chunks of {length}, p99": float(p99)}

    return work


def fleet_calls(lead: Lead) -> Iterator[list[Chunk]]:
    """Let each of a thousand streams begin elsewhere in the lead and send ten samples a call, without end."""
    at = len(lead.counts) // FLEET * np.arange(FLEET)
    sent = 0
    while True:
        sent += FLEET_CHUNK
        places = (at + sent) % (len(lead.counts) - FLEET_CHUNK)
        yield [Chunk(f"stream-{n}", lead.counts[place : place + FLEET_CHUNK], arrival_ns(sent)) for n, place in enumerate(places.tolist())]


def feed_many(lead: Lead) -> Work:
    """Feed a thousand streams, ten samples of each a call; the same engine goes on from round to round."""
    engine, calls = engine_of(FLEET), fleet_calls(lead)
    for _ in range(int(SETTLED_S * RATE_HZ) // FLEET_CHUNK):
        engine.feed_many(next(calls))

    def one_call() -> float:
        chunks = next(calls)
        return processor_us(lambda: engine.feed_many(chunks)) / FLEET

    return lambda: {"feed_many, a chunk": statistics.median(one_call() for _ in range(FLEET_CALLS))}


def resampling(lead: Lead, length: int = 64) -> Work:
    """Bring a lead to the grid by the kernel alone."""
    chunks, y = cut(lead.millivolts, length), np.zeros(4 * length)
    params, taps = design(RATE_HZ)
    state = np.zeros(1, RESAMPLE_STATE)
    resample_reset(state[0], params[0], 0)

    def every_chunk() -> None:
        for chunk in chunks:
            resample(state, params, taps, chunk, y)

    return lambda: {f"resample, chunks of {length}": len(chunks) * length / processor_us(every_chunk)}


def journalling(lead: Lead, folder: Path) -> Work:
    """Write a fleet's call down; fsync is the caller's choice and left out."""
    call, nothing = next(fleet_calls(lead)), ((),) * FLEET
    limits = Limits(size_cap_bytes=2 << 30, sync_bytes=1 << 30, sync_calls=1 << 30)

    def work() -> dict[str, float]:
        with open_for_append(folder, config=EngineConfig(), limits=limits) as journal:

            def one_call() -> None:
                journal.append(call)
                journal.answered(nothing)

            return {"journal, a chunk of feed_many": statistics.median(processor_us(one_call) for _ in range(FLEET_CALLS)) / FLEET}

    return work
