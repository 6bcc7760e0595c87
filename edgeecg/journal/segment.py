"""One file of a journal, as bytes: a header, then entries. No I/O here.

An entry is what one engine call was given (`RECORDS`), or what the call before gave (`ANSWERS`), or, once in a segment whose
header names its snapshot `LATER`, the name of the snapshot it begins at, which is on the disk now (`TAKEN`). Each has a head with a
CRC over its kind, length, place and segment, and a body with a CRC: a run of zeros, an entry of another file in a reused
block, or two entries changed for one another are no entries.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from struct import Struct
from typing import Final, NamedTuple, TypeAlias

from edgeecg.encoding import DIGEST_LEN, SCHEMA, decode_all, events_crc
from edgeecg.errors import JournalError
from edgeecg.spelling import length_at
from edgeecg.types import Event, Record

MAGIC: Final = b"edgeECGj\x01\x00\x00\x00"
"""The last four bytes are the version of this format."""

RECORDS: Final = 1
ANSWERS: Final = 2
TAKEN: Final = 3
NO_SNAPSHOT: Final = bytes(DIGEST_LEN)
"""Where a header names its snapshot: this segment begins with a new engine."""
LATER: Final = b"\xff" * DIGEST_LEN
"""Ditto: the snapshot was still to be written."""

_HEADER = Struct(f"<12sI?xxxQQ{DIGEST_LEN}sI")
_CRC = Struct("<I")
_HEAD = Struct("<2sHIII")
_HEAD_CHECKED = Struct("<HIIQ")
_PAIR = Struct("<II")
_MARKER = b"\xe5\x1e"

Answers: TypeAlias = tuple[tuple[int, int], ...]
"""For each record that gave events: its place in the call, and the CRC of what it gave."""


@dataclass(frozen=True, slots=True)
class Header:
    """Where a segment begins: enough to make the engine that it was written beside."""

    number: int
    first_call: int
    config: bytes
    """As `config_to_bytes` spells it."""
    snapshot_id: bytes
    anew: bool
    """The snapshot does not follow from what the segment before holds: something was lost between them."""

    def to_bytes(self) -> bytes:
        """As it stands at the head of the file."""
        fields = (MAGIC, SCHEMA, self.anew, self.number, self.first_call, self.snapshot_id, len(self.config))
        return _sealed(_HEADER.pack(*fields)) + _sealed(self.config)


class Span(NamedTuple):
    """A body's place in the file."""

    start: int
    end: int


class Call(NamedTuple):
    """One engine call's places in the file."""

    offset: int
    records: Span
    answers: Span | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One engine call: what went in, and the CRC of what came out; None: the journal ends before it was known."""

    segment: str
    call: int
    records: tuple[Record, ...]
    answers: Answers | None


@dataclass(frozen=True, slots=True)
class Segment:
    """What is whole in a file, and what is wrong with the rest."""

    name: str
    data: bytes
    header: Header | None
    calls: tuple[Call, ...]
    end: int
    damage: JournalError | None
    """What is wrong where it cannot be that a write was cut short."""
    taken: bytes | None = None
    """What the snapshot is named by, where the header said that it came later."""

    @property
    def dropped_bytes(self) -> int:
        """What follows the last whole entry."""
        return len(self.data) - self.end

    def begun(self) -> Header:
        """The header, where there is one."""
        if self.header is None:
            raise self.damage or cut_in_header(self.name, len(self.data))
        return self.header

    @property
    def snapshot_id(self) -> bytes | None:
        """What the snapshot it begins at is named by; None: none was written."""
        named = self.begun().snapshot_id
        return self.taken if named == LATER else named

    @property
    def unmade(self) -> bool:
        """Cut within its header: it was being made, and holds nothing."""
        return self.header is None and self.damage is None

    @property
    def unanswered(self) -> int | None:
        """How many records the last call had, if what it gave is not here."""
        if not self.calls or self.calls[-1].answers is not None:
            return None
        return length_at(self.data, self.calls[-1].records.start, self.name)[0]

    def entries(self, begin: int = 0) -> Iterator[Entry]:
        """The calls, decoded one by one, from one of them on."""
        for number, call in enumerate(self.calls[begin:], self.begun().first_call + begin):
            where = f"{self.name}, offset {call.offset}"
            answers = None if call.answers is None else answers_from_bytes(self.data[slice(*call.answers)], where)
            yield Entry(self.name, number, _records(self.data[slice(*call.records)], where), answers)


def cut_in_header(name: str, len_bytes: int) -> JournalError:
    """What is wrong with a file that holds no whole header, wherever no file can be in the making."""
    return JournalError(f"{name}.header", f"{len_bytes} bytes", "whole: only a newest segment, after others, may be cut in it")


def snapshot_id(snapshot: bytes) -> bytes:
    """What a header names a snapshot by: a digest of all of it."""
    return blake2b(snapshot, digest_size=DIGEST_LEN).digest()


def salt_of(header: bytes) -> int:
    """What makes the heads of one segment's entries no heads elsewhere; no CRC: one over bytes and their CRC is a constant."""
    return int.from_bytes(blake2b(header, digest_size=4).digest(), "little")


def entry_bytes(kind: int, body: bytes, offset: int, salt: int) -> bytes:
    """An entry as it stands at `offset` of the segment with this salt."""
    if len(body) > 0xFFFF_FFFF:
        raise JournalError("entry", f"{len(body)} bytes", "shorter than 4 GiB")
    body_crc = zlib.crc32(body)
    head_crc = zlib.crc32(_HEAD_CHECKED.pack(kind, len(body), body_crc, offset), salt)
    return _HEAD.pack(_MARKER, kind, len(body), body_crc, head_crc) + body


def longest_answers(records: int) -> int:
    """How long the ANSWERS entry to so many records can become."""
    return _HEAD.size + records * _PAIR.size


def answers_of(given: Sequence[Sequence[Event]]) -> Answers:
    """What is kept of the events that each record of a call gave."""
    return tuple((place, events_crc(events)) for place, events in enumerate(given) if events)


def answers_to_bytes(answers: Answers) -> bytes:
    """The body of an ANSWERS entry."""
    return b"".join(_PAIR.pack(*pair) for pair in answers)


def answers_from_bytes(body: bytes, where: str) -> Answers:
    """What `answers_to_bytes` was given."""
    if len(body) % _PAIR.size:
        raise JournalError(where, f"answers of {len(body)} bytes", f"a multiple of {_PAIR.size}")
    return tuple((place, crc) for place, crc in _PAIR.iter_unpack(body))


def parse(name: str, data: bytes) -> Segment:
    """What a file holds. It raises nothing: damage is part of the answer, and nothing after it is taken."""
    header, position = _header(name, data)
    if isinstance(header, JournalError):
        return Segment(name, data, None, (), 0, header)
    if header is None:
        return Segment(name, data, None, (), 0, None)
    salt = salt_of(data[:position])
    calls: list[Call] = []
    damage: JournalError | None = None
    taken: bytes | None = None
    while position < len(data):
        entry = _entry_at(data, position, salt)
        if isinstance(entry, _Wrong):
            damage = _damage(name, data, position, salt, entry)
            break
        kind, span = entry
        unanswered = bool(calls) and calls[-1].answers is None
        if unanswered is not (kind == ANSWERS) or (kind == TAKEN and (taken is not None or header.snapshot_id != LATER)):
            damage = JournalError(f"{name}, offset {position}", f"kind {kind}", "its turn: records, then what they gave")
            break
        if kind == RECORDS:
            calls.append(Call(position, span, None))
        elif kind == ANSWERS:
            calls[-1] = calls[-1]._replace(answers=span)
        else:
            taken = data[slice(*span)]
        position = span.end
    return Segment(name, data, header, tuple(calls), position, damage, taken)


class _Wrong(NamedTuple):
    got: str
    allowed: str


def _header(name: str, data: bytes) -> tuple[Header | JournalError | None, int]:
    """The header and where it ends; None: it was cut short."""
    magic = data[: len(MAGIC)]
    if not MAGIC.startswith(magic):
        return JournalError(f"{name}.magic", magic, f"{MAGIC!r}"), 0
    head = data[: _HEADER.size + _CRC.size]
    if len(head) < _HEADER.size + _CRC.size:
        return None, 0
    _, schema, anew, number, first_call, snapshot, config_len = _HEADER.unpack_from(head)
    end = len(head) + config_len + _CRC.size
    config = data[len(head) : end]
    cut_short = len(data) < end
    if _sealed(head[: -_CRC.size]) != head or not (cut_short or _sealed(config[: -_CRC.size]) == config):
        return JournalError(f"{name}.header", "a CRC of other bytes", "its own CRC: it is damaged"), 0
    if schema != SCHEMA:
        return JournalError(f"{name}.schema", f"{schema:08x}", f"{SCHEMA:08x}, what this version writes"), 0
    return None if cut_short else Header(number, first_call, config[: -_CRC.size], snapshot, anew), end


def _sealed(content: bytes) -> bytes:
    return content + _CRC.pack(zlib.crc32(content))


def _entry_at(data: bytes, offset: int, salt: int) -> tuple[int, Span] | _Wrong:
    start = offset + _HEAD.size
    if start > len(data):
        return _Wrong(f"{len(data) - offset} bytes", f"a head of {_HEAD.size}")
    marker, kind, length, body_crc, head_crc = _HEAD.unpack_from(data, offset)
    allowed = zlib.crc32(_HEAD_CHECKED.pack(kind, length, body_crc, offset), salt)
    if head_crc != allowed or marker != _MARKER or kind not in {RECORDS, ANSWERS, TAKEN}:
        return _Wrong(f"a head with CRC {head_crc:08x}", f"{allowed:08x}")
    if start + length > len(data):
        return _Wrong(f"a body of {len(data) - start} bytes", f"{length}")
    got = zlib.crc32(memoryview(data)[start : start + length])
    if got != body_crc:
        return _Wrong(f"a body with CRC {got:08x}", f"{body_crc:08x}")
    return kind, Span(start, start + length)


def _damage(name: str, data: bytes, position: int, salt: int, wrong: _Wrong) -> JournalError | None:
    """Damage, if whole entries follow; else a write that was cut short, and no more than that is lost."""
    offset = data.find(_MARKER, position + 1)
    while offset >= 0:
        if not isinstance(_entry_at(data, offset, salt), _Wrong):
            return JournalError(f"{name}, offset {position}", wrong.got, f"{wrong.allowed}: damaged, with whole entries from {offset} on")
        offset = data.find(_MARKER, offset + 1)
    return None


def _records(body: bytes, where: str) -> tuple[Record, ...]:
    try:
        items = decode_all(body)
    except JournalError as reason:
        raise JournalError(f"{where}: {reason.where}", reason.got, reason.allowed) from reason
    for item in items:
        if not isinstance(item, Record):
            raise JournalError(where, type(item).__name__, "a record")
    return tuple(item for item in items if isinstance(item, Record))
