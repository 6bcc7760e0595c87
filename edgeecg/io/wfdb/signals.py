"""WFDB signal files, formats 16 and 212: nothing is read before the file is known to hold it."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.io.recording import Lead, Recording
from edgeecg.io.wfdb.header import Header, SignalLine, parse_header

MAX_HEADER_BYTES = 1 << 20
INVALID = {16: -32768, 212: -2048}
"""The value by which a format says that a sample is missing."""


def read_record(path: str | Path) -> Recording:
    """Read a record, named with or without `.hea`; its signal files stand beside the header."""
    header_path = _header_path(Path(path))
    header = parse_header(_header_text(header_path), header_path.name)
    groups = [tuple(group) for _, group in groupby(header.signals, key=lambda signal: signal.file)]
    if len({group[0].file for group in groups}) < len(groups):
        raise InputError(header_path.name, "a file named again after another one", "one run of lines a file")
    leads: list[Lead] = []
    warnings: list[str] = []
    for group in groups:
        for lead, warning in _read_group(header_path, header, group):
            leads.append(lead)
            warnings.extend(warning)
    return Recording(
        name=header.name,
        rate_hz=header.rate_hz,
        leads=tuple(leads),
        start=header.start,
        comments=header.comments,
        warnings=tuple(warnings),
    )


def _header_path(path: Path) -> Path:
    return path if path.suffix == ".hea" else path.with_name(path.name + ".hea")


def _header_text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_HEADER_BYTES:
            raise InputError(str(path), f"a header of {size} bytes", f"at most {MAX_HEADER_BYTES}")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(str(path), error.strerror, "a readable header") from error


def _read_group(header_path: Path, header: Header, group: tuple[SignalLine, ...]) -> Iterator[tuple[Lead, list[str]]]:
    """Read the signals that share a file: frame by frame, each gives `samples_per_frame` samples."""
    first = group[0]
    where = f"{header_path.name}, line {first.line}"
    for field in ("format", "byte_offset"):
        values = {getattr(signal, field) for signal in group}
        if len(values) > 1:
            raise InputError(f"{where}: {field}", sorted(values), f"the same for every signal of {first.file}")
    per_frame = sum(signal.samples_per_frame for signal in group)
    stored, n_frames = _stored(header_path.parent / first.file, header, group, per_frame)
    column = 0
    for signal in group:
        frames = stored[:, column : column + signal.samples_per_frame]
        column += signal.samples_per_frame
        raw = _deskewed(frames, signal, n_frames)
        yield _lead(raw, signal, header), _checksum_warning(raw, signal)


def _stored(path: Path, header: Header, group: tuple[SignalLine, ...], per_frame: int) -> tuple[NDArray[Any], int]:
    """Give the file's frames as rows, those that a skewed signal needs beyond the record's end included."""
    first = group[0]
    if not path.is_file():
        raise InputError(f"{path.name} (named in line {first.line} of the header)", "missing or no file", "a signal file")
    n_bytes = path.stat().st_size - first.byte_offset
    held = max(0, n_bytes) // 2 if first.format == 16 else max(0, n_bytes) * 2 // 3  # 212: a last odd sample takes 2 bytes
    held_frames = held // per_frame
    n_frames = header.len_frames if header.len_frames is not None else held_frames
    if n_bytes < 0 or n_frames > held_frames:
        missing = n_frames * per_frame - held
        raise InputError(
            f"{path.name}", f"a file with {missing} of {n_frames * per_frame} samples missing", "complete: the header promises them"
        )
    wanted = min(held_frames, n_frames + max(signal.skew for signal in group)) * per_frame
    read = _read_16 if first.format == 16 else _read_212
    return read(path, first.byte_offset, wanted).reshape(-1, per_frame), n_frames


def _read_16(path: Path, byte_offset: int, n_samples: int) -> NDArray[np.int16]:
    return np.fromfile(path, dtype="<i2", count=n_samples, offset=byte_offset).astype(np.int16, copy=False)


def _read_212(path: Path, byte_offset: int, n_samples: int) -> NDArray[np.int16]:
    """Three bytes hold two samples of twelve bits: the middle byte holds the high bits of both, the first's below."""
    packed = np.fromfile(path, dtype=np.uint8, count=(n_samples * 3 + 1) // 2, offset=byte_offset)
    if n_samples % 2:
        packed = np.append(packed, np.uint8(0))
    triplets = packed.reshape(-1, 3).astype(np.int16)
    samples = np.empty((len(triplets), 2), np.int16)
    samples[:, 0] = triplets[:, 0] | (triplets[:, 1] & 0x0F) << 8
    samples[:, 1] = triplets[:, 2] | (triplets[:, 1] & 0xF0) << 4
    samples[samples > 2047] -= 4096
    return samples.reshape(-1)[:n_samples]


def _deskewed(frames: NDArray[Any], signal: SignalLine, n_frames: int) -> NDArray[Any]:
    raw = np.full(n_frames * signal.samples_per_frame, INVALID[signal.format], frames.dtype)
    found = frames[signal.skew : signal.skew + n_frames].reshape(-1)
    raw[: len(found)] = found
    return raw


def _lead(raw: NDArray[Any], signal: SignalLine, header: Header) -> Lead:
    return Lead(
        name=signal.name,
        raw=raw,
        rate_hz=header.rate_hz * signal.samples_per_frame,
        gain=signal.gain,
        baseline=signal.baseline,
        units=signal.units,
        invalid=INVALID[signal.format],
    )


def _checksum_warning(raw: NDArray[Any], signal: SignalLine) -> list[str]:
    """Compare modulo 2^16, the width the format gives it."""
    # Converters that never summed write 0; and which samples of a skewed signal count is not written down.
    if not signal.checksum or signal.skew:
        return []
    got = int(raw.sum(dtype=np.int64))
    if (got - signal.checksum) % 65536 == 0:
        return []
    signed = (got + 32768) % 65536 - 32768
    return [f"{signal.file}, signal {signal.name!r}: checksum {signed}, the header says {signal.checksum}"]
