"""An engine whose input is written down before it runs: a kill takes nothing from it, and a restart makes nothing twice.

Where the file system refuses to write, the engine runs on: an alarm now is worth more than the log of it. The journal is
then behind, which `trouble` says, until a snapshot of the engine can be written beside a new segment. Any other snapshot is
written by a thread of its own, from a copy: the engine waits for the copy, not for the disk.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Thread
from typing import Final, Generic, Protocol, TypeVar

from edgeecg.errors import EdgeEcgError, JournalError, SnapshotError
from edgeecg.facts import EngineConfig
from edgeecg.journal import DISK, Entry, Files, Journal, Limits, Report, open_for_append, recover
from edgeecg.journal.publish import Promise
from edgeecg.journal.segment import answers_of
from edgeecg.types import Alert, Event, Record, WindowReady, time_of

Given = Sequence[Sequence[Event]]
M = TypeVar("M", bound="Machine")
Told = Callable[[Sequence[Record], Given], None]

NEVER: Final = 0


class Machine(Protocol):
    """What the keeper needs of an engine."""

    @property
    def config(self) -> EngineConfig:
        """The settings in force."""

    def feed_many(self, records: Sequence[Record], /) -> Given:
        """Take records; return what each gave."""

    def snapshot(self) -> bytes:
        """All it knows."""

    def frozen(self) -> Callable[[], Iterable[bytes | memoryview]]:
        """Copy all it knows; what that returns makes the parts of a snapshot, in any thread."""

    def waiting(self) -> Iterable[Event]:
        """Return the windows that wait for an answer."""

    def restore(self, data: bytes, /) -> Iterable[Event]:
        """Know that, and nothing else; return the windows that wait for an answer."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found at the start."""

    calls: int
    """Engine calls that were fed again."""
    last_ns: int
    """The latest time written down; 0: none."""
    waiting: tuple[WindowReady, ...]
    """Windows that wait for an answer."""
    differing: int
    """Calls that gave something else than they did: another version wrote the journal."""
    loss: EdgeEcgError | None
    """Why the engine does not go on from what was written."""
    is_new: bool
    """The engine knows nothing of before: so it is after any loss."""


class Writing:
    """A snapshot on its way to the disk."""

    def __init__(self, promise: Promise, parts: Callable[[], Iterable[bytes | memoryview]]) -> None:
        self.promise, self._parts = promise, parts
        self.is_over = False
        self.snapshot: bytes | None = None
        """What it is named by, once it is there."""
        self.failure: BaseException | None = None

    def __call__(self) -> None:
        """Write it."""
        try:
            self.snapshot = self.promise.keep(self._parts())
        except BaseException as failure:  # the engine's thread says it, or ends with it
            self.failure = failure
            if not isinstance(failure, JournalError):
                raise
        finally:
            self.is_over = True


def in_a_thread(job: Callable[[], None]) -> None:
    """Have a snapshot written meanwhile; one that the end of the process cuts short is none, and nothing is lost by it."""
    Thread(target=job, name="snapshot", daemon=True).start()


class Keeper(Generic[M]):
    """One engine and its journal. `told` hears what every call gave, those fed again first."""

    def __init__(
        self,
        folder: Path,
        config: EngineConfig,
        *,
        told: Told,
        make_engine: Callable[[EngineConfig], M],
        doubt: EdgeEcgError | None = None,
        limits: Limits | None = None,
        files: Files = DISK,
        lap: Callable[[str], None] = lambda _: None,
        meanwhile: Callable[[Callable[[], None]], None] = in_a_thread,
    ) -> None:
        """`doubt`: why what is written down is less than was told. `lap` hears when writing down and running are over; `meanwhile` has
        something done while the engine goes on.
        """
        self._lap, self._meanwhile = lap, meanwhile
        self._writing: Writing | None = None
        self._is_rotated = False
        self.snapshot_trouble: EdgeEcgError | None = None
        """Why the newest snapshot was not written: the journal goes on from the one before."""
        self.trouble: EdgeEcgError | None = None
        """Why the journal is behind; None: it is not."""
        self._told = told
        self._journal = open_for_append(folder, config=config, limits=limits, files=files)
        if self._journal.refusal is None:
            self._make_safe()  # what a kill left is in the system's hands only
        try:
            self.engine, self.recovery = _recovered(folder, config, files, make_engine, self._journal, told, doubt)
        except BaseException:
            self._journal.close()
            raise
        if self.recovery.loss is not None:  # what goes for a new engine is put in order first, then `rotate` begins anew
            self.trouble = self.recovery.loss

    @property
    def is_behind(self) -> bool:
        """What is fed now would be lost by a kill."""
        return self.trouble is not None

    @property
    def wants_rotation(self) -> bool:
        """The segment is full, or the journal is behind."""
        return self.is_behind or self._journal.wants_rotation

    def feed(self, records: Sequence[Record]) -> Given:
        """Write down, run, tell."""
        if not self.is_behind:
            try:
                self._journal.append(records)
            except JournalError as trouble:
                self.trouble = trouble
        self._lap("journal")
        given = self.engine.feed_many(records)
        self._lap("engine")
        if not self.is_behind:
            self._journal.answered(given)
        if Alert in map(type, chain.from_iterable(given)):
            self._make_safe()  # else a power cut could leave an alert whose samples never were, and its id to another
        self._told(records, given)
        return given

    def _make_safe(self) -> None:
        """What was fed survives a power cut too, once this returns; unless the journal is behind."""
        if not self.is_behind:
            try:
                self._journal.sync()
            except JournalError as trouble:
                self.trouble = trouble

    def rotate(self) -> bool:
        """Begin a new segment at a snapshot, which is there when `rotated` says so. False: it cannot be done now.

        What was behind is not any more: then the snapshot is waited for.
        """
        was_behind = self.is_behind
        try:
            if was_behind:
                self._writing = None
                self._journal.rotate(self.engine.snapshot(), config=self.engine.config, anew=True)
            else:
                self._writing = Writing(self._journal.turn(config=self.engine.config), self.engine.frozen())
        except JournalError as trouble:
            self._note(trouble)
            return False
        if self._writing is None:
            self.trouble = self.snapshot_trouble = None
            self._is_rotated = True
        else:
            self._meanwhile(self._writing)
        return True

    @property
    def is_writing(self) -> bool:
        """A snapshot is on its way: another has to wait for `rotated`."""
        return self._writing is not None

    def rotated(self) -> bool:
        """Tell, once of each, whether a snapshot has come to the disk; have the journal begin there from now on."""
        if self._writing is not None and self._writing.is_over:
            written, self._writing = self._writing, None
            self._is_rotated = self._taken(written)
        is_rotated, self._is_rotated = self._is_rotated, False
        return is_rotated

    def _taken(self, written: Writing) -> bool:
        if written.snapshot is None:
            if not isinstance(written.failure, JournalError):
                raise RuntimeError("the snapshot's thread has ended") from written.failure
            self.snapshot_trouble = written.failure
            return False
        if self.is_behind:
            return False
        try:
            self._journal.take(written.promise, written.snapshot)
        except JournalError as trouble:
            self.snapshot_trouble = trouble
            self._note(trouble)
            return False
        self.snapshot_trouble = None
        return True

    def _note(self, trouble: JournalError) -> None:
        """Only what keeps the journal from going on puts it behind."""
        if self._journal.refusal is not None:
            self.trouble = self.trouble or trouble

    def close(self) -> None:
        """Let go of the files, all of it safe where that is possible."""
        try:
            self._journal.close()
        except JournalError as trouble:
            self.trouble = trouble


def _recovered(
    folder: Path,
    config: EngineConfig,
    files: Files,
    make_engine: Callable[[EngineConfig], M],
    journal: Journal,
    told: Told,
    doubt: EdgeEcgError | None,
) -> tuple[M, Recovery]:
    """An engine that knows less than was told of it would give the same ids and revisions to something else: it begins anew."""
    try:
        snapshot, entries, report = recover(folder, files)
        engine = _started(snapshot, report, config, make_engine)
    except (JournalError, SnapshotError) as loss:  # written by another version, or past reading
        return make_engine(config), Recovery(0, NEVER, (), 0, loss, is_new=True)
    calls = differing = 0
    last_ns = NEVER
    for entry in entries:
        given = engine.feed_many(entry.records)
        told(entry.records, given)
        calls += 1
        differing += _differs(entry, given)
        last_ns = max(last_ns, NEVER, *(time_of(record) or NEVER for record in entry.records))
        if entry.answers is None and journal.refusal is None:
            journal.answered(given)  # the last call: it was killed before it could say
    why_not = doubt or report.damage or _difference(differing)
    if why_not is not None:
        return make_engine(config), Recovery(calls, last_ns, (), differing, why_not, is_new=True)
    waiting = tuple(event for event in engine.waiting() if isinstance(event, WindowReady))
    return engine, Recovery(calls, last_ns, waiting, differing, None, is_new=snapshot is None and not calls)


def _started(snapshot: bytes | None, report: Report, config: EngineConfig, make_engine: Callable[[EngineConfig], M]) -> M:
    engine = make_engine(report.config or config)
    if snapshot is not None:
        engine.restore(snapshot)
    return engine


def _differs(entry: Entry, given: Given) -> bool:
    return entry.answers is not None and entry.answers != answers_of(given)


def _difference(calls: int) -> JournalError | None:
    """The state is now another than the one that told what was told."""
    return JournalError("journal", f"{calls} calls that give other events", "written by this version") if calls else None
