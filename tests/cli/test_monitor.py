"""What a person sees: every beat once, in the column of the moment it became known, and a true summary."""

import io

import pytest

from edgeecg.cli.monitor import COLUMNS_PER_LINE, Monitor, Summary, clock
from edgeecg.types import Beat, Event, Gap, GapReason, Morphology, RefusalReason, Refused, SignalState

RATE_HZ = 100.0


def beat(sample: int, *, morphology: Morphology = Morphology.NORMAL, known_after: int = 20) -> Beat:
    return Beat(
        stream="s", lead="I", sample=sample, confidence=1.0, morphology=morphology, width_ms=80.0, prematurity=1.0,
        template_distance=0.0, amplitude_mv=1.0, late=False, reported_at=sample + known_after,
    )  # fmt: skip


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


def test_a_line_ends_with_the_median_rate_of_its_beats() -> None:
    beats: list[Event] = [beat(sample) for sample in (0, 100, 200, 250, 350)]
    first, second = drawn((10 * COLUMNS_PER_LINE, beats), (10 * COLUMNS_PER_LINE + 10, []))
    assert first.endswith("   60/min")
    assert second == " 0:06  ."


def test_no_rate_is_shown_across_a_gap() -> None:
    (line,) = drawn((10 * COLUMNS_PER_LINE, [beat(0), beat(100), Gap("s", 120, 5000, GapReason.LOST, 5120), beat(5200)]))
    assert line.endswith("   --/min")


def test_what_is_wrong_with_the_lead_is_said() -> None:
    off = SignalState("s", "I", 0, lead_off=True, saturated=True, flat=False, invalid=False, mains=True, reported_at=9)
    (line,) = drawn((10 * COLUMNS_PER_LINE, [off]))
    assert line.endswith("/min  lead off, saturated")


def test_the_summary_counts_what_it_was_given() -> None:
    summary = Summary(rate_hz=RATE_HZ)
    summary.add([beat(0), beat(100), beat(200, morphology=Morphology.WIDE, known_after=50), Gap("s", 300, 40, GapReason.LOST, 340)])
    summary.add([Refused("s", RefusalReason.WRONG_SHAPE, "", "", 0), Gap("s", 400, 2, GapReason.LOST, 402)])
    assert summary.lines() == [
        "beats        3, 2 normal, 1 wide",
        "heart rate   60/min (median), 90 % from 60 to 60",
        "known after  200 ms (median), 95 % within 470 ms, all within 500 ms",
        "missing      42 samples in 2 gaps",
        "refused      1 records: wrong shape",
    ]


def test_a_summary_of_nothing_claims_nothing() -> None:
    assert Summary(rate_hz=RATE_HZ).lines() == ["beats        0"]


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, "0:00"), (59.99, "0:59"), (60.0, "1:00"), (3725.0, "62:05")])
def test_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
