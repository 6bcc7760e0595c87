"""The heart-sound model's judgement: a threshold never sees what it judges, look-alikes lie together, and the graph is the machine."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")


@pytest.fixture(autouse=True)
def _training_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2] / "training"), *sys.path])


def views(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"one": rng.normal(size=(n, 7)).astype(np.float32), "two": (5 + 3 * rng.normal(size=(n, 4))).astype(np.float32)}


def test_the_graph_says_what_the_machine_says_and_each_sense_its_part() -> None:
    import onnxruntime as ort
    from heart_sound.graph import graph  # type: ignore[import-not-found, unused-ignore]
    from heart_sound.machine import learn, prepare  # type: ignore[import-not-found, unused-ignore]

    x = views(60)
    label = (x["one"][:, 0] + (x["two"][:, 0] - 5) / 3 > 0).astype(np.int64)
    machine = learn({name: prepare(one) for name, one in x.items()}, label, np.arange(60) // 3)
    session = ort.InferenceSession(graph(machine, 0.3).SerializeToString(), providers=["CPUExecutionProvider"])
    fresh = views(20, 1)
    fresh["one"][3, 2] = np.nan
    parts = machine.parts(fresh)
    for at, score in enumerate(machine(fresh) - 0.3):
        row = np.concatenate([fresh["one"][at], fresh["two"][at]])[None, None, None]
        logits, activation = session.run(["logits", "activation"], {"features": row})
        assert np.allclose(logits[0], (-score / 2, score / 2), atol=1e-4)
        assert np.allclose(activation[0, 1], [parts[name][at] for name in parts], atol=1e-4)
        assert np.allclose(activation[0, 0], -activation[0, 1])
    assert ((machine(x) > 0) == label).mean() > 0.9


def test_the_machine_is_the_mean_of_one_that_has_all_senses_and_of_those_that_lack_one() -> None:
    from heart_sound.machine import LOOSE, SHARP, learn, likeness, prepare, weights_of

    x, fresh, recording = views(40), views(9, 1), np.arange(40) // 4
    label = (x["one"][:, 0] > 0).astype(np.int64)
    prepared = {name: prepare(one) for name, one in x.items()}
    against = {name: likeness(one.scale(fresh[name]), one.standard, one.sharpness) for name, one in prepared.items()}
    said = []
    for senses in (("one", "two"), ("one",), ("two",)):
        kernel = SHARP * sum(prepared[name].kernel for name in senses) + np.diag(LOOSE / weights_of(label, recording))
        said.append(SHARP * sum(against[name] for name in senses) @ np.linalg.solve(kernel, 2.0 * label - 1.0))
    assert np.allclose(learn(prepared, label, recording)(fresh), np.mean(said, axis=0))
    assert np.allclose(learn({"two": prepared["two"]}, label, recording)(fresh), said[2]), "one sense alone has nothing to lack"


def test_recordings_count_the_same_and_classes_too() -> None:
    from heart_sound.machine import weights_of

    recording = np.array([0, 0, 0, 1, 2, 2])
    label = np.array([0, 0, 0, 1, 1, 1])
    weight = weights_of(label, recording)
    assert weight[label == 0].sum() == pytest.approx(weight[label == 1].sum())
    assert weight[3] == pytest.approx(weight[4:].sum())


def test_a_fold_is_decided_by_the_threshold_of_the_others() -> None:
    from heart_sound.judge import decided, threshold  # type: ignore[import-not-found, unused-ignore]

    rng = np.random.default_rng(3)
    truth = (rng.random(200) < 0.6).astype(np.int64)
    score = truth + 0.3 * rng.normal(size=200)
    fold = np.arange(200) % 5
    said = decided(truth, score, fold)
    assert (said == truth).mean() > 0.9
    assert 0.2 < threshold(truth, score) < 0.8
    changed = truth.copy()
    changed[fold == 0] = 1 - changed[fold == 0]
    assert (decided(changed, score, fold)[fold == 0] == said[fold == 0]).all(), "its own labels do not move its threshold"


def test_recordings_with_the_same_beat_are_one_group() -> None:
    from heart_sound.judge import lookalikes

    rng = np.random.default_rng(4)
    persons = rng.normal(scale=0.3, size=(6, 38))
    beats = [persons[k % 6] + 0.005 * rng.normal(size=(5, 38)) for k in range(18)]
    groups = lookalikes([one.astype(np.float32) for one in beats])
    assert len(set(groups.tolist())) == 6
    assert all(groups[k] == groups[k % 6] for k in range(18))


def test_matthews_coefficient() -> None:
    from heart_sound.judge import auc, mcc

    truth = np.array([1, 1, 1, 0, 0, 0])
    assert mcc(truth, truth) == pytest.approx(1)
    assert mcc(truth, 1 - truth) == pytest.approx(-1)
    assert mcc(truth, np.ones(6, np.int64)) == 0
    said = np.array([1, 1, 0, 0, 0, 1])  # TP 2, FN 1, TN 2, FP 1
    assert mcc(truth, said) == pytest.approx((2 * 2 - 1 * 1) / np.sqrt(3 * 3 * 3 * 3))
    assert auc(truth, np.array([3.0, 2.0, 1.0, 1.0, 0.0, -1.0])) == pytest.approx((8 + 0.5) / 9)
