"""Frames drawn from the protocol's own table: whatever the table allows, sooner or later."""

from typing import Any

from hypothesis import strategies as st

from edgeecg_wire import frames
from edgeecg_wire.frames import FRAMES, MAX_FRAME, Frame, Hello, Samples, Stream
from edgeecg_wire.schema import FRAMES as TABLE
from edgeecg_wire.schema import HEADER, STREAM, Field, Layout
from edgeecg_wire.schema import Frame as Row

_RANGES = {"u8": (0, 2**8 - 1), "u16": (0, 2**16 - 1), "u32": (0, 2**32 - 1), "u64": (0, 2**64 - 1)}
_RANGES |= {"i32": (-(2**31), 2**31 - 1), "i64": (-(2**63), 2**63 - 1)}
_NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,15}\Z")
_TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=16)


def _values(field: Field) -> st.SearchStrategy[Any]:
    if field.wire == "name16":
        return _NAMES
    if field.wire == "text16":
        return _TEXTS
    if field.wire == "u16x8":
        return st.tuples(*[st.integers(0, 2**16 - 1)] * 8)
    if field.only:
        return st.sampled_from(field.only)
    low, high = _RANGES[field.wire]
    return st.integers(low if field.low is None else field.low, high if field.high is None else field.high)


def _stored(layout: Layout) -> dict[str, st.SearchStrategy[Any]]:
    return {field.name: _values(field) for field in layout.fields if not field.derived}


def _header(row: Row) -> dict[str, st.SearchStrategy[Any]]:
    own = {field.name: _values(field) for field in HEADER.fields if field.name not in {"version", "type"}}
    return own | {"stream": st.integers(0, row.max_stream)}


@st.composite
def samples(draw: st.DrawFn) -> Samples:
    row = next(row for row in TABLE if row.tail == "samples")
    fields = {name: draw(values) for name, values in (_header(row) | _stored(row.payload)).items()}
    instant = fields["leads"] * fields["bits"] // 8
    count = draw(st.integers(1, (MAX_FRAME - 28) // instant))
    data = draw(st.one_of(st.binary(min_size=count * instant, max_size=count * instant), st.just(bytes(count * instant))))
    return Samples(**fields, data=data)


def hellos() -> st.SearchStrategy[Hello]:
    row = next(row for row in TABLE if row.tail == "streams")
    streams = st.lists(st.builds(Stream, **_stored(STREAM)), max_size=8, unique_by=lambda stream: stream.stream).map(tuple)
    return st.builds(Hello, **_header(row), **_stored(row.payload), streams=streams)


def any_frame() -> st.SearchStrategy[Frame]:
    fixed = [st.builds(FRAMES[row.type], **_header(row), **_stored(row.payload)) for row in TABLE if not row.tail]
    return st.one_of(samples(), hellos(), *fixed)


def lines() -> st.SearchStrategy[bytes]:
    """What a line may bring: frames whole and broken, noise, zeros, more than the longest segment."""
    from edgeecg_wire.codec import encode

    wire = any_frame().map(encode)
    broken = st.tuples(wire, st.integers(0, 2000), st.binary(max_size=3)).map(lambda t: t[0][: t[1]] + t[2] + t[0][t[1] + len(t[2]) :])
    long = st.integers(frames.MAX_SEGMENT - 3, frames.MAX_SEGMENT + 3).map(lambda n: b"\x01" * n + b"\0")
    return st.lists(st.one_of(wire, wire, broken, st.binary(max_size=40), long, st.just(b"\0\0")), max_size=8).map(b"".join)


def cuts_of(line: bytes) -> st.SearchStrategy[list[bytes]]:
    places = st.lists(st.integers(0, len(line)), max_size=12).map(sorted)
    return places.map(lambda at: [line[a:b] for a, b in zip([0, *at], [*at, len(line)], strict=True)])
