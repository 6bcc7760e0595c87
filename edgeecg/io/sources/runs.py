"""What a read brings of our own protocol: a few frames are decoded one by one; of many, those that follow each other are one run."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from threading import local
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edgeecg.types import FRAME_FIELDS
from edgeecg_kernels import wire_scan as scan
from edgeecg_wire import frames as f
from edgeecg_wire.codec import Damaged, Decoder, Overlong, Result, decode, read

MANY_BYTES: Final = 2048
"""In a read from which on the scanner is the faster way: some tens of frames."""
BATCH: Final = 1024
"""Frames between two answers of the scanner."""
MAX_RUN_VALUES: Final = 8192
"""Of a longer run a second is made: a queue that has to drop samples drops a chunk of them at a time."""
_MINE: Final = local()
_SAME: Final = ("stream", "rate_millihz", "leads", "bits", "lead_off")
_WHY: Final = {scan.DAMAGED_COBS: "cobs", scan.DAMAGED_SHORT: "short", scan.DAMAGED_CRC: "crc"}


@dataclass(frozen=True, slots=True)
class Run:
    """Frames of one stream, all alike, each the next of the one before by its counter and by its clock; `dropped` is the first's."""

    stream: int
    rate_millihz: int
    leads: int
    bits: int
    lead_off: int
    dropped: int
    table: NDArray[np.int64]
    """A row of `edgeecg.types.FRAME_FIELDS` each: the clock as sent, and when they arrived, which is for the reader to fill in."""
    values: NDArray[np.int32]
    """Sample after sample, the leads side by side."""

    def samples(self) -> NDArray[Any]:
        """See `samples_of`: those of all frames."""
        return shaped(self.values.astype("<i2" if self.bits == 16 else "<i4"), self.leads, self.lead_off)

    def frames(self) -> Iterator[f.Samples]:
        """Give them one by one, as the decoder would have."""
        dropped, done = self.dropped, 0
        for count, sequence, clock_us, _ in self.table.tolist():
            values = self.values[done : done + count * self.leads]
            data = values.astype("<i2").tobytes() if self.bits == 16 else _three_bytes(values)
            yield f.Samples(self.stream, sequence, clock_us, self.rate_millihz, self.leads, self.bits, self.lead_off, dropped, data)
            dropped, done = 0, done + len(values)


Reading: TypeAlias = Result | Run


class Reader:
    """Bytes in, readings out; any cut of the bytes gives the same frames."""

    __slots__ = ("_decoder",)

    def __init__(self) -> None:
        self._decoder = Decoder()

    def feed(self, data: bytes) -> Iterable[Reading]:
        """Give what the bytes completed, in order; to be taken before more is fed."""
        if len(data) < MANY_BYTES:
            return self._decoder.feed(data)
        line, after = self._decoder.whole(data)
        return chain(readings(line), after)


def readings(line: bytes) -> Iterator[Reading]:
    """Say what whole segments are."""
    scanner, begin = _scanner(), 0
    for rows, values, aside in scanner.feed(line):
        verdicts, end = rows["verdict"], scanner.at
        if ((verdicts == scan.REFUSED_LENGTH) | (verdicts == scan.REFUSED_CONTENT)).any():  # seldom: only the decoder has the sentence
            yield from (decode(segment) for segment in line[begin:end].split(b"\0") if segment)
        elif len(rows):
            yield from _of_batch(rows, values, aside)
        begin = end


def _scanner() -> scan.Scanner:
    """Return this thread's: it holds nothing between two lines of whole segments, and what it gives is copied before the next."""
    if not hasattr(_MINE, "scanner"):
        _MINE.scanner = scan.Scanner(BATCH)
    scanner: scan.Scanner = _MINE.scanner
    return scanner


def _of_batch(rows: NDArray[Any], values: NDArray[np.int32], aside: NDArray[np.uint8]) -> Iterator[Reading]:
    begin = 0
    for end in [*(np.flatnonzero(_breaks(rows)) + 1).tolist(), len(rows)]:
        if rows["verdict"][begin] == scan.SAMPLES:
            yield from _runs(rows[begin:end], values)
        else:
            yield _rare(rows[begin], aside)
        begin = end


def _breaks(rows: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell after which rows another run begins, or something that is no run."""
    before, after = rows[:-1], rows[1:]
    goes_on: NDArray[np.bool_] = (before["verdict"] == scan.SAMPLES) & (after["verdict"] == scan.SAMPLES) & (after["dropped"] == 0)
    for name in _SAME:
        goes_on &= before[name] == after[name]
    goes_on &= (after["sequence"] - before["sequence"]) & 0xFFFF == 1
    lasts_us = before["count"].astype(np.int64) * 10**9 // np.maximum(before["rate_millihz"], 1)
    step_us = after["clock_us"] - before["clock_us"]
    jitter_us = lasts_us // 2  # as `align` sees it: more than half a frame off is none
    goes_on &= (step_us >= lasts_us - jitter_us) & (step_us <= lasts_us + jitter_us)
    return ~goes_on


def _runs(rows: NDArray[Any], values: NDArray[np.int32]) -> Iterator[Run]:
    stream, rate_millihz, leads, bits, lead_off = (int(rows[name][0]) for name in _SAME)
    start, dropped = int(rows["first"][0]), int(rows["dropped"][0])
    table = np.zeros((len(rows), len(FRAME_FIELDS)), np.int64)
    table[:, 0], table[:, 1], table[:, 2] = rows["count"], rows["sequence"], rows["clock_us"]
    ends = (start + leads * np.cumsum(table[:, 0])).tolist()
    most = max(1, MAX_RUN_VALUES // (ends[0] - start))
    for begin in range(0, len(rows), most):
        some = table[begin : begin + most]
        stop = ends[begin + len(some) - 1]
        yield Run(stream, rate_millihz, leads, bits, lead_off, dropped, some, values[start:stop])
        start, dropped = stop, 0


def _rare(row: Any, aside: NDArray[np.uint8]) -> Result:
    """Say what a segment is that is no frame of samples."""
    verdict, first, len_bytes = int(row["verdict"]), int(row["first"]), int(row["len_bytes"])
    if verdict == scan.ASIDE:
        return read(aside[first : first + len_bytes].tobytes())
    return Overlong() if verdict == scan.OVERLONG else Damaged(_WHY[verdict], len_bytes)


def _three_bytes(values: NDArray[np.int32]) -> bytes:
    return values.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def samples_of(frame: f.Samples) -> NDArray[Any]:
    """Return its samples, (n,) or (n, leads); those of a lead the device says is off are NaN."""
    if frame.bits == 16:
        flat: NDArray[Any] = np.frombuffer(frame.data, "<i2")
    else:
        low_first = np.frombuffer(frame.data, np.uint8).reshape(-1, 3)
        padded = np.zeros((len(low_first), 4), np.uint8)
        padded[:, 1:] = low_first
        flat = padded.view("<i4")[:, 0] >> 8
    return shaped(flat, frame.leads, frame.lead_off)


def shaped(flat: NDArray[Any], leads: int, lead_off: int) -> NDArray[Any]:
    """Return samples that stand side by side as `samples_of` does."""
    made = flat if leads == 1 else flat.reshape(-1, leads)
    off = [lead for lead in range(leads) if lead_off >> lead & 1]
    if off:
        made = made.astype(np.float64)
        made[..., off if leads > 1 else slice(None)] = np.nan
    return made
