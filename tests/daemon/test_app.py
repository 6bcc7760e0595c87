"""The daemon as a whole: what comes goes through, settings are swapped, a restart goes on."""

import logging
import shutil
import signal
from pathlib import Path
from threading import Event

import pytest

from edgeecg.daemon.app import App
from edgeecg.daemon.keeper import Keeper
from edgeecg.errors import JournalError
from edgeecg.facts import EngineConfig
from edgeecg.journal import read
from edgeecg.types import Acknowledge, Alert, Chunk, Overload, Refused, SourceState, StreamChanged
from tests.daemon.rehearsal import PATIENCE_S, STREAM, playing, running, settings_text
from tests.daemon.reloading import LOW_RATES, events_of, fed, reloaded
from tests.payload.alerts import stamped
from tests.ports import free_port

pytest.importorskip("iotcore")
SPEED = 20.0


def test_what_a_device_sends_goes_through_and_a_restart_goes_on(tmp_path: Path) -> None:
    with playing("normal", speed=SPEED) as device:
        text = settings_text(tmp_path, device.port, free_port())
        with running(lambda: text, speed=SPEED) as daemon:
            daemon.until(lambda app: fed(app, "Chunk") > 100, "ten seconds of samples")
            daemon.until(lambda app: not app.troubles(), "nothing to complain of")
        first = len(list(read(tmp_path / "journal")))
        with running(lambda: text, speed=SPEED) as daemon:
            assert daemon.app.keeper.recovery.calls == first
            daemon.until(lambda app: fed(app, "Chunk") > 200, "more samples")
    events = events_of(tmp_path)
    epochs = {event.epoch for event in events if isinstance(event, StreamChanged) and event.stream == STREAM}
    assert len(epochs) == 1
    assert not [event for event in events if isinstance(event, Refused)]
    changes = [
        record for entry in read(tmp_path / "journal") for record in entry.records if isinstance(record, SourceState) and record.stream
    ]
    assert [change.change.name for change in changes] == ["OPENED", "LOST", "OPENED", "LOST"]
    assert changes[0].epoch != changes[2].epoch  # the source drew another, and the stream kept its own


def on(app: App) -> dict[str, Alert]:
    return {one.alert.rule: one.alert for one in app.outbox.active()}


def test_what_was_on_when_an_engine_begins_anew_is_over_and_can_be_seen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with playing("asystole", speed=SPEED) as device:
        text = settings_text(tmp_path, device.port, free_port())
        with running(lambda: text, speed=SPEED) as daemon:
            daemon.until(lambda app: "asystole" in on(app), "asystole")
            asystole = on(daemon.app)["asystole"]
            daemon.app.outbox.put([stamped(1, rule="chain")])
    with running(lambda: text, speed=SPEED) as daemon:
        assert on(daemon.app)["asystole"].alert_id == asystole.alert_id
        assert "chain" in on(daemon.app), "an engine that goes on may know it"
    shutil.rmtree(tmp_path / "journal")
    with running(lambda: text, speed=SPEED) as daemon:
        assert "chain" not in on(daemon.app)
        left = on(daemon.app)["asystole"]
        assert (left.alert_id, left.latched) == (asystole.alert_id, True)
        assert "the engine began anew" in left.text
    assert "(asystole of 'simulated/ecg') is over: the engine began anew" in caplog.text
    with running(lambda: text, speed=SPEED) as daemon:
        assert on(daemon.app)["asystole"] == left
        daemon.app.live.acknowledge(left.alert_id, left.revision, "dr.grey")
        daemon.until(lambda app: "asystole" not in on(app), "it is over now that somebody has seen it")


def test_what_was_told_while_the_journal_was_behind_is_over_after_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise JournalError("journal", "no room", "some")

    with playing("asystole", speed=SPEED) as device:
        text = settings_text(tmp_path, device.port, free_port())
        with running(lambda: text, speed=SPEED) as daemon:
            with monkeypatch.context() as full:
                full.setattr("edgeecg.journal.writer.Journal.append", refuses)
                full.setattr("edgeecg.journal.writer.Journal.rotate", refuses)
                daemon.until(lambda app: "asystole" in on(app), "asystole")
                daemon.app.keeper.rotate = lambda: False  # type: ignore[method-assign]
            asystole = on(daemon.app)["asystole"]
    with running(lambda: text, speed=SPEED) as daemon:
        assert "less than was told" in str(daemon.app.keeper.recovery.loss)
        left = on(daemon.app)["asystole"]
        assert (left.alert_id, left.revision, left.latched) == (asystole.alert_id, asystole.revision + 1, True)
    with running(lambda: text, speed=SPEED) as daemon:
        assert daemon.app.keeper.recovery.loss is None


def test_what_an_engine_says_of_itself_has_other_ids_once_it_began_anew(tmp_path: Path) -> None:
    def overloaded() -> Alert:
        with running(lambda: text, speed=SPEED) as daemon:
            daemon.app.inbox.order([Overload(8)])
            daemon.until(lambda app: "overload" in on(app), "the alert")
            return on(daemon.app)["overload"]

    text = settings_text(tmp_path, "/dev/nowhere", free_port())
    first, same = overloaded(), overloaded()
    shutil.rmtree(tmp_path / "journal")
    other = overloaded()
    assert first.alert_id == same.alert_id
    assert (other.revision, other.onset_sample) == (first.revision, first.onset_sample)
    assert other.alert_id != first.alert_id


def test_settings_are_swapped_while_samples_come_and_wrong_ones_are_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        outcome = reloaded(20, tmp_path, speed=SPEED)
    assert (outcome.taken, outcome.refused) == (10, 10)
    assert 'low_rate: "slow" is not a number' in caplog.text
    assert "klingon" in caplog.text
    assert (outcome.gaps, outcome.refused_records) == (0, 0), "no sample is lost"
    assert outcome.limits_seen >= set(LOW_RATES)


def test_a_stream_that_is_described_otherwise_begins_anew(tmp_path: Path) -> None:
    broker = free_port()
    with playing("normal", speed=SPEED) as device:
        plain = settings_text(tmp_path, device.port, broker)
        described = (
            plain + f'[[stream]]\nname = "{STREAM}"\nrate_hz = 250\nmv_per_unit = 0.002\nsequence_bits = 16\ndevice_clock_bits = 64\n'
        )
        current = [plain]
        with running(lambda: current[0], speed=SPEED) as daemon:
            daemon.until(lambda app: fed(app, "Chunk") > 30, "samples")
            current[0] = described
            daemon.tell(signal.SIGHUP)
            daemon.until(lambda app: app.numbers.reloads.value("taken") == 1, "the change")
            before = fed(daemon.app, "Chunk")
            daemon.until(lambda app: fed(app, "Chunk") > before + 60, "samples as they are described")
    events = events_of(tmp_path)
    assert not [event for event in events if isinstance(event, Refused)]
    epochs = [event.epoch for event in events if isinstance(event, StreamChanged) and event.change.name == "OPENED"]
    assert len(set(epochs)) == 2


def test_the_watchdog_is_fed_by_probes_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = settings_text(tmp_path, "/dev/nowhere", free_port()).replace("port = 0", "port = 0\nprobe_limit_s = 1")
    with running(lambda: text, speed=SPEED) as daemon:
        watch = daemon.app._watch
        daemon.until(lambda _: watch.n_fed > 3, "probes that come through")
        probe, came_through = daemon.app._sink.probe, Event()
        monkeypatch.setattr(daemon.app._sink, "probe", lambda _: None)  # the sink hangs
        probe(came_through.set)
        assert came_through.wait(PATIENCE_S), "those that were on their way"
        fed_before = watch.n_fed
        daemon.until(lambda _: watch.trouble(), "a probe that is missed")
        assert watch.n_fed <= fed_before + 1
        assert any("probe" in trouble for trouble in daemon.app.troubles())


def test_an_engine_that_dies_ends_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.daemon.rehearsal import Running

    def dies(*_: object) -> None:
        raise ArithmeticError("a fault of the program")

    text = settings_text(tmp_path, "/dev/nowhere", free_port())
    daemon = Running(lambda: text, speed=SPEED)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    monkeypatch.setattr(Keeper, "feed", dies)
    daemon._thread.join(PATIENCE_S)
    assert isinstance(daemon.failure, RuntimeError), f"what ended it within {PATIENCE_S:g} s: {daemon.failure!r}"
    assert isinstance(daemon.failure.__cause__, ArithmeticError)


def test_a_persons_word_is_in_the_journal_before_the_broker_is_told_that_we_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with playing("normal", speed=SPEED) as device:
        text = settings_text(tmp_path, device.port, free_port())
        with running(lambda: text, speed=SPEED) as daemon:
            daemon.until(lambda app: fed(app, "Chunk") > 10, "samples")
            monkeypatch.setattr("edgeecg.daemon.app.ACKNOWLEDGE_S", PATIENCE_S)
            daemon.app.acknowledge_for_good("00" * 16, "nurse")
            assert Acknowledge("00" * 16, "nurse") in [record for entry in read(tmp_path / "journal") for record in entry.records]
            monkeypatch.setattr("edgeecg.daemon.app.ACKNOWLEDGE_S", 0.0)
            monkeypatch.setattr(daemon.app._decided, "awaits", lambda _: Event())
            daemon.app.acknowledge_for_good("11" * 16, "nurse")
            assert "still to come" in caplog.text
            daemon.until(lambda app: fed(app, "Acknowledge") == 2, "the other one")


def test_the_journal_holds_what_the_engine_was_told_first(tmp_path: Path) -> None:
    text = settings_text(tmp_path, "/dev/nowhere", free_port(), '[[stream]]\nname = "a"\nrate_hz = 250\n')
    with running(lambda: text, speed=SPEED) as daemon:
        daemon.until(lambda app: fed(app, "Tick") > 2, "ticks")
        assert [facts.name for facts in daemon.app.keeper.engine.config.streams] == ["a"]
    assert EngineConfig() != daemon.app.keeper.engine.config
    assert not [record for entry in read(tmp_path / "journal") for record in entry.records if isinstance(record, Chunk)]
