"""Rules about leads, samples, devices and clocks."""

import pytest

from edgeecg.rulefacts import Priority
from edgeecg.types import AlertState, Event, QualityReason, StreamChange
from tests.rules.made import at, beats, changed, clock, gap, lead_state, ordered, quality, rules_with, seconds, story, told, without_numbers

RAISED, UPDATED, ACKNOWLEDGED, CLEARED = AlertState


def test_a_lead_off_for_a_second_is_said_a_second_later_and_rises_when_nobody_sees_to_it() -> None:
    alerts = told(rules_with("lead-off"), [lead_state(5.0, off=True)], until_s=100)
    assert [(alert.reported_at, alert.priority) for alert in alerts] == [(at(7), Priority.TECHNICAL), (at(67), Priority.MEDIUM)]
    assert alerts[0].text == "No signal: I off"
    assert alerts[0].onset_sample == at(5)


def test_leads_are_named_and_news_of_them_is_told() -> None:
    events = [lead_state(5.0, saturated=True, lead="II"), lead_state(30.0, off=True), lead_state(60.0), lead_state(61.0, lead="II")]
    alerts = told(rules_with("lead-off", escalate_after_s=0.0), events, until_s=70)
    assert [alert.text for alert in alerts] == [
        "No signal: II saturated",
        "No signal: I, II off, saturated",
        "No signal: II saturated",
        "No signal over: II saturated",
    ]
    assert alerts[-1].reported_at == at(63)


def test_another_lead_that_goes_off_as_the_first_comes_back_is_named() -> None:
    """One lead off before and after: which one is what somebody must look at."""
    events = [lead_state(5.0, off=True), lead_state(30.0), lead_state(31.0, off=True, lead="II")]
    alerts = told(rules_with("lead-off", escalate_after_s=0.0), events, until_s=40)
    assert [alert.text for alert in alerts] == ["No signal: I off", "No signal: II off"]


def test_a_lead_off_for_a_moment_is_not_worth_a_word() -> None:
    """It is said to be back a second after it was."""
    assert not told(rules_with("lead-off"), [lead_state(5.0, off=True), lead_state(6.9)], until_s=20)
    assert not told(rules_with("lead-off"), [event for i in range(9) for event in without_numbers(5.0 + 5 * i, 0.9)], until_s=60)


def test_what_flickers_is_counted_by_what_it_lasts() -> None:
    """Seven tenths on, three off: neither forgotten at every end nor told at every beginning. It adds up by four tenths a second."""
    events = [lead_state(5.0 + i + part * 0.7, off=part == 0) for i in range(40) for part in (0, 1)]
    alerts = told(rules_with("lead-off", escalate_after_s=0.0), events, until_s=60)
    assert [alert.state for alert in alerts] == [RAISED, CLEARED]
    assert at(9) < alerts[0].reported_at < at(10)


def test_a_poor_signal_is_told_if_it_lasts_and_not_for_a_lead_that_is_off() -> None:
    poor = seconds(0, 30, 0.2, QualityReason.MOTION)
    (alert,) = told(rules_with("poor-signal"), poor)
    assert alert.text == "Poor signal: quality 0.2 (limit 0.5)"
    assert alert.reported_at == at(1.5 + 10)
    assert not told(rules_with("poor-signal"), ordered([lead_state(0.0, off=True)], poor))
    assert not told(rules_with("poor-signal"), ordered(poor[:9], seconds(9, 30)), until_s=60)


def test_a_gap_is_told_if_it_is_long() -> None:
    assert not told(rules_with("gap"), [gap(5.0, 0.9)], until_s=30)
    alerts = told(rules_with("gap"), [gap(5.0, 2.5)], until_s=30)
    assert story(alerts) == [("gap", RAISED, False), ("gap", CLEARED, False)]
    assert (alerts[0].text, alerts[0].onset_sample) == ("Samples missing: 2.5 s, lost (limit 1 s)", at(5))


def test_numbers_that_are_missing_count_as_samples_that_are() -> None:
    (alert, _) = told(rules_with("gap"), without_numbers(5.0, 1.0), until_s=30)
    assert (alert.text, alert.onset_sample) == ("Samples missing: 1.0 s, without numbers (limit 1 s)", at(5))
    assert not told(rules_with("gap"), without_numbers(5.0, 0.9), until_s=30)
    events: list[Event] = [*without_numbers(5.0, 0.6), *without_numbers(8.0, 0.6)]
    alert = told(rules_with("gap"), events, until_s=30)[0]
    assert alert.text == "Samples missing: 1.2 s beyond 2 % of the time, without numbers (limit 1 s)"
    told_once: list[Event] = [gap(5.0, 3.0), lead_state(9.0, off=True, lead="II"), lead_state(10.5, lead="II")]
    assert story(told(rules_with("gap"), told_once, until_s=30)) == [("gap", RAISED, False), ("gap", CLEARED, False)]
    other: list[Event] = [lead_state(10.0, off=True), lead_state(11.2)]
    assert not told(rules_with("gap"), [*without_numbers(5.0, 0.6), *other], until_s=30), "a lead that is off is another matter"


def losing(share: float, n: int, start_s: float = 5.0) -> list[Event]:
    return [gap(start_s + 0.1 * i / share, 0.1) for i in range(n)]


def test_a_radio_that_loses_a_frame_now_and_then_is_told_and_one_that_hardly_does_is_not() -> None:
    assert not told(rules_with("gap"), losing(0.02, 100), until_s=600)
    alerts = told(rules_with("gap"), losing(0.05, 60), until_s=300)
    assert story(alerts)[0] == ("gap", RAISED, False)
    assert alerts[0].text == "Samples missing: 1.0 s beyond 2 % of the time, lost (limit 1 s)"
    assert alerts[0].reported_at == pytest.approx(at(5 + 0.9 / 0.03), abs=at(2.5))
    assert (alerts[-1].state, [one.state for one in alerts].count(RAISED)) == (CLEARED, 1)
    assert alerts[-1].reported_at == at(5 + 0.1 * 59 / 0.05 + 0.1 + 10)


def test_what_was_lost_is_forgotten_in_time() -> None:
    rules = rules_with("gap")
    told(rules, losing(0.5, 600), until_s=140)
    assert told(rules, [gap(220.0, 0.1)], until_s=240), "three seconds at most are remembered, for two minutes and a half"
    assert not told(rules, [gap(320.0, 0.9)], until_s=350)


def test_what_is_lacking_is_in_a_snapshot() -> None:
    events = losing(0.05, 40)
    expected = told(rules_with("gap"), events)
    before, after = rules_with("gap"), rules_with("gap")
    said = told(before, events[:10])
    after.load(before.to_bytes())
    assert said + told(after, events[10:]) == expected


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [(StreamChange.SILENT, StreamChange.LIVE, "sends nothing"), (StreamChange.LOST, StreamChange.OPENED, "its source is lost")],
)
def test_a_silent_device_is_told_though_its_time_stands_still(begins: StreamChange, ends: StreamChange, words: str) -> None:
    rules = rules_with("silent")
    (alert,) = told(rules, [*beats(0.5, 0.8, 3), changed(begins, 3.0)])
    assert (alert.text, alert.reported_at, alert.epoch) == (f"Device silent: {words}", at(3), 7)
    assert story(told(rules, [changed(ends, 3.0)])) == [("silent", CLEARED, False)]


def test_a_clock_that_jumps_or_runs_off_is_told() -> None:
    assert [alert.text for alert in told(rules_with("clock-jump"), [clock(5.0, jump_us=-250_000)])] == [
        "Clock jumped: -0.250 s (limit 0.1 s)"
    ]
    assert not told(rules_with("clock-jump"), [clock(5.0, jump_us=20_000), clock(6.0, drift_ppm=900)])
    alerts = told(rules_with("clock-drift"), [clock(5.0, jump_us=5), clock(9.0, drift_ppm=-900), clock(20.0, drift_ppm=20)], until_s=99)
    assert [alert.state for alert in alerts] == [RAISED, CLEARED]
    assert alerts[0].text == "Clock out of range: drift 900 ppm (limit 500 ppm)"
    (alert,) = told(rules_with("clock-drift", limit=1012.5), [clock(9.0, drift_ppm=1034.4)])
    assert alert.text == "Clock out of range: drift 1034 ppm (limit 1012.5 ppm)"


def test_quality_of_another_lead_says_nothing_of_this_one() -> None:
    others = [quality(i, 0.1, QualityReason.MOTION, lead="II") for i in range(30)]
    assert not told(rules_with("poor-signal"), others)
