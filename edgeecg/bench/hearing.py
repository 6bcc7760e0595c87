"""A microphone beside a heart, both through the engine: what 40 ms of them take, and those that tell a beat's coupling."""

import time
from collections.abc import Iterator

from edgeecg.bench.effort import Effort
from edgeecg.bench.histogram import Histogram
from edgeecg.bench.stages import CHUNK, RATE_HZ, Timing
from edgeecg.bench.ward import Spec, config_of
from edgeecg.bench.workloads import QUIET, WORKLOADS, Ward, hearts_of, sounds_of
from edgeecg.engine import Engine
from edgeecg.types import Chunk, Coupling, SourceChange, SourceState

SETTLED_S = 10
"""Coupling begins after eight beats."""


def calls(seconds: float) -> tuple[Engine, Iterator[list[Chunk]]]:
    """Return an engine that hears one heart, and what it is fed: a chunk of each of the two, again and again."""
    config = config_of(Spec(streams=1, sound=True), None)
    engine, quiet = Engine(config), WORKLOADS[QUIET]
    for facts in config.streams:
        engine.feed(SourceState(facts.name, SourceChange.OPENED, 0, 1))
    ward = Ward([config.streams[0].name], hearts_of(quiet, seconds), rate_hz=RATE_HZ, chunk_len=CHUNK, sounds=sounds_of(quiet, seconds))
    turns = range(int(seconds * RATE_HZ) // CHUNK)
    return engine, (ward.with_sounds(ward.chunks(turn, turn + 1), turn) for turn in turns)


def measure(effort: Effort) -> Iterator[Timing]:
    """Feed one heart and its sound."""
    engine, fed = calls(max(effort.heart_s, SETTLED_S + 4.0))
    every: list[int] = []
    beats: list[int] = []
    for turn, both in enumerate(fed):
        begun_ns = time.thread_time_ns()
        given = engine.feed_many(both)
        taken_ns = time.thread_time_ns() - begun_ns
        if turn * CHUNK >= SETTLED_S * RATE_HZ:
            every.append(taken_ns)
            if any(isinstance(event, Coupling) for events in given for event in events):
                beats.append(taken_ns)
    for named, each_ns in (("every chunk", every), ("a beat's coupling becomes known", beats)):
        yield Timing("ECG and sound", named, f"{1e3 * CHUNK / RATE_HZ:g} ms of both", "processor", Histogram.of(each_ns))
