"""Many frames at once, by the scanner: those that follow each other are one run."""

from collections.abc import Iterator
from threading import local
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.io.sources.runs import Reading, Run
from edgeecg.types import FRAME_FIELDS
from edgeecg_kernels import wire_scan as scan
from edgeecg_wire.codec import Damaged, Overlong, Result, decode, read

BATCH: Final = 1024
"""Frames between two answers of the scanner."""
MAX_RUN_VALUES: Final = 8192
"""Of a longer run a second is made: a queue that has to drop samples drops a chunk of them at a time."""
_MINE: Final = local()
_SAME: Final = ("stream", "rate_millihz", "leads", "bits", "lead_off")
_WHY: Final = {scan.DAMAGED_COBS: "cobs", scan.DAMAGED_SHORT: "short", scan.DAMAGED_CRC: "crc"}


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
