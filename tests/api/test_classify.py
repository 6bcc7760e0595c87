"""The plain way to a model's answer: any length, any rate, and what the engine says live, window by window."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgeecg
from edgeecg.engine import Engine
from edgeecg.errors import ConfigError, InputError, ModelError
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.models import card as cards
from edgeecg.models.card import Card
from edgeecg.models.classifier import Classifier, Opinion
from edgeecg.models.loading import load
from edgeecg.models.windows import STREAM
from edgeecg.stages.classify import calibrated
from edgeecg.types import Chunk, Prediction, SourceChange, SourceState, WindowReady
from tests.laws.signals import heart
from tests.models import toys
from tests.models.conftest import toy_features as toy_features  # noqa: PLC0414  (pytest's way to share a fixture)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEECG_MODELS", str(tmp_path))
    monkeypatch.setenv("EDGEECG_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def card(models: Path) -> Card:
    return toys.toy(models, calibration={"temperature": 3.0, "abstain_below": 0.0})


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("rate_hz", [100.0, 250.0, 300.0, 1000.0])
@pytest.mark.parametrize(("seconds", "n"), [(6.0, 1), (10.0, 1), (31.0, 11)])
def test_any_length_and_rate_has_an_answer(rate_hz: float, seconds: float, n: int) -> None:
    x, _ = heart(rate_hz, seconds, seed=1)
    result = edgeecg.classify(x, rate_hz, "toy")
    assert result.label == max(result.probabilities, key=result.probabilities.__getitem__)
    assert sum(result.probabilities.values()) == pytest.approx(1)
    assert list(result.probabilities) == ["N", "A", "~"]
    assert len(result.windows) == n
    assert all(window.readable and window.start_sample + window.len_samples <= len(x) for window in result.windows)
    assert result.model.startswith("toy-1.0, fp32_onnx on onnxruntime")


def test_each_window_has_the_answer_a_live_stream_would_get(card: Card, models: Path) -> None:
    x, _ = heart(360.0, 20.0, seed=2)
    engine = Engine(EngineConfig(streams=(StreamFacts(name=STREAM, rate_hz=360.0),), models=(cards.to_facts(card),)))
    classifier, live = Classifier(load(card, models)), []
    engine.feed(SourceState(STREAM, SourceChange.OPENED, 0))
    for start in range(0, len(x), 50):
        for event in engine.feed(Chunk(STREAM, x[start : start + 50], start)):
            if isinstance(event, WindowReady):
                live += [event for event in engine.feed(classifier(event)) if isinstance(event, Prediction)]
    result = edgeecg.classify(x, 360.0, "toy", mv_per_unit=1.0)
    assert len(live) >= 5
    told = [(window.start_sample, tuple(window.probabilities.values()), window.activation) for window in result.windows]
    assert told[: len(live)] == [(one.start_sample, one.probabilities, one.activation) for one in live]


def test_a_recording_is_the_geometric_mean_of_its_windows(card: Card) -> None:
    assert card.calibration.temperature == 3.0
    x, _ = heart(250.0, 20.0, seed=3)
    result = edgeecg.classify(x, 250.0, "toy")
    each = np.array([list(window.probabilities.values()) for window in result.windows])
    mean = np.exp(np.log(each).mean(axis=0))
    np.testing.assert_allclose(list(result.probabilities.values()), mean / mean.sum(), rtol=1e-9)


LEARNED: dict[str, Any] = {
    "windows": 4,
    "bias": [0.5, -0.25, 0.0],
    "mean": [[1.0, 0.0, 0.0], [0.0, 0.5, 0.25], [0.0, -0.5, 1.0]],
    "most": [[0.5, 0.0, 0.0], [0.0, 2.0, 0.0], [-1.0, 0.0, 0.25]],
    "last": [[0.0, 0.25, 0.0], [0.0, 0.0, -0.5], [1.5, 0.0, 0.0]],
    "abstain_below": 0.0,
}


def test_a_recording_is_put_together_from_its_windows_as_was_learned(models: Path) -> None:
    card = toys.toy(models, calibration={"temperature": 3.0, "abstain_below": 0.0}, recording=LEARNED)
    x, _ = heart(250.0, 20.0, seed=3)
    result = edgeecg.classify(x, 250.0, "toy")
    logs = [[3.0 * np.log(p) for p in window.probabilities.values()] for window in result.windows]
    logs = [[y - np.log(sum(np.exp(z) for z in row)) for y in row] for row in logs]
    assert len(logs) == 6, "more than were learned from: two stretches of three"
    halves = []
    for rows in (logs[:3], logs[3:]):
        told = [sum(row[k] for row in rows) / 3 for k in range(3)] + [max(row[k] for row in rows) for k in range(3)] + rows[2]
        said = [
            sum(a * b for a, b in zip((*mean, *most, *last), told, strict=True))
            for mean, most, last in zip(LEARNED["mean"], LEARNED["most"], LEARNED["last"], strict=True)
        ]
        scores = [value + bias for value, bias in zip(said, LEARNED["bias"], strict=True)]
        halves.append([score - np.log(sum(np.exp(z) for z in scores)) for score in scores])
    together = [np.exp((a + b) / 2) for a, b in zip(*halves, strict=True)]
    expected = dict(zip(card.labels, (value / sum(together) for value in together), strict=True))
    assert result.probabilities == pytest.approx(expected, rel=1e-9)
    assert result.label == max(expected, key=expected.__getitem__)


@pytest.mark.usefixtures("toy_features")
@pytest.mark.parametrize("beats_last", [True, False])
def test_the_last_word_is_the_tree_s_of_the_last_window(models: Path, *, beats_last: bool) -> None:
    nothing = [[0.0] * 6] * 3
    learned = {"mean": nothing, "most": nothing, "last": (0.1 * np.eye(3)).tolist(), "bias": [0.0] * 3, "windows": 30}
    toys.toy(models, tree=True, recording=learned)
    beating, _ = heart(250.0, 16.0, seed=3)
    still = np.random.default_rng(1).normal(0, 0.001, len(beating))
    result = edgeecg.classify(np.concatenate((still, beating) if beats_last else (beating, still)), 250.0, "toy")
    sure, never = 1.0, 1e-12**0.1
    said = (never, sure, never) if beats_last else (sure, never, never)
    assert list(result.probabilities.values()) == pytest.approx(np.array(said) / sum(said), rel=1e-9)


@pytest.mark.usefixtures("toy_features")
def test_net_and_tree_each_have_their_say_in_a_recording(models: Path) -> None:
    rng = np.random.default_rng(6)
    mean, most, nothing = rng.normal(0, 0.1, (3, 6)), rng.normal(0, 0.1, (3, 6)), [[0.0] * 3] * 3
    learned = {"mean": mean.tolist(), "most": most.tolist(), "last": nothing, "bias": [0.1, 0.0, -0.2], "windows": 30}
    toys.toy(models, tree=True, recording=learned)
    plain = {"temperature": 1.0, "abstain_below": 0.0}
    toys.toy(models, name="net", calibration=plain)
    toys.toy(models, name="tree", net=False, tree=True, calibration=plain)
    beating, _ = heart(250.0, 16.0, seed=3)
    x = np.concatenate((beating, np.random.default_rng(1).normal(0, 0.001, len(beating))))
    alone = [
        np.log([list(window.probabilities.values()) for window in edgeecg.classify(x, 250.0, name).windows]) for name in ("net", "tree")
    ]
    logs = np.hstack(alone)
    assert np.ptp(logs[:, 3]) > 20, "the tree changes its mind on the way"
    said = np.exp(mean @ logs.mean(axis=0) + most @ logs.max(axis=0) + learned["bias"])
    assert list(edgeecg.classify(x, 250.0, "toy").probabilities.values()) == pytest.approx(said / said.sum(), rel=1e-5)


def test_a_recording_abstains_under_a_limit_of_its_own(models: Path) -> None:
    x, _ = heart(250.0, 12.0, seed=4)
    for limit, abstained in ((0.0, False), (1.0, True)):
        toys.toy(models, calibration={"abstain_below": 0.0}, recording=LEARNED | {"abstain_below": limit})
        result = edgeecg.classify(x, 250.0, "toy")
        assert result.abstained == abstained
        assert not any(window.abstained for window in result.windows)


def test_labels_that_stand_each_for_itself_need_not_add_up(models: Path) -> None:
    card = toys.toy(models, independent=True, calibration={"temperature": 2.0})
    x, _ = heart(250.0, 20.0, seed=3)
    result = edgeecg.classify(x, 250.0, "toy")
    each = np.array([list(window.probabilities.values()) for window in result.windows])
    logits = np.log(each / (1 - each)).mean(axis=0)
    np.testing.assert_allclose(list(result.probabilities.values()), 1 / (1 + np.exp(-logits)), rtol=1e-6)
    assert not np.allclose(each.sum(axis=1), 1)
    said = Classifier(load(card, models)).opinion(np.zeros(2500, np.float32), np.zeros((0, 7), np.float32)).scores
    assert calibrated(said.tolist(), 2.0, independent=True) == pytest.approx(1 / (1 + np.exp(-said / 2)))
    assert calibrated((-1e4, 0.0, 1e4), 1.0, independent=True) == (0.0, 0.5, 1.0)


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("spoilt", ["missing", "short"])
def test_what_cannot_be_read_has_no_label_and_says_so(spoilt: str) -> None:
    x, _ = heart(250.0, 3.0 if spoilt == "short" else 15.0, seed=4)
    x[:] = np.nan if spoilt == "missing" else x
    result = edgeecg.classify(x, 250.0, "toy")
    assert (result.label, result.probabilities, result.abstained) == ("", {}, True)
    assert result.windows
    assert not any(window.readable or window.label for window in result.windows)
    assert str(result.why) == "No stretch of the signal was readable for long enough."


@pytest.mark.parametrize("every", [1, 2])
def test_an_answer_that_is_no_number_has_no_say(every: int, card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    assert card.name == "toy"
    asked, sound = 0, Classifier.opinion

    def harmed(self: Classifier, *given: Any) -> Opinion:
        nonlocal asked
        asked += 1
        opinion = sound(self, *given)
        return replace(opinion, scores=opinion.scores * np.nan) if asked % every == 0 else opinion

    x, _ = heart(250.0, 20.0, seed=3)
    whole = edgeecg.classify(x, 250.0, "toy")
    monkeypatch.setattr(Classifier, "opinion", harmed)
    result = edgeecg.classify(x, 250.0, "toy")
    answered = np.log([list(window.probabilities.values()) for window in result.windows if window.label])
    assert len(answered) == (len(whole.windows) // 2 if every == 2 else 0)
    if every == 1:
        assert (result.label, result.probabilities, result.abstained) == ("", {}, True)
        assert str(result.why) == "Not answered: the model's answers are no numbers."
        return
    mean = np.exp(answered.mean(axis=0))
    assert list(result.probabilities.values()) == pytest.approx(mean / mean.sum(), rel=1e-9)


def test_a_model_that_is_not_sure_abstains(models: Path) -> None:
    x, _ = heart(250.0, 12.0, seed=4)
    for temperature, abstained in ((1, False), (1000, True)):
        toys.toy(models, calibration={"temperature": temperature * 0.3, "abstain_below": 0.5}, version=f"1.{temperature}")
        result = edgeecg.classify(x, 250.0, f"toy-1.{temperature}")
        assert result.abstained == abstained
        assert all(window.abstained == abstained for window in result.windows)
        assert result.label


@pytest.mark.usefixtures("toy_features")
def test_why_names_where_it_looked_and_the_features_that_spoke(models: Path) -> None:
    fusion = {"net_weight": 0.3, "features": "toy", "features_version": 1, "features_len": 2, "typical": [0.0, 5.0]}
    card = toys.toy(models, tree=True, fusion=fusion, calibration={"temperature": 1.0})
    x, _ = heart(250.0, 10.0, seed=1)
    result = edgeecg.classify(x, 250.0, "toy")
    assert result.label == card.labels[1], "the stump says so to whatever has a beat"
    (spoke,) = result.why.features
    assert (spoke.name, spoke.value, spoke.usually, spoke.part) == ("whether there are beats", 1.0, 0.0, 1.0)
    assert "whether there are beats is 1, usually 0: 100% of A." in str(result.why)
    line = np.array(result.windows[0].activation)
    for stretch in result.why.looked:
        places = slice(round(stretch.start_s / 10 * len(line)), round(stretch.end_s / 10 * len(line)))
        assert np.all(line[places] >= 0.5 * line.max())
    assert sum(stretch.end_s - stretch.start_s for stretch in result.why.looked) == pytest.approx(
        10 / len(line) * np.count_nonzero(line >= 0.5 * line.max())
    )


def test_a_model_of_beats_answers_beat_by_beat(models: Path) -> None:
    given = {"rate_hz": 250.0, "window_s": 2.0, "before_s": 0.5, "preprocessing": {"order": 2, "low_hz": 0.67, "high_hz": 40.0}}
    toys.toy(models, task="beat", input=given | {"rate_hz": 500.0})
    x, places = heart(250.0, 20.0, seed=1)
    result = edgeecg.classify(x, 250.0, "toy")
    answered = [window for window in result.windows if window.label]
    assert len(answered) >= len(places) - 6
    assert all(np.min(np.abs(places - window.beat_sample)) <= 2 for window in answered)
    shares = {label: sum(window.label == label for window in answered) / len(answered) for label in "NA~"}
    assert result.probabilities == pytest.approx(shares)


def test_counts_of_a_converter_are_classified_like_millivolt(card: Card) -> None:
    assert card.name == "toy"
    x, _ = heart(250.0, 12.0, seed=1)
    counts = np.round(x * 400 + 2048).astype(np.int16)
    one, other = edgeecg.classify(x, 250.0, "toy"), edgeecg.classify(counts, 250.0, "toy")
    np.testing.assert_allclose(list(one.probabilities.values()), list(other.probabilities.values()), atol=0.05)


@pytest.mark.usefixtures("card")
def test_what_is_no_recording_is_refused() -> None:
    with pytest.raises(InputError, match="samples: an empty array is not at least one sample"):
        edgeecg.classify([], 250.0, "toy")
    with pytest.raises(InputError, match="one lead"):
        edgeecg.classify(np.zeros((100, 2)), 250.0, "toy")
    with pytest.raises(ConfigError, match=r"rate_hz: 20.0 is not a rate from 100"):
        edgeecg.classify(np.zeros(1000), 20.0, "toy")
    with pytest.raises(ModelError, match="model: 'nonesuch' is not one of toy"):
        edgeecg.classify(np.zeros(1000), 250.0, "nonesuch")


def test_a_card_that_changed_is_another_model(models: Path) -> None:
    import os

    x, _ = heart(250.0, 10.0, seed=1)
    toys.toy(models)
    first = edgeecg.classify(x, 250.0, "toy")
    path = cards.write(toys.toy(models, seed=9), models)
    os.utime(path, ns=(1, 1))
    assert edgeecg.classify(x, 250.0, "toy").probabilities != first.probabilities


def test_a_card_s_path_may_be_a_path(card: Card, models: Path) -> None:
    x, _ = heart(250.0, 10.0, seed=1)
    by_path = edgeecg.classify(x, 250.0, models / f"{card.id}{cards.SUFFIX}")
    assert by_path.probabilities == edgeecg.classify(x, 250.0, "toy").probabilities
