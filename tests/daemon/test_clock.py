"""One module reads clocks; the daemon's time never goes back, and the wall's is an offset to it."""

import re
from pathlib import Path

import pytest

import edgeecg.daemon
from edgeecg.daemon.clock import LONGEST_AWAY_NS, Clock, is_synchronised, kernel_says_synchronised
from edgeecg.daemon.walltime import SampleTimes

S = 10**9


class Hands:
    """The machine's clocks, moved by hand."""

    def __init__(self, *, monotonic_ns: int, wall_ns: int) -> None:
        self.monotonic, self.wall = monotonic_ns, wall_ns

    def clock(self, speed: float = 1.0) -> Clock:
        return Clock(speed=speed, monotonic_ns=lambda: self.monotonic, wall_ns=lambda: self.wall)

    def move(self, ns: int) -> None:
        self.monotonic += ns
        self.wall += ns


def test_it_begins_at_the_walls_time_and_runs_on_by_itself() -> None:
    hands = Hands(monotonic_ns=5 * S, wall_ns=1000 * S)
    clock = hands.clock()
    hands.monotonic += S
    hands.wall -= 500 * S  # somebody sets the wall's clock back
    assert clock.now_ns() == 1001 * S
    clock.note_wall()
    assert clock.wall_ns(1001 * S) == 500 * S
    assert clock.now_ns() == 1001 * S


@pytest.mark.parametrize("step_ns", [-3600 * S, -S, S, 8 * 3600 * S])
def test_a_wall_clock_that_is_set_or_a_machine_that_slept_is_noticed_once(step_ns: int) -> None:
    hands = Hands(monotonic_ns=0, wall_ns=10_000 * S)
    clock = hands.clock()
    clock.note_wall()
    hands.move(5 * S)
    hands.wall += S // 10  # slewed
    assert not clock.was_set()
    hands.wall += step_ns
    assert clock.was_set()
    clock.note_wall()
    assert not clock.was_set()
    assert clock.wall_ns(clock.now_ns()) == hands.wall
    assert clock.now_ns() == 10_005 * S


def test_a_rehearsals_clock_is_never_set() -> None:
    hands = Hands(monotonic_ns=0, wall_ns=10_000 * S)
    clock = hands.clock(speed=60.0)
    hands.wall += 3600 * S
    assert not clock.was_set()


def test_after_a_restart_it_goes_on_where_the_journal_ended_or_later() -> None:
    hands = Hands(monotonic_ns=0, wall_ns=1000 * S)
    ahead, behind, absurd = hands.clock(), hands.clock(), hands.clock()
    ahead.begin_after(990 * S)
    assert ahead.now_ns() == 1000 * S  # it was away for ten seconds
    behind.begin_after(2000 * S)  # a board that wakes up in 1970
    assert behind.now_ns() == 2000 * S + 1
    assert behind.wall_ns(behind.now_ns()) == 1000 * S
    hands.wall = absurd_ns = 1000 * S + 2 * LONGEST_AWAY_NS
    absurd = hands.clock()
    absurd.begin_after(1000 * S)
    assert absurd.now_ns() == 1000 * S + 1
    assert absurd.wall_ns(absurd.now_ns()) == absurd_ns


def test_a_rehearsal_runs_faster_and_asks_no_wall() -> None:
    hands = Hands(monotonic_ns=0, wall_ns=1000 * S)
    clock = hands.clock(speed=60.0)
    hands.move(S)
    clock.note_wall()
    assert clock.now_ns() == clock.wall_ns(clock.now_ns()) == 1060 * S
    assert clock.real_s() == 1001.0


def test_a_clock_is_believed_when_the_kernel_or_systemd_says_so(tmp_path: Path) -> None:
    mark = tmp_path / "synchronized"
    assert not is_synchronised(mark=mark, kernel=lambda: False)
    assert is_synchronised(mark=mark, kernel=lambda: True)
    mark.touch()
    assert is_synchronised(mark=mark, kernel=lambda: False)


def test_the_kernel_answers() -> None:
    assert kernel_says_synchronised() in {True, False}


READS_A_CLOCK = re.compile(r"^\s*(import|from) (time|datetime)\b|perf_counter|monotonic\(|time\(\)", re.MULTILINE)


def test_no_other_module_of_the_daemon_reads_a_clock() -> None:
    modules = {path.name: path.read_text() for path in Path(edgeecg.daemon.__path__[0]).glob("*.py")}
    assert [name for name, text in modules.items() if READS_A_CLOCK.search(text)] == ["clock.py"]


@pytest.mark.parametrize("late_ns", [0, 30_000_000])
def test_a_sample_was_taken_when_the_promptest_arrivals_say(late_ns: int) -> None:
    times = SampleTimes(250.0)
    assert times.at_ns(0) is None
    for n in range(1, 100):
        times.observe(25 * n - 1, n * 100_000_000 + (late_ns if n % 3 else 0))
    taken_ns = times.at_ns(0)
    assert taken_ns is not None
    assert abs(taken_ns - 4_000_000) < 100_000  # of sample 24 it is 0.1 s, so of sample 0 it is 4 ms; 200 ms may drift 0.1 ms


def test_a_slow_clock_is_followed() -> None:
    times = SampleTimes(250.0)
    for n in range(1, 6000):
        times.observe(25 * n - 1, round(n * 100_000_000 * (1 + 200e-6)))
    taken_ns = times.at_ns(25 * 5999 - 1)
    assert taken_ns is not None
    assert abs(taken_ns - round(5999 * 100_000_000 * (1 + 200e-6))) < 1_000_000
