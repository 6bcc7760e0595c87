"""Quality is judged by seconds the annotators call clean, and by the beats within seconds it rates good."""

import numpy as np
from numpy.typing import NDArray

from edgeecg.evals.ec57 import Truth
from edgeecg.evals.quality import annotated_clean, ratings_of, score_heart_rate, score_quality
from edgeecg.io.wfdb import Annotations
from edgeecg.types import Beat, Event, Morphology, Quality, QualityReason, Vitals

RATE_HZ = 100.0


def second(number: int, *, good: bool) -> Quality:
    return Quality(
        stream="s", lead="I", start_sample=number * 100, len_samples=100, index=float(good), good=good, reason=QualityReason.NONE,
        bad_share=0.0, noise_mv=0.0, mains_mv=0.0, level_mv=0.0, reported_at=number * 100 + 99,
    )  # fmt: skip


def beat(sample: int) -> Beat:
    return Beat(
        stream="s", lead="I", sample=sample, confidence=1.0, morphology=Morphology.NORMAL, width_ms=80.0, prematurity=1.0,
        template_distance=0.0, amplitude_mv=1.0, late=False, reported_at=sample + 25,
    )  # fmt: skip


def noise_marks(*marks: tuple[int, int]) -> Annotations:
    n = len(marks)
    return Annotations(
        samples=np.array([sample for sample, _ in marks], np.int64),
        symbols=np.array(["~"] * n, np.str_),
        subtypes=np.array([subtype for _, subtype in marks], np.int8),
        channels=np.zeros(n, np.uint8),
        numbers=np.zeros(n, np.int8),
        aux=("",) * n,
    )


def clean(lead: int, *marks: tuple[int, int]) -> list[bool]:
    starts: NDArray[np.int64] = np.arange(6, dtype=np.int64) * 100
    return [bool(one) for one in annotated_clean(noise_marks(*marks), lead, starts, starts + 100)]


def test_a_noise_mark_holds_until_the_next_and_for_its_lead() -> None:
    assert clean(0) == [True] * 6
    assert clean(0, (150, 1), (300, 0)) == [True, False, False, True, True, True]
    assert clean(1, (150, 1), (300, 2)) == [True, True, True, False, False, False]
    assert clean(0, (100, 16), (200, 32)) == [True, False, True, True, True, True]
    assert clean(1, (100, 16), (250, 34), (350, 0)) == [True, True, False, False, True, True]
    assert clean(0, (500, -1)) == clean(1, (500, -1)) == [True] * 5 + [False]


def test_beats_count_where_the_second_is_rated_good() -> None:
    events: list[Event] = [beat(50), beat(150), second(0, good=True), second(1, good=False), beat(260), second(2, good=True), beat(320)]
    result = score_quality(events, Truth(np.array([51, 230, 310]), ()), noise_marks((200, 1)), RATE_HZ)
    assert (result.n_seconds, result.n_good, result.n_clean, result.n_clean_good) == (3, 2, 2, 1)
    # 230 is missed and 260 false in a good second; 150 lies in a bad one; 320 and 310 in one that was never rated.
    assert (result.in_good.n_found, result.in_good.n_missed, result.in_good.n_false) == (1, 1, 1)
    figures = result.figures()
    assert (figures["good"], figures["clean_rated_good"]) == (66.6667, 50.0)


def test_seconds_in_fibrillation_count_for_nothing() -> None:
    events: list[Event] = [second(number, good=number != 2) for number in range(5)]
    result = score_quality(events, Truth(np.array([], np.int64), ((250, 320),)), noise_marks(), RATE_HZ)
    assert (result.n_seconds, result.n_good) == (3, 3)


def test_nothing_rated_is_nothing_good() -> None:
    assert ratings_of([beat(5)]).in_good(np.array([5])).tolist() == [False]
    assert score_quality([], Truth(np.array([5]), ()), noise_marks(), RATE_HZ).figures()["good"] is None


def vitals(sample: int, heart_rate: float) -> Vitals:
    return Vitals(
        stream="s", sample=sample, heart_rate=heart_rate, rr_ms=0.0, sdnn_ms=0.0, rmssd_ms=0.0, n_intervals=8, reported_at=sample
    )  # fmt: skip


def test_the_heart_rate_counts_in_good_seconds_where_the_annotated_beats_give_one() -> None:
    ratings: list[Event] = [second(number, good=number != 2) for number in range(6)]
    rates = [60.0, 61.1, 99.0, -1.0, 59.0]
    stream: list[Event] = [*ratings, *(vitals(number * 100 + 99, rate) for number, rate in enumerate(rates))]
    reference = [vitals(number * 100 + 99, rate) for number, rate in enumerate([60.0, 60.0, 60.0, 60.0, 60.0, 60.0, 60.0])]
    # within: seconds 0 and 4; off by 1.1: 1; bad: 2; unknown to the stream: 3 and 5; never rated: 6
    result = score_heart_rate(stream, reference)
    assert (result.n_good, result.n_known, result.n_within) == (5, 3, 2)
    result = score_heart_rate(stream, [vitals(99, -1.0), *reference[1:]])
    assert (result.n_good, result.n_known, result.n_within) == (4, 2, 1)
