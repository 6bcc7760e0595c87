"""SIGHUP and who sends alerts: another broker, other people, and what waits for the next start is named."""

import logging
import shutil
import signal
import subprocess
from pathlib import Path
from threading import Event

import pytest

from edgeecg.config import parse
from edgeecg.daemon.app import App, waits_for_start
from edgeecg.errors import ConfigError
from edgeecg.io.broker import EmbeddedBroker
from edgeecg.io.sinks.dispatch import RETIRE_S
from edgeecg.types import Gap
from tests.daemon.rehearsal import Running, playing, running, settings_text
from tests.daemon.reloading import events_of, fed
from tests.io.sources.brokers import mosquitto_running
from tests.payload.alerts import stamped
from tests.ports import free_port

pytest.importorskip("iotcore")
SPEED = 20.0


def reload(daemon: Running, current: list[str], text: str, outcome: str = "taken") -> None:
    n = daemon.app.numbers.reloads.value(outcome)
    current[0] = text
    daemon.tell(signal.SIGHUP)
    daemon.until(lambda app: app.numbers.reloads.value(outcome) == n + 1, f"settings that are {outcome}")


def test_alerts_go_to_another_broker_and_back_while_samples_come(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        playing("normal", speed=SPEED) as device,
        EmbeddedBroker(tmp_path / "other", port=free_port()) as other,
        caplog.at_level(logging.WARNING),
    ):
        own = settings_text(tmp_path / "state", device.port, free_port())
        elsewhere = own + f'[mqtt]\nhost = "127.0.0.1"\nport = {other.port}\n[alerts]\npeople = ["nurse"]\nexpiry_s = 60\n'
        current = [own]
        with running(lambda: current[0], speed=SPEED) as daemon:
            daemon.until(lambda app: app._sink.is_up, "our own broker")
            reload(daemon, current, elsewhere)
            daemon.until(lambda app: app._sink.is_up, "the other broker")
            assert daemon.app._sink._own is None
            before = fed(daemon.app, "Chunk")
            reload(daemon, current, elsewhere.replace("[mqtt]", '[mqtt]\nca_file = "/nowhere.pem"'), "refused")
            daemon.until(lambda _: "/nowhere.pem" in caplog.text, "why they are")
            daemon.until(lambda app: app._sink.is_up and fed(app, "Chunk") > before + 20, "alerts and samples as before")
            reload(daemon, current, own)
            daemon.until(lambda app: app._sink.is_up and app._sink._own is not None, "our own broker again")
            sink = daemon.app._sink._sink
            reload(daemon, current, own)
            assert daemon.app._sink._sink is sink, "what has not changed is left alone"
            daemon.until(lambda app: not app.troubles(), "nothing to complain of")


def test_our_own_broker_that_ended_is_started_again_once_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def is_taken(_: EmbeddedBroker) -> None:
        raise ConfigError("broker", "a port that another has", "a free port")

    with (
        playing("normal", speed=SPEED) as device,
        running(lambda: settings_text(tmp_path, device.port, free_port()), speed=SPEED) as daemon,
        caplog.at_level(logging.ERROR),
    ):
        daemon.until(lambda app: app._sink.is_up, "our own broker")
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(EmbeddedBroker, "start", is_taken)
            assert daemon.app._sink._own is not None
            daemon.app._sink._own.stop()
            daemon.until(lambda app: not app._sink.is_up, "its end")
            daemon.until(lambda _: "does not start again" in caplog.text, "a start that was tried while it could not be")
            before = fed(daemon.app, "Chunk")
            daemon.until(lambda app: fed(app, "Chunk") > before + 30, "samples, seconds after it")
        daemon.until(lambda app: app._sink.is_up, "our own broker, again")
    assert caplog.text.count("does not start again: broker: a port that another has") == 1
    assert "our own broker had ended, and was started again" in caplog.text


def test_a_password_that_was_changed_in_its_file_is_taken_at_the_next_connection(tmp_path: Path) -> None:
    maker = shutil.which("mosquitto_passwd")
    if maker is None:
        pytest.skip("mosquitto_passwd is not installed")
    port, passwords, secret = free_port(), tmp_path / "passwords", tmp_path / "secret"

    def change(password: str) -> None:
        subprocess.run([maker, "-b", "-c", passwords, "dev", password], check=True)
        fresh = tmp_path / "fresh"
        fresh.write_text(f"{password}\n", encoding="utf-8")
        fresh.replace(secret)  # at once: a daemon that begins and finds it empty does not begin

    change("one")
    login = f'host = "127.0.0.1"\nport = {port}\nusername = "dev"\npassword_file = "{secret}"\n'
    with playing("normal", speed=SPEED) as device:
        text = settings_text(tmp_path / "state", device.port, free_port()) + f"[mqtt]\n{login}[[sources.mqtt]]\n{login}"

        def is_up(app: App) -> bool:
            return app._sink.is_up and app.numbers.line_up.value(f"mqtt 127.0.0.1:{port}") == 1

        with running(lambda: text, speed=SPEED) as daemon:
            for password in ("one", "two"):
                change(password)  # under the daemon's hands
                with mosquitto_running(tmp_path, f"allow_anonymous false\npassword_file {passwords}", port=port):
                    daemon.until(is_up, "both lines")
                daemon.until(lambda app: not is_up(app), "their end")


def test_a_key_that_was_changed_in_its_file_seals_from_sighup_on(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"a" * 32)
    with playing("normal", speed=SPEED) as device:
        text = settings_text(tmp_path, device.port, free_port()) + f'[alerts]\nseal_key_file = "{key}"\n'
        with running(lambda: text, speed=SPEED) as daemon:
            daemon.until(lambda app: app._sink.is_up, "our own broker")
            key.write_bytes(b"b" * 32)
            reload(daemon, [text], text)
            assert daemon.app._sink._sink.settings.key == b"b" * 32
            daemon.until(lambda app: app._sink.is_up, "our own broker, as it was")


def test_limits_of_the_outbox_and_who_must_have_alerts_change_at_once(tmp_path: Path) -> None:
    with playing("normal", speed=SPEED) as device:
        text = settings_text(tmp_path, device.port, free_port())
        current = [text]
        with running(lambda: current[0], speed=SPEED) as daemon:
            daemon.until(lambda app: app._sink.is_up, "our own broker")
            reload(daemon, current, text + '[alerts]\nreceivers = ["ward"]\nmax_mib = 2\nsnippet_s = 4\n')
            assert daemon.app.outbox.limits.receivers == ("ward",)
            assert daemon.app.outbox.limits.max_bytes == 2 << 20
            daemon.until(lambda app: app._sink.is_up, "our own broker, as it was")
            daemon.app.outbox.put([stamped(1)])
            daemon.app._sink.wake()
            daemon.until(lambda app: app._sink._sink.counters()["sent"] == 1, "an alert on its way")
            daemon.until(lambda app: not app._sink._sink._line._sent, "the broker's word that it has it")
            Event().wait(4 * RETIRE_S)
            assert daemon.app.outbox.counters().n_waiting == 1, "the ward has not said that it has it"


def test_models_are_swapped_while_samples_come_and_one_that_cannot_run_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def models(daemon: Running) -> list[str]:
        return [model.name for model in daemon.app.keeper.engine.config.models]

    def answers(app: App) -> float:
        return app.numbers.events.value("Prediction")

    with playing("normal", speed=SPEED) as device, caplog.at_level(logging.ERROR):
        none = settings_text(tmp_path, device.port, free_port())
        one, unknown = none.replace("use = []", 'use = ["rhythm"]'), none.replace("use = []", 'use = ["rhythm", "tarot"]')
        current = [none]
        with running(lambda: current[0], speed=SPEED) as daemon:
            daemon.until(lambda app: fed(app, "Chunk") > 0, "samples")
            reload(daemon, current, one)
            daemon.until(lambda app: answers(app) >= 2, "answers of the model")
            reload(daemon, current, unknown, "refused")
            assert "tarot" in caplog.text
            n = answers(daemon.app)
            daemon.until(lambda app: models(daemon) == ["rhythm"] and answers(app) > n, "its answers as before")
            reload(daemon, current, none)
            daemon.until(lambda app: models(daemon) == [] and not app.troubles(), "no model and nothing to complain of")
        events = events_of(tmp_path)
    assert not [event for event in events if isinstance(event, Gap)], "no sample is lost by it"


def test_what_waits_for_the_next_start_is_named() -> None:
    def settings(more: str) -> str:
        return f'[device]\nname = "a"\n{more}'

    before = parse(settings(""), "edgeecg.toml")
    after = parse(
        settings(
            '[journal]\nsegment_mib = 8\n[models]\nuse = []\n[alerts]\nnames_key_file = "/k"\nexpiry_s = 1\n[limits]\nlow_rate = 40\n'
        ),
        "",
    )
    assert waits_for_start(before, after) == ["alerts.names_key_file", "journal.segment_mib"]
    assert waits_for_start(before, before) == []
