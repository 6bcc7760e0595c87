"""A daemon that is looked at: it tells what it sees, and takes a person's word as it takes a subscriber's."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgeecg.live.messages import Message
from edgeecg.live.reader import Reader, socket_in
from edgeecg.simulate.scenario import Episode, Scenario
from tests.daemon.rehearsal import PATIENCE_S, STREAM, playing, running, settings_text
from tests.ports import free_port

pytest.importorskip("iotcore")
SPEED = 4.0
HEART = Scenario(name="seen", episodes=(Episode(0.0, "normal"), Episode(15.0, "asystole")))
"""What is to be acknowledged is not over before somebody can."""
PEOPLE = '[alerts]\npeople = ["nurse"]\n'


def told(reader: Reader) -> Iterator[Message]:
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s and not reader.is_over:
        yield from reader.take(1.0)


def until(messages: Iterator[Message], kind: str, **wanted: object) -> Message:
    for message in messages:
        if message["kind"] == kind and all(message[name] == value for name, value in wanted.items()):
            return message
    raise AssertionError(f"no {kind} {wanted} came")


def asystole(messages: Iterator[Message]) -> Message:
    """The alert as it comes, or as it stood when we came."""
    for message in messages:
        for alert in [message] if message["kind"] == "alert" else message.get("alerts", []):
            if alert["rule"] == "asystole":
                return dict(alert)
    raise AssertionError("no asystole came")


def test_who_looks_sees_samples_beats_and_alerts_and_may_acknowledge(tmp_path: Path) -> None:
    with playing(HEART, speed=SPEED, holds_at_s=1.0) as device:
        text = settings_text(tmp_path, device.port, free_port(), PEOPLE)
        with running(lambda: text, speed=SPEED) as daemon:
            daemon.until(lambda app: app.numbers.open_streams.value() == 1, "the stream")
            with Reader(socket_in(tmp_path)) as reader:
                coming = told(reader)
                assert until(coming, "hello")["people"] == ["nurse"]
                device.go_on()
                starts = [until(coming, "samples", stream=STREAM)["start_sample"] for _ in range(5)]
                assert np.diff(starts).tolist() == [25] * 4
                assert until(coming, "beat")["stream"] == STREAM
                raised = asystole(coming)
                reader.acknowledge(raised["alert_id"], raised["revision"], "burglar")
                assert "of nurse" in until(coming, "answer")["refusal"]
                reader.acknowledge("f" * 32, 1, "nurse")
                assert "of an alert that is on" in until(coming, "answer")["refusal"]
                reader.acknowledge(raised["alert_id"], raised["revision"], "nurse")
                seen: list[Message] = []
                for message in coming:
                    seen += [message] if message["kind"] in {"answer", "alert"} else []
                    if {"answer", "acknowledged"} <= {one.get("state", one["kind"]) for one in seen}:
                        break
                assert [one["refusal"] for one in seen if one["kind"] == "answer"] == [""]
                (acknowledged,) = [one for one in seen if one.get("state") == "acknowledged"]
                assert acknowledged["acknowledged_by"] == "nurse"
            assert daemon.app.numbers.alerts.value("asystole", "high", "acknowledged") == 1
            with Reader(socket_in(tmp_path)) as late:
                active = until(told(late), "active")
                assert "asystole" in {alert["rule"] for alert in active["alerts"]}
                assert {alert["stream"] for alert in active["alerts"] if alert["rule"] == "asystole"} == {STREAM}
    assert not socket_in(tmp_path).exists()


def test_samples_lie_where_the_engine_counts_them(tmp_path: Path) -> None:
    with playing("normal", speed=SPEED) as device:
        text = settings_text(tmp_path, device.port, free_port())
        with running(lambda: text, speed=SPEED) as daemon:
            daemon.until(lambda app: app.numbers.open_streams.value() == 1, "the stream")
            with Reader(socket_in(tmp_path)) as reader:
                coming = told(reader)
                beat = until(coming, "beat")
                newest = until(coming, "samples")
                next_sample = daemon.app.keeper.engine.next_sample(STREAM)
            assert not [trouble for trouble in daemon.app.troubles() if trouble.startswith("live")]
            assert daemon.app.live._server is not None
            daemon.app.live._server.failure = ValueError("as if it had ended")
            assert "live: its thread has ended: ValueError('as if it had ended')" in daemon.app.troubles()
    assert newest["start_sample"] % 25 == 0
    assert beat["sample"] < beat["reported_at"] < newest["start_sample"] + 25 <= next_sample


def test_a_daemon_that_cannot_be_looked_at_runs_all_the_same(tmp_path: Path) -> None:
    (socket_in(tmp_path) / "in the way").mkdir(parents=True)
    with playing("normal", speed=SPEED) as device:
        text = settings_text(tmp_path, device.port, free_port())
        with running(lambda: text, speed=SPEED) as daemon:
            daemon.until(lambda app: app.numbers.events.value("Beat") > 3, "beats")
