"""Reading a journal: what is whole, from where an engine can start, and what is wrong. Nothing is skipped in silence."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from edgeecg.encoding import config_from_bytes
from edgeecg.errors import JournalError
from edgeecg.facts import EngineConfig
from edgeecg.journal.files import DISK, Files
from edgeecg.journal.segment import NO_SNAPSHOT, Entry, Segment, cut_in_header, parse, snapshot_id

LOCK_NAME: Final = "lock"
SEGMENT_SUFFIX: Final = ".journal"
SNAPSHOT_SUFFIX: Final = ".snapshot"


@dataclass(frozen=True, slots=True)
class Report:
    """What a recovery found. Where `damage` is set, what follows it was not taken."""

    first_segment: int
    """Whose snapshot to start from; 0: there is none."""
    last_segment: int
    """The newest file, whole or not; 0: there is none."""
    calls: int
    unanswered: int | None
    """How many records the last call had, if what it gave was not yet written."""
    dropped_bytes: int
    """The end of a write that was cut short."""
    config: EngineConfig | None
    """What the engine was configured with where it starts; None: there is no such place."""
    refused: tuple[JournalError, ...]
    """Newer places to start from that cannot be used."""
    damage: JournalError | None


@dataclass(frozen=True, slots=True)
class Survey:
    """The segments from a usable start to the newest, and the report on them."""

    snapshot: bytes | None
    segments: tuple[Segment, ...]
    report: Report


def segment_name(number: int) -> str:
    """Sorts as the number does."""
    return f"{number:010d}{SEGMENT_SUFFIX}"


def snapshot_name(number: int) -> str:
    """The snapshot that the segment of this number begins at."""
    return f"{number:010d}{SNAPSHOT_SUFFIX}"


def number_of(name: str, suffix: str) -> int | None:
    """What number a file's name carries; None: it is no such file."""
    stem = name.removesuffix(suffix)
    return int(stem) if stem != name and len(stem) == 10 and stem.isascii() and stem.isdecimal() else None


def segment_numbers(folder: Path, files: Files) -> list[int]:
    """Oldest first."""
    with refusing(folder, "readable"):
        names = files.sizes(folder)
    return sorted(number for name in names if (number := number_of(name, SEGMENT_SUFFIX)) is not None)


def read(folder: Path, files: Files = DISK) -> Iterator[Entry]:
    """Every call that is whole, oldest first, up to where the last write was cut short; JournalError at any other damage."""
    for segment in walk(folder, files):
        yield from segment.entries()


def recover(folder: Path, files: Files = DISK) -> tuple[bytes | None, Iterator[Entry], Report]:
    """The newest snapshot that is whole (None: a new engine), the calls after it, and what was found.

    Reading stops at damage, which the report then names. JournalError: there is nothing to start from.
    """
    survey = survey_of(folder, files)
    if not survey.segments and survey.report.damage is not None:
        raise survey.report.damage
    return survey.snapshot, (entry for segment in survey.segments for entry in segment.entries()), survey.report


def walk(folder: Path, files: Files) -> Iterator[Segment]:
    """Every segment, oldest first; JournalError where one is damaged or does not follow from the one before."""
    numbers = segment_numbers(folder, files)
    before: Segment | None = None
    for number in numbers:
        segment = load(folder, number, files)
        if segment.unmade and number == numbers[-1]:
            return
        wrong = _own_fault(segment) or (_breach(before, segment) if before else None)
        if wrong is not None:
            raise wrong
        yield segment
        before = segment


def load(folder: Path, number: int, files: Files) -> Segment:
    """One segment; a file under another's name counts as damaged."""
    name = segment_name(number)
    with refusing(folder / name, "readable"):
        segment = parse(name, files.read(folder / name))
    if segment.header is not None and segment.header.number != number:
        damage = JournalError(f"{name}.number", segment.header.number, f"{number}")
        return Segment(name, segment.data, None, (), 0, damage)
    return segment


def start_of(folder: Path, segment: Segment, files: Files) -> bytes | None:
    """The snapshot a segment begins at, whole; None: it begins with a new engine."""
    named, path = segment.snapshot_id, folder / snapshot_name(segment.begun().number)
    if named == NO_SNAPSHOT:
        return None
    if named is None:
        raise JournalError(path.name, "a snapshot that was not written to its end", "whole: the segment goes on from the one before")
    with refusing(path, "readable"):
        snapshot = files.read(path)
    if (got := snapshot_id(snapshot)) != named:
        raise JournalError(path.name, f"digest {got.hex()}", f"{named.hex()}: it is damaged")
    return snapshot


def survey_of(folder: Path, files: Files) -> Survey:
    """Back from the newest segment to one that can be started from, then forward again as far as all is whole."""
    numbers = segment_numbers(folder, files)
    found: list[Segment] = []
    refused: list[JournalError] = []
    unmade_bytes = 0
    for number in reversed(numbers):
        segment = load(folder, number, files)
        if segment.unmade and number == numbers[-1]:
            unmade_bytes = segment.dropped_bytes
            continue
        found.insert(0, segment)
        try:
            snapshot = start_of(folder, segment, files)
        except JournalError as reason:
            refused.append(reason)
        else:
            return _survey(snapshot, found, numbers[-1], unmade_bytes, tuple(refused))
    last = numbers[-1] if numbers else 0
    if last > 1 and not refused:
        refused.append(cut_in_header(segment_name(last), unmade_bytes))
    report = Report(0, last, 0, None, unmade_bytes, None, tuple(refused), refused[0] if refused else None)
    return Survey(None, (), report)


@contextmanager
def refusing(where: Path, allowed: str) -> Iterator[None]:
    """What the file system refuses is said in the journal's words."""
    try:
        yield
    except OSError as reason:
        raise JournalError(f"{where}", reason, allowed) from reason


def _survey(snapshot: bytes | None, found: list[Segment], last: int, unmade_bytes: int, refused: tuple[JournalError, ...]) -> Survey:
    whole, damage = [found[0]], found[0].damage
    for before, segment in pairwise(found):
        damage = damage or _breach(before, segment) or _own_fault(segment) or _new_start(segment)
        if damage is not None:
            break
        whole.append(segment)
    header, end = whole[0].header, whole[-1]
    number, config = (header.number, config_from_bytes(header.config)) if header else (0, None)
    calls = sum(len(segment.calls) for segment in whole)
    dropped = end.dropped_bytes + unmade_bytes
    return Survey(snapshot, tuple(whole), Report(number, last, calls, end.unanswered, dropped, config, refused, damage))


def _own_fault(segment: Segment) -> JournalError | None:
    return segment.damage or (cut_in_header(segment.name, len(segment.data)) if segment.unmade else None)


def _new_start(segment: Segment) -> JournalError | None:
    if segment.header is None or not segment.header.anew:
        return None
    return JournalError(segment.name, "a start anew, whose snapshot cannot be used", "what follows from the segment before")


def _breach(before: Segment, segment: Segment) -> JournalError | None:
    """Why this segment does not follow from the one before; one that starts anew need not."""
    if before.header is None or segment.header is None:
        return None
    number, first_call = before.header.number + 1, before.header.first_call + len(before.calls)
    if segment.header.number != number:
        return JournalError(segment.name, segment.header.number, f"{number}: a segment is missing")
    if segment.header.anew:
        return None
    if before.dropped_bytes:
        got = f"{before.dropped_bytes} bytes that are no entry"
        return JournalError(f"{before.name}, offset {before.end}", got, "its end: another segment follows")
    if before.unanswered is not None or segment.header.first_call != first_call:
        return JournalError(f"{segment.name}.first_call", segment.header.first_call, f"{first_call}, after one whose events are known")
    return None
