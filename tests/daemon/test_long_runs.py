"""The short forms of what takes minutes or hours: `benchmarks.soak`, `daemon_overload`, `journal_faults`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import daemon_overload, journal_faults, soak
from tests.daemon.faulty import Case

pytest.importorskip("iotcore")


def quiet(_: str) -> None:
    """Say nothing."""


def test_a_daemon_that_runs_for_minutes_of_signal_holds_on_to_no_descriptor_and_no_thread(tmp_path: Path) -> None:
    figures = soak.soaked(0.1, 20.0, tmp_path, quiet)
    assert figures.rated_hours > 0
    assert figures.alerts > 0
    assert figures.threads[0] == figures.threads[1]
    assert figures.descriptors[1] <= figures.descriptors[0] + 2  # a journal's segment, or SQLite's, while it is exchanged


def looks(mib_h: float, descriptors: int = 20) -> list[soak.Look]:
    return [soak.Look(i * 60.0, 200 + mib_h * i / 60, 20 if i < 100 else descriptors, 9) for i in range(120)]


@pytest.mark.parametrize(("mib_h", "descriptors", "within"), [(30.0, 20, True), (90.0, 20, False), (0.0, 21, False), (-5.0, 19, True)])
def test_a_soak_that_finds_a_leak_says_so(mib_h: float, descriptors: int, within: bool) -> None:
    """At 60 times the speed an hour of the wall is 60 of signal."""
    assert soak.slope(looks(mib_h)) == pytest.approx(mib_h)
    figures = soak.figures_of(looks(mib_h, descriptors), soak.Told(), minutes=120, speed=60.0, rated=120.0)
    assert figures.slope_mib_h == pytest.approx(mib_h / 60, abs=1e-4)
    assert figures.within == within


def test_a_soak_on_a_machine_that_takes_less_of_the_signal_does_not_look_better_for_it() -> None:
    slow = soak.figures_of(looks(45.0), soak.Told(), minutes=120, speed=60.0, rated=60.0)
    assert slow.slope_mib_h == pytest.approx(1.5)
    assert not slow.within


def test_four_times_too_much_is_dropped_and_said_and_what_is_in_its_share_is_told(tmp_path: Path) -> None:
    figures = daemon_overload.overloaded(4.0, 7.0, tmp_path, quiet, calm_s=0.0)
    assert 0 < figures.most_waiting <= figures.may_wait
    assert figures.dropped_s > 0
    assert figures.overrun_said_s >= 0
    assert figures.calm_urgent > 0
    assert (figures.calm_lost, figures.calm_invented) == (0, 0)


@pytest.mark.parametrize(("made", "alerts", "every"), [(journal_faults.of_toy, 200, 97), (journal_faults.of_engine, 30, 29)])
def test_a_journal_whose_disk_fails_anywhere_loses_no_alert(made: Callable[[int], Case[Any]], alerts: int, every: int) -> None:
    figures = journal_faults.faulted(made(alerts), every=every)
    assert figures.alerts >= alerts
    assert (figures.lost, figures.invented) == (0, 0)
