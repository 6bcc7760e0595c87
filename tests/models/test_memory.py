"""What was said of beats alike speaks again: of earlier ones of the same stream, by itself, in whichever thread it was said."""

from pathlib import Path

import numpy as np
import pytest

from edgeecg.models import card as cards
from edgeecg.models.classifier import Classifier, Model, log_softmax
from edgeecg.models.loading import load
from edgeecg.models.memory import AFTER, BEFORE, Heart, Memories, odds, shape_of
from edgeecg.models.windows import of_recording
from edgeecg.models.workers import Said, Workers
from edgeecg.types import Inference, WindowReady
from tests.laws.signals import heart
from tests.models import toys

GIVEN = {"rate_hz": 500.0, "window_s": 2.0, "before_s": 0.5, "preprocessing": {"order": 2, "low_hz": 0.67, "high_hz": 40.0}}
LEAN, WEIGHT = (0.0, 0.5, 0.0), (0.0, 2.0, 0.25)
MEMORY = {"beats": 40, "alike": 0.9, "usual": "N", "lean": list(LEAN), "weight": list(WEIGHT)}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("toy")
    return load(toys.toy(folder, task="beat", input=GIVEN, memory=MEMORY), folder)


@pytest.fixture(scope="module")
def announced(model: Model) -> list[WindowReady]:
    x, _ = heart(250.0, 30.0, seed=5)
    return [window for window in of_recording(x, 250.0, cards.to_facts(model.card)) if window.readable]


def test_of_the_last_beats_only_earlier_ones_alike_speak() -> None:
    rng = np.random.default_rng(2)
    one, other = np.eye(BEFORE + AFTER)[:2]
    shapes = [one if k % 3 else other for k in range(20)]
    said = rng.normal(size=(20, 3))
    remembered = Heart(8, 3)
    for k in range(20):
        alike = [j for j in range(max(0, k - 8), k) if shapes[j] @ shapes[k] > 0.9]
        wanted = said[alike].mean(0) if alike else np.zeros(3)
        np.testing.assert_allclose(remembered.said_of_alike(k, shapes[k], 0.9), wanted, atol=1e-12)
        remembered.keep(k, shapes[k], said[k])
    np.testing.assert_array_equal(remembered.said_of_alike(12, one, 0.9), 0, "the eight remembered are later")


def test_a_shape_is_the_complex_whatever_its_size_and_level() -> None:
    x, places = heart(250.0, 9.0, seed=3)
    at = int(places[3])
    shape = shape_of(x.astype(np.float32), at)
    assert len(shape) == BEFORE + AFTER
    assert (shape.sum(), (shape**2).sum()) == pytest.approx((0, 1), abs=1e-9)
    np.testing.assert_allclose(shape_of((4 * x + 1).astype(np.float32), at), shape, atol=1e-5)
    assert not shape_of(np.zeros(1000, np.float32), 500).any()


def test_what_is_added_is_what_the_model_said_of_the_earlier_beats_by_itself(model: Model, announced: list[WindowReady]) -> None:
    classifier, alone = Classifier(model), Classifier(model)
    past: list[tuple[np.ndarray, np.ndarray]] = []
    for window in announced:
        samples = np.frombuffer(window.samples_mv, "<f4")
        by_itself = alone.opinion(samples, np.frombuffer(window.beats, "<f4").reshape(-1, 7)).scores
        shape = shape_of(samples, 125)
        alike = [said for other, said in past if shape @ other > 0.9]
        mean = np.mean(alike, axis=0) if alike else np.zeros(3)
        np.testing.assert_allclose(classifier(window).scores, by_itself + np.array(WEIGHT) * mean, atol=1e-9)
        p = np.exp(log_softmax(by_itself - np.array(LEAN)))
        past.append((shape, np.log(p + 1e-3) - np.log(p[0] + 1e-3)))
    assert len(past) > 20
    assert any(said[1] > 0.1 or said[1] < -0.1 for _, said in past)


def test_each_stream_has_a_memory_of_its_own_and_a_new_one_when_it_begins_anew(model: Model, announced: list[WindowReady]) -> None:
    from dataclasses import replace

    classifier, window = Classifier(model), announced[0]
    fresh = classifier(window).scores
    for one in announced[1:]:
        classifier(one)
    assert classifier(replace(announced[-1], stream="another")).scores == Classifier(model)(announced[-1]).scores
    assert classifier(announced[-1]).scores != Classifier(model)(announced[-1]).scores
    assert classifier(window).scores == fresh, "no beat speaks of one before it"
    memories = Memories()
    remembers = Classifier(model, memories)
    for one in announced:
        remembers(one)
    memories.keep_only({"another"})
    assert remembers(announced[-1]).scores == Classifier(model)(announced[-1]).scores


@pytest.mark.parametrize("n_workers", [1, 3])
def test_the_threads_share_it_and_take_a_heart_s_beats_in_their_order(n_workers: int, model: Model, announced: list[WindowReady]) -> None:
    said: list[Said] = []
    with Workers({"toy": model}, {"samples": 250.0}, said.append, n_workers=n_workers, clock=lambda: 0) as workers:
        for window in announced[:-1]:
            workers.submit(window, 0)
        workers.drain()
        workers.use({"toy": model}, {"samples": 250.0})
        workers.submit(announced[-1], 0)
        workers.drain()
    classifier = Classifier(model)
    assert said == [classifier(window) for window in announced]


def test_after_a_change_of_model_nothing_is_remembered(model: Model, announced: list[WindowReady], tmp_path: Path) -> None:
    other = load(toys.toy(tmp_path, seed=1, task="beat", input=GIVEN, memory=MEMORY), tmp_path)
    said: list[Inference] = []
    with Workers(
        {"toy": model},
        {"samples": 250.0},
        lambda one: said.append(one) if isinstance(one, Inference) else None,
        n_workers=1,
        clock=lambda: 0,
    ) as workers:
        for window in announced[:-1]:
            workers.submit(window, 0)
        workers.drain()
        workers.use({"toy": other}, {"samples": 250.0})
        workers.submit(announced[-1], 0)
        workers.drain()
    assert said[-1] == Classifier(other)(announced[-1])


def test_odds_are_against_the_usual_label_and_none_outweighs_all_others() -> None:
    p = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    with np.errstate(divide="ignore"):
        found = odds(np.log(p), 0)
    assert (found[:, 0] == 0).all()
    assert found[0, 1] == 0
    assert found.min() > -7
