"""Bytes of our own protocol as they came off a line (`edgeecg record --to PATH.frames`, or any other way), read as a recording.

A file knows no arrivals. Where frames are missing the device's clock says how many samples were, or the counter where there is no clock; where
the device began anew nobody knows, and what follows stands next.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.io.recording import Lead, Recording
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.intake import Intake
from edgeecg.io.sources.items import ECG, PCG, Announced, Item, Notice, Refusal
from edgeecg.io.sources.own import OwnDevice
from edgeecg.io.sources.refusals import Refusals
from edgeecg.types import Chunk

SUFFIX: Final = ".frames"
BLOCK_BYTES: Final = 1 << 20
MAX_MISSING_S: Final = 3600.0
"""A clock that goes on by more was set, or is another's."""
COPIES: Final = 32
"""A frame so far behind the newest has come before."""


@dataclass(slots=True)
class _Stream:
    """What came of one stream, and where its next frame begins."""

    announced: Announced
    pieces: list[NDArray[Any]] = field(default_factory=list)
    next_sequence: int = -1
    next_us: float = -1.0

    def take(self, chunk: Chunk) -> None:
        """Put a chunk, without a break in itself, after what came before it."""
        facts = self.announced.facts
        n, sequence, device_us = len(chunk.samples), chunk.sequence, chunk.device_us
        last_len = n
        if self.next_sequence >= 0:
            ahead = (sequence - self.next_sequence) & 0xFFFF
            if ahead >= (1 << 16) - COPIES:
                return
            missing = self._missing(ahead, device_us, n if chunk.frames is None else int(chunk.frames[0, 0]))
            self.pieces.append(np.full((missing, len(facts.leads)), np.nan))
        if chunk.frames is not None:
            last_len, sequence, device_us, _ = chunk.frames[-1].tolist()
        self.pieces.append(chunk.samples.reshape(n, len(facts.leads)))
        self.next_sequence = (sequence + 1) & 0xFFFF
        self.next_us = device_us + 1e6 * last_len / facts.rate_hz if device_us >= 0 else -1.0

    def _missing(self, ahead: int, device_us: int, frame_len: int) -> int:
        """Return how many samples did not come before a frame that is so many ahead of the next."""
        facts = self.announced.facts
        if device_us < 0 or self.next_us < 0:
            return ahead * frame_len if ahead < 1 << 15 else 0
        off_us = device_us - self.next_us
        if facts.device_clock_bits == 32:
            off_us = (off_us + 2**31) % 2**32 - 2**31
        missing = round(off_us * facts.rate_hz / 1e6)
        return missing if missing > frame_len // 2 and missing <= MAX_MISSING_S * facts.rate_hz else 0

    def leads(self) -> tuple[Lead, ...]:
        """Return them at their scale."""
        facts, samples = self.announced.facts, np.concatenate(self.pieces)
        units = "mV" if self.announced.kind == ECG else "FS"
        return tuple(
            Lead(
                name=name, raw=np.ascontiguousarray(samples[:, i]), rate_hz=facts.rate_hz,
                gain=1 / facts.mv_per_unit, baseline=facts.offset_units, units=units,
            )
            for i, name in enumerate(facts.leads)
        )  # fmt: skip


def read_capture(path: Path) -> list[Recording]:
    """Read what a line brought: a recording for each stream of ECG or sound; what was refused of it is told as a warning."""
    streams: dict[str, _Stream] = {}
    told: list[Notice] = []
    device = OwnDevice(Intake(path.name, 0, Claims(), Refusals(told.append), told.append))
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                for item in device.feed(block, 0):
                    _take(streams, item)
    except OSError as error:
        raise InputError(str(path), error.strerror, "a readable file") from error
    heard = [stream for stream in streams.values() if stream.pieces]
    if not heard:
        raise InputError(str(path), "a file without a hello and samples after it", "what a device sends that speaks edgeecg's protocol")
    warnings = tuple(str(notice) for notice in told if isinstance(notice, Refusal))
    return [Recording(name=path.stem, rate_hz=one.announced.facts.rate_hz, leads=one.leads(), warnings=warnings) for one in heard]


def _take(streams: dict[str, _Stream], item: Item) -> None:
    if isinstance(item, Announced) and item.kind in {ECG, PCG}:
        streams[item.stream] = _Stream(item)
    elif isinstance(item, Chunk) and item.stream in streams:
        streams[item.stream].take(item)
