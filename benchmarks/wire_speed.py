"""How fast frames of 50 samples are read and written: `python -m benchmarks.wire_speed`. Medians of repeated runs, processor time of one core."""

import argparse
import ctypes
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.wire_fuzz import built
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.intake import Intake
from edgeecg.io.sources.own import OwnDevice
from edgeecg.io.sources.refusals import Refusals
from edgeecg.types import Chunk
from edgeecg_kernels.wire_scan import ROW, Scanner
from edgeecg_wire.codec import Decoder, encode
from edgeecg_wire.frames import DEVICE, KIND_ECG, UNIT_VOLT, Hello, Samples, Stream
from tests.wire.fuzzing import ecg_like

COUNT = 50
READ_BYTES = 1 << 16
_ECG = Stream(0, KIND_ECG, 1, 16, UNIT_VOLT, 250_000, 1_000_000, 0, (257, 0, 0, 0, 0, 0, 0, 0))
HELLO = encode(Hello(DEVICE, 0, 0, "bench", "1", 64, 20, (_ECG,)))


def frames_of(n: int) -> list[Samples]:
    """Return n consecutive frames of an ECG in microvolts."""
    rng = random.Random(0)
    values = np.array([ecg_like(rng, COUNT) for _ in range(n)], "<i2")
    return [Samples(0, i & 0xFFFF, 200_000 * i, 250_000, 1, 16, 0, 0, row.tobytes()) for i, row in enumerate(values)]


def median_us(work: Callable[[], object], n: int, repeats: int) -> tuple[float, float]:
    """Return the median and the best processor time for one of n, in microseconds: what other programs take is not counted."""
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        taken.append((time.process_time() - began) / n * 1e6)
    return statistics.median(taken), min(taken)


def one_at_a_time(wires: list[bytes]) -> None:
    """Feed a decoder as a serial port does that brings whole frames."""
    decoder = Decoder()
    for wire in wires:
        decoder.feed(wire)


def scanned(scanner: Scanner, line: bytes) -> int:
    """Count the rows of a line."""
    return sum(len(rows) for rows, _, _ in scanner.feed(line))


def chunks_of(line: bytes) -> Callable[[], int]:
    """Return what takes a line to chunks, as a serial port's thread does that reads this much at a time, and counts their samples."""
    told: list[object] = []
    intake = Intake("bench", 1, Claims(), Refusals(told.append), told.append)
    pieces = [line[at : at + READ_BYTES] for at in range(0, len(line), READ_BYTES)]

    def work() -> int:
        device = OwnDevice(intake)
        device.feed(HELLO, 0)
        items = [item for arrival_ns, piece in enumerate(pieces) for item in device.feed(piece, arrival_ns)]
        return sum(len(item.samples) for item in items if isinstance(item, Chunk))

    return work


def c_scanner(line: bytes, folder: Path) -> Callable[[], object]:
    """Return a call of the C decoder on the line."""
    scan = ctypes.CDLL(str(built(folder))).edgeecg_scan
    outputs = [np.zeros(len(line) // 100, ROW), np.zeros(len(line), np.int32), np.zeros(len(line), np.uint8)]
    return lambda: scan(line, ctypes.c_size_t(len(line)), *(ctypes.c_void_p(output.ctypes.data) for output in outputs))


def main() -> int:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=11)
    options = parser.parse_args()
    frames = frames_of(options.frames)
    wires = [encode(frame) for frame in frames]
    line = b"".join(wires)
    scanner = Scanner()
    assert Decoder().feed(line) == frames
    assert scanned(scanner, line) == len(frames)
    to_chunks = chunks_of(line)
    assert to_chunks() == COUNT * len(frames)
    zeros = sum(frame.data.count(0) for frame in frames) / len(frames)
    print(f"{len(frames)} frames of {COUNT} samples, {len(line) / len(frames):.0f} bytes each, {zeros:.0f} zeros in the samples of one")
    with tempfile.TemporaryDirectory() as folder:
        ways: dict[str, Callable[[], object]] = {
            "bytes to Chunks": to_chunks,
            "numba scanner": lambda: scanned(scanner, line),
            "C decoder, byte by byte": c_scanner(line, Path(folder)),
            "Python decoder, all at once": lambda: Decoder().feed(line),
            "Python decoder, a frame a feed": lambda: one_at_a_time(wires),
            "Python encode": lambda: [encode(frame) for frame in frames],
        }
        for name, work in ways.items():
            work()
            median, best = median_us(work, len(frames), options.repeats)
            print(f"{name:32} median {median:6.2f} us a frame, best {best:6.2f}: {1 / median:5.2f} M frames/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
