"""A heart's course: a run goes on at its pace, fibrillation is remembered by halves, and both equal a table of chances worked out by hand."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from edgeecg.models import card as cards
from edgeecg.models.classifier import Classifier, Model, beats_of, log_softmax
from edgeecg.models.course import LIKE_THE_LAST, LONGER, SHORTER, Course, pace_of
from edgeecg.models.features.beat import NAMES
from edgeecg.models.folders import shipped
from edgeecg.models.memory import RR, RR_BEFORE, Heart, odds, shape_of
from edgeecg.models.registry import Registry
from edgeecg.models.windows import of_recording
from edgeecg.types import WindowReady
from tests.laws.signals import heart

CHANCES = {"behind_early": (0.9, 0.4, 0.2), "behind_other": (0.02, 0.3, 0.01), "common": (0.06, 0.35, 0.03)}
LEARNED = cards.Course(early="S", fibrillating="fibrillating", alike=0.12, trust=0.2, half_beats=100.0, weight=0.25, against=8.0, **CHANCES)
NORMAL, EARLY, UNSURE = (0.98, 0.01, 0.0), (0.05, 0.9, 0.0), (0.6, 0.3, 0.0)


def test_with_all_trust_it_is_the_chance_of_every_way_the_beats_may_have_been() -> None:
    """The sum over all ways to call the beats before, each as likely as its steps; weighed by what was said of each by itself."""
    course, first = Course(LEARNED.model_copy(update={"trust": 1.0})), 0.05
    beats = [(EARLY, SHORTER), (UNSURE, LIKE_THE_LAST), (NORMAL, LONGER), (UNSURE, SHORTER), (UNSURE, LIKE_THE_LAST)]
    beats = [((usual / (usual + early), early / (usual + early), other), pace) for (usual, early, other), pace in beats]
    for n, (p, pace) in enumerate(beats):
        chance = [0.0, 0.0]
        for way in itertools.product((0, 1), repeat=n + 2):
            likely = first if way[0] else 1 - first
            for k, is_early in enumerate(way[1:]):
                behind = CHANCES["behind_early" if way[k] else "behind_other"][beats[k][1]]
                likely *= behind if is_early else 1 - behind
                if k < n:
                    common = CHANCES["common"][beats[k][1]]
                    said = [p_k + 1e-3 for p_k in beats[k][0][:2]]
                    likely *= said[1] / common if is_early else said[0] / (1 - common)
            chance[way[-1]] += likely
        common = CHANCES["common"][pace]
        wanted = np.log(chance[1] / chance[0]) - np.log(common / (1 - common))
        assert course.step(*p, pace).run == pytest.approx(wanted, abs=1e-9)


def test_a_run_is_awaited_to_go_on_at_its_pace_and_to_end_where_that_changes() -> None:
    course = Course(LEARNED)
    for _ in range(3):
        course.step(*NORMAL, LIKE_THE_LAST)
    resting = course.step(*EARLY, SHORTER).run
    said = [course.step(*EARLY, LIKE_THE_LAST).run for _ in range(6)]
    assert said[0] > resting
    assert said == sorted(said)
    doubted = [course.step(*UNSURE, LIKE_THE_LAST).run for _ in range(4)]
    assert min(doubted) > 1, "a beat that by itself is called normal does not end it"
    course.step(*NORMAL, LONGER)
    assert course.step(*UNSURE, LIKE_THE_LAST).run < min(doubted)


def test_what_is_neither_normal_nor_early_leaves_a_run_as_it_was() -> None:
    course, other = Course(LEARNED), Course(LEARNED)
    for one in (course, other):
        one.step(*EARLY, SHORTER)
    other.step(0.0, 0.0, 0.0, LONGER)
    assert other.step(*UNSURE, LIKE_THE_LAST).run == course.step(*UNSURE, LIKE_THE_LAST).run


def test_of_fibrillation_half_is_forgotten_in_half_beats() -> None:
    course = Course(LEARNED)
    for _ in range(2000):
        course.step(0.99, 0.0, 1.0, LIKE_THE_LAST)
    assert course.step(0.99, 0.0, 0.0, LIKE_THE_LAST).fibrillating == pytest.approx(1.0, abs=1e-5)
    for _ in range(99):
        course.step(0.99, 0.0, 0.0, LIKE_THE_LAST)
    said = course.step(0.99, 0.0, 0.0, LIKE_THE_LAST)
    assert said.fibrillating == pytest.approx(0.5, abs=1e-5)
    assert course.added(said) == pytest.approx(0.25 * said.run - 8 * said.fibrillating)


def test_an_interval_is_like_the_one_before_shorter_or_longer() -> None:
    assert [pace_of(rr, 1.0, 0.12) for rr in (0.9, 1.1, 0.87, 1.13)] == [LIKE_THE_LAST, LIKE_THE_LAST, SHORTER, LONGER]
    assert [pace_of(*rr, 0.12) for rr in ((np.nan, 1.0), (1.0, np.nan), (1.0, 0.0))] == [LONGER] * 3


def test_the_features_of_a_beat_hold_its_intervals_there() -> None:
    assert (NAMES[RR], NAMES[RR_BEFORE]) == ("rr", "rr_before")


# --- the model that ships ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model() -> Model:
    return Registry(shipped()).load("beat")


@pytest.fixture(scope="module")
def announced(model: Model) -> list[WindowReady]:
    x, _ = heart(250.0, 60.0, seed=5)
    return [window for window in of_recording(x, 250.0, cards.to_facts(model.card)) if window.readable]


def test_what_is_added_is_the_course_of_what_was_said_of_the_earlier_beats_by_themselves(
    model: Model, announced: list[WindowReady]
) -> None:
    learned = model.card.memory
    assert learned
    assert learned.course
    classifier, alone = Classifier(model), Classifier(model)
    remembered, course = Heart(learned.beats, 5), Course(learned.course)
    early, added = model.card.labels.index("S"), []
    for window in announced:
        samples = np.frombuffer(window.samples_mv, "<f4")
        opinion = alone.opinion(samples, beats_of(window))
        by_itself, shape = log_softmax(opinion.scores - np.array(learned.lean)), shape_of(samples, 2350)
        wanted = opinion.scores + np.array(learned.weight) * remembered.said_of_alike(window.beat_sample, shape, learned.alike)
        remembered.keep(window.beat_sample, shape, odds(by_itself, 0))
        assert opinion.features is not None
        pace = pace_of(float(opinion.features[RR]), float(opinion.features[RR_BEFORE]), learned.course.alike)
        p = np.exp(by_itself)
        added.append(course.added(course.step(p[0], p[early], float(opinion.beside[0]), pace)))
        wanted[early] += added[-1]
        np.testing.assert_allclose(classifier(window).scores, wanted, atol=1e-9)
    assert len(added) > 40
    assert np.ptp(added) > 0.01
    fresh = replace(announced[0], stream="another")
    assert classifier(fresh).scores == Classifier(model)(fresh).scores, "a stream has a course of its own"
    assert classifier(announced[0]).scores == Classifier(model)(announced[0]).scores, "and a new one when it begins anew"


def test_fibrillation_is_told_beside_the_labels_whose_chances_add_up(model: Model, announced: list[WindowReady]) -> None:
    assert model.card.fusion
    assert model.card.fusion.beside == ("fibrillating",)
    for window in announced[::10]:
        opinion = Classifier(model).opinion(np.frombuffer(window.samples_mv, "<f4"), beats_of(window))
        assert np.exp(opinion.of_tree).sum() == pytest.approx(1, abs=1e-5)
        assert opinion.beside.shape == (1,)
        assert 0 <= opinion.beside[0] <= np.exp(opinion.of_tree[0]) + 1e-6
