"""How a frozen dataclass is written as bytes, from the types of its fields: one spelling for each value, bit for bit.

First one little-endian struct: numbers, bools and enums, and the length of each field that has its own (text, bytes,
tuples, dataclasses). Then those, in order. What is not canonical is refused when read, so equal bytes are equal values.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import IntEnum
from operator import attrgetter
from struct import Struct
from struct import error as struct_error
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from edgeecg.errors import EdgeEcgError, JournalError

CONVERSION_ERRORS: Final = (struct_error, TypeError, ValueError, OverflowError, KeyError, AttributeError)
"""What Python's own conversions raise on a value that does not fit; it leaves as JournalError."""

MAX_LEN: Final = 0xFFFF_FFFF
_LENGTH = Struct("<I")


class Number:
    """An integer or a float, written in the struct."""

    def __init__(self, cls: type) -> None:
        self.code = "q" if cls is int else "d"
        self.text = cls.__name__
        self.allowed = "an integer of 64 bits" if cls is int else "a float"

    def check(self, value: Any) -> None:
        """Raise what the struct would."""
        Struct("<" + self.code).pack(value)


class Choice:
    """A bool or an enum: a byte in the struct, and only those that mean something."""

    code = "B"

    def __init__(self, cls: type[IntEnum] | type[bool]) -> None:
        self.cls = cls
        members: tuple[Any, ...] = tuple(cls) if issubclass(cls, IntEnum) else (False, True)
        self.codes = {member: int(member) for member in members}
        self.members = {int(member): member for member in members}
        self.text = f"{cls.__name__}({', '.join(map(repr, members))})"
        self.allowed = f"one of {', '.join(map(str, self.members))}"

    def check(self, value: Any) -> None:
        """Raise what the look-up would."""
        self.codes[value]


class Blob:
    """A value of its own length: the length in the struct, the bytes after it."""

    code = "I"

    def __init__(self, text: str, to_bytes: Callable[[Any], bytes], from_bytes: Callable[[bytes], Any]) -> None:
        self.text, self.to_bytes, self.from_bytes = text, to_bytes, from_bytes
        self.allowed = f"{text.partition('(')[0]}, shorter than 4 GiB"

    def check(self, value: Any) -> None:
        """Raise what writing it would."""
        _LENGTH.pack(len(self.to_bytes(value)))


Kind = Number | Choice | Blob


class Spelling:
    """How one dataclass is written."""

    def __init__(self, cls: type) -> None:
        hints = get_type_hints(cls)
        self.cls = cls
        self.names = tuple(field.name for field in fields(cls))
        self.kinds = tuple(kind_of(hints[name]) for name in self.names)
        self.text = f"{cls.__name__}({', '.join(f'{name}: {kind.text}' for name, kind in zip(self.names, self.kinds, strict=True))})"
        self._head = Struct("<" + "".join(kind.code for kind in self.kinds))
        self._choices = tuple((at, kind) for at, kind in enumerate(self.kinds) if isinstance(kind, Choice))
        self._blobs = tuple((at, kind) for at, kind in enumerate(self.kinds) if isinstance(kind, Blob))
        get = attrgetter(*self.names)
        self._values: Callable[[Any], tuple[Any, ...]] = get if len(self.names) > 1 else lambda item: (get(item),)

    def to_bytes(self, item: object) -> bytes:
        """The bytes of one instance; JournalError names the field that cannot be written."""
        values = list(self._values(item))
        parts = [b""]
        try:
            for at, choice in self._choices:
                if type(values[at]) is not choice.cls:  # a member is its own number, and is looked up as slowly as all the rest
                    values[at] = choice.codes[values[at]]
            for at, blob in self._blobs:
                part = blob.to_bytes(values[at])
                values[at] = len(part)
                parts.append(part)
            parts[0] = self._head.pack(*values)
        except CONVERSION_ERRORS as reason:
            raise self._error(item) from reason
        return b"".join(parts)

    def from_bytes(self, data: bytes) -> Any:
        """The instance these bytes spell, whole."""
        item, end = self.read(data, 0)
        if end != len(data):
            raise JournalError(self.cls.__name__, f"{len(data)} bytes", f"its own length, {end}")
        return item

    def read(self, data: bytes, start: int) -> tuple[Any, int]:
        """The instance that begins here, and where it ends."""
        name = self.cls.__name__
        position = start + self._head.size
        if position > len(data):
            raise JournalError(name, f"{len(data) - start} bytes", f"at least {self._head.size}")
        values = list(self._head.unpack_from(data, start))
        for at, choice in self._choices:
            if values[at] not in choice.members:
                raise JournalError(f"{name}.{self.names[at]}", values[at], choice.allowed)
            values[at] = choice.members[values[at]]
        for at, blob in self._blobs:
            length = values[at]
            values[at] = blob.from_bytes(cut(data, position, length, f"{name}.{self.names[at]}"))
            position += length
        try:
            return self.cls(**dict(zip(self.names, values, strict=True))), position
        except (EdgeEcgError, ValueError, OverflowError) as reason:  # facts check themselves when made
            raise JournalError(name, reason, "settings that hold together") from reason

    def _error(self, item: object) -> JournalError:
        """Slow, once: which field was it."""
        for name, kind, value in zip(self.names, self.kinds, self._values(item), strict=True):
            try:
                kind.check(value)
            except CONVERSION_ERRORS:
                return JournalError(f"{self.cls.__name__}.{name}", repr(value)[:60], kind.allowed)
        return JournalError(self.cls.__name__, repr(item)[:200], "what can be written")


def kind_of(hint: Any) -> Kind:
    """How a field of this type is written; a type that nobody has thought of is refused when the module is loaded."""
    if hint is int or hint is float:
        return Number(hint)
    if hint is str:
        return Blob("text", text_to_bytes, text_from_bytes)
    if hint is bytes:
        return Blob("bytes", lambda value: bytes(memoryview(value)), bytes)
    if isinstance(hint, type) and (hint is bool or issubclass(hint, IntEnum)):
        return Choice(hint)
    return _compound(hint)


def _compound(hint: Any) -> Blob:
    arguments = get_args(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        spelling = Spelling(hint)
        return Blob(spelling.text, spelling.to_bytes, spelling.from_bytes)
    if get_origin(hint) is tuple and len(set(arguments) - {Ellipsis}) == 1:
        return _tuple(kind_of(arguments[0]), None if arguments[-1] is Ellipsis else len(arguments))
    if get_origin(hint) is UnionType and len(arguments) == 2 and arguments[1] is NoneType:
        return _optional(_compound(arguments[0]))
    raise TypeError(f"no spelling for a field of type {hint}: add one to edgeecg.spelling")


def cut(data: bytes, start: int, length: int, where: str) -> bytes:
    """A copy of what is announced, if it is there: nothing keeps the whole buffer alive."""
    if start + length > len(data):
        raise JournalError(where, f"{length} bytes", f"at most the {max(len(data) - start, 0)} that are left")
    return data[start : start + length]


def length_to_bytes(length: int, where: str) -> bytes:
    """A count or length, as it stands before what it counts."""
    if length > MAX_LEN:
        raise JournalError(where, length, f"at most {MAX_LEN}")
    return _LENGTH.pack(length)


def length_at(data: bytes, position: int, where: str) -> tuple[int, int]:
    """The count or length that stands here, and where it ends."""
    end = position + _LENGTH.size
    return _LENGTH.unpack(cut(data, position, _LENGTH.size, where))[0], end


def text_to_bytes(value: str) -> bytes:
    """UTF-8; a file name that is not text has lone surrogates in Python, and is written all the same."""
    try:
        return str.encode(value)  # at half the price of what follows
    except UnicodeEncodeError:
        return str.encode(value, "utf-8", "surrogatepass")


def text_from_bytes(data: bytes) -> str:
    """What `text_to_bytes` was given."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as reason:
        raise JournalError("text", data[:20], "UTF-8") from reason


def _tuple(kind: Kind, count: int | None) -> Blob:
    """Of one type throughout, of any length or of exactly `count`."""
    if isinstance(kind, Choice):
        raise TypeError(f"no spelling for a tuple of {kind.text}: add one to edgeecg.spelling")
    write, read = _many_blobs(kind) if isinstance(kind, Blob) else _many_numbers(kind)
    text = f"{count or 'n'} x {kind.text}"

    def checked(value: tuple[Any, ...]) -> tuple[Any, ...]:
        if count is not None and len(value) != count:
            raise JournalError("tuple", f"{len(value)} values", text)
        return value

    return Blob(text, lambda value: write(checked(value)), lambda data: checked(read(data)))


def _many_numbers(kind: Number) -> tuple[Callable[[tuple[Any, ...]], bytes], Callable[[bytes], tuple[Any, ...]]]:
    size = Struct("<" + kind.code).size

    def read(data: bytes) -> tuple[Any, ...]:
        if len(data) % size:
            raise JournalError("tuple", f"{len(data)} bytes", f"a multiple of {size}")
        return Struct(f"<{len(data) // size}{kind.code}").unpack(data)

    return lambda value: Struct(f"<{len(value)}{kind.code}").pack(*value), read


def _many_blobs(kind: Blob) -> tuple[Callable[[tuple[Any, ...]], bytes], Callable[[bytes], tuple[Any, ...]]]:
    def write(value: tuple[Any, ...]) -> bytes:
        return b"".join(length_to_bytes(len(part), "tuple") + part for part in map(kind.to_bytes, value))

    def read(data: bytes) -> tuple[Any, ...]:
        values, position = [], 0
        while position < len(data):
            length, position = length_at(data, position, "tuple")
            values.append(kind.from_bytes(cut(data, position, length, "tuple")))
            position += length
        return tuple(values)

    return write, read


def _optional(kind: Blob) -> Blob:
    """Nothing is no bytes; something is a 1 and its bytes."""

    def read(data: bytes) -> Any:
        if data and data[0] != 1:
            raise JournalError("optional", data[0], "1")
        return kind.from_bytes(data[1:]) if data else None

    return Blob(f"{kind.text} or nothing", lambda value: b"" if value is None else b"\x01" + kind.to_bytes(value), read)
