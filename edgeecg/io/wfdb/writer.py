"""WFDB records written as they come: format 16, the header last, when the sums are known; and annotation files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.io.newfile import open_new
from edgeecg.io.wfdb.annotations import AUX, NOTE, SKIP, SYMBOLS

CODES = {symbol: code for code, symbol in SYMBOLS.items()}
LONGEST_STEP = 1023
MAX_AUX = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One signal of a record, as its header line describes it."""

    name: str
    gain: float
    units: str = "mV"
    samples_per_frame: int = 1


class RecordWriter:
    """A record being written: `path` names it without a suffix. It can be read once this is closed."""

    def __init__(self, path: Path, signals: Sequence[Signal], *, rate_hz: float, comments: Sequence[str] = ()) -> None:
        self._path, self._signals, self._rate_hz, self._comments = path, tuple(signals), rate_hz, tuple(comments)
        self._sums, self._first, self._n_frames = [0] * len(signals), [0] * len(signals), 0
        self._file = open_new(path.with_name(path.name + ".dat"))

    def write(self, *channels: NDArray[np.int16]) -> None:
        """Append whole frames: one array a signal."""
        frames = [x.reshape(-1, signal.samples_per_frame) for x, signal in zip(channels, self._signals, strict=True)]
        if not self._n_frames and len(frames[0]):
            self._first = [int(x[0, 0]) for x in frames]
        self._sums = [total + int(x.sum(dtype=np.int64)) for total, x in zip(self._sums, frames, strict=True)]
        self._n_frames += len(frames[0])
        self._file.write(np.hstack(frames).astype("<i2").tobytes())

    def close(self) -> None:
        """Write the header."""
        self._file.close()
        name = self._path.name
        lines = [f"{name} {len(self._signals)} {self._rate_hz:.12g} {self._n_frames}"]
        for signal, first, total in zip(self._signals, self._first, self._sums, strict=True):
            form = f"16x{signal.samples_per_frame}" if signal.samples_per_frame > 1 else "16"
            checksum = (total + 32768) % 65536 - 32768
            lines.append(f"{name}.dat {form} {signal.gain:g}(0)/{signal.units} 16 0 {first} {checksum} 0 {signal.name}")
        lines += [f"# {comment}" for comment in self._comments]
        self._path.with_name(name + ".hea").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class AnnotationWriter:
    """An annotation file being written, named with its suffix: `x.atr`."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._file = open_new(path)
        self._sample = 0

    def add(self, sample: int, symbol: str, aux: str = "") -> None:
        """Append a mark; marks come in time order."""
        if sample < self._sample:
            raise InputError(f"{self._name}: annotation", f"sample {sample} after {self._sample}", "in time order")
        if symbol not in CODES:
            raise InputError(f"{self._name}: annotation", repr(symbol), "a symbol of the format")
        text = aux.encode("latin-1")
        if len(text) > MAX_AUX:
            raise InputError(f"{self._name}: annotation", f"a text of {len(text)} bytes", f"at most {MAX_AUX}")
        self._file.write(self._step(sample - self._sample, CODES[symbol]))
        if text:
            self._file.write(_pair(AUX, len(text)) + text + b"\0" * (len(text) % 2))
        self._sample = sample

    def note(self, text: str) -> None:
        """Append a remark at the place of the last mark."""
        self.add(self._sample, SYMBOLS[NOTE], text)

    def close(self) -> None:
        """Mark the end."""
        self._file.write(_pair(0, 0))
        self._file.close()

    @staticmethod
    def _step(step: int, code: int) -> bytes:
        if step <= LONGEST_STEP:
            return _pair(code, step)
        packed = step.to_bytes(4, "little", signed=True)
        return _pair(SKIP, 0) + packed[2:] + packed[:2] + _pair(code, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _pair(code: int, interval: int) -> bytes:
    return (code << 10 | interval).to_bytes(2, "little")
