"""Every rule about the heart: raised when it should be, grounded, over when it is, and silent where nothing can be seen."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

import pytest

from edgeecg.rulefacts import Priority, RuleFacts
from edgeecg.types import Alert, AlertState, Beat, Event, Morphology, QualityReason
from tests.rules.made import (
    HZ,
    N,
    U,
    W,
    answer,
    at,
    at_first,
    beat,
    beats,
    gap,
    lead_state,
    ordered,
    quality,
    rules_of,
    rules_with,
    seconds,
    story,
    told,
    waves,
    without_numbers,
)

RAISED, UPDATED, ACKNOWLEDGED, CLEARED = AlertState


def raised(alerts: list[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.state == RAISED]


def measured(alert: Alert) -> dict[str, float]:
    return {measure.name: measure.value for measure in alert.evidence}


# --- asystole ---------------------------------------------------------------------------------------------------------


def test_asystole_is_said_by_time_alone_and_counts_from_the_last_beat() -> None:
    (alert,) = told(rules_with("asystole"), beats(0.5, 0.8, 10), until_s=60)
    assert (alert.priority, alert.onset_sample, alert.reported_at) == (Priority.HIGH, at(7.7), at(7.7 + 4.3))
    assert alert.text == "Asystole: no beat for 4.3 s (limit 4 s)"
    assert (alert.value, alert.limit, alert.unit, alert.beats) == (4.3, 4.0, "s", (at(7.7),))


def test_a_beat_ends_asystole_and_it_stays_until_somebody_has_seen_it() -> None:
    rules = rules_with("asystole")
    alerts = told(rules, [*beats(0.5, 0.8, 3), *beats(9.0, 0.8, 20)], until_s=28)
    assert story(alerts) == [("asystole", RAISED, False), ("asystole", UPDATED, True)]
    assert alerts[1].reported_at == at(9.2 + 5)
    assert alerts[1].text.startswith("Asystole over: ")


def test_no_beat_for_a_moment_less_than_the_limit_is_no_asystole() -> None:
    assert not told(rules_with("asystole"), [beat(0.5), beat(4.55), beat(8.6)], until_s=12.8)


def test_asystole_grows_and_says_so_now_and_then() -> None:
    alerts = told(rules_with("asystole"), ordered(beats(0.5, 0.8, 3), seconds(2, 40)), until_s=45)
    assert [alert.state for alert in alerts] == [RAISED, UPDATED, UPDATED, UPDATED]
    assert [round(alert.value) for alert in alerts] == [4, 13, 23, 33]


@pytest.mark.parametrize("off", [True, False])
def test_no_asystole_with_a_lead_off_or_saturated_and_time_begins_anew_after_it(off: bool) -> None:
    rules = rules_with("asystole")
    assert not told(rules, [*beats(0.5, 0.8, 3), lead_state(3.0, off=off, saturated=not off)], until_s=60)
    (alert,) = told(rules, [lead_state(60.0)], until_s=80)
    assert (alert.onset_sample, alert.reported_at) == (at(60), at(64.3))


def test_another_lead_off_is_no_excuse() -> None:
    assert told(rules_with("asystole"), [*beats(0.5, 0.8, 3), lead_state(3.0, off=True, lead="II")], until_s=60)


def second(start_s: float, n: int, *, sure: float = 0.9, mv: float = 0.3, shape: Morphology = N, rr_s: float = 0.8) -> list[Event]:
    """Beats that the second lead tells of, which are smaller there."""
    return [beat(start_s + i * rr_s, shape, lead="II", sure=sure, mv=mv) for i in range(n)]


def test_beats_that_the_second_lead_answers_for_are_beats() -> None:
    """The first has lost its contact unnoticed: the engine tells each beat once, in the lead it was found in."""
    (alert,) = told(rules_with("asystole", "pause"), [*beats(0.5, 0.8, 10), *second(8.5, 20), *beats(24.5, 0.8, 5)], until_s=33)
    assert (alert.rule, alert.reported_at) == ("asystole", at(27.7 + 4.3))
    faint = second(8.5, 10) + second(16.5, 20, mv=0.05)
    assert told(rules_with("asystole"), [*beats(0.5, 0.8, 10), *faint])[0].reported_at == at(15.7 + 4.3), "beside its own beats"


def test_while_the_first_lead_is_off_the_second_stands_in_once_it_is_sure_of_a_beat() -> None:
    off: list[Event] = [lead_state(8.0, off=True)]
    rules = rules_with("asystole", "v-tach")
    assert not told(rules, ordered(beats(0.5, 0.8, 10), off), until_s=20), "nothing is seen"
    assert not told(rules, second(20.5, 5, sure=0.7), until_s=30), "and nobody sure"
    (alert,) = told(rules, second(30.5, 5), until_s=39)
    assert (alert.rule, alert.reported_at) == ("asystole", at(33.7 + 4.3))
    assert told(rules_with("v-tach"), ordered(beats(0.5, 0.8, 10), off, second(8.5, 5), second(12.5, 6, shape=W, rr_s=0.35)))


def test_who_stands_in_and_goes_off_too_sees_nothing_and_the_first_takes_over_again() -> None:
    off: list[Event] = [lead_state(8.0, off=True), *second(8.5, 5)]
    both = [*off, lead_state(13.0, off=True, lead="II")]
    assert not told(rules_with("asystole"), ordered(beats(0.5, 0.8, 10), both), until_s=40)
    back = [*off, lead_state(13.0), *beats(13.3, 0.8, 5)]
    (alert,) = told(rules_with("asystole", "pause"), ordered(beats(0.5, 0.8, 10), back), until_s=22)
    assert (alert.rule, alert.reported_at) == ("asystole", at(16.5 + 4.3))


def test_a_flat_line_is_asystole() -> None:
    (alert,) = told(rules_with("asystole"), [*beats(0.5, 0.8, 3), lead_state(3.0, flat=True)], until_s=60)
    assert "flat line" in alert.text


def test_no_asystole_in_a_gap() -> None:
    rules = rules_with("asystole")
    assert not told(rules, [*beats(0.5, 0.8, 3), gap(3.0, 30.0)], until_s=37.2)
    assert told(rules, [], until_s=37.3)


def test_beats_found_in_the_noise_that_a_stopped_heart_leaves_end_no_asystole() -> None:
    found = [beat(4.0 + i, mv=-0.2 if i % 2 else 0.2) for i in range(15)]
    (alert, *_) = told(rules_with("asystole"), [*beats(0.5, 0.8, 4), *found])
    assert alert.reported_at == at(2.9 + 4.3)
    assert not told(rules_with("asystole"), [*beats(0.5, 0.8, 4), *(beat(3.7 + 0.8 * i, mv=0.4) for i in range(20))])


def test_a_lead_that_has_grown_weak_for_good_is_believed_after_some_beats() -> None:
    weak = [beat(3.7 + 0.8 * i, mv=0.25) for i in range(60)]
    alerts = told(rules_with("asystole"), [*beats(0.5, 0.8, 4), *weak], until_s=52)
    assert [alert.latched for alert in alerts] == [False, True]


@pytest.mark.parametrize("mv", [5.0, 30.0, 300.0])
@pytest.mark.parametrize("before", [0, 1, 2, 10, 20])
def test_a_spark_makes_no_beat_faint(mv: float, before: int) -> None:
    """It would be an asystole of a heart that beats: one of 30 mV made the usual height that of four and a half beats."""
    events = [*beats(0.5, 0.8, before), beat(0.5 + 0.8 * before - 0.3, mv=mv), *beats(0.5 + 0.8 * before, 0.8, 20)]
    assert not told(at_first(rules_with("asystole")), ordered(events), until_s=0.5 + 0.8 * (before + 20) + 3.4)


def test_a_contact_that_settles_makes_no_beat_faint_and_no_beat_missing() -> None:
    """A step when an electrode is touched blinds the detector for seconds, and what it leaves looks like beats of any height."""
    left: list[Event] = [beat(1.7, mv=90.0), beat(2.0, mv=40.0), beat(2.4, mv=8.0)]
    events = [*beats(0.5, 0.8, 2), *left, *beats(7.0, 0.8, 30)]
    assert not told(at_first(rules_with("asystole", "pause", "extreme-bradycardia")), events, until_s=34)


def test_a_heart_that_stops_while_its_contact_settles_is_told_when_it_has() -> None:
    (alert,) = told(at_first(rules_with("asystole")), beats(0.5, 0.8, 5), until_s=20)
    assert alert.reported_at == at(10.3)


def test_a_lead_that_says_nothing_at_first_settles_when_it_does() -> None:
    events = [lead_state(0.0, off=True), lead_state(30.0), *beats(31.0, 0.8, 5)]
    (alert,) = told(at_first(rules_with("asystole")), events, until_s=60)
    assert alert.reported_at == at(40.3)
    (alert,) = told(rules_with("asystole"), [*beats(0.5, 0.8, 9), lead_state(9.0, off=True), lead_state(30.0), beat(31.0)], until_s=60)
    assert alert.reported_at == at(35.3), "one that did is known"


def test_sparks_now_and_then_make_no_beat_faint() -> None:
    sparks = [beat(3.0 + 4.8 * i, mv=30.0) for i in range(40)]
    assert not told(rules_with("asystole"), ordered(beats(0.5, 0.8, 240), sparks), until_s=190)


def test_a_gain_that_is_there_to_stay_becomes_usual() -> None:
    """What the heart leaves when it stops is faint beside its new height, be it five times the one before."""
    rules = rules_with("asystole")
    assert not told(rules, [*beats(0.5, 0.8, 10), *(beat(8.5 + 0.8 * i, mv=5.0) for i in range(60))])
    (alert,) = told(rules, [beat(57.0 + 0.8 * i, mv=0.9) for i in range(10)], until_s=62)
    assert alert.reported_at == at(8.5 + 0.8 * 59 + 4.3)


def test_a_contact_that_comes_back_with_less_gain_is_believed_where_the_heart_keeps_its_time() -> None:
    def alarms(after: list[Event], contact: list[Event]) -> list[Alert]:
        return told(rules_with("asystole"), [*beats(0.5, 0.8, 6), *contact, *after], until_s=9.0)

    new_contact: list[Event] = [lead_state(4.6, saturated=True), lead_state(6.0)]
    own: list[Event] = [beat(6.2 + 0.8 * i, mv=0.1) for i in range(4)]
    assert not told(rules_with("asystole"), [*beats(0.5, 0.8, 6), *new_contact, *own], until_s=12.8)
    assert told(rules_with("asystole"), [*beats(0.5, 0.8, 6), *new_contact, *own], until_s=13.0)
    assert alarms(own, []), "P waves keep time too: without a new contact they are not the ventricles"
    at_odd_times: list[Event] = [beat(6.2 + time, mv=0.1) for time in (0.0, 0.5, 1.6, 2.3)]
    at_another_pace: list[Event] = [beat(6.2 + 0.5 * i, mv=0.1) for i in range(6)]
    for others in (at_odd_times, at_another_pace, own[:3]):
        assert told(rules_with("asystole"), [*beats(0.5, 0.8, 6), *new_contact, *others], until_s=10.4)


JUMP = quality(4.0, level_mv=1.6)
"""The last of six beats is at 4.5 s."""


def moved(*names: str, after: Sequence[Event] = (), jump: Event = JUMP, until_s: float = 20.0) -> list[tuple[str, AlertState, float]]:
    alerts = told(rules_with(*names), ordered(beats(0.5, 0.8, 6), [jump], after), until_s=until_s)
    return [(alert.rule, alert.state, alert.reported_at / HZ) for alert in alerts]


def test_where_the_contact_moved_it_is_doubted_first_and_asystole_said_later() -> None:
    """Lost for good, it is asystole all the same, ten seconds after it moved."""
    assert moved("asystole", "contact-lost") == [
        ("contact-lost", RAISED, 8.8), ("asystole", RAISED, 15.3), ("contact-lost", CLEARED, 15.3),
    ]  # fmt: skip
    still = quality(4.0, level_mv=0.7)
    assert moved("asystole", "contact-lost", jump=still) == [("asystole", RAISED, 8.8)]


def test_a_contact_that_moves_on_and_on_hides_no_asystole() -> None:
    story = moved("asystole", after=[quality(5.0 + i, level_mv=2.0) for i in range(30)], until_s=40.0)
    assert story[0] == ("asystole", RAISED, 15.3)


def test_a_beat_that_is_not_faint_says_that_the_contact_is_back_and_asystole_is_as_soon_as_ever() -> None:
    assert moved("asystole", "contact-lost", after=[beat(6.0)]) == [("asystole", RAISED, 10.3)]
    faint = [beat(6.0, mv=0.1)]
    assert moved("asystole", after=faint) == [("asystole", RAISED, 15.3)]


def test_a_weaker_heart_seen_again_in_its_pace_after_the_contact_moved_ends_the_watch() -> None:
    own = [beat(9.0 + 0.8 * i, mv=0.1) for i in range(5)]
    assert moved("asystole", after=own, until_s=16.0) == []
    assert moved("contact-lost", after=own, until_s=16.0)[-1][:2] == ("contact-lost", CLEARED)


def test_no_rate_and_no_pause_spans_a_contact_that_was_lost() -> None:
    after = [beat(10.0 + 0.8 * i) for i in range(8)]
    assert moved("extreme-bradycardia", "bradycardia", "pause", after=after) == []
    quiet = quality(4.0)
    assert {rule for rule, *_ in moved("extreme-bradycardia", "pause", after=after, jump=quiet)} == {"extreme-bradycardia", "pause"}


@pytest.mark.parametrize(("before_mv", "told_at_s"), [(0.5, 16.8), (0.05, 23.3)])
def test_wander_is_no_jump(before_mv: float, told_at_s: float) -> None:
    before = [quality(i, level_mv=before_mv) for i in range(12)]
    alerts = told(rules_with("asystole"), ordered(beats(0.5, 0.8, 16), before, [quality(12.0, level_mv=1.0)]), until_s=30)
    assert alerts[0].reported_at == at(told_at_s)


def test_what_is_a_jump_is_measured_by_the_height_of_the_heart() -> None:
    """The T wave of a tall heart is no jump."""
    tall = [beat(0.5 + 0.8 * i, mv=3.0) for i in range(6)]
    alerts = told(rules_with("asystole"), ordered(tall, [quality(4.0, level_mv=1.1)]), until_s=20)
    assert alerts[0].reported_at == at(8.8)


def test_moments_that_are_missing_stop_the_watch_and_do_not_begin_it_anew() -> None:
    """Else a radio that loses a frame a second would hide it for ever."""
    lost = [gap(3.0 + i, 0.2) for i in range(5)]
    rules = rules_with("asystole")
    (alert,) = told(rules, [*beats(0.5, 0.8, 3), *lost], until_s=60)
    assert alert.reported_at == at(2.1 + 4.3 + 5 * 0.2)
    flickering = [lead_state(3.0 + i / 2, saturated=i % 2 == 0) for i in range(6)]
    (alert,) = told(rules_with("asystole"), [*beats(0.5, 0.8, 3), *flickering], until_s=60)
    assert alert.reported_at == at(2.1 + 4.3 + 3 * 0.5)
    none = [event for i in range(9) for event in without_numbers(3.0 + 2 * i, 0.2)]
    alert = told(rules_with("asystole"), [*beats(0.5, 0.8, 3), *none])[0]
    assert at(2.1 + 4.3 + 2 * 0.2) <= alert.reported_at < at(2.1 + 4.3 + 2 * 0.2 + 1.2), "or when the lead is believed to be back"


def test_a_heart_that_beats_while_its_lead_is_not_yet_believed_to_be_back_is_seen_to() -> None:
    events = ordered(beats(0.5, 0.8, 60), *(without_numbers(3.0 + 2 * i, 0.2) for i in range(20)))
    assert not told(rules_with("asystole"), events)


@pytest.mark.parametrize("late_s", [0.3, 1.0])
def test_a_slow_heart_is_known_though_its_lead_has_no_numbers_now_and_then(late_s: float) -> None:
    """One of two beats comes in the second in which the lead is not yet believed to be back; late ones are told after that, and those of before count."""
    missing = [without_numbers(2.1 + 3.4 * i, 0.1) for i in range(16)]
    seen = [beat(0.6 + 1.7 * i, later_s=late_s if i % 2 else 0.3) for i in range(32)]
    alert = told(rules_with("extreme-bradycardia"), sorted(ordered(seen, *missing), key=lambda event: event.reported_at))[0]
    assert alert.text == "Extreme bradycardia: heart rate 35.3/min (limit 40/min)"
    assert alert.reported_at < at(20)


@pytest.mark.parametrize("state", [lead_state(3.0, off=True), lead_state(3.0, saturated=True), lead_state(3.0, off=True, invalid=True)])
def test_a_lead_that_was_off_begins_the_watch_anew(state: Event) -> None:
    (alert,) = told(rules_with("asystole"), [*beats(0.5, 0.8, 3), state, lead_state(4.1)], until_s=60)
    assert alert.reported_at == at(4.1 + 4.3)
    (alert,) = told(rules_with("asystole"), [*beats(0.5, 0.8, 3), *without_numbers(3.0, 1.1)], until_s=60)
    assert alert.reported_at == pytest.approx(at(4.1 + 1.0 + 4.3), abs=1), "so does a longer one without numbers"


def test_a_beat_that_a_missing_frame_makes_known_was_seen() -> None:
    """It is told behind the gap that ends what could come of it; five frames of a hundred lost called beating hearts stopped."""
    lost = [event for i in range(30) for event in (gap(2.3 + 0.8 * i, 0.1), beat(2.1 + 0.8 * i, later_s=0.3))]
    rules = rules_with("asystole")
    assert not told(rules, [*beats(0.5, 0.8, 2), *lost], until_s=25.5)
    (alert,) = told(rules, [], until_s=31)
    assert alert.reported_at == at(2.1 + 0.8 * 29 + 0.1 + 4.3)


@pytest.mark.parametrize(
    "late",
    [
        beat(2.35, later_s=0.2),  # in what is missing
        beat(2.1, mv=0.05, later_s=0.4),  # faint
        beat(2.1, lead="II", later_s=0.4),  # nobody has asked the second lead, and the first is off
    ],
)
def test_what_is_no_beat_of_before_a_missing_frame_was_not_seen(late: Event) -> None:
    before: list[Event] = [*beats(0.5, 0.8, 2), gap(2.3, 0.1)]
    off = [lead_state(2.4, off=True)] if isinstance(late, Beat) and late.lead == "II" else []
    alerts = told(rules_with("asystole"), [*before, *off, late, *([lead_state(2.5)] if off else [])], until_s=20)
    assert alerts[0].reported_at == at(1.3 + 0.1 * (1 + len(off)) + 4.3)


def test_a_beat_of_before_a_long_gap_changes_nothing() -> None:
    (alert,) = told(rules_with("asystole"), [*beats(0.5, 0.8, 2), gap(2.3, 1.5), beat(2.1, later_s=1.7)], until_s=20)
    assert alert.reported_at == at(3.8 + 4.3)


def test_motion_after_a_long_gap_is_motion() -> None:
    events = [*beats(0.5, 0.8, 2), gap(2.3, 0.1), gap(4.0, 1.5), quality(6.0, 0.9, QualityReason.MOTION)]
    assert not told(rules_with("asystole"), events, until_s=30)


def test_motion_that_a_missing_frame_makes_hides_no_asystole() -> None:
    """Filters begin anew after it and swing; a heart that stopped while every twentieth frame was lost was never told of."""
    swung = [event for i in range(5) for event in (gap(3.0 + 2 * i, 0.1), quality(3.5 + 2 * i, 0.9, QualityReason.MOTION))]
    assert told(rules_with("asystole"), ordered(beats(0.5, 0.8, 3), swung), until_s=20)[0].reported_at <= at(2.1 + 4.3 + 3 * 0.1)
    lost = [gap(3.0 + 3 * i, 0.1) for i in range(5)]
    moved_later = [quality(start_s + 3 * i, 0.9, QualityReason.MOTION) for i in range(5) for start_s in (4.2, 4.9)]
    assert not told(rules_with("asystole"), ordered(beats(0.5, 0.8, 3), lost, moved_later), until_s=16)


def test_motion_that_saturates_a_lead_now_and_then_is_motion() -> None:
    flickering = [lead_state(3.0 + i, saturated=i % 2 == 0) for i in range(14)]
    moved = [quality(start_s, 0.9, QualityReason.MOTION) for start_s in (2.1, 4.5, 6.5, 8.5, 10.5, 12.5, 14.5)]
    assert not told(rules_with("asystole"), ordered(beats(0.5, 0.8, 3), [gap(2.2, 0.1)], flickering, moved), until_s=30)


def test_no_asystole_while_noise_hides_the_beats_but_when_it_has_passed() -> None:
    noisy = ordered(beats(0.5, 0.8, 3), seconds(2, 20, 0.2, QualityReason.MOTION))
    rules = rules_with("asystole")
    assert not told(rules, noisy, until_s=23)
    (alert,) = told(rules, [quality(23)], until_s=25)
    assert alert.reported_at == at(24.5)


def test_doubt_alone_does_not_hide_asystole() -> None:
    assert told(rules_with("asystole"), ordered(beats(0.5, 0.8, 3), seconds(2, 20, 0.2, QualityReason.DOUBT)), until_s=23)


# --- fibrillation of the ventricles -----------------------------------------------------------------------------------


def waving(start_s: float, n: int, leakage: float = 0.4) -> list[Event]:
    """Waves from `start_s` on, and their seconds rated as such seconds are."""
    doubt = seconds(int(start_s), n + 3, 0.2, QualityReason.MOTION)
    return ordered([waves(start_s + 4 + i, leakage) for i in range(n)], doubt)


def test_waves_without_complexes_are_fibrillation_whatever_the_signals_rating() -> None:
    alerts = told(rules_with("v-fib"), ordered(beats(0.5, 0.8, 10), waving(8.0, 6), seconds(17, 10)), until_s=40)
    assert story(alerts) == [("v-fib", RAISED, False), ("v-fib", UPDATED, True)]
    first = alerts[0]
    assert (first.priority, first.onset_sample, first.reported_at) == (Priority.HIGH, at(8), at(14))
    assert first.text == "Ventricular fibrillation: waves at 5.0 Hz of 0.6 mV, no QRS complexes for 6 s (limit 4 s)"
    assert measured(first) == {"leakage": 0.4, "waves": 5.0, "swing": 0.6}
    assert first.score == pytest.approx(0.6)


def test_a_moment_of_waves_is_none_and_a_second_without_them_ends_nothing() -> None:
    assert not told(rules_with("v-fib"), ordered(beats(0.5, 0.8, 10), waving(8.0, 1), seconds(12, 20)), until_s=40)
    flickering = [waves(12.0 + i) for i in range(20) if i % 3 != 2]
    alerts = told(rules_with("v-fib"), ordered(beats(0.5, 0.8, 10), flickering, seconds(8, 24, 0.2, QualityReason.MOTION)), until_s=31)
    assert [alert.state for alert in alerts if alert.state != UPDATED] == [RAISED]


def test_a_heart_that_beats_on_under_a_tremor_does_not_fibrillate() -> None:
    assert not told(rules_with("v-fib"), ordered(beats(0.5, 0.8, 40), waving(8.0, 20)))
    odd = [beat(8.2 + i * 0.7 + 0.3 * (i % 2), N) for i in range(20)]
    assert told(rules_with("v-fib"), ordered(beats(0.5, 0.8, 10), odd, waving(8.0, 20))), "found at odd times they are not the heart's"
    wide = [beat(8.2 + i * 0.7, W) for i in range(20)]
    assert told(rules_with("v-fib"), ordered(beats(0.5, 0.8, 10), wide, waving(8.0, 20)))


def test_uneven_waves_are_fibrillation_where_no_beat_of_the_usual_shape_is_among_them() -> None:
    odd = [beat(8.3 + i * 0.7, W if i % 2 else U) for i in range(10)]
    assert told(rules_with("v-fib"), ordered(beats(0.5, 0.8, 9), odd, waving(8.0, 6, leakage=0.54)))
    usual = [beat(8.6 + 2.9 * i) for i in range(4)]
    assert not told(rules_with("v-fib"), ordered(beats(0.5, 0.8, 9), odd, usual, waving(8.0, 6, leakage=0.54)))
    assert told(rules_with("v-fib"), ordered(beats(0.5, 0.8, 9), odd, usual, waving(8.0, 6, leakage=0.49)))


def test_uneven_waves_are_no_fibrillation_where_wide_beats_run_evenly_among_them() -> None:
    run, usual = beats(8.3, 0.35, 40, W), beats(0.5, 0.8, 9)
    assert not told(rules_with("v-fib"), ordered(usual, run, waving(8.0, 12, leakage=0.54)))
    assert told(rules_with("v-fib"), ordered(usual, run, waving(8.0, 12, leakage=0.49))), (
        "even waves: a flutter, which is fast and wide too"
    )
    odd = [beat(8.3 + 0.35 * i + 0.1 * (i % 3 == 0), W) for i in range(40)]
    assert told(rules_with("v-fib"), ordered(usual, odd, waving(8.0, 12, leakage=0.54)))


def test_of_asystole_tachycardia_and_fibrillation_the_last_is_the_top() -> None:
    alerts = told(
        rules_with("v-fib", "v-tach", "asystole"),
        ordered(beats(0.5, 0.8, 10), beats(8.5, 0.35, 8, W), [waves(13.0 + i) for i in range(12)]),
        until_s=24,
    )
    assert [(alert.rule, alert.state) for alert in alerts] == [("v-tach", RAISED), ("v-fib", RAISED), ("v-tach", CLEARED)]


def test_with_a_lead_off_there_is_no_fibrillation() -> None:
    assert not told(rules_with("v-fib"), ordered(beats(0.5, 0.8, 10), [lead_state(8.0, off=True)], waving(8.0, 20)))


# --- rates ------------------------------------------------------------------------------------------------------------


def test_a_fast_heart_is_told_at_the_rate_it_has() -> None:
    events = [*beats(0.5, 0.8, 10), *beats(8.1, 0.4, 20)]
    (alert,) = told(rules_with("extreme-tachycardia"), events)
    assert alert.text == "Extreme tachycardia: heart rate 150/min (limit 140/min)"
    assert at(8.1 + 2.0) < alert.reported_at < at(8.1 + 6.0)
    assert alert.unit == "1/min"
    assert measured(alert)["rr"] == 400
    assert len(alert.beats) == 8


def test_a_slow_heart_is_told() -> None:
    (alert,) = told(rules_with("bradycardia"), beats(0.5, 1.4, 12))
    assert alert.text == "Bradycardia: heart rate 42.9/min (limit 50/min)"


def test_between_the_limits_there_is_nothing_to_tell() -> None:
    names = ("bradycardia", "tachycardia", "extreme-bradycardia", "extreme-tachycardia")
    assert not told(rules_with(*names), [*beats(0.5, 1.1, 30), *beats(34.0, 0.52, 60)], until_s=66)


def test_a_rate_clears_by_its_hysteresis_only() -> None:
    rules = rules_with("tachycardia", clear_for_s=5.0)
    hovering = [*beats(0.5, 0.45, 30), *beats(14.1, 0.51, 60)]
    assert [alert.state for alert in told(rules, hovering)] == [RAISED, UPDATED]
    assert [alert.state for alert in told(rules, beats(45.0, 0.6, 40))] == [CLEARED]


@pytest.mark.parametrize("trouble", [quality(8.5, 0.2, QualityReason.MOTION), quality(8.5, 0.4, QualityReason.DOUBT)])
def test_a_rate_from_a_second_in_doubt_is_none(trouble: Event) -> None:
    events = ordered(beats(0.5, 0.8, 10), beats(8.1, 0.4, 20), [trouble])
    assert not told(rules_with("extreme-tachycardia"), events)


def test_no_rate_spans_a_gap() -> None:
    events = [*beats(0.5, 0.4, 3), gap(1.5, 1.2), *beats(3.0, 0.4, 3)]
    assert not told(rules_with("tachycardia", for_s=0.0), events, until_s=6)


def with_frames_lost(rr_s: float, seconds: float, *, hides: bool = False) -> list[Event]:
    """A heart of which a frame is missing every five seconds: between two beats, or with one in it."""
    out: list[Event] = []
    for i in range(int(seconds / rr_s)):
        r_s = 0.5 + i * rr_s
        if int(r_s / 5) != int((r_s - rr_s) / 5):
            out += [gap(r_s - 0.05, 0.1)] if hides else [gap(r_s - 0.5 * rr_s, 0.1), beat(r_s)]
        else:
            out.append(beat(r_s))
    return ordered(out)


def test_a_radio_that_loses_a_frame_now_and_then_hides_no_slow_heart() -> None:
    alert = told(rules_with("extreme-bradycardia"), with_frames_lost(1.7, 60))[0]
    assert alert.text == "Extreme bradycardia: heart rate 35.3/min (limit 40/min)"
    assert alert.reported_at < at(12)


@pytest.mark.parametrize("rr_s", [1.5, 0.4])
def test_intervals_of_which_a_missing_frame_told_count(rr_s: float) -> None:
    out: list[Event] = []
    for start_s in (1 + 10.0 * rr_s * i for i in range(20)):
        late = [start_s + 2 * rr_s, start_s + 3 * rr_s]
        out += [*beats(start_s, rr_s, 2), gap(late[-1] + 0.1, 0.1), *(beat(r_s, later_s=late[-1] + 0.2 - r_s) for r_s in late)]
    alert = told(rules_with("bradycardia" if rr_s > 1 else "tachycardia", clear_for_s=60.0), out)[0]
    assert alert.value == pytest.approx(60 / rr_s)


def test_a_beat_told_while_the_lead_is_blind_makes_no_interval() -> None:
    out: list[Event] = []
    for start_s in (1 + 4.0 * i for i in range(10)):
        out += [beat(start_s), beat(start_s + 1.5)]
        out += [lead_state(start_s + 1.9, saturated=True), beat(start_s + 2.2, later_s=0.1), lead_state(start_s + 2.5)]
    alert = told(rules_with("extreme-bradycardia", limit=45.0, for_s=0.0), ordered(out))[0]
    assert alert.value == pytest.approx(40)


def test_nothing_of_before_a_long_gap_is_a_rate() -> None:
    before: list[Event] = [*beats(0.5, 1.7, 2), gap(2.4, 0.1), *beats(3.6, 1.7, 2), gap(5.5, 1.5)]
    events = [*before, *beats(7.1, 1.7, 2), gap(9.0, 0.1), *beats(9.5, 1.7, 2)]
    assert not told(rules_with("extreme-bradycardia", for_s=0.0), events)


def test_a_beat_that_was_missed_makes_no_slow_heart() -> None:
    assert not told(rules_with("bradycardia", "extreme-bradycardia"), with_frames_lost(1.0, 120, hides=True))
    assert not told(rules_with("bradycardia", "extreme-bradycardia"), with_frames_lost(1.1, 120))


def test_a_high_rate_over_moments_that_were_missed_is_of_even_intervals() -> None:
    def pieces(*rr_s: float) -> list[Event]:
        out: list[Event] = []
        for start_s in (1 + 1.5 * i for i in range(20)):
            ends = [start_s + r_s for r_s in accumulate((0.0, *rr_s))]
            out += [*map(beat, ends), gap(ends[-1] + 0.1, 0.1)]
        return out

    (alert,) = told(rules_with("tachycardia"), pieces(0.4, 0.4))
    assert alert.value == pytest.approx(150)
    assert not told(rules_with("tachycardia"), pieces(0.25, 0.5))


def test_intervals_of_long_ago_are_no_rate() -> None:
    events = [*beats(0.5, 1.7, 3), gap(4.5, 0.1), beat(9.0), gap(9.5, 0.1), beat(21.0), beat(22.6)]
    assert not told(rules_with("extreme-bradycardia", for_s=0.0), events)


def test_what_is_known_over_a_missing_frame_is_in_a_snapshot() -> None:
    events = with_frames_lost(1.7, 30)
    whole = rules_with("bradycardia", "asystole")
    expected = whole.take(events)
    for cut in range(len(events)):
        first, then = rules_with("bradycardia", "asystole"), rules_with("bradycardia", "asystole")
        said = first.take(events[:cut])
        then.load(first.to_bytes())
        assert said + then.take(events[cut:]) == expected
        assert then.to_bytes() == whole.to_bytes()


def test_the_rate_of_a_heart_that_stopped_is_no_rate() -> None:
    alerts = told(rules_with("tachycardia"), ordered(beats(0.5, 0.4, 20), seconds(0, 40)), until_s=45)
    assert [alert.state for alert in alerts] == [RAISED, CLEARED]


# --- wide beats -------------------------------------------------------------------------------------------------------


def run_of(n: int, rr_s: float = 0.35, shape: object = W) -> list[Event]:
    """Narrow beats, n others, narrow beats again."""
    start = 0.5 + 10 * 0.8
    return [*beats(0.5, 0.8, 10), *beats(start, rr_s, n, shape), *beats(start + n * rr_s + 0.4, 0.8, 12)]  # type: ignore[arg-type]


GOOD = seconds(0, 14)
VENTRICULAR = ("v-tach", "ventricular-run", "couplet")


@pytest.mark.parametrize(
    ("n", "rr_s", "rule"),
    [(1, 0.5, None), (2, 0.5, "couplet"), (3, 0.5, "ventricular-run"), (4, 0.5, "ventricular-run"), (5, 0.5, "v-tach"), (9, 0.3, "v-tach")],
)
def test_wide_beats_in_a_row_are_called_by_their_number(n: int, rr_s: float, rule: str | None) -> None:
    assert [alert.rule for alert in raised(told(rules_with(*VENTRICULAR), run_of(n, rr_s)))] == ([rule] if rule else [])


def test_ventricular_tachycardia_is_told_with_its_fifth_beat_and_what_it_rests_on() -> None:
    alert = told(rules_with("v-tach"), run_of(9))[0]
    assert alert.text == "Ventricular tachycardia: 5 wide beats at 171/min (limit 5 at 100/min)"
    assert (alert.onset_sample, alert.reported_at) == (at(8.5), at(8.5 + 4 * 0.35 + 0.2))
    assert alert.beats == tuple(at(8.5 + i * 0.35) for i in range(5))
    assert measured(alert) == {"rate": pytest.approx(171.4, abs=1), "width": 140.0, "wide_share": 1.0}
    assert alert.score == pytest.approx(0.9)


def test_a_slow_run_is_no_tachycardia() -> None:
    assert not told(rules_with("v-tach"), run_of(9, 0.7))


def test_one_odd_shape_among_six_does_not_hide_a_tachycardia() -> None:
    for odd in (N, U):
        shapes = [W, W, odd, W, W, W]
        run = [beat(8.5 + i * 0.35, shape) for i, shape in enumerate(shapes)]
        (alert,) = told(rules_with("v-tach"), ordered(beats(0.5, 0.8, 10), run, GOOD))
        assert alert.value == 6


def test_beats_at_odd_times_are_noise_and_no_run() -> None:
    times = (8.5, 8.8, 9.5, 9.7, 10.3, 10.5, 11.2, 11.4)
    assert not told(rules_with("v-tach"), [*beats(0.5, 0.8, 10), *(beat(time, W) for time in times)])


def test_a_tachycardia_whose_shape_became_usual_goes_on_and_ends_with_it() -> None:
    rules = rules_with("v-tach")
    usual = [beat(8.5 + i * 0.35, W if i < 8 else N, width_ms=140.0) for i in range(60)]
    alerts = told(rules, [*beats(0.5, 0.8, 10), *usual])
    assert story(alerts) == [("v-tach", RAISED, False), ("v-tach", UPDATED, False)]
    after = told(rules, beats(30.0, 0.5, 30), until_s=45)
    assert story(after) == [("v-tach", UPDATED, False), ("v-tach", UPDATED, True)]


@pytest.mark.parametrize("trouble", [lead_state(8.6, off=True), quality(7.3, 0.2, QualityReason.WANDER)])
def test_no_tachycardia_where_nothing_can_be_trusted(trouble: Event) -> None:
    assert not told(rules_with("v-tach"), ordered(run_of(5), [trouble]))


def test_doubt_does_not_hide_a_tachycardia_for_it_is_what_one_looks_like() -> None:
    assert told(rules_with("v-tach"), ordered(run_of(5), [quality(7.3, 0.2, QualityReason.DOUBT)]))


def test_after_seconds_of_doubt_a_run_must_be_faster() -> None:
    doubt = seconds(4, 3, 0.6, QualityReason.DOUBT)
    assert not told(rules_with("v-tach"), ordered(run_of(8, 0.52), doubt))
    assert told(rules_with("v-tach"), ordered(run_of(8, 0.52), GOOD))
    assert told(rules_with("v-tach"), ordered(run_of(8, 0.48), doubt))


@pytest.mark.parametrize(
    ("rr_s", "heights_mv"),
    [
        ((0.3, 0.3, 0.45, 0.3), (1.0,) * 5),
        ((0.35,) * 4, (1.0, 1.1, -1.0, 1.1, 1.0)),
        ((0.35,) * 4, (1.0, 1.1, 1.0, 2.2, 1.0)),
    ],
    ids=["uneven", "two sides", "two heights"],
)
def test_after_seconds_of_doubt_one_focus_must_have_made_a_run(rr_s: tuple[float, ...], heights_mv: tuple[float, ...]) -> None:
    doubt = seconds(4, 3, 0.6, QualityReason.DOUBT)
    times = accumulate(rr_s, initial=8.5)
    run = [*beats(0.5, 0.8, 10), *(beat(time, W, mv=mv) for time, mv in zip(times, heights_mv, strict=True))]
    assert told(rules_with("v-tach"), ordered(run, GOOD))
    assert not told(rules_with("v-tach"), ordered(run, doubt))


def test_a_high_rate_of_uneven_intervals_is_none() -> None:
    def beats_at(long_s: float) -> list[Event]:
        return [beat(0.5 + (i // 2) * (long_s + 0.2) + i % 2 * long_s) for i in range(40)]

    assert not told(rules_with("extreme-tachycardia"), beats_at(0.6))
    assert told(rules_with("extreme-tachycardia"), beats_at(0.5))
    doubt = seconds(0, 20, 0.7, QualityReason.DOUBT)
    assert not told(rules_with("extreme-tachycardia"), ordered(beats_at(0.5), doubt)), "beats between the heart's, made of noise"
    assert told(rules_with("extreme-tachycardia"), ordered(beats_at(0.3), doubt))


def test_after_seconds_of_doubt_a_run_of_narrow_beats_must_keep_better_time() -> None:
    doubt = seconds(4, 3, 0.6, QualityReason.DOUBT)

    def run(long_s: float, widths_ms: tuple[float, ...]) -> list[Event]:
        times = accumulate((0.3, 0.3, long_s, 0.3), initial=8.5)
        return [*beats(0.5, 0.8, 10), *(beat(time, W, width_ms=width_ms) for time, width_ms in zip(times, widths_ms, strict=True))]

    narrow, broad = (60.0, 90.0, 60.0, 60.0, 60.0), (60.0, 110.0, 110.0, 60.0, 110.0)
    assert not told(rules_with("v-tach"), ordered(run(0.38, narrow), doubt)), "motion's peaks"
    assert not told(rules_with("v-tach"), ordered(run(0.38, (60.0, 110.0, 60.0, 60.0, 110.0)), doubt)), "two may be by chance"
    assert told(rules_with("v-tach"), ordered(run(0.38, broad), doubt))
    assert told(rules_with("v-tach"), ordered(run(0.34, narrow), doubt)), "in one lead a ventricle's beats may be narrow"
    assert not told(rules_with("v-tach"), ordered(run(0.34, (60.0, 97.0, 60.0, 60.0, 60.0)), doubt)), "but they are alike"
    assert told(rules_with("v-tach"), ordered(run(0.38, narrow), GOOD))


@pytest.mark.parametrize(
    ("sure", "is_told"), [((0.9, 0.9, 0.9, 0.9, 0.76), True), ((0.9, 0.9, 0.9, 0.9, 0.7), False), ((1, 1, 1, 1, 0.69), False)]
)
def test_in_doubt_the_detector_must_be_sure_of_a_run_of_narrow_beats(sure: tuple[float, ...], is_told: bool) -> None:
    run = [beat(8.5 + i * 0.35, W, width_ms=60.0, sure=confidence) for i, confidence in enumerate(sure)]
    assert bool(told(rules_with("v-tach"), [*beats(0.5, 0.8, 10), *run])) == is_told
    broad = [replace(one, width_ms=120.0) for one in run]
    assert told(rules_with("v-tach"), [*beats(0.5, 0.8, 10), *broad]), "broad ones speak for themselves"


def unlike(n: int) -> list[Event]:
    """Wide beats of two heights, as motion has them, and some tachycardias."""
    return [*beats(0.5, 0.8, 10), *(beat(8.5 + i * 0.35, W, mv=1.0 + 1.5 * (i % 2)) for i in range(n))]


def test_a_run_that_does_not_speak_for_itself_waits_until_its_seconds_are_rated() -> None:
    (alert,) = told(rules_with("v-tach"), ordered(unlike(5), GOOD))
    assert alert.reported_at == at(9 + 1.5), "when the second of its last beat was"
    assert alert.onset_sample == at(8.5)
    assert not told(rules_with("v-tach"), unlike(5)), "nobody has said that it is none of motion"
    begun = ordered(unlike(5), seconds(0, 8), seconds(8, 6, 0.3, QualityReason.DOUBT))
    assert not told(rules_with("v-tach"), begun), "motion that has just begun"
    assert story(told(rules_with("v-tach"), ordered(unlike(5), seconds(0, 60)), until_s=60)) == [
        ("v-tach", RAISED, False),
        ("v-tach", UPDATED, True),
    ]


def test_a_run_that_waits_is_told_within_five_seconds() -> None:
    run = [*beats(0.5, 0.8, 10), *(beat(8.5 + i * 0.55, W, mv=1.0 + 1.5 * (i % 2)) for i in range(20))]
    alert = told(rules_with("v-tach"), ordered(run, GOOD, seconds(14, 10)))[0]
    assert alert.reported_at <= at(8.5 + 5)


def test_after_seconds_of_doubt_a_beat_of_the_usual_shape_is_the_hearts_own_and_there_is_no_run() -> None:
    doubt = seconds(4, 3, 0.6, QualityReason.DOUBT)
    for odd, is_told in ((N, False), (U, True)):
        run = [beat(8.5 + i * 0.35, odd if i == 2 else W, width_ms=140.0) for i in range(6)]
        assert told(rules_with("v-tach"), ordered(beats(0.5, 0.8, 10), run, GOOD))
        assert bool(told(rules_with("v-tach"), ordered(beats(0.5, 0.8, 10), run, doubt))) == is_told


def with_peaks(n: int, width_ms: float, of: int = 3) -> list[Event]:
    """Usual beats, then n at 180/min of which only every third (or so) is the heart's."""
    rest = [beat(8.5 + i / 3, width_ms=width_ms if i % of else 80.0) for i in range(n)]
    return [*beats(0.5, 0.8, 10), *rest]


def test_after_seconds_of_doubt_narrow_peaks_between_beats_make_no_high_rate() -> None:
    doubt = seconds(4, 14, 0.7, QualityReason.DOUBT)
    rules = ("tachycardia", "extreme-tachycardia")
    assert not told(rules_with(*rules), ordered(with_peaks(30, 60.0), doubt))
    assert told(rules_with(*rules), ordered(with_peaks(30, 65.0), doubt)), "as broad as the heart's, but for a little"
    assert told(rules_with(*rules), with_peaks(30, 60.0)), "nothing speaks against them"
    a_few = [beat(8.5 + i / 3, width_ms=60.0 if i % 4 == 0 else 80.0) for i in range(30)]
    assert told(rules_with(*rules), ordered(beats(0.5, 0.8, 10), a_few, doubt)), "two of seven"


def test_in_doubt_wide_beats_that_no_one_focus_made_make_no_high_rate() -> None:
    doubt = seconds(4, 14, 0.7, QualityReason.DOUBT)

    def rate_of(wide_of_three: int, mv: float = 1.0) -> list[Event]:
        rest = [beat(8.5 + i / 3, W if i % 3 < wide_of_three else N, mv=mv if i % 2 else 1.0) for i in range(30)]
        return [*beats(0.5, 0.8, 10), *rest]

    rules = ("tachycardia", "extreme-tachycardia")
    assert not told(rules_with(*rules), ordered(rate_of(2), doubt)), "the heart's own among motion's peaks"
    assert not told(rules_with(*rules), ordered(rate_of(3, mv=2.5), doubt)), "of two heights"
    assert told(rules_with(*rules), ordered(rate_of(3), doubt)), "one focus"
    assert told(rules_with(*rules), ordered(rate_of(0), doubt))
    assert told(rules_with(*rules), ordered(rate_of(2), GOOD, seconds(14, 8)))


def test_a_narrower_heart_is_believed_in_doubt_once_the_broad_beats_are_long_past() -> None:
    doubt = seconds(4, 30, 0.7, QualityReason.DOUBT)
    narrower = [beat(8.5 + i / 3, W, width_ms=60.0) for i in range(60)]
    (alert, *_) = told(rules_with("extreme-tachycardia"), ordered(beats(0.5, 0.8, 10), narrower, doubt))
    assert at(8.5 + 39 / 3) < alert.reported_at < at(8.5 + 40 / 3 + 4)


def test_a_beat_found_late_takes_its_place_in_a_run() -> None:
    times = (8.5, 8.85, 9.55, 9.9)
    late = beat(9.2, W, later_s=0.9)
    last = beat(10.25, W)
    assert told(rules_with("v-tach"), ordered(beats(0.5, 0.8, 10), [*(beat(time, W) for time in times), late, last]))


def test_bigeminy_is_told_after_three_pairs_and_is_over_with_the_pattern() -> None:
    pairs = [beat(8.5 + i * 0.7, W if i % 2 else N) for i in range(12)]
    alerts = told(rules_with("bigeminy"), [*beats(0.5, 0.8, 10), *pairs, *beats(17.0, 0.8, 40)], until_s=60)
    assert [alert.state for alert in alerts] == [RAISED, CLEARED]
    assert alerts[0].text == "Bigeminy: every other beat wide, 3 times (limit 3)"
    assert not told(rules_with("bigeminy"), [*beats(0.5, 0.8, 10), *pairs[:5], *beats(17.0, 0.8, 40)])


def test_r_on_t_needs_the_pause_after_it() -> None:
    def early(after: float, shape: object = W) -> list[Event]:
        return [*beats(0.5, 0.8, 5), beat(3.95, shape, prematurity=0.3), beat(5.0, prematurity=after)]  # type: ignore[arg-type]

    (alert,) = told(rules_with("r-on-t"), early(1.4))
    assert alert.text == "R on T: a wide beat after 0.30 of the usual interval, then a pause (limit 0.33)"
    assert not told(rules_with("r-on-t"), early(1.0))
    assert not told(rules_with("r-on-t"), early(1.4, N))


def test_a_pause_is_told_once_for_many_and_counts_them() -> None:
    times = [0.5, 1.3, 4.9, 5.7, 9.3, 10.1, 13.7, 14.5, 18.1, 18.9]
    alerts = told(rules_with("pause"), [beat(time) for time in times], until_s=25)
    assert story(alerts) == [("pause", RAISED, False), ("pause", UPDATED, False)]
    assert alerts[0].text == "Pause: 3.6 s between two beats (limit 3 s)"
    assert measured(alerts[1])["times"] == 3
    assert not told(rules_with("pause"), [beat(0.5), gap(1.0, 3.0), beat(4.5)])


# --- measures and models ----------------------------------------------------------------------------------------------


def uneven(n: int) -> list[Event]:
    """As irregular as atria that fibrillate."""
    time = 0.5
    events: list[Event] = []
    for i in range(n):
        events.append(beat(time))
        time += (0.6, 0.9, 0.7, 1.1, 0.65, 0.8)[i * 5 % 6]
    return events


def test_fibrillation_needs_a_model_and_irregular_intervals_that_last() -> None:
    def answers(probability: float) -> list[Event]:
        return [answer(20.0 + 2 * i, probability) for i in range(20)]

    irregular, steady = ordered(uneven(75), seconds(0, 58)), ordered(beats(0.5, 0.8, 75), seconds(0, 58))
    alert = told(rules_with("atrial-fibrillation"), ordered(irregular, answers(0.9)))[0]
    assert alert.reported_at == at(20.5 + 15)
    assert (alert.model, alert.model_sha256) == ("rhythm", "ab" * 32)
    assert (alert.looked_from, alert.looked_len) == (at(24), at(10))
    assert alert.text.startswith("Atrial fibrillation: A by rhythm with probability 0.90, RR irregular by ")
    assert not told(rules_with("atrial-fibrillation"), ordered(steady, answers(0.9)))
    assert not told(rules_with("atrial-fibrillation"), ordered(irregular, answers(0.1)))


@pytest.mark.parametrize("how", [{"late": True}, {"abstained": True}, {"model": "shape"}, {"model": "gone"}])
def test_an_answer_that_is_none_is_not_acted_upon(how: dict[str, bool]) -> None:
    events = ordered(uneven(75), seconds(0, 58), [answer(20.0 + 2 * i, 0.9, **how) for i in range(20)])  # type: ignore[arg-type]
    assert not told(rules_with("atrial-fibrillation"), events, until_s=61)


def test_one_answer_and_then_none_is_not_enough() -> None:
    assert not told(rules_with("atrial-fibrillation"), ordered(uneven(75), seconds(0, 58), [answer(20.0, 0.9)]), until_s=61)


def asked_seldom(hop_factor: int, n: int, probability: float = 0.9) -> list[Alert]:
    """Atria fibrillate, and under overload a model is asked so many times, first at second 20."""
    rules = rules_with("atrial-fibrillation")
    rules.owner.pace.hop_factor = hop_factor
    times = [20.0 + 2 * hop_factor * i for i in range(n)]
    length = round(times[-1]) + 300
    events = ordered(uneven(2 * length), seconds(0, length), [answer(time, probability) for time in times])
    return told(rules, [event for event in events if event.reported_at < at(length)])


@pytest.mark.parametrize("hop_factor", [4, 8, 16, 64])
def test_under_overload_what_is_said_again_is_told_however_seldom_it_is_asked(hop_factor: int) -> None:
    alerts = asked_seldom(hop_factor, 8)
    assert [alert.state for alert in alerts if alert.state != UPDATED] == [RAISED, CLEARED]
    assert alerts[0].reported_at == at(max(35.5, 20.5 + 2 * hop_factor))
    last, holds_s = 20.0 + 2 * hop_factor * 7, max(10.0, 2 * hop_factor + 5.0)
    assert at(last + holds_s + 60) < alerts[-1].reported_at <= at(last + holds_s + 60 + 2)


@pytest.mark.parametrize("hop_factor", [8, 16, 64])
def test_one_answer_is_not_enough_either_where_the_next_is_far(hop_factor: int) -> None:
    assert not asked_seldom(hop_factor, 1)
    assert not asked_seldom(hop_factor, 8, probability=0.1)


def test_where_the_model_looked_goes_with_what_it_said() -> None:
    rule = RuleFacts(name="a", kind="threshold", measure="probability", label="A", limit=0.8, priority=Priority.LOW, update_every_s=1)
    alerts = told(rules_of(rule), [answer(20.0, 0.9), answer(22.0, 0.99), answer(24.0, 0.2)], until_s=40)
    assert [alert.state for alert in alerts] == [RAISED, UPDATED, CLEARED]
    assert alerts[0].activation == (0.5, 1.0)
    assert alerts[0].score == 0.9
    assert alerts[0].text == "a: A by rhythm, 0.9 (limit 0.8)"


def test_an_irregular_rhythm_is_told_and_a_few_odd_beats_are_not() -> None:
    few = [beat(0.5 + 0.8 * i - (0.25 if i % 8 == 0 else 0.0)) for i in range(75)]
    assert raised(told(rules_with("irregular-rhythm"), ordered(uneven(75), seconds(0, 58))))
    assert not told(rules_with("irregular-rhythm"), ordered(few, seconds(0, 58)))


def test_a_heart_that_has_stopped_is_not_irregular() -> None:
    """It was for less than it takes to be told, and no beat after it says that it is."""
    uneven = [beat(0.5 + i + (0.0, -0.3, 0.1, -0.1)[i % 4]) for i in range(35)]
    assert told(rules_with("irregular-rhythm", for_s=10.0), ordered(uneven, seconds(0, 35)))
    stopped = ordered(uneven[:28], seconds(0, 80))
    assert not told(rules_with("irregular-rhythm", for_s=15.0), stopped, until_s=80)
    ended = told(rules_with("irregular-rhythm", for_s=10.0, clear_for_s=20.0), ordered(uneven, seconds(0, 80)), until_s=80)
    assert [alert.state for alert in ended] == [AlertState.RAISED, AlertState.CLEARED]


def test_ectopic_beats_are_counted_by_the_minute() -> None:
    rule = RuleFacts(name="many", kind="threshold", measure="ectopic_rate", limit=5, priority=Priority.LOW)
    shapes = [beat(0.5 + 0.8 * i, W if i % 6 == 0 else N) for i in range(60)]
    assert told(rules_of(rule), ordered(shapes, seconds(0, 48)))[0].value == 6
    sparse = [beat(0.5 + 0.8 * i, W if i % 40 == 0 else N) for i in range(400)]
    assert not told(rules_of(rule), ordered(sparse, seconds(0, 320)))


@pytest.mark.parametrize(("measure", "limit"), [("width_ms", 100.0), ("amplitude_mv", 0.5), ("quality", 0.5), ("noise_mv", 0.005)])
def test_any_measure_can_have_a_limit(measure: str, limit: float) -> None:
    rule = RuleFacts(name="mine", kind="threshold", measure=measure, limit=limit, priority=Priority.LOW)
    alerts = told(rules_of(rule), ordered([beat(0.5 + i, W) for i in range(5)], seconds(0, 5)))
    assert [alert.rule for alert in alerts] == ["mine"]
    assert alerts[0].value > limit


@pytest.mark.parametrize(("measure", "limit"), [("width_ms", 100.0), ("amplitude_mv", 0.5)])
def test_one_beat_and_then_none_says_nothing_of_those_to_come(measure: str, limit: float) -> None:
    rule = RuleFacts(name="mine", kind="threshold", measure=measure, limit=limit, for_s=10.0, priority=Priority.LOW)
    usual = [beat(0.5 + i, mv=0.2) for i in range(5)]
    assert not told(rules_of(rule), ordered(usual, [beat(5.5, W)], seconds(0, 30)), until_s=30)
    lasts = [beat(5.5 + i, W) for i in range(15)]
    alerts = told(rules_of(rule), ordered(usual, lasts, seconds(0, 60)), until_s=60)
    assert [alert.state for alert in alerts] == [AlertState.RAISED, AlertState.CLEARED]


def test_the_height_of_beats_is_the_first_leads_and_unknown_without_one() -> None:
    rule = RuleFacts(name="low", kind="threshold", measure="amplitude_mv", limit=0.3, above=False, priority=Priority.LOW)
    assert not told(rules_of(rule), [beat(0.5 + i, lead="II") for i in range(5)])
    (alert,) = told(rules_of(rule), [beat(0.5 + i, mv=-1.0) for i in range(5)])
    assert alert.value == -1.0


def test_a_flat_line_is_that_of_the_lead_that_is_looked_through() -> None:
    off = lead_state(8.0, off=True, flat=True)
    (alert,) = told(rules_with("asystole"), ordered(beats(0.5, 0.8, 10), [off], second(8.5, 5)), until_s=17)
    assert "flat line" not in alert.text


def test_a_run_that_the_second_lead_answers_for_is_one() -> None:
    assert told(rules_with("v-tach"), [beat(0.5 + 0.35 * i, W, lead="II") for i in range(12)])
    assert HZ == 250
