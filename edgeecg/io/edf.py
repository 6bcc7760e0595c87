"""EDF and EDF+ (Kemp et al. 1992; Kemp and Olivan 2003), read from the published specification: one file, 16-bit samples in data records."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.io.recording import Lead, Recording

FIXED_BYTES: Final = 256
SIGNAL_BYTES: Final = 256
MAX_SIGNALS: Final = 512
ANNOTATIONS: Final = "EDF Annotations"
CENTURY_BREAK: Final = 85
"""Two-digit years from here on are 19.., by the specification."""

_SIGNAL_FIELDS: Final = (
    ("label", 16), ("transducer", 80), ("unit", 8), ("physical_min", 8), ("physical_max", 8), ("digital_min", 8), ("digital_max", 8),
    ("filtering", 80), ("n_samples", 8), ("reserved", 32),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Header:
    n_bytes: int
    start: datetime | None
    is_interrupted: bool
    n_records: int
    record_s: float
    n_signals: int


@dataclass(frozen=True, slots=True)
class _Signal:
    label: str
    unit: str
    physical: tuple[float, float]
    digital: tuple[int, int]
    n_samples: int
    """In a data record."""


def read_edf(path: str | Path) -> Recording:
    """Read every signal but annotations; a file that is shorter or longer than its header says is refused."""
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(str(path), error.strerror, "a readable file") from error
    header = _read_header(content, path.name)
    signals = _read_signals(content, header, path.name)
    table = _read_table(content, header, signals, path.name)
    leads, at = [], 0
    for signal in signals:
        columns = table[:, at : at + signal.n_samples]
        at += signal.n_samples
        if signal.label != ANNOTATIONS:
            leads.append(_lead(signal, columns, header.record_s))
    if not leads:
        raise InputError(path.name, "a file of annotations only", "one or more signals")
    return Recording(name=path.stem, rate_hz=leads[0].rate_hz, leads=tuple(leads), start=header.start)


def _text(data: bytes) -> str:
    return data.decode("latin-1").strip()


def _number(text: str, where: str, *, whole: bool) -> float:
    try:
        value = float(int(text)) if whole else float(text)
    except ValueError:
        raise InputError(where, repr(text), "a whole number" if whole else "a number") from None
    if not np.isfinite(value):
        raise InputError(where, repr(text), "a finite number")
    return value


def _read_header(content: bytes, where: str) -> _Header:
    if len(content) < FIXED_BYTES:
        raise InputError(where, f"a file of {len(content)} bytes", f"at least the {FIXED_BYTES} of a header")
    if _text(content[:8]) != "0":
        raise InputError(f"{where}: version", repr(content[:8].decode("latin-1")), "0, as in every EDF file")
    n_signals = int(_number(_text(content[252:256]), f"{where}: signals", whole=True))
    if not 1 <= n_signals <= MAX_SIGNALS:
        raise InputError(f"{where}: signals", n_signals, f"1 to {MAX_SIGNALS}")
    n_bytes = int(_number(_text(content[184:192]), f"{where}: header bytes", whole=True))
    if n_bytes != FIXED_BYTES + SIGNAL_BYTES * n_signals or len(content) < n_bytes:
        raise InputError(
            f"{where}: header bytes", f"{n_bytes}, of a file of {len(content)}", f"{FIXED_BYTES + SIGNAL_BYTES * n_signals}, and there"
        )
    record_s = _number(_text(content[244:252]), f"{where}: record duration", whole=False)
    if record_s <= 0:
        raise InputError(f"{where}: record duration", record_s, "> 0 s")
    return _Header(
        n_bytes=n_bytes,
        start=_start(_text(content[168:176]), _text(content[176:184])),
        is_interrupted=_text(content[192:236]).startswith("EDF+D"),
        n_records=int(_number(_text(content[236:244]), f"{where}: data records", whole=True)),
        record_s=record_s,
        n_signals=n_signals,
    )


def _start(date: str, time: str) -> datetime | None:
    """Read dd.mm.yy and hh.mm.ss; what is no date is not known."""
    try:
        day, month, year = (int(part) for part in date.split("."))
        hour, minute, second = (int(part) for part in time.split("."))
        return datetime(year + (1900 if year >= CENTURY_BREAK else 2000), month, day, hour, minute, second)  # noqa: DTZ001 - local, says EDF
    except ValueError:
        return None


def _read_signals(content: bytes, header: _Header, where: str) -> list[_Signal]:
    """Fields stand signal after signal: all labels, then all transducers, and so on."""
    columns: dict[str, list[str]] = {}
    at = FIXED_BYTES
    for name, width in _SIGNAL_FIELDS:
        columns[name] = [_text(content[at + i * width : at + (i + 1) * width]) for i in range(header.n_signals)]
        at += width * header.n_signals
    return [_signal({name: values[i] for name, values in columns.items()}, f"{where}, signal {i + 1}") for i in range(header.n_signals)]


def _signal(fields: dict[str, str], where: str) -> _Signal:
    def number(name: str, *, whole: bool) -> float:
        return _number(fields[name], f"{where}: {name}", whole=whole)

    physical = number("physical_min", whole=False), number("physical_max", whole=False)
    digital = int(number("digital_min", whole=True)), int(number("digital_max", whole=True))
    n_samples = int(number("n_samples", whole=True))
    if n_samples < 1:
        raise InputError(f"{where}: n_samples", n_samples, "at least 1 in a data record")
    if fields["label"] != ANNOTATIONS and (physical[0] == physical[1] or digital[0] >= digital[1]):
        raise InputError(f"{where}: range", f"{digital} for {physical}", "two ranges that are not empty")
    return _Signal(fields["label"], fields["unit"], physical, digital, n_samples)


def _read_table(content: bytes, header: _Header, signals: list[_Signal], where: str) -> NDArray[np.int16]:
    """Return the data records as rows."""
    if header.is_interrupted:
        raise InputError(f"{where}: reserved", "EDF+D, a recording with interruptions", "continuous: EDF or EDF+C")
    len_record = sum(signal.n_samples for signal in signals)
    expected = header.n_bytes + 2 * len_record * header.n_records
    if header.n_records < 1:
        raise InputError(f"{where}: data records", header.n_records, "at least 1 (-1 is a recording that was never finished)")
    if len(content) < expected:
        whole, rest = divmod(len(content) - header.n_bytes, 2 * len_record)
        raise InputError(
            where, f"cut short: {whole} of {header.n_records} data records and {rest} bytes", f"{expected} bytes, as its header says"
        )
    if len(content) > expected:
        raise InputError(
            where, f"a file with {len(content) - expected} bytes after its last data record", f"{expected} bytes, as its header says"
        )
    return np.frombuffer(content, "<i2", offset=header.n_bytes).reshape(header.n_records, len_record)


def _lead(signal: _Signal, columns: NDArray[np.int16], record_s: float) -> Lead:
    steps = (signal.digital[1] - signal.digital[0]) / (signal.physical[1] - signal.physical[0])
    return Lead(
        name=signal.label.removeprefix("ECG "),
        raw=np.ascontiguousarray(columns).reshape(-1),
        rate_hz=signal.n_samples / record_s,
        gain=steps,
        baseline=signal.digital[0] - signal.physical[0] * steps,
        units=signal.unit,
    )
