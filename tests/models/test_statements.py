"""Labels that each stand for themselves: a sigmoid each, and only what is shown can be the answer."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg.errors import ConfigError, ModelError
from edgeecg.facts import ModelFacts
from edgeecg.models import card as cards
from edgeecg.stages.classify import calibrated, places_shown
from tests.models.cards import table


@given(scores=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9), temperature=st.floats(0.1, 10))
def test_each_statement_has_the_probability_of_its_own_sigmoid(scores: list[float], temperature: float) -> None:
    for score, probability in zip(scores, calibrated(scores, temperature, independent=True), strict=True):
        x = score / temperature
        assert 0 <= probability <= 1
        assert math.isclose(probability, 1 / (1 + math.exp(-x)) if x > -700 else 0.0, abs_tol=1e-12)


def test_what_is_not_shown_is_no_answer() -> None:
    assert places_shown(("a", "b", "c"), ()) == [0, 1, 2]
    assert places_shown(("a", "b", "c"), ("c", "a")) == [0, 2]
    with pytest.raises(ConfigError, match=r"shown: \('d',\) is not among its labels"):
        ModelFacts(name="m", sha256="0", labels=("a", "b"), shown=("d",))


def test_a_card_says_what_kind_of_answer_it_gives() -> None:
    facts = cards.to_facts(cards.make(table(independent=True, shown=["A", "N"])))
    assert (facts.independent, facts.shown) == (True, ("A", "N"))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"shown": ["Q"]}, "shown: Q is not among its labels"),
        ({"task": "features"}, "labels: .* is not left out where the task is 'features'"),
        ({"task": "features", "labels": []}, "n_features: 0 is not what a model with task 'features' has"),
        ({"labels": ["N"]}, "labels: .* is not at least two"),
        ({"n_features": 7}, "n_features: 7 is not what a model with task 'window' has"),
    ],
)
def test_answers_that_do_not_fit_the_task_are_refused(changes: dict[str, object], match: str) -> None:
    with pytest.raises(ModelError, match=match):
        cards.make(table(**changes))
