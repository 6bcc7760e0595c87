"""Each stage by itself: every call timed, in processor time of its thread, so that a busy machine says little and a slow stage all.

What waits for a disk is timed by the clock instead. Percentiles of calls that come one after the other say what a stage costs, not how
late it is: that is what `ward` measures.
"""

import gc
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from edgeecg.bench.effort import Effort
from edgeecg.bench.histogram import Histogram
from edgeecg.bench.workloads import ARRHYTHMIA, FLEET, MV_PER_COUNT, QUIET, WORKLOADS, Counts, Ward, Workload, hearts_of, sent
from edgeecg.daemon import pauses
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.io.device import Sent, SimulatedDevice
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.intake import Intake
from edgeecg.io.sources.items import Announced
from edgeecg.io.sources.own import OwnDevice
from edgeecg.io.sources.refusals import Refusals
from edgeecg.journal import Journal, Limits, open_for_append
from edgeecg.payload.names import Names
from edgeecg.payload.stamped import StampedAlert, Times, stamp
from edgeecg.rulefacts import default_rules
from edgeecg.simulate.device import packets
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.types import Alert, Beat, Chunk, Event, Record, SourceChange, SourceState

RATE_HZ = 250.0
CHUNK = 10
"""Samples of a frame: 40 ms."""
SETTLED = 5
"""Seconds after which levels are learned: what comes before is not counted."""
LENGTHS = (1, 10, 64, 250, 2500)
BEAT_MOST_US = 60.0
ENOUGH = 5
"""Times as long as the other stages: a beat is in one frame of twenty, and p99 needs many of them."""
UNBOUND = Limits(size_cap_bytes=64 << 30, segment_bytes=16 << 30)
MOST_JOURNALLED = 30
"""Streams: of a snapshot of many more a disk's speed is all that is measured."""
NAME = "stream-0"
RECORDS = Chunk, SourceState
"""Of what a device's bytes become, what goes into an engine."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What a call of a stage takes."""

    stage: str
    case: str
    per: str
    clock: str
    """processor: of the thread; wall: somebody waits for a disk."""
    histogram: Histogram

    @property
    def name(self) -> str:
        """What it is found by in another report."""
        return f"{self.stage}, {self.case}"


def measure(effort: Effort, folder: Path) -> Iterator[Timing]:
    """Measure all stages, one after the other."""
    yield from decoding(effort)
    yield from feeding(effort)
    yield from fleets(effort)
    yield from bytes_to_beat(effort)
    yield from journalling(effort, folder)
    yield from storing(effort, folder)


def engine_of(n: int = 1, *, rules: bool = True, facts: StreamFacts | None = None) -> Engine:
    """Return an engine whose streams are open."""
    streams = [StreamFacts(name=f"stream-{i}", rate_hz=RATE_HZ, mv_per_unit=MV_PER_COUNT) for i in range(n)] if facts is None else [facts]
    engine = Engine(EngineConfig(streams=tuple(streams), rules=default_rules() if rules else ()))
    for stream in streams:
        engine.feed(SourceState(stream.name, SourceChange.OPENED, 0, 1))
    return engine


def chunks_of(heart: Counts, length: int) -> list[Chunk]:
    """Cut a heart as a source does."""
    n = len(heart) // length
    return [Chunk(NAME, heart[i * length : (i + 1) * length], round((i + 1) * length / RATE_HZ * 1e9)) for i in range(n)]


# --- the wire -----------------------------------------------------------------------------------------------------


def frames(effort: Effort, scenario: str = "normal", *, times: int = 1) -> list[bytes]:
    """Return what a device sends, frame by frame, its hello first; `times` as long as others work."""
    return [one.data for one in _frames_when_due(effort, scenario, times)]


def _frames_when_due(effort: Effort, scenario: str, times: int) -> list[Sent]:
    setup = Setup(scenario=NAMED[scenario], rate_hz=RATE_HZ)
    n = round(times * effort.heart_s * RATE_HZ)
    return list(SimulatedDevice(setup).frames(packets(Simulation(setup), n_samples=n, packet_len=CHUNK)))


def reader() -> OwnDevice:
    """Return what reads a line."""
    return OwnDevice(Intake("bench", 1, Claims(), Refusals(lambda _: None), lambda _: None))


def decoding(effort: Effort) -> Iterator[Timing]:
    """Bytes to chunks, a frame at a time."""
    device = reader()
    taken_ns = [_timed(lambda f=frame, a=arrival: device.feed(f, a * 40_000_000)) for arrival, frame in enumerate(frames(effort))]  # type: ignore[misc]
    yield Timing("decode", f"frames of {CHUNK} samples", "frame", "processor", Histogram.of(taken_ns))


def bytes_to_beat(effort: Effort) -> Iterator[Timing]:
    """From a frame's bytes until the beat it decides is known: decoder, engine, rules; Python's collector kept as the daemon keeps it."""
    device = reader()
    hello, *rest = _frames_when_due(effort, "normal", ENOUGH)
    announced = next(item for item in device.feed(hello.data, 0) if isinstance(item, Announced))
    engine = engine_of(facts=announced.facts)
    every: list[int] = []
    beats: list[int] = []
    with _collected_as_in_a_daemon():
        for number, frame in enumerate(rest):
            arrival_ns = round(frame.due_s * 1e9)
            begun_ns = time.thread_time_ns()
            records = [item for item in device.feed(frame.data, arrival_ns) if isinstance(item, RECORDS)]
            given = engine.feed_many(records)
            taken_ns = time.thread_time_ns() - begun_ns
            if number * CHUNK >= SETTLED * RATE_HZ or effort.heart_s < 2 * SETTLED:
                every.append(taken_ns)
                if any(isinstance(event, Beat) for events in given for event in events):
                    beats.append(taken_ns)
    for named, each_ns in (("every frame", every), ("a beat becomes known", beats)):
        yield Timing("bytes to events", named, "frame", "processor", Histogram.of(each_ns, round(BEAT_MOST_US * 1e3)))


@contextmanager
def _collected_as_in_a_daemon() -> Iterator[None]:
    threshold, switch_s = gc.get_threshold(), sys.getswitchinterval()
    pauses.keep_short()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*threshold)
        sys.setswitchinterval(switch_s)


# --- the engine ---------------------------------------------------------------------------------------------------


def feeding(effort: Effort) -> Iterator[Timing]:
    """Feed one stream: by the length of its chunks, and by what its heart and its line do."""
    heart = hearts_of(WORKLOADS[QUIET], effort.heart_s)[0]
    for length in LENGTHS:
        if length * 2 <= len(heart):
            yield Timing("feed", f"chunks of {length}", "chunk", "processor", _fed(engine_of(), chunks_of(heart, length)))
    for load in WORKLOADS.values():
        if load.name != FLEET:
            yield Timing("feed", f"{load.name}, chunks of {CHUNK}", "chunk", "processor", _workload(load, effort))
    yield Timing("feed", f"without rules, chunks of {CHUNK}", "chunk", "processor", _fed(engine_of(rules=False), chunks_of(heart, CHUNK)))


def _workload(load: Workload, effort: Effort) -> Histogram:
    heart = hearts_of(load, effort.heart_s)[0]
    facts = StreamFacts(
        name=NAME, rate_hz=RATE_HZ, mv_per_unit=MV_PER_COUNT, sequence_bits=16, frame_len=CHUNK, reorder_frames=2 if load.swapped else 0
    )
    whole = chunks_of(heart, CHUNK)
    order = sent(load, len(whole))
    due = [max(order[: place + 1][-2:]) for place in range(len(order))]
    chunks = [Chunk(NAME, whole[n].samples, whole[at].arrival_ns, sequence=n & 0xFFFF) for n, at in zip(order, due, strict=True)]
    return _fed(engine_of(facts=facts), chunks)


def _fed(engine: Engine, chunks: list[Chunk]) -> Histogram:
    length = len(chunks[0].samples)
    taken_ns = [_timed(lambda c=chunk: engine.feed(c)) for chunk in chunks]  # type: ignore[misc]
    is_long = len(chunks) * length >= 2 * SETTLED * RATE_HZ
    return Histogram.of(taken_ns[math.ceil(SETTLED * RATE_HZ / length) if is_long else 0 :])


def fleets(effort: Effort) -> Iterator[Timing]:
    """Feed many streams a call: nanoseconds of one chunk."""
    hearts = hearts_of(WORKLOADS[FLEET], effort.heart_s)
    for n in effort.fleets:
        yield Timing("feed_many", f"{n} streams", "chunk", "processor", _fleet(n, hearts, calls=max(3, 20_000 // n if n < 1000 else 30)))


def _fleet(n: int, hearts: list[Counts], calls: int) -> Histogram:
    engine = engine_of(n)
    ward = Ward([f"stream-{i}" for i in range(n)], hearts, rate_hz=RATE_HZ, chunk_len=CHUNK)
    for i in range(n):  # seconds of different streams end at different moments
        past = ward.past(i, SETTLED * int(RATE_HZ) + i * 7 % int(RATE_HZ))
        engine.feed(Chunk(f"stream-{i}", past, 10**9))
    taken_ns: list[int] = []
    for turn in range(min(calls, 2000)):
        chunks = ward.chunks(turn * n, (turn + 1) * n, from_ns=2 * 10**9)
        taken_ns.append(_timed(lambda c=chunks: engine.feed_many(c)) // n)  # type: ignore[misc]
    return Histogram.of(taken_ns)


# --- what lies on disks ---------------------------------------------------------------------------------------------


def journalling(effort: Effort, folder: Path) -> Iterator[Timing]:
    """Write calls down; begin a new segment beside a snapshot."""
    n = max(n for n in effort.fleets if n <= MOST_JOURNALLED)
    engine = engine_of(n)
    ward = Ward([f"stream-{i}" for i in range(n)], hearts_of(WORKLOADS[FLEET], effort.heart_s), rate_hz=RATE_HZ, chunk_len=CHUNK)
    written, held, meanwhile = Histogram(), Histogram(), Histogram()
    with open_for_append(folder / "journal", config=engine.config, limits=UNBOUND) as journal:
        for turn in range(50 if effort.rounds > 2 else 3):
            chunks = ward.chunks(turn * n, (turn + 1) * n, from_ns=10**9)
            given: list[tuple[Event, ...]] = [()] * n
            written.record([_timed(lambda c=chunks, g=given: _written(journal, c, g)) // n])  # type: ignore[misc]
        for _ in range(3):
            begun_ns = time.monotonic_ns()
            promise, parts = journal.turn(config=engine.config), engine.frozen()
            turned_ns = time.monotonic_ns()
            promise.keep(parts())
            held.record([turned_ns - begun_ns])
            meanwhile.record([time.monotonic_ns() - turned_ns])
    yield Timing("journal", f"calls of {n} chunks", "chunk", "processor", written)
    yield Timing("journal", f"snapshot of {n} streams and a new segment: the engine waits", "call", "wall", held)
    yield Timing("journal", f"snapshot of {n} streams, written by a thread", "call", "wall", meanwhile)


def _written(journal: Journal, chunks: list[Chunk], given: list[tuple[Event, ...]]) -> None:
    journal.append(chunks)
    journal.answered(given)


def alerts_of(count: int) -> Iterable[StampedAlert]:
    """Return what a restless heart gives, as it goes into an outbox."""
    heart = hearts_of(WORKLOADS[ARRHYTHMIA], 120.0)[0]
    engine, said = engine_of(), 0
    records: list[Record] = list(chunks_of(heart, 250))
    found = [event for record in records for event in engine.feed(record) if isinstance(event, Alert)]
    times = Times(0, 0, 0, is_synchronised=True)
    while found and said < count:
        alert = found[said % len(found)]
        said += 1
        yield stamp(replace(alert, alert_id=f"{said:032x}"), device="bench", names=Names(), times=times)


def storing(effort: Effort, folder: Path) -> Iterator[Timing]:
    """Put alerts into the outbox: each is on the disk when it returns."""
    outbox, histogram = Outbox(folder / "outbox.sqlite"), Histogram()
    try:
        for alert in alerts_of(effort.alerts):
            histogram.record([_waited(lambda a=alert: outbox.put([a]))])  # type: ignore[misc]
    finally:
        outbox.close()
    yield Timing("outbox", "an alert, on the disk", "alert", "wall", histogram)


def _timed(work: Callable[[], object]) -> int:
    begun_ns = time.thread_time_ns()
    work()
    return time.thread_time_ns() - begun_ns


def _waited(work: Callable[[], object]) -> int:
    begun_ns = time.monotonic_ns()
    work()
    return time.monotonic_ns() - begun_ns
