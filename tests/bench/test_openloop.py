import numpy as np

from edgeecg.bench.histogram import Histogram
from edgeecg.bench.openloop import RealClock, drive

MS = 1_000_000
EACH_MS = np.arange(1000, dtype=np.int64) * MS


class MadeClock:
    """Time passes when somebody works or waits."""

    def __init__(self) -> None:
        self.at_ns = 17

    def now_ns(self) -> int:
        return self.at_ns

    def wait_until(self, due_ns: int) -> None:
        self.at_ns = max(self.at_ns, due_ns)


def driven(work_ns: dict[int, int], usual_ns: int, *, most_at_once: int = 1, from_ns: int = 0) -> tuple[Histogram, int, list[int]]:
    """Drive a piece a millisecond; some take longer than usual."""
    clock, histogram = MadeClock(), Histogram(deadline_ns=5 * MS)
    done: list[int] = []

    def work(first: int, upto: int) -> None:
        done.extend(range(first, upto))
        clock.at_ns += sum(work_ns.get(number, usual_ns) for number in range(first, upto))

    waiting = drive(EACH_MS, work, histogram, clock=clock, most_at_once=most_at_once, from_ns=from_ns)
    return histogram, waiting, done


def test_without_a_stall_latency_is_the_work_itself() -> None:
    histogram, waiting, done = driven({}, MS // 2)
    assert (histogram.largest_ns, histogram.misses, waiting) == (MS // 2, 0, 0)
    assert done == list(range(1000))


def test_a_stall_is_seen_in_all_that_had_to_wait_for_it() -> None:
    histogram, _, _ = driven({100: 50 * MS}, MS // 2)
    # fifty milliseconds behind, half a millisecond made good with each: about ninety are late by more than five
    assert histogram.largest_ns == 50 * MS
    assert 85 <= histogram.misses <= 95
    assert histogram.percentile_ns(95) > 20 * MS
    assert histogram.n == 1000


def test_what_waits_is_done_at_once() -> None:
    calls: list[tuple[int, int]] = []
    clock, histogram = MadeClock(), Histogram()

    def work(first: int, upto: int) -> None:
        calls.append((first, upto))
        clock.at_ns += 10 * MS if first == 5 else 1

    drive(EACH_MS, work, histogram, clock=clock, most_at_once=8)
    assert calls[5:8] == [(5, 6), (6, 14), (14, 16)]


def test_who_cannot_keep_up_is_stopped_and_what_waits_counts() -> None:
    histogram, waiting, done = driven({}, 3 * MS)
    assert waiting == 1000 - len(done) > 600
    assert histogram.n == 1000
    assert histogram.misses > 900


def test_warming_up_is_not_recorded() -> None:
    histogram, _, _ = driven({3: 20 * MS}, 0, from_ns=500 * MS)
    assert (histogram.n, histogram.largest_ns) == (500, 0)


def test_the_machines_clock_waits_until_it_is_time() -> None:
    clock = RealClock()
    due_ns = clock.now_ns() + MS
    clock.wait_until(due_ns)
    assert clock.now_ns() >= due_ns
    clock.wait_until(0)


def test_nothing_due_is_nothing_done() -> None:
    assert drive(EACH_MS[:0], lambda _first, _upto: None, Histogram(), clock=MadeClock()) == 0
