"""Who feeds the watchdog: a probe that came through in time. One that was late shows that something stood still."""

import pytest

from edgeecg.daemon import systemd
from edgeecg.daemon.clock import Clock
from edgeecg.daemon.watch import GRACE, Watch

LIMIT_S = 5.0


class Case:
    """A watch whose time is told to it, and what systemd hears."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, speed: float = 1.0) -> None:
        self.host_s = 0.0
        self.heard: list[str] = []
        self.clock = Clock(speed=speed, monotonic_ns=lambda: round(self.host_s * 1e9), wall_ns=lambda: 10**18)
        monkeypatch.setattr(systemd, "notify", self.heard.append)
        self.watch = Watch(self.clock, LIMIT_S)


def test_a_probe_in_time_feeds_and_one_that_is_late_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    sent_ns = case.clock.now_ns()
    case.host_s = LIMIT_S
    case.watch.came_through(sent_ns)
    assert case.heard == [systemd.ALIVE]
    case.host_s = LIMIT_S + 0.01
    case.watch.came_through(sent_ns)
    assert case.heard == [systemd.ALIVE]
    assert (case.watch.n_fed, case.watch.n_late) == (1, 1)


def test_in_a_rehearsal_the_hosts_own_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, speed=60.0)
    sent_ns = case.clock.now_ns()
    case.host_s = LIMIT_S - 0.1
    case.watch.came_through(sent_ns)
    assert case.heard == [systemd.ALIVE]


def test_what_is_missing_for_two_limits_is_a_trouble_until_one_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.host_s = GRACE * LIMIT_S
    assert not case.watch.trouble()
    case.host_s += 0.1
    assert case.watch.trouble() == "probe: 10.1 s since one came through queue, engine and sink"
    case.watch.came_through(case.clock.now_ns())
    assert not case.watch.trouble()
