"""The rules about heart sounds: a delay that drifts from what it usually is, and a model that calls the sound abnormal."""

from dataclasses import replace
from itertools import chain

import pytest

from edgeecg.errors import ConfigError
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.rulefacts import RuleFacts, default_rules
from edgeecg.stages.rules.book import Book, rules_of
from edgeecg.stages.rules.delays import KNOWN, RECENT
from edgeecg.stages.rules.episodes import Owner
from edgeecg.stages.rules.stream import StreamRules
from edgeecg.types import Alert, AlertState, Coupling, Event, Prediction, Quality, QualityReason, SoundReason

RAISED, UPDATED, ACKNOWLEDGED, CLEARED = AlertState
HZ = 1000
MODEL = ModelFacts(name="sounds", sha256="ef" * 32, labels=("normal", "abnormal"))


def heard(*names: str, **changes: object) -> StreamRules:
    facts = [replace(rule, **changes) for rule in default_rules() if rule.name in names]  # type: ignore[arg-type]
    return StreamRules(Owner("sound", HZ, ("sound",), (MODEL,)), [(rule, -1) for rule in facts])


def coupled(seconds: float, delay_ms: float, confidence: float = 0.9, reason: SoundReason = SoundReason.NONE) -> Coupling:
    return Coupling(
        "sound", round(seconds * 250), delay_ms, 1.5, 300.0, 4.0, 1.0, confidence, reason, b"", b"", round((seconds + 0.76) * HZ)
    )  # fmt: skip


def rated(seconds: float, index: float = 0.95) -> Quality:
    reason = QualityReason.NONE if index > 0.5 else QualityReason.TALK
    return Quality("sound", "sound", round(seconds * HZ), HZ, index, index > 0.5, reason, 0.0, 0.0, 0.0, 0.0, round((seconds + 1.5) * HZ))


def opinion(end_s: float, abnormal: float, *, abstained: bool = False, late: bool = False, model: str = "sounds") -> Prediction:
    label = "abnormal" if abnormal > 0.5 else "normal"
    start, end = round((end_s - 10) * HZ), round((end_s + 0.5) * HZ)
    return Prediction("sound", model, 0, start, 10 * HZ, -1, label, (1 - abnormal, abnormal), abstained, (), late, end)


def story(*groups: list[Event]) -> list[Event]:
    return sorted(chain(*groups), key=lambda event: event.reported_at)


def delays(start_s: float, length_s: float, delay_ms: float, **how: object) -> list[Event]:
    """A beat every 0.8 s, its delay a little off by turns."""
    return [coupled(start_s + 0.8 * i, delay_ms + (-3.0, 0.0, 3.0)[i % 3], **how) for i in range(int(length_s / 0.8))]  # type: ignore[arg-type]


def told(rules: StreamRules, events: list[Event]) -> list[Alert]:
    return [event for event in rules.take(events) if isinstance(event, Alert)]


def good(n: int) -> list[Event]:
    return [rated(i) for i in range(n)]


# --- delays -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change_ms", [30.0, -30.0])
def test_a_delay_that_leaves_what_is_usual_to_a_person_is_told(change_ms: float) -> None:
    events = story(delays(0, 200, 60.0), delays(200, 120, 60.0 + change_ms), good(320))
    alert = told(heard("delay-drift"), events)[0]
    assert (alert.state, alert.priority.name) == (RAISED, "MEDIUM")
    assert 200 + 60 < alert.reported_at / HZ < 200 + 60 + 12, "a minute of it, and the beats that make its median"
    assert alert.value == pytest.approx(change_ms, abs=4.0)
    assert alert.text.startswith(f"Electromechanical delay: R to first sound {60 + change_ms:.0f} ms, usually 6")
    assert alert.unit == "ms"
    assert [(one.name, one.unit) for one in alert.evidence] == [("delay", "ms"), ("usual_delay", "ms"), ("delay_sd", "ms")]
    assert alert.score == 0.9


def test_the_limit_is_the_persons_own_and_not_a_delay_of_others() -> None:
    assert not told(heard("delay-drift"), story(delays(0, 320, 130.0), good(320)))


def test_a_small_change_or_a_short_one_is_none() -> None:
    assert not told(heard("delay-drift"), story(delays(0, 200, 60.0), delays(200, 120, 75.0), good(320)))
    short = story(delays(0, 200, 60.0), delays(200, 40, 95.0), delays(240, 80, 60.0), good(320))
    assert not told(heard("delay-drift"), short)


@pytest.mark.parametrize("how", [{"confidence": 0.4}, {"reason": SoundReason.TALK}, {"reason": SoundReason.SPREAD}])
def test_delays_that_are_not_sure_are_not_acted_upon(how: dict[str, object]) -> None:
    assert not told(heard("delay-drift"), story(delays(0, 200, 60.0), delays(200, 120, 95.0, **how), good(320)))


def test_nothing_is_held_against_a_delay_that_is_not_known_yet() -> None:
    few_s = 0.8 * (KNOWN + RECENT - 3)
    assert not told(heard("delay-drift", for_s=0.0), story(delays(0, few_s / 2, 60.0), delays(few_s / 2, few_s / 2, 110.0), good(100)))
    assert told(heard("delay-drift", for_s=0.0), story(delays(0, few_s, 60.0), delays(few_s, 30, 110.0), good(150)))


def test_no_drift_while_the_sound_is_in_doubt() -> None:
    bad: list[Event] = [rated(i, 0.2) for i in range(200, 320)]
    assert not told(heard("delay-drift"), story(delays(0, 200, 60.0), delays(200, 120, 95.0), good(200), bad))


def test_a_drift_is_over_when_the_delay_is_back_or_not_heard_any_more() -> None:
    drift = [*delays(0, 200, 60.0), *delays(200, 120, 95.0)]
    back = told(heard("delay-drift"), story(drift, delays(320, 120, 60.0), good(440)))
    unheard = told(heard("delay-drift"), story(drift, good(440)))
    for alerts in (back, unheard):
        assert [alert.state for alert in alerts if alert.state != UPDATED] == [RAISED, CLEARED]
    assert 320 + 30 + 60 < unheard[-1].reported_at / HZ < 320 + 30 + 65


def test_what_lasts_for_hours_becomes_usual() -> None:
    rules = heard("delay-drift")
    told(rules, story(delays(0, 200, 60.0), good(200)))
    alerts = told(rules, delays(200, 6 * 3600, 85.0))
    assert [alert.state for alert in alerts if alert.state != UPDATED] == [RAISED, CLEARED]


def test_what_is_usual_outlives_a_snapshot_and_new_settings() -> None:
    before = heard("delay-drift")
    told(before, story(delays(0, 200, 60.0), good(200)))
    restored, adopted = heard("delay-drift"), heard("delay-drift", limit=25.0)
    restored.load(before.to_bytes())
    assert restored.to_bytes() == before.to_bytes()
    adopted.adopt(before)
    later = story(delays(200, 120, 95.0), [rated(200 + i) for i in range(120)])
    assert [told(rules, later)[0].reported_at for rules in (restored, adopted)] == [told(before, later)[0].reported_at] * 2
    deaf = heard("abnormal-sound")
    deaf.adopt(before)
    adopted.adopt(deaf)
    assert len(adopted.to_bytes()) == adopted.len_bytes


# --- the model --------------------------------------------------------------------------------------------------------


def answers(abnormal: float, n: int = 24, **how: object) -> list[Event]:
    return [opinion(10.0 + 5 * i, abnormal, **how) for i in range(n)]  # type: ignore[arg-type]


def test_an_abnormal_sound_is_told_when_the_model_goes_on_saying_so() -> None:
    alert = told(heard("abnormal-sound"), story(answers(0.9), good(130)))[0]
    assert (alert.priority.name, alert.state) == ("LOW", RAISED)
    assert alert.reported_at == round((10.5 + 60) * HZ)
    assert alert.text == "Abnormal heart sound: abnormal by sounds, 0.9 (limit 0.5)"
    assert (alert.model, alert.model_sha256) == ("sounds", "ef" * 32)
    assert not told(heard("abnormal-sound"), story(answers(0.9, 10), answers(0.1)[10:], good(130)))


@pytest.mark.parametrize("how", [{"late": True}, {"abstained": True}, {"model": "gone"}])
def test_an_answer_that_is_none_is_not_acted_upon(how: dict[str, object]) -> None:
    assert not told(heard("abnormal-sound"), story(answers(0.9, **how), good(130)))  # type: ignore[arg-type]


def test_an_abnormal_sound_is_over_when_the_model_no_longer_says_so() -> None:
    alerts = told(heard("abnormal-sound"), story(answers(0.9, 20), answers(0.1, 40)[20:], good(220)))
    assert [alert.state for alert in alerts if alert.state != UPDATED] == [RAISED, CLEARED]


# --- who is asked -----------------------------------------------------------------------------------------------------


def names(config: EngineConfig, stream: str, *, of_sound: bool) -> set[str]:
    return {rule.name for rule, _ in rules_of(config, stream, of_sound=of_sound)}


def test_a_stream_of_sound_has_its_rules_and_an_ecg_has_none_of_them() -> None:
    streams = (StreamFacts(name="ecg", rate_hz=250.0), StreamFacts(name="sound", rate_hz=1000.0, leads=("sound",), sound_of="ecg"))
    config = EngineConfig(streams=streams, rules=default_rules(), models=(MODEL,))
    assert names(config, "sound", of_sound=True) == {"gap", "silent", "clock-jump", "delay-drift", "abnormal-sound"}
    assert "delay-drift" not in names(config, "ecg", of_sound=False)
    ecg, sound = Book(config).streams
    assert ecg.heart.delays is None
    assert sound.heart.delays is not None


def test_of_what_no_model_says_nobody_is_asked() -> None:
    config = EngineConfig(streams=(StreamFacts(name="ecg", rate_hz=250.0),), rules=default_rules())
    assert not names(config, "ecg", of_sound=False) & {"atrial-fibrillation", "abnormal-sound"}
    afib = ModelFacts(name="rhythm", sha256="ab" * 32, labels=("N", "A"))
    assert "atrial-fibrillation" in names(replace(config, models=(afib,)), "ecg", of_sound=False)


def test_a_limit_of_a_drift_is_more_than_nothing() -> None:
    with pytest.raises(ConfigError, match=r"rule 'd'\.limit: 0\.0 is not more than 0"):
        RuleFacts(name="d", kind="delay-drift", priority=default_rules()[0].priority)
