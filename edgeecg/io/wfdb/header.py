"""WFDB header files: one record line, one line a signal, comments. Every field is checked before anything is allocated."""

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time

from edgeecg.errors import InputError

FORMATS = (16, 212)
MAX_SIGNALS = 1024
MAX_COUNT = 2**48
MAX_ADC = 2**31
MAX_OFFSET = 2**48
MAX_FRAME = 4096
DEFAULT_RATE_HZ = 250.0
DEFAULT_GAIN = 200.0

_FORMAT = re.compile(r"(\d+)(?:x(\d+))?(?::(\d+))?(?:\+(\d+))?", re.ASCII)
_GAIN = re.compile(r"([^(/]+)(?:\((.+)\))?(?:/(.+))?")
_PLAIN_NAME = re.compile(r"[\w.\-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalLine:
    """What a header says of one signal."""

    file: str
    line: int
    format: int
    samples_per_frame: int = 1
    skew: int = 0
    """Frames by which this signal lies later in the file than the others."""
    byte_offset: int = 0
    gain: float = DEFAULT_GAIN
    baseline: int = 0
    units: str = "mV"
    checksum: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a header says of a record."""

    name: str
    rate_hz: float
    """Frames a second."""
    len_frames: int | None
    """None: as many as the files hold."""
    signals: tuple[SignalLine, ...]
    start: datetime | None
    comments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """A header line and where it stands, so that every refusal can say so."""

    file: str
    number: int
    text: str

    def error(self, what: str, got: object, allowed: str) -> InputError:
        return InputError(f"{self.file}, line {self.number}: {what}", got, allowed)

    def integer(self, what: str, text: str, low: int, high: int) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high or "_" in text:
            raise self.error(what, repr(text[:40]), f"a whole number from {low} to {high}")
        return value

    def finite(self, what: str, text: str, allowed: str = "a finite number") -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or "_" in text:
            raise self.error(what, repr(text[:40]), allowed)
        return value


def parse_header(text: str, file: str) -> Header:
    """Read a header's text; `file` is only for the errors."""
    comments: list[str] = []
    lines: list[_Line] = []
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.strip()
        if content.startswith("#"):
            comments.append(content[1:].strip())
        elif content:
            lines.append(_Line(file, number, content))
    if not lines:
        raise InputError(file, "a file without a record line", "a WFDB header")
    name, n_signals, rate_hz, len_frames, start = _record_line(lines[0])
    if len(lines) - 1 != n_signals:
        raise lines[0].error("number of signals", n_signals, f"the number of signal lines, {len(lines) - 1}")
    signals = tuple(_signal_line(line) for line in lines[1:])
    return Header(name=name, rate_hz=rate_hz, len_frames=len_frames, signals=signals, start=start, comments=tuple(comments))


def _record_line(line: _Line) -> tuple[str, int, float, int | None, datetime | None]:
    fields = line.text.split()
    if len(fields) < 2:
        raise line.error("record line", repr(line.text[:40]), "a name and a number of signals")
    name, _, segments = fields[0].partition("/")
    if segments:
        raise line.error("segments", segments[:40], "allowed: records of one segment only")
    if not _PLAIN_NAME.fullmatch(name):
        raise line.error("record name", repr(name[:40]), "letters, digits, '_', '-' and '.'")
    n_signals = line.integer("number of signals", fields[1], 1, MAX_SIGNALS)
    rate_hz = _rate(line, fields[2]) if len(fields) > 2 else DEFAULT_RATE_HZ
    len_frames = line.integer("samples a signal", fields[3], 0, MAX_COUNT) if len(fields) > 3 else 0
    clock = _time_of_day(line, fields[4]) if len(fields) > 4 else None
    day = _date(line, fields[5]) if len(fields) > 5 else None
    start = datetime.combine(day, clock) if day and clock else None
    return name, n_signals, rate_hz, len_frames or None, start


def _rate(line: _Line, text: str) -> float:
    allowed = "a finite number > 0"
    rate_hz = line.finite("rate", text.partition("/")[0], allowed)  # what follows / is a counter's rate: nobody reads it
    if rate_hz <= 0:
        raise line.error("rate", text[:40], allowed)
    return rate_hz


def _time_of_day(line: _Line, text: str) -> time:
    """HH:MM:SS, MM:SS or SS, with or without a fraction."""
    parts = text.split(":")
    if len(parts) > 3:
        raise line.error("start time", repr(text[:40]), "HH:MM:SS")
    hours, minutes = [*["0"] * (3 - len(parts)), *parts[:-1]]
    seconds = line.finite("start time", parts[-1])
    if not 0 <= seconds < 60:
        raise line.error("start time", repr(text[:40]), "HH:MM:SS")
    whole = int(seconds)
    microsecond = min(999_999, round((seconds - whole) * 1e6))
    return time(line.integer("start time", hours, 0, 23), line.integer("start time", minutes, 0, 59), whole, microsecond)


def _date(line: _Line, text: str) -> date:
    try:
        day, month, year = (line.integer("start date", part, 0, 9999) for part in text.split("/"))
        return date(year, month, day)
    except ValueError:
        raise line.error("start date", repr(text[:40]), "DD/MM/YYYY") from None


def _signal_line(line: _Line) -> SignalLine:
    fields = line.text.split(maxsplit=8)
    if len(fields) < 2:
        raise line.error("signal line", repr(line.text[:40]), "a file and a format")
    if not _PLAIN_NAME.fullmatch(fields[0]):
        raise line.error("signal file", repr(fields[0][:40]), "the name of a file beside the header")
    code, per_frame, skew, byte_offset = _format(line, fields[1])
    gain, baseline, units = _gain(line, fields[2]) if len(fields) > 2 else (DEFAULT_GAIN, None, "mV")
    adc = [line.integer(what, text, -MAX_ADC, MAX_ADC) for what, text in zip(_ADC_FIELDS, fields[3:8], strict=False)]
    adc_zero = adc[1] if len(adc) > 1 else 0
    return SignalLine(
        file=fields[0],
        line=line.number,
        format=code,
        samples_per_frame=per_frame,
        skew=skew,
        byte_offset=byte_offset,
        gain=gain,
        baseline=adc_zero if baseline is None else baseline,
        units=units,
        checksum=adc[3] if len(adc) > 3 else None,
        name=fields[8] if len(fields) > 8 else "",
    )


_ADC_FIELDS = ("resolution", "ADC zero", "initial value", "checksum", "block size")


def _format(line: _Line, text: str) -> tuple[int, int, int, int]:
    match = _FORMAT.fullmatch(text)
    if match is None:
        raise line.error("format", repr(text[:40]), "written like 212, 212x2, 16:3 or 16+24")
    code = match[1]
    if code not in {str(known) for known in FORMATS}:
        raise line.error("format", code[:40], f"read here; allowed: {', '.join(map(str, FORMATS))}")
    per_frame = line.integer("samples a frame", match[2] or "1", 1, MAX_FRAME)
    skew = line.integer("skew", match[3] or "0", 0, MAX_COUNT)
    byte_offset = line.integer("byte offset", match[4] or "0", 0, MAX_OFFSET)
    return int(code), per_frame, skew, byte_offset


def _gain(line: _Line, text: str) -> tuple[float, int | None, str]:
    match = _GAIN.fullmatch(text)
    if match is None:
        raise line.error("gain", repr(text[:40]), "written like 200, 200/mV or 200(1024)/mV")
    gain = line.finite("gain", match[1]) or DEFAULT_GAIN  # 0 says "not calibrated", for which the format sets 200
    baseline = None if match[2] is None else line.integer("baseline", match[2], -MAX_ADC, MAX_ADC)
    return gain, baseline, match[3] or "mV"
