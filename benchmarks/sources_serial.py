"""A serial source over a pty: how late a chunk is, and what a thousand unplugged cables leave behind.

python -m benchmarks.sources_serial latency --frames 3000
python -m benchmarks.sources_serial replug --cycles 1000
"""

import argparse
import os
import random
import tempfile
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.items import Item
from edgeecg.io.sources.queue import DroppingQueue
from edgeecg.io.sources.serial import SerialSettings, SerialSource
from edgeecg.types import Chunk, Gap, GapReason, SourceChange, SourceState
from edgeecg.warmup import compile_all
from tests.io.sources.listening import Listener
from tests.io.sources.pty_device import PtyDevice

LEAST_AWAY_S, MOST_AWAY_S = 0.05, 0.5
"""From two and a half frames to twenty-five: in less than a frame nothing would be missed."""


class StampingQueue(DroppingQueue):
    """Notes when each chunk is in."""

    def __init__(self) -> None:
        super().__init__()
        self.stamps: dict[int, int] = {}

    def push_all(self, items: list[Item]) -> None:
        """Take items in, and the time."""
        super().push_all(items)
        now_ns = time.monotonic_ns()
        self.stamps |= {item.sequence: now_ns for item in items if isinstance(item, Chunk)}


class BarePty:
    """A byte down another pty at the same moments, read by a thread that does nothing else: what the machine itself takes."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._written: list[int] = []
        self._read: list[int] = []
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def write(self) -> None:
        """Send one."""
        os.write(self._master, b"x")
        self._written.append(time.monotonic_ns())

    def _listen(self) -> None:
        while b"." not in (data := os.read(self._slave, 64)):
            now_ns = time.monotonic_ns()
            self._read += [now_ns] * len(data)

    def late_ms(self) -> NDArray[np.float64]:
        """End it; return how late each was read."""
        os.write(self._master, b".")
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)
        n = min(len(self._read), len(self._written))
        return np.subtract(self._read[:n], self._written[:n], dtype=np.float64) / 1e6


def latency(n_frames: int, frame_len: int) -> None:
    """Print how long after the last byte of a frame was written its chunk lay in the queue, an engine reading beside it."""
    compile_all()
    written: dict[int, int] = {}
    bare = BarePty()

    def wrote(sequence: int, at_ns: int) -> None:
        written[sequence] = at_ns
        bare.write()

    queue = StampingQueue()
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "tty"
        device = PtyDevice(link, frame_len=frame_len, wrote=wrote)
        source = SerialSource(SerialSettings(port=str(link), format="edgeecg"), epoch=1, claims=Claims(), queue=queue)
        listener = Listener(queue)
        with device.running():
            source.start()
            listener.until(lambda _: len(queue.stamps) > 20, "the first frames")  # kernels are loaded by then
            first = max(queue.stamps)
            patience_s = time.monotonic() + 2 * n_frames * frame_len / 250 + 30
            while len(queue.stamps) < n_frames + 20 and time.monotonic() < patience_s:
                listener.step(0.5)
            source.stop()
    late_ms = np.array([(queue.stamps[at] - written[at]) / 1e6 for at in queue.stamps if at > first and at in written])
    print(f"{len(late_ms)} frames of {frame_len} samples at 250 Hz over a pty, dropped {queue.dropped_samples}")
    for what, late in (("last byte written to chunk in the queue", late_ms), ("one byte down a bare pty beside it", bare.late_ms())):
        p50, p90, p99 = np.percentile(late, (50, 90, 99))
        print(f"{what}: p50 {p50:.3f} ms, p90 {p90:.3f}, p99 {p99:.3f}, most {late.max():.3f}; over 2 ms {np.mean(late > 2):.2%}")


def descriptors() -> int:
    """Count this process's."""
    return len(list(Path("/proc/self/fd").iterdir()))


def replug(cycles: int, seed: int) -> None:
    """Pull the cable and put it back, at times drawn at random; print how soon each is heard again, and what is left open."""
    rng = random.Random(seed)
    opened_ms: list[float] = []
    pause = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "tty"
        device = PtyDevice(link, frame_len=5)
        source = SerialSource(SerialSettings(port=str(link), format="edgeecg"), epoch=1, claims=Claims())
        listener = Listener(source.queue)
        with device.running():
            source.start()
            listener.until(lambda all_: len(all_.of(Chunk)) > 5, "the first frames")
            before = descriptors(), threading.active_count()
            for cycle in range(1, cycles + 1):
                device.unplug()
                listener.until(counts(SourceChange.LOST, cycle), f"loss {cycle}")
                pause.wait(rng.uniform(LEAST_AWAY_S, MOST_AWAY_S))
                plugged_ns = time.monotonic_ns()
                device.plug()
                listener.until(counts(SourceChange.OPENED, cycle + 1), f"reopening {cycle}")
                opened = next(item for item in reversed(listener.items) if isinstance(item, SourceState))
                opened_ms.append((opened.now_ns - plugged_ns) / 1e6)
                listener.until(lambda all_: isinstance(all_.items[-1], Chunk), f"samples after replug {cycle}")
            after = descriptors(), threading.active_count()
            source.stop()
    gaps = [event for event in listener.events if isinstance(event, Gap)]
    n_marked = sum(gap.reason == GapReason.REOPENED for gap in gaps)
    p50, p99 = np.percentile(opened_ms, (50, 99))
    print(f"{cycles} cycles: reopened after p50 {p50:.0f} ms, p99 {p99:.0f}, most {max(opened_ms):.0f}")
    print(f"gaps {len(gaps)}, marked as reopened {n_marked}; losses over which no frame was missed {missed_nothing(listener.items)}")
    print(f"descriptors {before[0]} -> {after[0]}, threads {before[1]} -> {after[1]}")


def counts(change: SourceChange, n: int) -> Callable[[Listener], bool]:
    """Hold when there have been n changes of a kind."""
    return lambda listener: listener.changes[change] >= n


def missed_nothing(items: list[Item]) -> int:
    """Count the losses over which the frames' counter went on by one: the cable was back before a frame was due."""
    n, before, was_lost = 0, -1, False
    for item in items:
        if isinstance(item, Chunk):
            n += was_lost and before >= 0 and item.sequence == (before + 1) & 0xFFFF
            before, was_lost = item.sequence, False
        elif isinstance(item, SourceState):
            was_lost = was_lost or item.change == SourceChange.LOST
    return n


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("latency", "replug"))
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--frame-len", type=int, default=10)
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.what == "latency":
        latency(options.frames, options.frame_len)
    else:
        replug(options.cycles, options.seed)


if __name__ == "__main__":
    main()
