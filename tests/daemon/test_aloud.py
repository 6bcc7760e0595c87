"""Alerts in the daemon's log and in a file of its own."""

import json
import logging
from pathlib import Path

import pytest

from edgeecg.config.settings import Alerts
from edgeecg.daemon.aloud import Aloud
from edgeecg.daemon.keeper import Keeper
from edgeecg.errors import InputError
from edgeecg.types import AlertState, Priority
from tests.daemon.rehearsal import playing, running, settings_text
from tests.daemon.reloading import fed
from tests.payload.alerts import stamped
from tests.ports import free_port

SPEED = 20.0
LIFE = (
    stamped(1, 1, state=AlertState.RAISED),
    stamped(1, 2, state=AlertState.UPDATED),
    stamped(1, 3, state=AlertState.ACKNOWLEDGED, acknowledged_by="nurse"),
    stamped(1, 4, state=AlertState.CLEARED),
)


def revisions(path: Path) -> list[int]:
    return [json.loads(line)["revision"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_log_has_a_line_when_something_changes_and_the_file_one_each_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    aloud = Aloud(Alerts(file=Path("alerts.jsonl")), tmp_path)
    aloud.hear(LIFE[:2])
    aloud.hear(LIFE[2:])
    assert not caplog.records
    aloud.say()
    aloud.say()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "INFO"]
    assert [state in record.message for state, record in zip(("raised", "by nurse", "cleared"), caplog.records, strict=True)] == [True] * 3
    assert revisions(tmp_path / "alerts.jsonl") == [1, 2, 3, 4]
    aloud.hear([stamped(2, priority=Priority.LOW)])
    aloud.close()
    assert [record.levelname for record in caplog.records[3:]] == ["INFO"]
    assert revisions(tmp_path / "alerts.jsonl") == [1, 2, 3, 4, 1]


def test_who_wants_neither_has_neither(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    aloud = Aloud(Alerts(log=False), tmp_path)
    aloud.hear(LIFE)
    aloud.close()
    assert not caplog.records
    assert not list(tmp_path.iterdir())


def test_a_disk_that_does_not_take_them_is_said_and_one_that_cannot_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    aloud = Aloud(Alerts(log=False, file=Path("/dev/full")), tmp_path)
    aloud.hear(LIFE)
    aloud.say()
    aloud.close()
    assert [record.message for record in caplog.records] == ["alerts.file: the disk did not take 4 alerts"]
    with pytest.raises(InputError, match=r"nowhere/alerts\.jsonl"):
        Aloud(Alerts(file=Path("nowhere/alerts.jsonl")), tmp_path)


def test_a_daemon_says_each_alert_once_also_after_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("iotcore")
    caplog.set_level(logging.INFO)
    file = tmp_path / "alerts.jsonl"
    with playing("asystole", speed=SPEED) as device:
        text = settings_text(tmp_path, device.port, free_port(), f'[alerts]\nfile = "{file.name}"\n')
        with running(lambda: text, speed=SPEED) as daemon:
            assert "edgeecg_journal_behind 0\n" in daemon.app.numbers.text()
            daemon.until(lambda _: "asystole" in file.read_text(encoding="utf-8"), "an alert in the file")
            daemon.until(lambda app: "edgeecg_outbox_waiting 0\n" in app.numbers.text(), "all to be received")
        with running(lambda: text, speed=SPEED) as daemon:
            assert daemon.app.keeper.recovery.calls
            before = fed(daemon.app, "Chunk")
            daemon.until(lambda app: fed(app, "Chunk") > before + 30, "more samples")
    said = [(one["alert_id"], one["revision"]) for one in map(json.loads, file.read_text(encoding="utf-8").splitlines())]
    assert len(set(said)) == len(said)
    assert sum("raised" in line and "Asystole" in line for line in caplog.messages) == 1
    monkeypatch.setattr(Keeper, "is_behind", property(lambda _: True))
    assert "edgeecg_journal_behind 1\n" in daemon.app.numbers.text()
