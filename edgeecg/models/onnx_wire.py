"""As much of an ONNX file as it takes to read trees: its fields as they lie there, and long lists of numbers all at once.

The package that reads all of it is a developer's; a board has none. Whatever is written in another way than the usual writer's raises
`OtherwiseWritten`: nothing is guessed.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

VARINT, LEN, FOUR_BYTES = 0, 2, 5
INT, STRING, FLOATS, INTS, STRINGS = 2, 3, 6, 7, 8
"""Kinds of attributes."""
_FIELD_OF = {INT: 3, STRING: 4, FLOATS: 7, INTS: 8, STRINGS: 9}
_BEHIND = b"\xa0\x01"
"""The tag of the field that holds an attribute's kind, the last one."""
_MOST_BYTES = 4
"""Of a number in a list: 28 bits are enough for any node."""

End = tuple[bytes, int, tuple[int, ...]]
"""Name, kind and shape of what goes in or out."""


class OtherwiseWritten(Exception):
    """Not what is read here; another reader may know it."""


class Step(NamedTuple):
    """A node of the graph."""

    kind: bytes
    inputs: list[bytes]
    outputs: list[bytes]
    attributes: dict[str, bytes]


def expect(holds: object) -> None:
    """Refuse what is not as it must be."""
    if not holds:
        raise OtherwiseWritten


def graph(data: bytes) -> tuple[list[Step], list[bytes], tuple[End, End]]:
    """Return a model's steps, its stored tensors, and what goes in and out, one of each."""
    inside = _only(data, 7)
    steps = [_step(step) for step in _all(inside, 1)]
    return steps, _all(inside, 5), (_end(_only(inside, 11)), _end(_only(inside, 12)))


def tensor(data: bytes) -> tuple[bytes, int, tuple[int, ...], bytes]:
    """Return a stored tensor's name, kind, shape and bytes."""
    return _only(data, 8), _count(data, 2), tuple(value for at, value in fields(data) if at == 1 and isinstance(value, int)), _only(data, 9)


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield a message's fields, each behind its number: integers, and the bytes of all else."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == VARINT:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        expect(tag & 7 in {LEN, FOUR_BYTES})
        length, at = _varint(data, at) if tag & 7 == LEN else (4, at)
        expect(at + length <= len(data))
        yield tag >> 3, data[at : at + length]
        at += length


def floats(attribute: bytes) -> NDArray[np.float32]:
    """Return a list of single-precision numbers."""
    items = np.frombuffer(_value(attribute, FLOATS), [("tag", "u1"), ("value", "<f4")])
    expect((items["tag"] == _tag(FLOATS, FOUR_BYTES)).all())
    return items["value"].astype(np.float32)


def ints(attribute: bytes) -> NDArray[np.int64]:
    """Return a list of small numbers that are not negative."""
    written = np.frombuffer(_value(attribute, INTS), np.uint8)
    ends = np.flatnonzero(written < 0x80)
    starts = np.concatenate(([0], ends[:-1] + 1))
    tags, starts, lengths = starts[::2], starts[1::2], (ends - starts + 1)[1::2]
    expect(len(ends) and len(ends) % 2 == 0 and ends[-1] == len(written) - 1 and lengths.max() <= _MOST_BYTES)
    expect((written[tags] == _tag(INTS, VARINT)).all() and (ends[::2] == tags).all())
    values = np.zeros(len(starts), np.int64)
    for k in range(int(lengths.max())):
        longer = lengths > k
        values[longer] |= (written[starts[longer] + k].astype(np.int64) & 0x7F) << 7 * k
    return values


def which(attribute: bytes, names: tuple[bytes, ...]) -> NDArray[Any]:
    """Return a list of strings, each as its place among these names."""
    items = _value(attribute, STRINGS)
    for place, name in enumerate(names):
        items = items.replace(bytes((_tag(STRINGS, LEN), len(name))) + name, bytes((place,)))
    places = np.frombuffer(items, np.uint8)
    expect((places < len(names)).all())
    return places


def text(attribute: bytes) -> bytes:
    """Return a string."""
    return _only(_value(attribute, STRING), _FIELD_OF[STRING])


def number(attribute: bytes) -> int:
    """Return an integer."""
    return _count(_value(attribute, INT), _FIELD_OF[INT])


def _value(attribute: bytes, kind: int) -> bytes:
    """Return what lies between an attribute's name, less than 128 bytes, and its kind."""
    behind = _BEHIND + bytes((kind,))
    expect(attribute.endswith(behind))
    return attribute[2 + attribute[1] : -len(behind)]


def _tag(kind: int, written_as: int) -> int:
    return _FIELD_OF[kind] << 3 | written_as


def _step(data: bytes) -> Step:
    attributes = {}
    for one in _all(data, 5):
        expect(one[0] == 1 << 3 | LEN and one[1] < 0x80)
        attributes[one[2 : 2 + one[1]].decode("ascii")] = one
    return Step(_only(data, 4), _all(data, 1), _all(data, 2), attributes)


def _end(data: bytes) -> End:
    """Return the name, kind and shape that one end is declared with."""
    declared = _only(_only(data, 2), 1)
    sizes = (_count(size, 1) for size in _all(_only(declared, 2), 1))
    return _only(data, 1), _count(declared, 1), tuple(sizes)


def _all(data: bytes, number: int) -> list[bytes]:
    return [value for at, value in fields(data) if at == number and isinstance(value, bytes)]


def _only(data: bytes, number: int) -> bytes:
    (found,) = _all(data, number)
    return found


def _count(data: bytes, number: int) -> int:
    (found,) = (value for at, value in fields(data) if at == number and isinstance(value, int))
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise OtherwiseWritten
