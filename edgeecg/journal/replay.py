"""Feeding a journal to an engine again: it must give what it gave, and arrive at the snapshots it arrived at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgeecg.encoding import config_from_bytes
from edgeecg.errors import JournalError
from edgeecg.facts import EngineConfig
from edgeecg.journal.files import DISK, Files
from edgeecg.journal.reader import start_of, walk
from edgeecg.journal.segment import Answers, Entry, Segment, answers_of, snapshot_id
from edgeecg.types import Event, Record


class Replayable(Protocol):
    """What a replay needs of an engine."""

    def feed_many(self, records: Sequence[Record], /) -> Sequence[Sequence[Event]]:
        """Take records; return what each gave."""

    def snapshot(self) -> bytes:
        """All it knows."""

    def restore(self, data: bytes, /) -> object:
        """Know that, and nothing else."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was fed and what was compared."""

    segments: int
    calls: int
    records: int
    events: int
    unanswered: int
    """Calls whose events are not recorded: the last before a crash."""
    snapshots_compared: int
    unstarted: int
    """The oldest segments, which go on from others that are gone: nothing in them could be fed."""
    starts_anew: int
    """How often the engine was set to a snapshot because something was lost before it."""
    dropped_bytes: int
    """The end of a write that was cut short."""


def replay(folder: Path, make_engine: Callable[[EngineConfig], Replayable], files: Files = DISK) -> Replayed:
    """Feed all of a journal, oldest first. JournalError names the first record that gives something else, and its stream."""
    engine: Replayable | None = None
    segments = calls = records = events = unanswered = compared = unstarted = anew = dropped = 0
    for segment in walk(folder, files):
        if engine is None and segment.snapshot_id is None:
            unstarted += 1
            continue
        if engine is None or segment.begun().anew:
            anew += engine is not None
            engine = _started(folder, segment, make_engine, files)
        elif segment.snapshot_id is not None:
            _compare_snapshot(segment, engine)
            compared += 1
        for entry in segment.entries():
            given = engine.feed_many(entry.records)
            _compare(entry, given)
            calls, records = calls + 1, records + len(entry.records)
            events += sum(map(len, given))
            unanswered += entry.answers is None
        segments, dropped = segments + 1, dropped + segment.dropped_bytes
    return Replayed(segments, calls, records, events, unanswered, compared, unstarted, anew, dropped)


def _started(folder: Path, segment: Segment, make_engine: Callable[[EngineConfig], Replayable], files: Files) -> Replayable:
    snapshot = start_of(folder, segment, files)
    engine = make_engine(config_from_bytes(segment.begun().config))
    if snapshot is not None:
        engine.restore(snapshot)
    return engine


def _compare_snapshot(segment: Segment, engine: Replayable) -> None:
    got, allowed = snapshot_id(engine.snapshot()), segment.snapshot_id
    if allowed is not None and got != allowed:
        raise JournalError(f"{segment.name}, its start", f"an engine with snapshot {got.hex()}", f"{allowed.hex()}, as it was recorded")


def _compare(entry: Entry, given: Sequence[Sequence[Event]]) -> None:
    if len(given) != len(entry.records):
        raise JournalError(f"{entry.segment}, call {entry.call}", f"{len(given)} answers", f"one for each of {len(entry.records)} records")
    if entry.answers is None or (got := answers_of(given)) == entry.answers:
        return
    place = min(set(got) ^ set(entry.answers))[0]
    where = f"{entry.segment}, call {entry.call}, record {place}"
    if place >= len(entry.records):
        raise JournalError(where, "recorded", f"below {len(entry.records)}, the records of the call")
    streams = {getattr(item, "stream", None) for item in (entry.records[place], *given[place])} - {None}
    where += f" ({type(entry.records[place]).__name__} of {', '.join(sorted(map(repr, streams))) or 'no stream'})"
    raise JournalError(where, _told(got, place), f"{_told(entry.answers, place)}, as recorded")


def _told(answers: Answers, place: int) -> str:
    return next((f"events with CRC {crc:08x}" for at, crc in answers if at == place), "no event")
