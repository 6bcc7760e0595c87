"""What the trainings share: a forest's graph says what the forest says, and figures are what their names say."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

pytest.importorskip("sklearn")


@pytest.fixture(autouse=True)
def _training_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2] / "training"), *sys.path])


def forest(seed: int) -> tuple[Any, np.ndarray[Any, Any]]:
    from common.trees import Growth, grow  # type: ignore[import-not-found, unused-ignore]

    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1500, 12)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    y = (np.nan_to_num(x[:, 0]) + np.nan_to_num(x[:, 1]) ** 2 > 0.7).astype(int) + 2 * np.isnan(x[:, 2]).astype(int)
    return grow(x, y, np.ones(len(y)), Growth(rounds=15)), x


@pytest.mark.parametrize("seed", [1, 2])
def test_a_graph_says_of_every_row_what_its_forest_says(seed: int) -> None:
    from common.trees import graph

    grown, x = forest(seed)
    session = ort.InferenceSession(graph(grown, x.shape[1]).SerializeToString())
    said = np.concatenate([session.run(None, {"features": row[None]})[0] for row in x])
    wanted = grown.predict_proba(x)
    np.testing.assert_allclose(said, wanted, atol=1e-5)
    assert len(np.unique(wanted.argmax(1))) > 2


def test_a_graph_that_leans_adds_to_the_logarithms() -> None:
    from common.trees import graph

    grown, x = forest(1)
    lean = np.linspace(0, 1, len(grown.classes_))
    session = ort.InferenceSession(graph(grown, x.shape[1], lean).SerializeToString())
    said = np.concatenate([session.run(None, {"features": row[None]})[0] for row in x[:50]])
    wanted = grown.predict_proba(x[:50]) * np.exp(lean)
    np.testing.assert_allclose(said, wanted / wanted.sum(1, keepdims=True), atol=1e-5)


def test_a_value_right_on_a_threshold_goes_the_forest_s_way() -> None:
    from common.trees import graph

    grown, x = forest(3)
    edges = [float(row["num_threshold"]) for rounds in grown._predictors for tree in rounds for row in tree.nodes if not row["is_leaf"]]
    probes = np.repeat(x[:1], 3 * len(edges[:60]), axis=0)
    for k, edge in enumerate(edges[:60]):
        near = np.float32(edge)
        probes[3 * k : 3 * k + 3, :] = [[np.nextafter(near, np.float32(-9))], [near], [np.nextafter(near, np.float32(9))]]
    session = ort.InferenceSession(graph(grown, x.shape[1]).SerializeToString())
    said = np.concatenate([session.run(None, {"features": row[None]})[0] for row in probes])
    np.testing.assert_allclose(said, grown.predict_proba(probes), atol=1e-5)


def boosted(seed: int, **growth: Any) -> tuple[Any, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    from common.boost import Boost, grow  # type: ignore[import-not-found, unused-ignore]

    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1500, 12)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    y = (np.nan_to_num(x[:, 0]) + np.nan_to_num(x[:, 1]) ** 2 > 0.7).astype(int) + 2 * np.isnan(x[:, 2]).astype(int)
    return grow(x, y, np.ones(len(y)), 4, Boost(**({"rounds": 25, "share_of_columns": 0.5} | growth))), x, y


@pytest.mark.parametrize("seed", [1, 2])
def test_our_own_trees_learn_and_their_graph_says_what_they_say(seed: int) -> None:
    from common.trees import ensemble

    grown, x, y = boosted(seed, seeds=(1, 2))
    said = grown.predict_proba(x)
    assert (said.argmax(1) == y).mean() > 0.9
    splits = [float(row["num_threshold"]) for _, nodes in grown.trees for row in nodes if not row["is_leaf"]][:60]
    probes = np.concatenate((x[:200], np.repeat(np.array(splits, np.float32)[:, None], 12, 1)))
    fold = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
    for together in (None, fold):
        session = ort.InferenceSession(ensemble(grown.trees, grown.baseline, 12, together).SerializeToString())
        told = np.concatenate([session.run(None, {"features": row[None]})[0] for row in probes])
        wanted = grown.predict_proba(probes)
        np.testing.assert_allclose(told, wanted if together is None else wanted @ fold, atol=1e-5)


def test_a_label_that_nobody_has_gets_no_trees_and_is_as_unlikely_in_the_graph() -> None:
    from common.boost import Boost, grow
    from common.trees import ensemble

    x = np.random.default_rng(7).normal(size=(900, 6)).astype(np.float32)
    y = np.where(x[:, 0] > 0.5, 2, 0)
    grown = grow(x, y, np.ones(900), 4, Boost(rounds=20))
    assert {label for label, _ in grown.trees} == {0, 2}
    said = grown.predict_proba(x)
    assert said[:, [1, 3]].max() < 1e-6
    assert (said.argmax(1) == y).mean() > 0.95
    session = ort.InferenceSession(ensemble(grown.trees, grown.baseline, 6).SerializeToString())
    np.testing.assert_allclose([session.run(None, {"features": row[None]})[0][0] for row in x[:50]], said[:50], atol=1e-6)


def test_forests_of_several_seeds_speak_as_the_mean_of_their_log_odds() -> None:
    one, x, _ = boosted(3, seeds=(1,))
    other, both = boosted(3, seeds=(2,))[0], boosted(3, seeds=(1, 2))[0]
    middle = np.sqrt(one.predict_proba(x) * other.predict_proba(x))
    np.testing.assert_allclose(both.predict_proba(x), middle / middle.sum(1, keepdims=True), atol=1e-6)
    assert np.abs(one.predict_proba(x) - other.predict_proba(x)).max() > 0.01


def test_a_tree_of_our_own_splits_where_a_slow_search_would_and_heeds_weights() -> None:
    from common.boost import Boost, grow

    rng = np.random.default_rng(5)
    x = rng.normal(size=(300, 3)).astype(np.float32)
    y, weight = (x[:, 1] + 0.5 * rng.normal(size=300) > 0.3).astype(int), rng.uniform(0.2, 3.0, 300)
    grown = grow(x, y, weight, 2, Boost(rounds=1, leaves=2, least_in_leaf=20, pull=2.0, share_of_columns=1.0))
    (nodes,) = [nodes for label, nodes in grown.trees if label == 1]
    w = weight / weight.mean()
    p = (w * y).sum() / w.sum()
    g, h = w * (p - y), w * p * (1 - p)

    def gain(column: int, edge: float) -> float:
        left = x[:, column] <= edge
        sides = [(g[side].sum() ** 2 / (h[side].sum() + 2.0), side.sum()) for side in (left, ~left)]
        return sum(one for one, _ in sides) if min(n for _, n in sides) >= 20 else -1.0

    chosen = gain(int(nodes[0]["feature_idx"]), float(nodes[0]["num_threshold"]))
    assert chosen == pytest.approx(max(gain(c, e) for c in range(3) for e in np.sort(x[:, c])[::2].tolist()), rel=0.02)
    side = x[:, nodes[0]["feature_idx"]] <= nodes[0]["num_threshold"]
    assert nodes[nodes[0]["left"]]["value"] == pytest.approx(-0.06 * g[side].sum() / (h[side].sum() + 2.0))


def test_the_rule_s_f1_is_the_mean_of_three() -> None:
    from rhythm.together import rule_f1  # type: ignore[import-not-found, unused-ignore]

    truth, said = np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.array([0, 1, 1, 1, 2, 0, 3, 2])
    # N: 2*1/(2+2), A: 2*2/(2+3), O: 2*1/(2+2)
    assert rule_f1(truth, said) == pytest.approx((0.5 + 0.8 + 0.5) / 3)


def test_a_sensitivity_keeps_its_specificity() -> None:
    from common.scores import sensitivity_at  # type: ignore[import-not-found, unused-ignore]

    chance = np.concatenate((np.linspace(0, 1, 101), np.array([0.5, 0.965, 0.98, 0.99])))
    positive = np.arange(105) > 100
    assert sensitivity_at(chance, positive, 0.97) == pytest.approx(0.5)  # 97 of 101 lie at or under 0.97


def test_the_temperature_that_was_put_in_comes_out() -> None:
    from common.scores import fit_temperature, log_softmax

    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20000, 4)) * 2
    truth = np.array([rng.choice(4, p=row) for row in np.exp(log_softmax(logits))])
    assert fit_temperature(logits * 2.5, truth) == pytest.approx(2.5, rel=0.1)


def test_an_interval_holds_what_it_is_about_and_narrows_with_rows() -> None:
    from common.scores import interval

    values = np.random.default_rng(1).normal(size=4000)
    few, many = (interval(lambda rows: float(values[rows].mean()), n, rounds=300) for n in (100, 4000))
    assert many[0] < values.mean() < many[1]
    assert many[1] - many[0] < 0.3 * (few[1] - few[0])


def test_what_is_finished_is_not_done_again(tmp_path: Path) -> None:
    from common.keep import kept  # type: ignore[import-not-found, unused-ignore]

    assert kept(tmp_path / "deep" / "x.pickle", lambda: [1]) == [1]
    assert kept(tmp_path / "deep" / "x.pickle", lambda: [2]) == [1]


def test_of_an_older_detector_only_what_it_heard_is_learned_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from common import heard  # type: ignore[import-not-found, unused-ignore]
    from common.carry import heard_by

    monkeypatch.setattr(heard, "_older", [])
    with pytest.raises(RuntimeError, match="nothing heard by detector older"):
        heard.learn_of(tmp_path, "older")
    (tmp_path / "heard-older.pickle").touch()
    assert heard.detector() != "older"
    heard.learn_of(tmp_path, "older")
    assert heard_by(tmp_path) == "beats by the detector with sources older"


def test_only_what_is_heard_alike_is_carried_over_to_another_detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from common import carry  # type: ignore[import-not-found, unused-ignore]

    monkeypatch.setattr(carry, "detector", lambda: "new")
    (tmp_path / "forest-old").mkdir()
    (tmp_path / "forest-old" / "forest0.pickle").write_bytes(b"grown")
    (tmp_path / "heard-old.pickle").write_bytes(b"heard")
    (tmp_path / "net.pt").write_bytes(b"taught")
    for alike in ([("A", True), ("B", False)], []):
        with pytest.raises(RuntimeError, match=r"B: this detector hears it otherwise|nothing of detector old"):
            carry.carry(tmp_path, "old", iter(alike))
        assert not list(tmp_path.glob("*new*"))
    assert carry.heard_by(tmp_path) == "beats by the detector with sources new"
    carry.carry(tmp_path, "old", [("A", True), ("B", True)])
    assert (tmp_path / "heard-new.pickle").read_bytes() == b"heard"
    assert (tmp_path / "forest-new" / "forest0.pickle").read_bytes() == b"grown"
    assert carry.heard_by(tmp_path).endswith("first heard by old, bit for bit alike in the 2 recordings tried")
    carry.carry(tmp_path, "old", [("A", False)])  # done already: nothing is tried again


@pytest.mark.parametrize("named", [None, "", "nowhere"])
def test_who_has_not_said_where_recordings_lie_is_told_how(named: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    from common.keep import data_root

    monkeypatch.delenv("EDGEECG_DATA", raising=False)
    if named is not None:
        monkeypatch.setenv("EDGEECG_DATA", named)
    with pytest.raises(SystemExit, match=rf"EDGEECG_DATA: {named or 'not set'}: must name the folder"):
        data_root()
