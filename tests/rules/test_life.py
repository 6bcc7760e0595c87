"""The life of an alert: latched, acknowledged, escalated, yielding, numbered, and never said twice."""

from itertools import pairwise

import pytest

from edgeecg.rulefacts import Priority, RuleFacts, default_rules
from edgeecg.stages.rules.episodes import Owner
from edgeecg.stages.rules.stream import StreamRules
from edgeecg.types import Alert, AlertState, Event, StreamChange
from tests.rules.made import (
    MODEL,
    OTHER,
    W,
    answer,
    at,
    beat,
    beats,
    changed,
    lead_state,
    ordered,
    rules_of,
    rules_with,
    seconds,
    story,
    told,
)

RAISED, UPDATED, ACKNOWLEDGED, CLEARED = AlertState

STOPS = beats(0.5, 0.8, 10)
"""And then nothing."""
GOES_ON = beats(20.0, 0.8, 40)


def acknowledge(rules: StreamRules, alert: Alert, by: str = "ada") -> list[Alert]:
    said = rules.acknowledge(alert.alert_id, by.encode())
    assert said is not None
    return [event for event in said if isinstance(event, Alert)]


def test_revisions_count_up_under_one_id() -> None:
    alerts = told(rules_with("asystole"), ordered(STOPS, GOES_ON, seconds(0, 50)), until_s=50)
    assert [alert.revision for alert in alerts] == list(range(1, len(alerts) + 1))
    assert len({alert.alert_id for alert in alerts}) == 1
    assert {len(alert.alert_id) for alert in alerts} == {32}


def test_an_id_is_of_its_stream_epoch_rule_and_onset() -> None:
    def first(name: str, epoch: int, rule: str, start_s: float) -> str:
        facts = RuleFacts(name=rule, kind="asystole", limit=4.0, priority=Priority.HIGH)
        rules = StreamRules(Owner(name, 250, ("I",), ()), [(facts, -1)])
        rules.owner.epoch = epoch
        return told(rules, [beat(start_s)], until_s=30)[0].alert_id

    same = first("s", 1, "stop", 0.5)
    assert same == first("s", 1, "stop", 0.5)
    others = {first("t", 1, "stop", 0.5), first("s", 2, "stop", 0.5), first("s", 1, "halt", 0.5), first("s", 1, "stop", 0.6)}
    assert len(others | {same}) == 5


def test_seen_while_it_holds_it_is_over_when_it_is_over() -> None:
    rules = rules_with("asystole")
    (alert,) = told(rules, STOPS, until_s=15)
    (seen,) = acknowledge(rules, alert)
    assert (seen.state, seen.acknowledged_by, seen.revision, seen.alert_id) == (ACKNOWLEDGED, "ada", 2, alert.alert_id)
    over = told(rules, GOES_ON, until_s=51)
    assert story(over) == [("asystole", CLEARED, False)]
    assert over[0].acknowledged_by == "ada"


def test_seen_after_it_is_over_it_ends_at_once() -> None:
    rules = rules_with("asystole")
    alerts = told(rules, ordered(STOPS, GOES_ON), until_s=51)
    assert alerts[-1].latched
    assert story(acknowledge(rules, alerts[0])) == [("asystole", ACKNOWLEDGED, True), ("asystole", CLEARED, False)]


def test_seen_twice_is_seen_once_and_the_unknown_is_nobody_s() -> None:
    rules = rules_with("asystole")
    (alert,) = told(rules, STOPS, until_s=15)
    acknowledge(rules, alert)
    assert rules.acknowledge(alert.alert_id, b"bob") == []
    assert rules.acknowledge("0" * 32, b"bob") is None


def test_what_is_not_latched_clears_by_itself_and_begins_anew_with_another_id() -> None:
    rules = rules_with("asystole", latch=False)
    first = told(rules, ordered(STOPS, GOES_ON), until_s=51.3)
    second = told(rules, [], until_s=60)
    assert [alert.state for alert in first + second] == [RAISED, CLEARED, RAISED]
    assert first[0].alert_id != second[0].alert_id


def test_latched_and_there_again_it_is_the_same_alert() -> None:
    rules = rules_with("asystole")
    alerts = told(rules, [*STOPS, *beats(20.0, 0.8, 15), *beats(60.0, 0.8, 3)])
    assert [(alert.state, alert.latched) for alert in alerts] == [(RAISED, False), (UPDATED, True), (UPDATED, False)]
    assert len({alert.alert_id for alert in alerts}) == 1


def test_unseen_it_rises_once_and_seen_it_does_not() -> None:
    rules = rules_with("tachycardia", escalate_after_s=20.0)
    alerts = told(rules, beats(0.5, 0.4, 200))
    assert [(alert.state, alert.priority) for alert in alerts] == [(RAISED, Priority.MEDIUM), (UPDATED, Priority.HIGH)]
    assert alerts[1].reported_at == alerts[0].reported_at + at(20)
    rules = rules_with("tachycardia", escalate_after_s=20.0)
    (alert,) = told(rules, beats(0.5, 0.4, 20))
    acknowledge(rules, alert)
    assert not told(rules, beats(8.5, 0.4, 200))


def test_of_a_chain_only_the_top_is_told() -> None:
    rules = rules_with("tachycardia", "extreme-tachycardia", "v-tach", latch=False)
    fast = [beat(8.5 + i * 0.4) for i in range(25)]
    wide = [beat(18.5 + i * 0.4, W) for i in range(25)]
    after = beats(28.5, 0.4, 100)
    alerts = told(rules, [*beats(0.5, 0.8, 10), *fast, *wide, *after, *beats(68.5, 0.8, 60)], until_s=117)
    assert story([alert for alert in alerts if alert.state != UPDATED]) == [
        ("tachycardia", RAISED, False),
        ("extreme-tachycardia", RAISED, False),
        ("tachycardia", CLEARED, False),
        ("v-tach", RAISED, False),
        ("extreme-tachycardia", CLEARED, False),
        ("v-tach", CLEARED, False),
        ("extreme-tachycardia", RAISED, False),
        ("extreme-tachycardia", CLEARED, False),
    ]
    announced: set[str] = set()
    for alert in alerts:
        announced = announced - {alert.rule} if alert.state == CLEARED else announced | {alert.rule}
    assert not announced
    raised = [alert.alert_id for alert in alerts if alert.state == RAISED]
    assert len(raised) == len(set(raised))


def test_what_waits_to_be_seen_is_silent_too_while_the_top_of_its_chain_is_told() -> None:
    rules = rules_with("extreme-tachycardia", "v-tach")
    wide, after = [beat(40.5 + i * 0.4, W) for i in range(25)], beats(50.5, 0.4, 40)
    fast = told(rules, [*beats(0.5, 0.8, 10), *beats(8.5, 0.4, 25), *beats(18.5, 0.8, 28)])
    assert [(alert.rule, alert.latched) for alert in fast if alert.latched] == [("extreme-tachycardia", True)]
    top = [alert for alert in told(rules, wide) if alert.state != UPDATED or alert.rule != "v-tach"]
    assert story(top) == [("v-tach", RAISED, False)]
    then = [alert for alert in told(rules, after) if (alert.rule == "v-tach" and alert.latched) or alert.rule == "extreme-tachycardia"]
    assert story(then)[:2] == [("v-tach", UPDATED, True), ("extreme-tachycardia", UPDATED, False)], "once that is over"
    assert then[1].alert_id == fast[0].alert_id


def test_when_the_host_learns_what_time_it_is_what_is_told_of_is_told_again() -> None:
    rules = rules_with("asystole", "tachycardia")
    (alert,) = told(rules, STOPS, until_s=13)
    (again,) = told(rules, [changed(StreamChange.CLOCK_SYNCHRONISED, 13)], until_s=14)
    assert (again.alert_id, again.state, again.revision) == (alert.alert_id, UPDATED, alert.revision + 1)
    assert not told(rules_with("asystole"), [*beats(0.5, 0.8, 6), changed(StreamChange.CLOCK_SYNCHRONISED, 5)], until_s=6)


def test_what_holds_unchanged_is_not_told_again_and_again() -> None:
    assert len(told(rules_with("tachycardia", escalate_after_s=0.0), beats(0.5, 0.4, 5000))) == 1


def test_what_changes_with_every_beat_is_told_every_ten_seconds_at_most() -> None:
    time = 0.5
    events: list[Event] = []
    for i in range(2000):
        events.append(beat(time))
        time += 0.45 - 0.15 * (i // 8 % 2)
    alerts = told(rules_with("tachycardia", escalate_after_s=0.0), events)
    times = [alert.reported_at for alert in alerts]
    assert len(alerts) > 30
    assert min(after - before for before, after in pairwise(times)) >= at(10)


def test_an_idle_rule_is_spelled_in_short_as_it_would_be_in_full() -> None:
    names = [rule.name for rule in default_rules() if rule.kind not in {"overload", "model"}]
    rules = rules_with(*names)
    phases = set()
    for event in ordered(STOPS, seconds(0, 60), [lead_state(25.0, off=True), lead_state(40.0)], beats(41.0, 0.35, 30), [beat(60.0, W)]):
        rules.take([event])
        for episode in rules.episodes:
            phases.add((episode.phase, episode.last_onset >= 0))
            assert episode.to_bytes() == episode.spelled()
    assert len(phases) == 5, "idle before and after it was told, pending so, and told"


def test_time_passed_in_steps_or_at_once_is_the_same() -> None:
    names = [rule.name for rule in default_rules() if rule.kind not in {"overload", "model"}]
    events = ordered(STOPS, seconds(0, 60), [lead_state(25.0, off=True), lead_state(40.0)], beats(41.0, 0.35, 30), [beat(60.0, W)])
    at_once, in_steps = rules_with(*names), rules_with(*names)
    expected = told(at_once, events, until_s=200)
    got: list[Alert] = []
    left = list(events)
    for sample in range(0, at(200) + 1, 7):
        ready: list[Event] = []
        while left and left[0].reported_at <= sample:
            ready.append(left.pop(0))
        out = in_steps.take(ready)
        in_steps.pass_time(sample, out)
        got += [event for event in out if isinstance(event, Alert)]
    assert got + told(in_steps, [], until_s=200) == expected
    assert len(expected) > 6
    assert in_steps.to_bytes() == at_once.to_bytes()


@pytest.mark.parametrize("cut_s", [3.0, 9.0, 12.1, 16.0, 27.0, 35.0, 43.0, 45.5, 50.0, 58.0])
def test_rules_made_from_anothers_state_go_on_as_those_do(cut_s: float) -> None:
    names = [rule.name for rule in default_rules() if rule.kind not in {"overload", "model"}]
    events = ordered(
        STOPS,
        seconds(0, 60),
        [lead_state(25.0, off=True), lead_state(40.0)],
        beats(41.0, 0.35, 20),
        [beat(49.0 + i * 0.3, W) for i in range(9)],
    )
    one, other = rules_with(*names), rules_with(*names)
    before = [event for event in events if event.reported_at <= at(cut_s)]
    for alert in told(one, before, until_s=cut_s)[:1]:
        acknowledge(one, alert, by="grace")
    other.load(one.to_bytes())
    assert other.to_bytes() == one.to_bytes()
    assert other.due == one.due
    rest = [event for event in events if event.reported_at > at(cut_s)]
    assert told(other, rest, until_s=200) == told(one, rest, until_s=200)
    assert len(one.to_bytes()) == one.len_bytes


def test_state_has_one_size_for_ever() -> None:
    rules = rules_with("asystole", "v-tach", "tachycardia", "couplet")
    length = len(rules.to_bytes())
    for i in range(300):
        rules.take(beats(0.5 + 100 * i, 0.3, 7, W))
        assert len(rules.to_bytes()) == length


def test_what_is_removed_is_said_to_be_over() -> None:
    rules = rules_with("asystole", "silent")
    told(rules, [*STOPS, changed(StreamChange.SILENT, 15.0)], until_s=15)
    said = [event for event in rules.remove() if isinstance(event, Alert)]
    assert story(said) == [("asystole", CLEARED, False), ("silent", CLEARED, False)]


def test_rules_that_stay_keep_their_state_and_models_are_found_by_name() -> None:
    facts = RuleFacts(name="a", kind="threshold", measure="probability", label="A", limit=0.8, priority=Priority.LOW)
    stop = next(rule for rule in default_rules() if rule.name == "asystole")
    before = rules_of(facts, stop)
    told(before, [*STOPS, answer(12.5, 0.9)], until_s=14)
    after = StreamRules(Owner("s", 250, ("I", "II"), (OTHER, MODEL)), [(stop, -1), (facts, -1)])
    assert after.adopt(before) == []
    assert [alert.model for alert in told(after, [answer(14.5, 0.1)], until_s=60) if alert.rule == "a"] == ["rhythm"]
    fewer = StreamRules(Owner("s", 250, ("I", "II"), (OTHER,)), [(facts, -1)])
    assert [event.rule for event in fewer.adopt(before) if isinstance(event, Alert)] == ["a", "asystole"]
