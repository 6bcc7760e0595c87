"""MIT annotation files: pairs of bytes, six bits of code and ten of interval, with modifiers that follow what they modify."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError

SKIP, NUM, SUB, CHN, AUX = 59, 60, 61, 62, 63
NOTE = 22

SYMBOLS = {
    1: "N", 2: "L", 3: "R", 4: "a", 5: "V", 6: "F", 7: "J", 8: "A", 9: "S", 10: "E", 11: "j", 12: "/", 13: "Q",
    14: "~", 16: "|", 18: "s", 19: "T", 20: "*", 21: "D", 22: '"', 23: "=", 24: "p", 25: "B", 26: "^", 27: "t",
    28: "+", 29: "u", 30: "?", 31: "!", 32: "[", 33: "]", 34: "e", 35: "n", 36: "@", 37: "x", 38: "f", 39: "(",
    40: ")", 41: "r",
}  # fmt: skip

_RESOLUTION = re.compile(r"## time resolution: (\d{1,12}(?:\.\d{1,12})?)", re.ASCII)
_DEFINITION = re.compile(r"(\d{1,2}) (\S+) .+", re.ASCII)
_DEFINITIONS_BEGIN, _DEFINITIONS_END = "## annotation type definitions", "## end of definitions"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Annotations:
    """Marks on a recording, one row each, in time order."""

    samples: NDArray[np.int64]
    symbols: NDArray[np.str_]
    """The code's symbol; `[42]` for a code that neither the format nor the file defines."""
    subtypes: NDArray[np.int8]
    channels: NDArray[np.uint8]
    numbers: NDArray[np.int8]
    aux: tuple[str, ...]
    rate_hz: float | None = None
    """What one sample lasts, where the file itself says so."""

    def __len__(self) -> int:
        return len(self.samples)


@dataclass(slots=True)
class _Rows:
    """The file as it is read: the row under way is the last."""

    samples: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    subtypes: list[int] = field(default_factory=list)
    channels: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    aux: list[str] = field(default_factory=list)

    def begin(self, sample: int, code: int) -> None:
        """Channel and number stay as the row before had them; subtype and text do not."""
        self.channels.append(self.channels[-1] if self.channels else 0)
        self.numbers.append(self.numbers[-1] if self.numbers else 0)
        self.samples.append(sample)
        self.codes.append(code)
        self.subtypes.append(0)
        self.aux.append("")


def read_annotations(path: str | Path) -> Annotations:
    """Read an annotation file, named with its suffix: `100.atr`."""
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(str(path), error.strerror, "a readable annotation file") from error
    return parse_annotations(content, path.name)


def parse_annotations(content: bytes, file: str) -> Annotations:
    """Read an annotation file's bytes; `file` is only for the errors."""
    rows = _rows(content, file)
    rate_hz, symbols, used = _definitions(rows)
    keep = [i for i, code in enumerate(rows.codes) if code != 0 and i not in used]
    return Annotations(
        samples=np.array([rows.samples[i] for i in keep], np.int64),
        symbols=np.array([symbols.get(rows.codes[i], f"[{rows.codes[i]}]") for i in keep], np.str_),
        subtypes=np.array([rows.subtypes[i] for i in keep], np.int8),
        channels=np.array([rows.channels[i] for i in keep], np.uint8),
        numbers=np.array([rows.numbers[i] for i in keep], np.int8),
        aux=tuple(rows.aux[i] for i in keep),
        rate_hz=rate_hz,
    )


def _rows(content: bytes, file: str) -> _Rows:
    rows = _Rows()
    now = at = 0
    while at + 2 <= len(content):
        low, high = content[at], content[at + 1]
        code, interval = high >> 2, (high & 3) << 8 | low
        where = f"{file}, byte {at}"
        at += 2
        if code == 0 and interval == 0:
            return rows
        if code == SKIP:
            now += _long_interval(content, at, where)
            at += 4
        elif code >= NUM and not rows.codes:
            raise InputError(where, f"modifier {code}", "allowed before the first annotation")
        elif code == AUX:
            rows.aux[-1] = _text(content, at, interval, where)
            at += interval + interval % 2
        elif code >= NUM:
            _modify(rows, code, low)
        else:
            now += interval
            if now < 0 or (rows.samples and now < rows.samples[-1]):
                raise InputError(where, f"sample {now}", f"at or after {rows.samples[-1] if rows.samples else 0}")
            rows.begin(now, code)
    raise InputError(file, f"a file that ends after {len(rows.codes)} annotations without its end mark", "complete")


def _long_interval(content: bytes, at: int, where: str) -> int:
    """Four bytes: the high half first, each half with its low byte first."""
    if at + 4 > len(content):
        raise InputError(where, "a long interval cut short", "complete")
    return int.from_bytes(content[at : at + 2], "little", signed=True) * 65536 + int.from_bytes(content[at + 2 : at + 4], "little")


def _text(content: bytes, at: int, length: int, where: str) -> str:
    if at + length > len(content):
        raise InputError(where, f"a text of {length} bytes where {len(content) - at} are left", "complete")
    return content[at : at + length].decode("latin-1")


def _modify(rows: _Rows, code: int, low: int) -> None:
    signed = low - 256 if low > 127 else low
    if code == SUB:
        rows.subtypes[-1] = signed
    elif code == CHN:
        rows.channels[-1] = low
    else:
        rows.numbers[-1] = signed


def _definitions(rows: _Rows) -> tuple[float | None, dict[int, str], set[int]]:
    """Read what a file says of itself in notes at sample 0: its time resolution, and its own codes between two marks."""
    rate_hz: float | None = None
    symbols = dict(SYMBOLS)
    used: set[int] = set()
    defining = False
    for i, aux in enumerate(rows.aux):
        if rows.codes[i] != NOTE or rows.samples[i] != 0:
            break
        text = aux.rstrip("\0 ")
        resolution, definition = _RESOLUTION.fullmatch(text), _DEFINITION.fullmatch(text)
        if text in {_DEFINITIONS_BEGIN, _DEFINITIONS_END}:
            defining = text == _DEFINITIONS_BEGIN
        elif defining and definition:
            symbols[int(definition[1])] = definition[2]
        elif resolution:
            rate_hz = float(resolution[1])
        else:
            continue  # a remark like any other
        used.add(i)
    return rate_hz, symbols, used
