"""The table as Python: one frozen record for each frame, with its layout and its rules."""

from collections.abc import Iterator

from edgeecg_wire.schema import CODES, FRAMES, HEADER, LIMITS, STREAM, Field, Frame, Layout

_HEAD = '''"""Generated from schema.py by `python -m edgeecg_wire.generate`: every record of the protocol."""

# fmt: off
from dataclasses import dataclass
from struct import Struct
from typing import ClassVar

from edgeecg_wire.text import DEVICE_NAME, TEXT
'''
_TYPES = {"name16": "str", "text16": "str", "u16x8": "tuple[int, ...]"}
_TAILS = {"samples": "data: bytes", "streams": 'streams: "tuple[Stream, ...]"'}
_PATTERNS = {"name16": "DEVICE_NAME", "text16": "TEXT"}


def text() -> str:
    """Return the whole of frames.py."""
    parts = [_HEAD, "\n".join(_constants()), "", _record(STREAM, [], [], None)]
    parts += [_frame(frame) for frame in FRAMES]
    return "\n".join(parts) + _registry()


def class_name(name: str) -> str:
    """Turn the table's `set_rate` into `SetRate`."""
    return "".join(word.capitalize() for word in name.split("_"))


def _constants() -> Iterator[str]:
    for constant in (*LIMITS, *(code for codes in CODES.values() for code in codes)):
        yield f"{constant.name} = {constant.value}  # {constant.doc}"


def _frame(frame: Frame) -> str:
    own = [field for field in HEADER.fields if field.name not in ("version", "type")]
    if frame.max_stream < 255:
        own[0] = Field("stream", "u8", own[0].doc, high=frame.max_stream)
    tail = [_TAILS[frame.tail]] if frame.tail else []
    layout = Layout(frame.payload.name, frame.payload.doc, (*own, *frame.payload.fields))
    constants = [f"TYPE: ClassVar[int] = {frame.type:#04x}", f'NAME: ClassVar[str] = "{frame.payload.name}"']
    return _record(layout, constants, tail, frame)


def _record(layout: Layout, constants: list[str], tail: list[str], frame: Frame | None) -> str:
    stored = [f"{field.name}: {_TYPES.get(field.wire, 'int')}" for field in layout.fields if not field.derived]
    prefix = "BB" if frame else ""
    names = ", ".join(f'"{field.name}"' for field in layout.fields) + ("," if len(layout.fields) == 1 else "")
    lines = ["", "@dataclass(frozen=True, slots=True)", f"class {class_name(layout.name)}:", f'    """{layout.doc}"""', ""]
    lines += [f"    {line}" for line in (*stored, *tail, *constants)]
    lines += [f'    LAYOUT: ClassVar[Struct] = Struct("<{prefix}{layout.format}")']
    lines += [f"    FIELDS: ClassVar[tuple[str, ...]] = ({names})"]
    for field in layout.fields:
        lines += _derived(field) if field.derived else []
    lines += ["", "    def wrong(self) -> str:", '        """Say which rule is broken, or nothing."""']
    rules = [rule for field in layout.fields if not field.derived for rule in _rule(field)]
    rules += _tail_rules(frame)
    rules += [rule for field in layout.fields if field.derived and field.name != "stream_bytes" for rule in _rule(field)]
    return "\n".join([*lines, *(f"        {rule}" for rule in rules), '        return ""', ""])


def _derived(field: Field) -> list[str]:
    head = ["", "    @property", f"    def {field.name}(self) -> int:"]
    return [*head, f'        """Return the {field.doc}."""', f"        return {field.derived}"]


def _rule(field: Field) -> list[str]:
    name, value = field.name, f"self.{field.name}"
    if field.wire in _PATTERNS:
        pattern = _PATTERNS[field.wire]
        return [f"if not {pattern}.fullmatch({value}):", f'    return f"{name}: {{{value}!r}} is not {{{pattern}.pattern}}"']
    if field.wire == "u16x8":
        return [f"if len({value}) != MAX_LEADS:", f'    return f"{name}: {{len({value})}} of them, not {{MAX_LEADS}}"']
    if field.only:
        return [f"if {value} not in {field.only}:", f'    return f"{name}: {{{value}}} is not {" or ".join(map(str, field.only))}"']
    if field.low is None and field.high is None:
        return []
    return [f"if {_outside(field, value)}:", f'    return f"{name}: {{{value}}} is not {_range(field)}"']


def _outside(field: Field, value: str) -> str:
    if field.low is None:
        return f"{value} > {field.high}"
    if field.high is None:
        return f"{value} < {field.low}"
    return f"not {field.low} <= {value} <= {field.high}"


def _range(field: Field) -> str:
    return f"at least {field.low}" if field.high is None else f"in {field.low or 0}..{field.high}"


def _tail_rules(frame: Frame | None) -> list[str]:
    if frame is None or not frame.tail:
        return []
    if frame.tail == "samples":
        return ["if len(self.data) % (self.leads * self.bits // 8):", '    return f"data: {len(self.data)} bytes are not whole samples"']
    return [
        "for stream in self.streams:",
        "    if why := stream.wrong():",
        '        return f"streams: {why}"',
        "if len({stream.stream for stream in self.streams}) < len(self.streams):",
        '    return "streams: two have one number"',
    ]


def _registry() -> str:
    names = [class_name(frame.payload.name) for frame in FRAMES]
    union = " | ".join(names)
    types = ", ".join(f"{name}.TYPE: {name}" for name in names)
    return f"\n\nFrame = {union}\nFRAMES: dict[int, type[Frame]] = {{{types}}}\n"
