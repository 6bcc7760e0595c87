"""Frames harmed by the thousand and read by three decoders, and by the run: what the tests do with some and `benchmarks/wire_fuzz.py` with millions.

A pool of known frames goes down the line again and again, every third one harmed, so that each harmed frame is followed by two intact
ones. A frame's clock tells its number in the pool: whatever comes out is compared, every byte of it, with the frame of that number.
Frames of one kind come in stretches that go on by counter and clock, so that a reader by the run makes runs of them.
"""

import ctypes
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.io.sources.runs import Reader, Run
from edgeecg_kernels import wire_scan as scan
from edgeecg_wire.codec import Damaged, Decoder, Overlong, Refused, Result, encode, read
from edgeecg_wire.damage import damaged_line
from edgeecg_wire.frames import DEVICE, MAX_SEGMENT, Battery, Frame, LeadOff, Samples

GROUP = 3
FRAME_US = 5000
"""From one frame of the pool to the next: each lasts so long."""
Scanned = tuple[NDArray[Any], NDArray[np.int32], NDArray[np.uint8]]
_CODES = {"cobs": scan.DAMAGED_COBS, "short": scan.DAMAGED_SHORT, "crc": scan.DAMAGED_CRC}


@dataclass
class Tally:
    """What a run has seen. `wrong` and `worst_loss` are what it is about."""

    harmed: int = 0
    wrong: int = 0
    worst_loss: int = 0
    lost_with_it: int = 0
    segments: int = 0
    survived: int = 0
    disagreements: int = 0
    longest_run: int = 0
    verdicts: dict[int, int] = field(default_factory=dict)


def ecg_like(rng: random.Random, count: int) -> list[int]:
    phase = rng.randrange(200)
    return [round(1000 * math.exp(-(((((i + phase) % 200) - 100) / 3) ** 2)) + rng.gauss(0, 12)) for i in range(count)]


def pool_of(n: int, rng: random.Random) -> list[Frame]:
    """Frames of every shape; most are what devices send most."""
    pool: list[Frame] = []
    while len(pool) < n:
        leads, bits, count = rng.choice(((1, 16, 50), (1, 16, 50), (1, 16, 25), (2, 24, 30), (8, 16, 12), (1, 24, 250)))
        shape = Samples(rng.randrange(8), 0, 0, count * 10**9 // FRAME_US, leads, bits, 0, 0, b"")
        pool += [_one(len(pool) + i, shape, count, rng) for i in range(rng.choice((1, 3, 20)))]
    return pool[:n]


def _one(i: int, shape: Samples, count: int, rng: random.Random) -> Frame:
    sequence, clock_us, other = i & 0xFFFF, i * FRAME_US, rng.randrange(20)
    if other == 0:
        return Battery(DEVICE, sequence, clock_us, rng.randrange(101), 0, 3700)
    if other == 1:
        return LeadOff(DEVICE, sequence, clock_us, 0, rng.randrange(256))
    n = count * shape.leads
    values = ecg_like(rng, n) if rng.randrange(8) else [0] * n
    data = b"".join(value.to_bytes(shape.bits // 8, "little", signed=True) for value in values)
    return replace(shape, sequence=sequence, clock_us=clock_us, data=data)


def scan_all(line: bytes) -> Scanned:
    """Scan a line into arrays large enough for all of it."""
    state, rows = np.zeros(1, scan.STATE), np.zeros(len(line), scan.ROW)
    values, aside = np.zeros(len(line) + scan.MAX_VALUES, np.int32), np.zeros(len(line) + MAX_SEGMENT, np.uint8)
    n_rows = scan.wire_scan(state, np.frombuffer(line, np.uint8), rows, values, aside)
    assert state["at"][0] == len(line)
    return rows[:n_rows], values[: state["n_values"][0]], aside[: state["n_aside"][0]]


class CScanner:
    """The C decoder, called in this process."""

    def __init__(self, library: Path) -> None:
        self._scan = ctypes.CDLL(str(library)).edgeecg_scan
        self._scan.restype = ctypes.c_size_t

    def scan_all(self, line: bytes) -> Scanned:
        rows, values, aside = np.zeros(len(line), scan.ROW), np.zeros(len(line), np.int32), np.zeros(len(line), np.uint8)
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (rows, values, aside)]
        n_rows = self._scan(line, ctypes.c_size_t(len(line)), *pointers)
        rows = rows[:n_rows]
        n_values = int((rows["count"] * rows["leads"]).sum())
        n_aside = int(rows["len_bytes"][rows["verdict"] == scan.ASIDE].sum())
        return rows, values[:n_values], aside[:n_aside]


class Fuzzer:
    """One pool, one seed: `run(n)` harms n frames and tallies what the decoders made of them."""

    def __init__(self, seed: int, c_library: Path | None, pool_groups: int = 1000) -> None:
        self._rng = random.Random(seed)
        self._pool = pool_of(GROUP * pool_groups, self._rng)
        self._wires = [encode(frame) for frame in self._pool]
        self._harmed = range(0, len(self._pool), GROUP)
        self._c = CScanner(c_library) if c_library else None
        self._rows, self._values, self._aside = scan_all(b"".join(self._wires))
        assert len(self._rows) == len(self._pool)
        self.tally = Tally()

    def run(self, n_harmed: int, *, with_python: bool = True) -> Tally:
        """Harm at least so many more frames."""
        until = self.tally.harmed + n_harmed
        while self.tally.harmed < until:
            self._batch(with_python=with_python)
        return self.tally

    def _batch(self, *, with_python: bool) -> None:
        line = damaged_line(self._wires, self._harmed, self._rng)
        scanned = scan_all(line)
        self.tally.harmed += len(self._harmed)
        self._judge(*scanned)
        if self._c and not _same(scanned, self._c.scan_all(line)):
            self.tally.disagreements += 1
        if with_python and not self._python_agrees(line, *scanned):
            self.tally.disagreements += 1

    def _judge(self, rows: NDArray[Any], values: NDArray[np.int32], aside: NDArray[np.uint8]) -> None:
        seen = np.zeros(len(self._pool), bool)
        for row in rows[rows["verdict"] == scan.ASIDE]:
            self._judge_aside(aside[row["first"] : row["first"] + row["len_bytes"]].tobytes(), seen)
        self._judge_samples(rows[rows["verdict"] == scan.SAMPLES], values, seen)
        lost = (GROUP - 1) - seen.reshape(-1, GROUP)[:, 1:].sum(axis=1)
        tally = self.tally
        tally.worst_loss = max(tally.worst_loss, int(lost.max()))
        tally.lost_with_it += int(lost.sum())
        tally.survived += int(seen[::GROUP].sum())
        tally.segments += len(rows)
        for verdict, n in zip(*np.unique(rows["verdict"], return_counts=True), strict=True):
            tally.verdicts[int(verdict)] = tally.verdicts.get(int(verdict), 0) + int(n)

    def _judge_aside(self, body: bytes, seen: NDArray[np.bool_]) -> None:
        result = read(body)
        at, off = divmod(getattr(result, "clock_us", -1), FRAME_US)
        if off == 0 and 0 <= at < len(self._pool) and self._pool[at] == result:
            seen[at] = True
        else:
            self.tally.wrong += 1

    def _judge_samples(self, rows: NDArray[Any], values: NDArray[np.int32], seen: NDArray[np.bool_]) -> None:
        at, off = np.divmod(rows["clock_us"], FRAME_US)
        known = (off == 0) & (at >= 0) & (at < len(self._pool))
        at = np.where(known, at, 0)
        truth = self._rows[at].copy()
        mine, theirs = rows.copy(), truth
        mine["first"] = theirs["first"] = 0
        same = known & (mine == theirs)
        for i in np.flatnonzero(same):
            n = int(rows["count"][i]) * int(rows["leads"][i])
            first, true_first = int(rows["first"][i]), int(self._rows["first"][at[i]])
            same[i] = np.array_equal(values[first : first + n], self._values[true_first : true_first + n])
        self.tally.wrong += int((~same).sum())
        seen[at[same]] = True

    def _python_agrees(self, line: bytes, rows: NDArray[Any], values: NDArray[np.int32], aside: NDArray[np.uint8]) -> bool:
        results = [result for piece in self._pieces(line) for result in self._held_to_its_cap(piece)]
        self._decoder = None
        if [_code(result) for result in results] != rows["verdict"].tolist():
            return False
        of_samples = [result for result in results if isinstance(result, Samples)]
        bodies = [read(aside[row["first"] : row["first"] + row["len_bytes"]].tobytes()) for row in rows[rows["verdict"] == scan.ASIDE]]
        others = [result for result in results if _code(result) == scan.ASIDE]
        return bodies == others and np.array_equal(_values_of(of_samples), values) and self._runs_agree(line, results)

    def _runs_agree(self, line: bytes, results: list[Result]) -> bool:
        """Compare with what is read by the run, all at once."""
        apart: list[Result] = []
        for one in Reader().feed(line):
            apart += one.frames() if isinstance(one, Run) else [one]
            self.tally.longest_run = max(self.tally.longest_run, len(one.table) if isinstance(one, Run) else 0)
        return apart == results

    _decoder: Decoder | None = None

    def _held_to_its_cap(self, piece: bytes) -> list[Result]:
        self._decoder = self._decoder or Decoder()
        results = self._decoder.feed(piece)
        assert len(self._decoder._held) <= MAX_SEGMENT
        return results

    def _pieces(self, line: bytes) -> Iterator[bytes]:
        at = 0
        while at < len(line):
            n = self._rng.choice((1, 7, 64, 1000, 4096))
            yield line[at : at + n]
            at += n


def _same(ours: Scanned, theirs: Scanned) -> bool:
    return all(np.array_equal(ours[i], theirs[i]) for i in range(3))


def _code(result: Result) -> int:
    if isinstance(result, Damaged):
        return _CODES[result.why]
    if isinstance(result, Overlong):
        return scan.OVERLONG
    if isinstance(result, Samples):
        return scan.SAMPLES
    if isinstance(result, Refused) and result.type == Samples.TYPE:
        return scan.REFUSED_LENGTH if result.why == "length" else scan.REFUSED_CONTENT
    return scan.ASIDE


def _values_of(frames: list[Samples]) -> NDArray[np.int32]:
    arrays = [_widened(frame) for frame in frames]
    return np.concatenate(arrays) if arrays else np.zeros(0, np.int32)


def _widened(frame: Samples) -> NDArray[np.int32]:
    if frame.bits == 16:
        return np.frombuffer(frame.data, "<i2").astype(np.int32)
    padded = np.zeros((len(frame.data) // 3, 4), np.uint8)
    padded[:, 1:] = np.frombuffer(frame.data, np.uint8).reshape(-1, 3)
    return padded.view("<i4").ravel() >> 8
