"""What a person sees: every beat once, in the column of the moment it became known, and a true summary."""

import io
from dataclasses import replace

import pytest

from edgeecg.cli.monitor import COLUMNS_PER_LINE, Monitor, Summary, clock
from edgeecg.types import (
    AlertState,
    Beat,
    Event,
    Gap,
    GapReason,
    Morphology,
    Priority,
    Quality,
    QualityReason,
    RefusalReason,
    Refused,
    SignalState,
    Vitals,
)
from tests.payload.alerts import alert

RATE_HZ = 100.0


def beat(sample: int, *, morphology: Morphology = Morphology.NORMAL, known_after: int = 20) -> Beat:
    return Beat(
        stream="s", lead="I", sample=sample, confidence=1.0, morphology=morphology, width_ms=80.0, prematurity=1.0,
        template_distance=0.0, amplitude_mv=1.0, late=False, reported_at=sample + known_after,
    )  # fmt: skip


def vitals(heart_rate: float) -> Vitals:
    return Vitals("s", 0, heart_rate, rr_ms=-1, sdnn_ms=-1, rmssd_ms=-1, n_intervals=0, reported_at=9)


def quality(*, good: bool) -> Quality:
    reason = QualityReason.NONE if good else QualityReason.ODD_BEATS
    return Quality("s", "I", 0, 100, 0.9, good, reason, bad_share=0.0, noise_mv=0.0, mains_mv=0.0, level_mv=0.0, reported_at=9)


def drawn(*steps: tuple[int, list[Event]]) -> list[str]:
    screen = io.StringIO()
    monitor = Monitor(screen, rate_hz=RATE_HZ)
    for now_sample, events in steps:
        monitor.show(events, now_sample=now_sample)
    monitor.close()
    return screen.getvalue().splitlines()


def test_a_mark_stands_where_the_beat_became_known() -> None:
    (line,) = drawn((30, []), (40, [beat(12)]), (60, []))
    assert line == " 0:00  ...|.."


def test_marks_tell_morphologies_and_gaps_apart() -> None:
    events: list[Event] = [beat(1), beat(2, morphology=Morphology.WIDE), beat(3, morphology=Morphology.UNKNOWN)]
    (line,) = drawn((40, [*events, Gap("s", 4, 5, GapReason.LOST, 9)]))
    assert line == " 0:00  |V?x"


def test_two_beats_in_one_column_are_both_drawn() -> None:
    (line,) = drawn((10, [beat(1), beat(2)]), (30, []))
    assert line == " 0:00  ||."


def test_a_line_ends_with_the_latest_heart_rate() -> None:
    first, second = drawn((600, [vitals(58.0), vitals(61.4)]), (610, [vitals(70.0)]))
    assert first.endswith("   61/min")
    assert second == " 0:06  ."


def test_a_rate_that_is_not_known_is_not_shown() -> None:
    (line,) = drawn((10 * COLUMNS_PER_LINE, [vitals(61.4), vitals(-1.0)]))
    assert line.endswith("   --/min")


def test_a_second_that_is_not_good_says_why() -> None:
    (line,) = drawn((10 * COLUMNS_PER_LINE, [quality(good=True), quality(good=False)]))
    assert line.endswith("/min  odd beats")
    (line,) = drawn((10 * COLUMNS_PER_LINE, [quality(good=False), quality(good=True)]))
    assert line.endswith("/min")


def test_what_is_wrong_with_the_lead_is_said() -> None:
    off = SignalState("s", "I", 0, lead_off=True, saturated=True, flat=False, invalid=False, mains=True, reported_at=9)
    (line,) = drawn((10 * COLUMNS_PER_LINE, [off]))
    assert line.endswith("/min  lead off, saturated")


def test_what_is_told_and_over_stands_under_its_line() -> None:
    told = alert(state=AlertState.RAISED, priority=Priority.HIGH, text="Pause\x1b: 2 s", reported_at=310)
    heard: list[Event] = [
        told,
        replace(told, state=AlertState.UPDATED),
        replace(told, state=AlertState.CLEARED, text="Pause over: 2 s", reported_at=580),
    ]
    again: list[Event] = [told]
    assert drawn((600, heard), (610, again)) == [
        *drawn((600, [])),
        r" 0:03  !!! Pause\x1b: 2 s",
        " 0:05      Pause over: 2 s",
        " 0:06  .",
        r" 0:03  !!! Pause\x1b: 2 s",
    ]


def test_the_summary_counts_what_it_was_given() -> None:
    summary = Summary(rate_hz=RATE_HZ)
    summary.add([beat(0), beat(100), beat(200, morphology=Morphology.WIDE, known_after=50), Gap("s", 300, 40, GapReason.LOST, 340)])
    summary.add([vitals(60.0), vitals(-1.0), vitals(66.0), vitals(63.0), quality(good=True), quality(good=False)])
    summary.add([Refused("s", RefusalReason.WRONG_SHAPE, "", "", 0), Gap("s", 400, 2, GapReason.LOST, 402)])
    summary.add([alert(rule="pause"), alert(2, rule="gap"), alert(2, 2, rule="gap", state=AlertState.CLEARED), alert(3, rule="gap")])
    assert summary.lines() == [
        "beats        3, 2 normal, 1 wide",
        "known after  200 ms (median), 95 % within 470 ms, all within 500 ms",
        "heart rate   63/min (median), from 60 to 66, known in 3 seconds",
        "quality      good in 1 of 2 seconds",
        "missing      42 samples in 2 gaps",
        "alerts       2 gap, 1 pause",
        "refused      1 records: wrong shape",
    ]


def test_a_summary_of_nothing_claims_nothing() -> None:
    assert Summary(rate_hz=RATE_HZ).lines() == ["beats        0", "alerts       none"]


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, "0:00"), (59.99, "0:59"), (60.0, "1:00"), (3725.0, "62:05")])
def test_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
