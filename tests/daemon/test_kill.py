"""kill -9 at random moments: nothing lost, nothing twice, nothing otherwise. `benchmarks/daemon_kill.py` does it 200 times."""

from pathlib import Path

import pytest

from tests.daemon.killing import LEAST_ALERTS, LEAST_KILLS, killed

pytest.importorskip("iotcore")
KILLS = 20
BUDGET_S = 15.0


def test_a_killed_daemon_tells_everything_once(tmp_path: Path, record_property: pytest.FixtureRequest) -> None:
    outcome = killed(KILLS, tmp_path, seed=7, within_s=0.4, budget_s=BUDGET_S)
    record_property("kills", outcome.kills)  # type: ignore[operator]
    assert outcome.kills >= LEAST_KILLS
    assert len(outcome.expected) >= LEAST_ALERTS
    assert (outcome.lost, outcome.invented, outcome.duplicates, outcome.differing) == (0, 0, 0, 0)
