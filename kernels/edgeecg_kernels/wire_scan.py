"""Frames of the edgeecg wire protocol found, checked and decoded in bulk: what a gateway of many devices and a replay need.

The twin of `edgeecg_wire.codec.Decoder`, of which it differs in what it returns: rows and samples instead of records.
Frames other than `samples` are rare; their checked bytes are put aside for `edgeecg_wire.codec.read`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels._jit import kernel

VERSION = 1
TYPE_SAMPLES = 2
MAX_SEGMENT = 1024
HEADER_BYTES = 13
FIXED_BYTES = 24
"""Header and fixed fields of a samples frame."""
MAX_VALUES = (MAX_SEGMENT - FIXED_BYTES) // 2
MAX_RATE_MILLIHZ = 100_000_000
MAX_STREAM = 7
MAX_LEADS = 8

# What a segment turned out to be: the numbers of `edgeecg_verdict` in edgeecg_wire.h, and ASIDE.
SAMPLES = 1
DAMAGED_COBS = 2
DAMAGED_SHORT = 3
DAMAGED_CRC = 4
OVERLONG = 5
REFUSED_LENGTH = 7
REFUSED_CONTENT = 8
ASIDE = 9

STATE = np.dtype(
    [("held", "u1", (MAX_SEGMENT,)), ("frame", "u1", (MAX_SEGMENT,)), ("n_held", "i8"), ("skipping", "i8"), ("at", "i8"),
     ("n_values", "i8"), ("n_aside", "i8")], align=True,
)  # fmt: skip
"""`held` is the segment begun, `frame` scratch; the last three say how far the last call came in x, values and aside."""

ROW = np.dtype(
    [("clock_us", "i8"), ("rate_millihz", "i8"), ("first", "i8"), ("verdict", "i4"), ("stream", "i4"), ("sequence", "i4"), ("count", "i4"),
     ("leads", "i4"), ("bits", "i4"), ("lead_off", "i4"), ("dropped", "i4"), ("len_bytes", "i4")], align=True,
)  # fmt: skip
"""One segment. `first` is its place in `values` (`count` x `leads` of them) or, for ASIDE, in `aside` (`len_bytes` of them)."""


SLICE = 16
"""Bytes of a CRC at a time."""


def _crc_tables() -> NDArray[np.uint32]:
    tables = np.zeros((SLICE, 256), np.uint32)
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
        tables[0, byte] = crc
    for k in range(1, SLICE):
        for byte in range(256):
            crc = int(tables[k - 1, byte])
            tables[k, byte] = (crc >> 8) ^ int(tables[0, crc & 255])
    return tables


_CRC = _crc_tables()
_RESIDUE = 0x2144DF1C


@kernel
def crc32(x: NDArray[np.uint8], n: int) -> np.int64:
    """CRC-32 (ISO-HDLC) of the first n bytes, sixteen at a time: slicing, of Kounavis and Berry (2008), who take eight."""
    crc = np.int64(0xFFFFFFFF)  # int() of an unsigned is unsigned to numba, and does not mix with signed
    i = 0
    while i + SLICE <= n:
        low = crc ^ (np.int64(x[i]) | np.int64(x[i + 1]) << 8 | np.int64(x[i + 2]) << 16 | np.int64(x[i + 3]) << 24)
        rest = (  # none of it waits for the bytes before
            np.int64(_CRC[11, x[i + 4]]) ^ np.int64(_CRC[10, x[i + 5]]) ^ np.int64(_CRC[9, x[i + 6]]) ^ np.int64(_CRC[8, x[i + 7]])
            ^ np.int64(_CRC[7, x[i + 8]]) ^ np.int64(_CRC[6, x[i + 9]]) ^ np.int64(_CRC[5, x[i + 10]]) ^ np.int64(_CRC[4, x[i + 11]])
            ^ np.int64(_CRC[3, x[i + 12]]) ^ np.int64(_CRC[2, x[i + 13]]) ^ np.int64(_CRC[1, x[i + 14]]) ^ np.int64(_CRC[0, x[i + 15]])
        )  # fmt: skip
        high = np.int64(_CRC[13, (low >> 16) & 255]) ^ np.int64(_CRC[12, (low >> 24) & 255])
        crc = rest ^ high ^ np.int64(_CRC[15, low & 255]) ^ np.int64(_CRC[14, (low >> 8) & 255])
        i += SLICE
    while i < n:
        crc = (crc >> 8) ^ np.int64(_CRC[0, (crc ^ np.int64(x[i])) & 255])
        i += 1
    return crc ^ 0xFFFFFFFF


@kernel
def _copy(x: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Copy x to where out begins: views count from 0, so a compiler sees that they may be copied many bytes at a time."""
    for i in range(len(x)):
        out[i] = x[i]


@kernel
def cobs_decode(x: NDArray[np.uint8], start: int, stop: int, out: NDArray[np.uint8]) -> int:
    """Take the stuffing out of x[start:stop], which is not empty (Cheshire and Baker, 1999): bytes written, or -1 where a block runs past the end."""
    n = np.int64(stop - start)
    if n >= 255:
        return _cobs_decode_long(x, start, stop, out)
    segment = x[start:stop]  # too short for a full block: every code but the first stands where a zero was
    _copy(segment[1:], out)
    at = np.int64(segment[0])
    while at < n:
        out[at - 1] = 0
        at += np.int64(segment[at])
    return int(n - 1 if at == n else -1)


@kernel
def _cobs_decode_long(x: NDArray[np.uint8], start: int, stop: int, out: NDArray[np.uint8]) -> int:
    n = np.int64(0)
    at = np.int64(start)
    while at < stop:
        code = np.int64(x[at])
        end = at + code
        if end > stop:
            return -1
        _copy(x[at + 1 : end], out[n:])
        n += code - 1
        if code < 255 and end < stop:
            out[n] = 0
            n += 1
        at = end
    return int(n)


@kernel
def _delimiter(x: NDArray[np.uint8], at: int) -> int:
    """Return where from `at` on the first zero is; the end of x: nowhere."""
    rest = x[at:]
    n = len(rest)
    i = 0
    while i + SLICE <= n:  # sixteen are compared at once, as long as nothing ends the loop within them
        zeros = 0
        for k in range(SLICE):
            zeros |= rest[i + k] == 0
        if zeros:
            break
        i += SLICE
    while i < n and rest[i] != 0:
        i += 1
    return at + i


@kernel
def _little(x: NDArray[np.uint8], at: int, n: int) -> np.int64:
    value = np.int64(0)
    for i in range(n):
        value |= np.int64(x[at + i]) << (8 * i)
    return value


@kernel
def _samples(frame: NDArray[np.uint8], n: int, row: Any, values: NDArray[np.int32], first: int) -> int:
    """Judge and decode an intact samples frame: its verdict. The order of the checks is SPEC.md's."""
    if n < FIXED_BYTES:
        return REFUSED_LENGTH
    count, leads, bits = _little(frame, 17, 2), np.int64(frame[19]), np.int64(frame[20])
    width = bits // 8
    if n - FIXED_BYTES != count * leads * width:
        return REFUSED_LENGTH
    rate_millihz = _little(frame, 13, 4)
    lawful = frame[2] <= MAX_STREAM and frame[12] < 128 and 1 <= leads <= MAX_LEADS and count >= 1 and (bits in (16, 24))
    if not lawful or rate_millihz < 1 or rate_millihz > MAX_RATE_MILLIHZ:
        return REFUSED_CONTENT
    row["clock_us"] = _little(frame, 5, 8)
    row["rate_millihz"] = rate_millihz
    row["first"] = first
    row["stream"] = np.int64(frame[2])
    row["sequence"] = _little(frame, 3, 2)
    row["count"] = count
    row["leads"] = leads
    row["bits"] = bits
    row["lead_off"] = np.int64(frame[21])
    row["dropped"] = _little(frame, 22, 2)
    data, out = frame[FIXED_BYTES:n], values[first : first + count * leads]
    if width == 2:
        for i in range(len(out)):
            raw = np.int64(data[2 * i]) | np.int64(data[2 * i + 1]) << 8
            out[i] = (raw ^ 0x8000) - 0x8000
    else:
        for i in range(len(out)):
            raw = np.int64(data[3 * i]) | np.int64(data[3 * i + 1]) << 8 | np.int64(data[3 * i + 2]) << 16
            out[i] = (raw ^ 0x800000) - 0x800000
    return SAMPLES


@kernel
def _segment(s: Any, x: NDArray[np.uint8], start: int, stop: int, row: Any, values: NDArray[np.int32], aside: NDArray[np.uint8]) -> None:
    """Say in `row` what the segment x[start:stop] is."""
    if stop - start > MAX_SEGMENT:
        row["verdict"] = OVERLONG
        return
    row["len_bytes"] = stop - start
    frame = s["frame"]
    n = cobs_decode(x, start, stop, frame)
    if n < 0:
        row["verdict"] = DAMAGED_COBS
        return
    if n < HEADER_BYTES + 4:
        row["verdict"] = DAMAGED_SHORT
        return
    if crc32(frame, n) != _RESIDUE:
        row["verdict"] = DAMAGED_CRC
        return
    n -= 4
    if frame[0] == VERSION and frame[1] == TYPE_SAMPLES:
        verdict = _samples(frame, n, row, values, s["n_values"])
        row["verdict"] = verdict
        if verdict == SAMPLES:
            s["n_values"] += row["count"] * row["leads"]
        return
    row["verdict"] = ASIDE
    row["first"] = s["n_aside"]
    row["len_bytes"] = n
    for i in range(n):
        aside[s["n_aside"] + i] = frame[i]
    s["n_aside"] += n


@kernel
def _clear(row: Any) -> None:
    """A row says nothing of what an earlier batch left in it."""
    row["clock_us"] = 0
    row["rate_millihz"] = 0
    row["first"] = 0
    row["stream"] = 0
    row["sequence"] = 0
    row["count"] = 0
    row["leads"] = 0
    row["bits"] = 0
    row["lead_off"] = 0
    row["dropped"] = 0
    row["len_bytes"] = 0


@kernel
def wire_scan(state: NDArray[Any], x: NDArray[np.uint8], rows: NDArray[Any], values: NDArray[np.int32], aside: NDArray[np.uint8]) -> int:
    """Scan x from state["at"] until it ends or an output is full: rows written.

    SPEC.md's framing, with no deliberate difference from `edgeecg_wire.codec.Decoder`: any cut of the bytes gives the
    same rows. A segment begun is held, at most MAX_SEGMENT bytes of it.
    """
    s = state[0]
    s["n_values"] = 0
    s["n_aside"] = 0
    held = s["held"]
    n_rows = 0
    at = s["at"]
    while at < x.shape[0]:
        if n_rows == rows.shape[0] or s["n_values"] + MAX_VALUES > values.shape[0] or s["n_aside"] + MAX_SEGMENT > aside.shape[0]:
            break
        stop = _delimiter(x, at)
        n_held = s["n_held"]
        length = n_held + stop - at
        complete = stop < x.shape[0]
        spoilt = s["skipping"] != 0
        _clear(rows[n_rows])
        if complete and n_held == 0 and not spoilt and length > 0:
            _segment(s, x, at, stop, rows[n_rows], values, aside)
            n_rows += 1
        elif not spoilt and length > MAX_SEGMENT:
            rows[n_rows]["verdict"] = OVERLONG
            n_rows += 1
            spoilt = True
            s["n_held"] = 0
        elif not spoilt:
            for i in range(at, stop):
                held[n_held + i - at] = x[i]
            s["n_held"] = length
            if complete and length > 0:
                _segment(s, held, 0, length, rows[n_rows], values, aside)
                n_rows += 1
        if complete:
            spoilt = False
            s["n_held"] = 0
        s["skipping"] = 1 if spoilt else 0
        at = stop + 1 if complete else stop
    s["at"] = at
    return n_rows


class Scanner:
    """Bytes in, batches of (rows, values, aside) out: views that the next batch overwrites. Memory does not grow."""

    __slots__ = ("_aside", "_rows", "_state", "_values")

    def __init__(self, max_rows: int = 4096) -> None:
        self._state = np.zeros(1, STATE)
        self._rows = np.zeros(max_rows, ROW)
        self._values = np.zeros(64 * max_rows + MAX_VALUES, np.int32)
        self._aside = np.zeros(16 * max_rows + MAX_SEGMENT, np.uint8)

    @property
    def at(self) -> int:
        """How far in the bytes the last batch came."""
        return int(self._state["at"][0])

    def feed(self, data: bytes) -> Iterator[tuple[NDArray[Any], NDArray[np.int32], NDArray[np.uint8]]]:
        """Yield what the bytes completed, in order."""
        x = np.frombuffer(data, np.uint8)
        self._state["at"] = 0
        while self._state["at"][0] < len(x):
            n_rows = wire_scan(self._state, x, self._rows, self._values, self._aside)
            yield self._rows[:n_rows], self._values[: self._state["n_values"][0]], self._aside[: self._state["n_aside"][0]]
