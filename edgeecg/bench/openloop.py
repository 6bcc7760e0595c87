"""Work that falls due by the clock, whatever became of the work before it: latency counts from when it was due.

Who only times each call hides every stall: the work that had to wait meanwhile is not asked (coordinated omission). Here a
stall of a second makes a thousand chunks late, as it does to a thousand hearts.
"""

import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgeecg.bench.histogram import Histogram

Work = Callable[[int, int], None]
"""Does what is numbered from the first up to the second."""


class Clock(Protocol):
    """Time, and waiting for it."""

    def now_ns(self) -> int:
        """Return the time."""

    def wait_until(self, due_ns: int) -> None:
        """Return then, or somewhat later."""


class RealClock:
    """The machine's."""

    def now_ns(self) -> int:
        """Return the time."""
        return time.monotonic_ns()

    def wait_until(self, due_ns: int) -> None:
        """Sleep."""
        ahead_ns = due_ns - time.monotonic_ns()
        if ahead_ns > 0:
            time.sleep(ahead_ns / 1e9)


def drive(due_ns: NDArray[np.int64], work: Work, histogram: Histogram, *, clock: Clock, most_at_once: int = 512, from_ns: int = 0) -> int:
    """Do all that is due, as much at once as waits; record how late each was done. Return how many were waiting at the end.

    `due_ns` counts from the beginning of the run and never falls; what is due before `from_ns` warms up and is not recorded.
    The end is when the last is due: what is then not done is recorded with what it has waited already.
    """
    total, done = len(due_ns), 0
    end_ns, counts = int(due_ns[-1]) if total else 0, due_ns >= from_ns
    finished_ns = np.zeros(total, np.int64)  # recorded afterwards: what measures is to take little of what is measured
    begun_ns = clock.now_ns()
    while done < total:
        now_ns = clock.now_ns() - begun_ns
        if now_ns > end_ns and done < total - most_at_once:
            finished_ns[done:] = now_ns
            break
        if due_ns[done] > now_ns:
            clock.wait_until(begun_ns + int(due_ns[done]))
            continue
        upto = min(done + most_at_once, int(np.searchsorted(due_ns, now_ns, side="right")))
        work(done, upto)
        finished_ns[done:upto] = clock.now_ns() - begun_ns
        done = upto
    histogram.record((finished_ns - due_ns)[counts])
    return total - done
