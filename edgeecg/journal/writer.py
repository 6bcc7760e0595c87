"""Writing a journal. Written is not yet safe: it is after `sync()`, or after as much as `Limits` says, for SD cards wear.

One write a call: what the call before gave goes with what the next is given. Whatever the file system refuses is a
JournalError. Afterwards either appending goes on as if that call had not been tried, or `refusal` says why it does not;
then a `rotate()` that succeeds ends the trouble.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from edgeecg.encoding import config_to_bytes, encode_all
from edgeecg.errors import JournalError
from edgeecg.facts import EngineConfig
from edgeecg.journal.files import DISK, Files
from edgeecg.journal.limits import Limits
from edgeecg.journal.publish import TEMPORARY_SUFFIX, Promise, publish
from edgeecg.journal.reader import (
    LOCK_NAME,
    SEGMENT_SUFFIX,
    SNAPSHOT_SUFFIX,
    Survey,
    number_of,
    refusing,
    segment_name,
    snapshot_name,
    survey_of,
)
from edgeecg.journal.segment import (
    ANSWERS,
    LATER,
    NO_SNAPSHOT,
    RECORDS,
    TAKEN,
    Header,
    answers_of,
    answers_to_bytes,
    entry_bytes,
    longest_answers,
    salt_of,
    snapshot_id,
)
from edgeecg.types import Event, Record


def open_for_append(folder: Path, *, config: EngineConfig, limits: Limits | None = None, files: Files = DISK) -> "Journal":
    """The journal in this folder, made if it is not there, ready after its last whole entry.

    Where its last call is unanswered, `answered` must come first: feed that call to the engine again. Where it is
    damaged it opens too, but refuses to append until `rotate`: what an engine knows then is not what the journal holds.
    """
    return Journal(folder, config, limits or Limits(), files)


class Journal:
    """The newest segment of a folder, open; made by `open_for_append`."""

    def __init__(self, folder: Path, config: EngineConfig, limits: Limits, files: Files) -> None:
        self.refusal: JournalError | None = None
        """Why nothing can be appended before a `rotate`; None: all is well."""
        self._folder, self._limits, self._files = folder, limits, files
        self._handle: int | None = None
        self._number = self._needed_from = self._calls = 0
        self._size = self._other_bytes = self._salt = 0
        self._open_call: int | None = None  # how many records it has, until it is answered
        self._pending: bytes | None = None  # what the last call gave, until it is written
        self._promised: int | None = None  # the segment whose snapshot is being written
        self._unsynced_bytes = self._unsynced_calls = 0
        with refusing(folder, "a folder that can be written, by one journal at a time"):
            files.make_folder(folder)
            self._lock: int | None = files.open(folder / LOCK_NAME)
        try:
            self._resume(survey_of(folder, files), config)
        except BaseException:
            self._release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def unanswered(self) -> int | None:
        """How many records the last call has, if `answered` has not told yet what it gave."""
        return self._open_call

    @property
    def wants_rotation(self) -> bool:
        """The segment has grown to its size, or nothing can be appended to it."""
        return self.refusal is not None or self._size >= self._limits.segment_bytes

    def append(self, records: Sequence[Record]) -> None:
        """Write down what one engine call is about to be given. If this raises, do not feed it: it was not written down.

        (Only where the file system then also refuses to take it back may it stand there, as a last call without answers.)
        """
        handle = self._required()
        if self._open_call is not None:
            raise JournalError(self._where, "append", "possible before answered() has told what the last call gave")
        if self._unsynced_bytes >= self._limits.sync_bytes or self._unsynced_calls >= self._limits.sync_calls:
            self._fsync(handle)  # before, not after: a failure then is not this call's
        body = encode_all(records)
        data = self._pending_entry()
        data += entry_bytes(RECORDS, body, self._size + len(data), self._salt)
        self._make_room(len(data) + longest_answers(len(records)))
        self._write(handle, data)
        self._pending, self._open_call = None, len(records)
        self._calls += 1
        self._unsynced_calls += 1

    def answered(self, given: Sequence[Sequence[Event]]) -> None:
        """Say what the call gave, for each of its records. It is written with the next call, or by `sync`."""
        self._required()
        if len(given) != self._open_call:
            raise JournalError(self._where, f"answers to {len(given)} records", f"to the {self._open_call} of the last call")
        self._pending, self._open_call = answers_to_bytes(answers_of(given)), None

    def sync(self) -> None:
        """All that was appended and answered survives a power cut, once this returns."""
        handle = self._required()
        if self._pending is not None:
            self._write(handle, self._pending_entry())
            self._pending = None
        self._fsync(handle)

    def rotate(self, snapshot: bytes, *, config: EngineConfig, anew: bool = False) -> None:
        """Go on in a new segment that begins at this snapshot of the engine, and delete what is too much.

        `anew`: the snapshot does not follow from what the journal holds. If this raises, call it again: until it
        succeeds, the segment of before goes on where `refusal` is None, and everything of it is kept.
        """
        if self._lock is None:
            raise JournalError(self._where, "rotate", "possible after close()")
        anew = anew or self.refusal is not None
        if self._open_call is not None and not anew:
            raise JournalError(self._where, "rotate", "possible before answered() has told what the last call gave")
        if self.refusal is None:
            self.sync()
        header = Header(self._number + 1, self._calls, config_to_bytes(config), snapshot_id(snapshot), anew)
        Promise(self._folder, header.number, self._files).keep([snapshot])
        self._begin(header)
        self._shed(0)

    def turn(self, *, config: EngineConfig) -> Promise:
        """Go on in a new segment that begins at a snapshot of the engine as it is now, to be written while the segment grows.

        Until `take` has been told of it a recovery starts at a segment before, and all from there on is kept.
        """
        self._required()
        if self._open_call is not None:
            raise JournalError(self._where, "turn", "possible before answered() has told what the last call gave")
        self.sync()
        self._begin(Header(self._number + 1, self._calls, config_to_bytes(config), LATER, anew=False))
        self._promised = self._number
        return Promise(self._folder, self._number, self._files)

    def take(self, promise: Promise, snapshot: bytes) -> None:
        """A promise was kept, and named its snapshot so: have that written down, and delete what is too much."""
        handle = self._required()
        if promise.number != self._promised or self._open_call is not None:
            raise JournalError(self._where, f"take, of segment {promise.number}", f"of the newest, {self._promised}, between two calls")
        data = self._pending_entry()
        data += entry_bytes(TAKEN, snapshot, self._size + len(data), self._salt)
        self._write(handle, data)
        self._pending = self._promised = None
        self._fsync(handle)
        self._needed_from = self._number
        self._shed(0)

    def close(self) -> None:
        """Sync, where that is possible, and let go of the files. If this raises, `rotate` once the journal is open again.

        For what a sync could not write the system may still show, and forget with the next power cut.
        """
        try:
            if self._handle is not None and self.refusal is None:
                self.sync()
        finally:
            self._release()

    @property
    def _where(self) -> str:
        return f"{self._folder / segment_name(self._number)}"

    def _resume(self, survey: Survey, config: EngineConfig) -> None:
        report = survey.report
        self.refusal, self._number, self._needed_from = report.damage, report.last_segment, report.first_segment
        if self.refusal is not None:
            return
        if not survey.segments:
            self._begin(Header(1, 0, config_to_bytes(config), NO_SNAPSHOT, anew=True))
            return
        end, header = survey.segments[-1], survey.segments[-1].begun()
        path = self._folder / end.name
        with refusing(path, "writable"):
            self._handle = self._files.open(path)
            self._files.fsync_folder(self._folder)  # who made the file may have died before this
            if end.dropped_bytes:
                self._files.truncate(self._handle, end.end)
                self._files.fsync(self._handle)
            self._other_bytes = sum(self._files.sizes(self._folder).values()) - end.end
        self._number, self._size, self._salt = header.number, end.end, salt_of(header.to_bytes())
        self._calls, self._open_call = header.first_call + len(end.calls), end.unanswered

    def _begin(self, header: Header) -> None:
        """Make the segment. If that fails it may be there or not, so nothing may be added to the one before."""
        name, data = segment_name(header.number), header.to_bytes()
        try:
            handle = publish(self._files, self._folder, name, [data])
        except OSError as reason:
            raise self._refused(JournalError(f"{self._folder / name}", reason, "a segment that can be made")) from reason
        self._let_go(self._handle)
        if header.snapshot_id != LATER:
            self._needed_from = header.number
        self._handle, self._number, self._other_bytes = handle, header.number, self._other_bytes + self._size
        self._size, self._salt = len(data), salt_of(data)
        self._pending = self._open_call = self._promised = self.refusal = None
        self._unsynced_bytes = self._unsynced_calls = 0

    def _pending_entry(self) -> bytes:
        return b"" if self._pending is None else entry_bytes(ANSWERS, self._pending, self._size, self._salt)

    def _write(self, handle: int, data: bytes) -> None:
        """All of it or, as far as can be told, nothing."""
        try:
            self._files.append(handle, data)
        except OSError as reason:
            error = JournalError(self._where, reason, "writable")
            try:
                self._files.truncate(handle, self._size)
            except OSError:
                self._refused(error)
            raise error from reason
        self._size += len(data)
        self._unsynced_bytes += len(data)

    def _fsync(self, handle: int) -> None:
        """After a failure the system may have forgotten what it could not write, so a second try proves nothing."""
        try:
            self._files.fsync(handle)
        except OSError as reason:
            raise self._refused(JournalError(self._where, reason, "safe on the disk")) from reason
        self._unsynced_bytes = self._unsynced_calls = 0

    def _make_room(self, len_bytes: int) -> None:
        cap = self._limits.size_cap_bytes
        if self._other_bytes + self._size + len_bytes > cap:
            self._shed(len_bytes)
        if (total := self._other_bytes + self._size + len_bytes) > cap:
            raise JournalError(f"{self._folder}", f"{total} bytes", f"at most size_cap_bytes, {cap}: rotate() makes room")

    def _shed(self, room: int) -> None:
        """Delete the oldest segments that no recovery needs, as far as the limits say, and what lies astray."""
        with refusing(self._folder, "a folder where files can be deleted"):
            sizes = self._files.sizes(self._folder)
            numbers = sorted(number for name in sizes if (number := number_of(name, SEGMENT_SUFFIX)) is not None)
            for name in _strays(sizes, numbers, self._promised):
                self._delete(name, sizes)
            while numbers[0] < self._needed_from and self._too_much(len(numbers), sum(sizes.values()) + room):
                number = numbers.pop(0)
                self._delete(segment_name(number), sizes)
                self._delete(snapshot_name(number), sizes)
            self._other_bytes = sum(sizes.values()) - self._size

    def _too_much(self, segments: int, len_bytes: int) -> bool:
        return segments > self._limits.keep_segments or len_bytes > self._limits.size_cap_bytes

    def _delete(self, name: str, sizes: dict[str, int]) -> None:
        """One after the other for good: a power cut never takes a snapshot and leaves its segment."""
        if sizes.pop(name, None) is not None:
            self._files.delete(self._folder / name)
            self._files.fsync_folder(self._folder)

    def _required(self) -> int:
        if self.refusal is not None:
            raise JournalError(self._where, self.refusal, "what can be gone on with before a rotate()") from self.refusal
        if self._handle is None:
            raise JournalError(self._where, "closed", "open")
        return self._handle

    def _refused(self, error: JournalError) -> JournalError:
        self.refusal = error
        return error

    def _let_go(self, handle: int | None) -> None:
        """Closing says nothing of what is on the disk: `fsync` did."""
        if handle is not None:
            with suppress(OSError):
                self._files.close(handle)

    def _release(self) -> None:
        for handle in (self._handle, self._lock):
            self._let_go(handle)
        self._handle = self._lock = None


def _strays(sizes: dict[str, int], numbers: list[int], promised: int | None) -> list[str]:
    """Snapshots without a segment, and files that never got their name; but not the one that is being written."""
    snapshots = [name for name in sizes if number_of(name, SNAPSHOT_SUFFIX) not in {None, *numbers}]
    written = None if promised is None else snapshot_name(promised) + TEMPORARY_SUFFIX
    return snapshots + [name for name in sizes if name.endswith(TEMPORARY_SUFFIX) and name != written]
