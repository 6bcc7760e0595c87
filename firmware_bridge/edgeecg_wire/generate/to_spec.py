"""The table as SPEC.md's byte tables, put between markers the page holds."""

import re
from collections.abc import Iterator

from edgeecg_wire.schema import CODES, FRAMES, HEADER, LIMITS, STREAM, Constant, Field, Frame, Layout

_MARKED = re.compile(r"(<!-- table: ([a-z_ ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_TAILS = {
    "samples": "| {at} | count x leads x bits / 8 | samples | i16 or i24 | the leads of one instant side by side, then the next instant |",
    "streams": "| {at} | n_streams x stream_bytes | streams | `stream` | descriptors; what follows the 33 bytes known here is skipped |",
}


def refreshed(spec: str) -> str:
    """Return the page with every table written anew; a table without a marker, or a marker without a table, is an error."""
    tables = _tables()
    found = [match[2] for match in _MARKED.finditer(spec)]
    if sorted(found) != sorted(tables):
        raise ValueError(f"SPEC.md: markers {sorted(found)} are not {sorted(tables)}")
    return _MARKED.sub(lambda match: match[1] + "\n".join(tables[match[2]]) + "\n" + match[3], spec)


def _tables() -> dict[str, list[str]]:
    tables = {"limits": list(_codes(LIMITS)), "types": list(_types())}
    tables |= {name: list(_codes(codes)) for name, codes in CODES.items()}
    tables["header"] = list(_layout(HEADER, 0))
    tables["stream"] = list(_layout(STREAM, 0))
    tables |= {frame.payload.name: list(_frame(frame)) for frame in FRAMES}
    return tables


def _codes(constants: tuple[Constant, ...]) -> Iterator[str]:
    yield "| name | value | meaning |\n|---|---|---|"
    for constant in constants:
        yield f"| `{constant.name}` | {constant.value} | {constant.doc} |"


def _types() -> Iterator[str]:
    yield "| type | frame | sent by | payload bytes | |\n|---|---|---|---|---|"
    for frame in FRAMES:
        more = " and more" if frame.tail else ""
        yield f"| {frame.type:#04x} | `{frame.payload.name}` | {frame.sender} | {frame.payload.size}{more} | {frame.payload.doc} |"


def _layout(layout: Layout, start: int) -> Iterator[str]:
    yield "| offset | bytes | field | type | meaning | allowed |\n|---|---|---|---|---|---|"
    for field in layout.fields:
        yield f"| {start} | {field.size} | `{field.name}` | {field.wire} | {field.doc} | {_allowed(field)} |"
        start += field.size


def _frame(frame: Frame) -> Iterator[str]:
    if not frame.payload.fields:
        yield "No payload."
        return
    yield from _layout(frame.payload, HEADER.size)
    if frame.tail:
        yield _TAILS[frame.tail].format(at=HEADER.size + frame.payload.size) + " |"


def _allowed(field: Field) -> str:
    if field.only:
        return " or ".join(map(str, field.only))
    if field.low is None and field.high is None:
        return ""
    return f"at least {field.low}" if field.high is None else f"{field.low or 0}..{field.high}"
