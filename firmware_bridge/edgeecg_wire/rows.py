"""A result as one line of text, the same line the C program `edgeecg-rows` prints: vectors and comparisons are made of these."""

from collections.abc import Iterator

from edgeecg_wire.codec import Damaged, Overlong, Refused, Result, Unknown
from edgeecg_wire.frames import Frame, Hello, Samples, Stream


def row(result: Result) -> str:
    """Return the line for a result."""
    if isinstance(result, Damaged):
        return f"damaged {result.why}"
    if isinstance(result, Overlong):
        return "overlong"
    if isinstance(result, Unknown):
        return f"unknown version={result.version} type={result.type}"
    if isinstance(result, Refused):
        return f"refused {result.why} type={result.type}"
    return " ".join([result.NAME, *_fields(result), *_tail(result)])


def _fields(record: Frame | Stream) -> Iterator[str]:
    for name in record.FIELDS:
        if name == "stream_bytes":  # tells how to read the rest; says nothing about the device
            continue
        value = getattr(record, name)
        yield f"{name}={','.join(map(str, value)) if isinstance(value, tuple) else value}"


def _tail(frame: Frame) -> Iterator[str]:
    if isinstance(frame, Samples):
        yield f"data={frame.data.hex()}"
    if isinstance(frame, Hello):
        for stream in frame.streams:
            yield "|"
            yield from _fields(stream)
