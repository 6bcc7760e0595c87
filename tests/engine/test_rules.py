"""Rules in the engine: alerts stand behind what caused them, in the tuple of the record that did, whoever is beside."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.calm_fuzz import played
from edgeecg.bench.workloads import ARRHYTHMIA, MV_PER_COUNT, QUIET, WORKLOADS, Workload, hearts_of
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.io.wfdb import read_record
from edgeecg.rulefacts import default_rules
from edgeecg.simulate.scenario import NAMED, Episode, Scenario
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.stages.rules.calm import Calm
from edgeecg.stages.rules.heart import Heart
from edgeecg.types import (
    Acknowledge,
    Alert,
    AlertState,
    Chunk,
    ConfigChange,
    Event,
    Gap,
    ModelChange,
    ModelState,
    Overload,
    Record,
    RefusalReason,
    Refused,
    SourceChange,
    SourceState,
    StreamChange,
    StreamChanged,
    Tick,
)
from tests.laws.signals import heart

HZ = 250
S = 1_000_000_000
NAMES = ("a", "b")
MODEL = ModelFacts(name="rhythm", sha256="0" * 64, labels=("N", "A"))
CONFIG = EngineConfig(
    streams=tuple(StreamFacts(name=name, rate_hz=HZ, sequence_bits=16) for name in NAMES), models=(MODEL,), rules=default_rules()
)
X, PEAKS = heart(HZ, 20.0, noise_mv=0.01)
LAST = int(PEAKS[PEAKS < 2500][-1])
STOPPED = np.concatenate([X[: LAST + 100], np.random.default_rng(1).normal(0, 0.01, 5000 - LAST - 100)])
"""A heart that stops."""


def opened(config: EngineConfig = CONFIG) -> Engine:
    engine = Engine(config)
    engine.feed(SourceState("", SourceChange.OPENED, 0, epoch=5))
    for facts in config.streams:
        engine.feed(SourceState(facts.name, SourceChange.OPENED, 0, epoch=9))
    return engine


def frames(x: np.ndarray, name: str, length: int = 25) -> list[Chunk]:
    return [Chunk(name, x[i : i + length], (i + length) * S // HZ, i // length) for i in range(0, len(x), length)]


def alerts(events: Sequence[Event]) -> list[Alert]:
    return [event for event in events if isinstance(event, Alert)]


def test_time_alone_says_asystole_in_the_chunk_that_brings_it() -> None:
    engine = opened()
    said = [(i, alert) for i, chunk in enumerate(frames(STOPPED, "a")) for alert in alerts(engine.feed(chunk))]
    (i, alert), *_ = said
    assert alert.rule == "asystole"
    assert (i + 1) * 25 > alert.reported_at >= i * 25
    assert alert.reported_at == pytest.approx(LAST + 4.3 * HZ, abs=2)
    assert (alert.stream, alert.epoch) == ("a", 9)


@pytest.mark.parametrize(("mv", "at_s"), [(5.0, 0.1), (5.0, 0.4), (30.0, 0.1), (30.0, 0.4), (5.0, 10.0), (30.0, 10.0), (500.0, 10.0)])
def test_a_spark_is_told_as_no_asystole(mv: float, at_s: float) -> None:
    """One sample, as of an electrode that is touched, while or just before a heart beats on."""
    x = X.copy()
    x[round(at_s * HZ)] = mv
    engine = opened()
    said = [alert.rule for chunk in frames(x, "a") for alert in alerts(engine.feed(chunk))]
    assert "asystole" not in said


@pytest.mark.parametrize("swing_hz", [0.4, 0.7, 1.0])
def test_a_baseline_that_swings_does_not_hold_off_asystole(swing_hz: float) -> None:
    engine = opened()
    swing = 5.0 * np.sin(2 * np.pi * swing_hz * np.arange(len(STOPPED)) / HZ)
    said = [alert for chunk in frames(STOPPED + swing, "a") for alert in alerts(engine.feed(chunk))]
    stopped = [alert for alert in said if alert.rule == "asystole"]
    assert stopped
    assert stopped[0].reported_at <= LAST + 6 * HZ


@pytest.mark.parametrize("rate_hz", [128.0, 173.6, 360.1, 977.0])
def test_fibrillation_is_told_at_any_rate(rate_hz: float) -> None:
    """Four seconds are no whole number of samples at every rate."""
    vf = Scenario(name="vf", episodes=(Episode(0.0, "normal"), Episode(20.0, "vf")))
    (block,) = Simulation(Setup(scenario=vf, rate_hz=1000.0)).blocks(32_000, n_samples=32_000)
    mv = block.ecg_mv.reshape(32_000, -1)[:, 0]
    x = np.interp(np.arange(0.0, 31.9, 1 / rate_hz), np.arange(32_000) / 1000, mv)
    engine = opened(EngineConfig(streams=(StreamFacts(name="a", rate_hz=rate_hz),), rules=default_rules()))
    events = engine.feed(Chunk("a", x, round(len(x) / rate_hz * S)))
    said = [alert for alert in alerts(events) if alert.rule == "v-fib"]
    assert said
    assert 20.0 < said[0].reported_at / rate_hz < 30.0


def over_a_radio(x: np.ndarray, lost: float) -> list[Alert]:
    """What is told of a signal of which a share of the frames is lost, or every so manieth."""
    engine, chunks = opened(), frames(x, "a")
    came = np.random.default_rng(3).random(len(chunks)) >= lost if lost < 1 else (np.arange(len(chunks)) + 13) % lost > 0
    come = [chunk for chunk, it_came in zip(chunks, came, strict=True) if it_came]
    return [alert for chunk in come for alert in alerts(engine.feed(chunk)) if alert.rule != "gap"]


@pytest.mark.parametrize("lost", [0.02, 0.05, 0.1, 0.2, 10, 20])
def test_a_radio_that_loses_frames_stops_no_heart_and_hides_none_that_stops(lost: float) -> None:
    beating, _ = heart(HZ, 120.0, noise_mv=0.01)
    assert not over_a_radio(beating, lost)
    stopped = over_a_radio(np.concatenate([STOPPED, STOPPED[-2500:]]), lost)[0]
    assert stopped.rule == "asystole"
    assert stopped.reported_at <= LAST + 8 * HZ


def test_many_chunks_of_a_stream_in_one_call_are_as_if_alone() -> None:
    together, alone = opened(), opened()
    records = [chunk for pair in zip(frames(STOPPED, "a"), frames(X[: len(STOPPED)], "b"), strict=False) for chunk in pair]
    many = together.feed_many(records)
    assert many == tuple(alone.feed(record) for record in records)
    assert [alert.rule for events in many for alert in alerts(events)] == ["asystole"]
    assert together.snapshot() == alone.snapshot()


def test_an_alert_stands_behind_what_caused_it() -> None:
    engine = opened()
    chunks = frames(X, "a")
    for chunk in chunks[:50]:
        engine.feed(chunk)
    events = engine.feed(chunks[100])
    place = next(i for i, event in enumerate(events) if isinstance(event, Gap))
    following = events[place + 1]
    assert isinstance(following, Alert)
    assert (following.rule, following.reported_at) == ("gap", events[place].reported_at)


def test_a_silent_device_is_told_by_the_tick_that_says_so() -> None:
    engine = opened()
    for chunk in frames(X[:1000], "a"):
        engine.feed(chunk)
    events = engine.feed(Tick(60 * S))
    assert [(event.stream, event.change) for event in events if isinstance(event, StreamChanged)] == [
        (name, StreamChange.SILENT) for name in NAMES
    ]
    assert [(alert.stream, alert.rule) for alert in alerts(events)] == [(name, "silent") for name in NAMES]
    assert not alerts(engine.feed(Tick(90 * S)))


def test_the_engines_own_alerts_have_no_stream_and_an_epoch_of_their_own() -> None:
    engine = opened()
    raised, cleared = alerts(engine.feed(Overload(4))), alerts(engine.feed(Overload(1)))
    assert (raised[0].stream, raised[0].rule, raised[0].epoch) == ("", "overload", 5)
    assert raised[0].text == "Overload: windows come 4 times as far apart (limit 2)"
    assert cleared[0].state == AlertState.CLEARED
    again = alerts(engine.feed(Overload(2)))
    assert again[0].alert_id != raised[0].alert_id
    (gone,) = alerts(engine.feed(ModelState("rhythm", ModelChange.REFUSED, "its hash is another")))
    assert (gone.text, gone.model, gone.model_sha256) == ("Model unavailable: rhythm was refused", "rhythm", "0" * 64)
    assert [alert.state for alert in alerts(engine.feed(ModelState("rhythm", ModelChange.READY)))] == [AlertState.CLEARED]


def test_a_person_acknowledges_by_name() -> None:
    engine = opened()
    (alert,) = alerts([event for chunk in frames(STOPPED[:4200], "a") for event in engine.feed(chunk)])
    (seen,) = engine.feed(Acknowledge(alert.alert_id, "Ada"))
    assert isinstance(seen, Alert)
    assert (seen.state, seen.acknowledged_by, seen.alert_id, seen.revision) == (AlertState.ACKNOWLEDGED, "Ada", alert.alert_id, 2)
    assert engine.feed(Acknowledge(alert.alert_id, "Bob")) == ()


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (Acknowledge("0" * 32, "Ada"), RefusalReason.UNKNOWN_ALERT),
        (Acknowledge("", "Ada"), RefusalReason.UNKNOWN_ALERT),
        (Acknowledge("0" * 32, ""), RefusalReason.BAD_VALUE),
        (Acknowledge("0" * 32, "A" * 65), RefusalReason.BAD_VALUE),
    ],
)
def test_what_cannot_be_acknowledged_is_refused(record: Record, reason: RefusalReason) -> None:
    engine = opened()
    before = engine.snapshot()
    (refused,) = engine.feed(record)
    assert isinstance(refused, Refused)
    assert refused.reason == reason
    assert engine.snapshot() == before


def test_a_snapshot_holds_what_is_told_and_nothing_is_told_again() -> None:
    engine, elsewhere = opened(), Engine(CONFIG)
    chunks = frames(STOPPED, "a")
    (alert,) = alerts([event for chunk in chunks[:165] for event in engine.feed(chunk)])
    assert not alerts(elsewhere.restore(engine.snapshot()))
    rest: list[Record] = [*chunks[165:], Acknowledge(alert.alert_id, "Ada"), Overload(3)]
    assert elsewhere.feed_many(rest) == engine.feed_many(rest)
    assert elsewhere.snapshot() == engine.snapshot()


def test_other_settings_keep_what_stays_and_say_over_what_goes() -> None:
    engine = opened()
    (alert,) = alerts([event for chunk in frames(STOPPED[:4200], "a") for event in engine.feed(chunk)])
    slower = tuple(replace(rule, limit=45.0) if rule.name == "bradycardia" else rule for rule in CONFIG.rules)
    assert engine.feed(ConfigChange(replace(CONFIG, rules=slower))) == ()
    assert isinstance(engine.feed(Acknowledge(alert.alert_id, "Ada"))[0], Alert)
    without = tuple(replace(rule, enabled=rule.name != "asystole") for rule in slower)
    (over,) = engine.feed(ConfigChange(replace(CONFIG, rules=without)))
    assert isinstance(over, Alert)
    assert (over.state, over.alert_id) == (AlertState.CLEARED, alert.alert_id)


def test_a_stream_that_is_removed_takes_its_alerts_with_it() -> None:
    engine = opened()
    (alert,) = alerts([event for chunk in frames(STOPPED[:4200], "a") for event in engine.feed(chunk)])
    removed, over = engine.feed(ConfigChange(replace(CONFIG, streams=CONFIG.streams[1:])))
    assert isinstance(removed, StreamChanged)
    assert isinstance(over, Alert)
    assert (removed.change, over.state, over.alert_id) == (StreamChange.REMOVED, AlertState.CLEARED, alert.alert_id)


def test_a_rule_may_be_for_some_streams_only() -> None:
    rules = tuple(replace(rule, streams=("b",)) for rule in CONFIG.rules)
    engine = opened(replace(CONFIG, rules=rules))
    said = [engine.feed(chunk) for name in NAMES for chunk in frames(STOPPED, name)]
    assert {alert.stream for events in said for alert in alerts(events)} == {"b"}


def test_without_rules_nobody_is_told() -> None:
    engine = opened(replace(CONFIG, rules=()))
    assert not [alert for chunk in frames(STOPPED, "a") for alert in alerts(engine.feed(chunk))]
    assert not alerts([*engine.feed(Tick(90 * S)), *engine.feed(Overload(3))])


@pytest.mark.parametrize("heart_of", [NAMED["pvc"], NAMED["af"], WORKLOADS[ARRHYTHMIA].hearts[0][0]], ids=lambda scenario: scenario.name)
def test_what_waits_in_the_kernel_is_the_same_however_many_chunks_come_at_once(heart_of: Scenario) -> None:
    """Where something of a stream has not yet been heard by its rules, nothing that came after it may wait."""
    (counts,) = hearts_of(Workload(heart_of.name, "", ((heart_of, ()),)), 90.0, seed=3)
    chunks = frames(counts * MV_PER_COUNT, "a", 10)
    found = []
    for at_once in (1, 40, 1000):
        engine = opened()
        given = [engine.feed_many(chunks[first : first + at_once]) for first in range(0, len(chunks), at_once)]
        found.append(([event for events in given for some in events for event in some], engine.snapshot()))
    assert len(found[0][0]) > 200
    assert found[0] == found[1] == found[2]


def test_a_piece_that_waits_is_not_told_too_when_time_decides_something_in_it(edgeecg_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Record 119: ventricular beats that come alone, and a rhythm called irregular, of which there is something to say once a minute."""
    x = read_record(edgeecg_data / "mitdb" / "119").leads[0].millivolts()[: 240 * 360]
    config = EngineConfig(streams=(StreamFacts(name="119", rate_hz=360.0, mv_per_unit=1.0),), rules=default_rules())
    chunks = [Chunk("119", x[i : i + 150], (i + 150) * S // 360) for i in range(0, len(x), 150)]
    waiting, asked = opened(config), opened(config)
    given = [waiting.feed(chunk) for chunk in chunks]
    assert sum(len(alerts(some)) for some in given) >= 3
    monkeypatch.setattr(Calm, "look", lambda calm, *_: calm.forget())
    assert given == [asked.feed(chunk) for chunk in chunks]


def test_no_beat_of_a_heart_at_rest_waits_for_those_before_it_to_be_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is time for that while nothing is said."""
    remembered: list[int] = []
    remember, engine = Calm.remember, opened()

    def noted(calm: Calm, heart: Heart, now: int) -> int:
        remembered.append(now)
        return remember(calm, heart, now)

    monkeypatch.setattr(Calm, "remember", noted)
    (counts,) = hearts_of(WORKLOADS[QUIET], 200.0)
    found = []
    for chunk in frames(counts * MV_PER_COUNT, "a", 10):
        remembered.clear()
        said = engine.feed(chunk)
        if remembered and chunk.arrival_ns > 60 * S:
            found.append(said)
    assert len(found) > 4
    assert not any(found)


@pytest.mark.parametrize("seed", [2, 5, 9])
def test_what_may_wait_changes_nothing_whatever_the_hearts_and_calls(seed: int) -> None:
    """A short `benchmarks.calm_fuzz`, without recordings."""
    waiting, asked = played((), seed)
    assert sum(isinstance(event, Alert) for event in asked) >= 3
    assert waiting == asked
