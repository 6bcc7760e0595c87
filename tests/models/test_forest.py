"""Trees that are walked here answer what onnxruntime answers to the same file, to the last bit; what is not of their kind is not walked."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from edgeecg.models import card as cards
from edgeecg.models.folders import shipped
from edgeecg.models.forest import Forest, read
from edgeecg.models.loading import open_tree
from edgeecg.models.onnx_backend import Tree
from edgeecg_kernels.forest import exp
from tests.models import toys

WIDTH = 6
FOLD = np.array([[1, 0], [0, 1], [1, 0]], np.float32)


def tree(rng: np.random.Generator, most: int) -> list[dict[str, Any]]:
    """Grow a tree: nodes are split at random, children go behind all others, side by side."""
    nodes: list[dict[str, Any]] = [{"mode": "LEAF"}]
    for _ in range(int(rng.integers(0, most))):
        asked = nodes[rng.choice([k for k, node in enumerate(nodes) if node["mode"] == "LEAF"])]
        asked |= {"mode": "BRANCH_LEQ", "feature": int(rng.integers(WIDTH)), "yes": len(nodes), "no": len(nodes) + 1}
        asked |= {"threshold": float(rng.choice((-0.5, 0.0, 0.25, float(np.finfo(np.float32).max)))), "missing": int(rng.integers(2))}
        nodes += [{"mode": "LEAF"}, {"mode": "LEAF"}]
    return nodes


def forest(
    rng: np.random.Generator, *, rounds: int = 40, most: int = 8, n_sums: int = 3, fold: NDArray[np.float32] | None = FOLD
) -> ModelProto:
    """Write a forest as training does."""
    grown = [(k, k % n_sums, tree(rng, most)) for k in range(rounds * n_sums)]
    rows = [(number, at, node) for number, _, nodes in grown for at, node in enumerate(nodes)]
    leaves = [(number, at, label) for number, label, nodes in grown for at, node in enumerate(nodes) if node["mode"] == "LEAF"]
    steps = [
        helper.make_node(
            "TreeEnsembleRegressor",
            ["features"],
            ["scores" if fold is None else "learned"],
            domain="ai.onnx.ml",
            n_targets=n_sums,
            aggregate_function="SUM",
            post_transform="SOFTMAX",
            base_values=rng.normal(size=n_sums).tolist(),
            nodes_treeids=[number for number, _, _ in rows],
            nodes_nodeids=[at for _, at, _ in rows],
            nodes_featureids=[node.get("feature", 0) for *_, node in rows],
            nodes_values=[node.get("threshold", 0.0) for *_, node in rows],
            nodes_modes=[node["mode"] for *_, node in rows],
            nodes_truenodeids=[node.get("yes", 0) for *_, node in rows],
            nodes_falsenodeids=[node.get("no", 0) for *_, node in rows],
            nodes_missing_value_tracks_true=[node.get("missing", 0) for *_, node in rows],
            target_treeids=[number for number, _, _ in leaves],
            target_nodeids=[at for _, at, _ in leaves],
            target_ids=[label for *_, label in leaves],
            target_weights=rng.normal(0, 0.3, len(leaves)).tolist(),
        )
    ]
    stored = []
    if fold is not None:
        stored.append(numpy_helper.from_array(fold, "fold"))
        steps.append(helper.make_node("MatMul", ["learned", "fold"], ["scores"]))
    width = n_sums if fold is None else fold.shape[1]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, n]) for name, n in (("features", WIDTH), ("scores", width))]
    drawn = helper.make_graph(steps, "forest", ends[:1], ends[1:], stored)
    return helper.make_model(drawn, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=8)


def rows_of(rng: np.random.Generator, n: int, width: int) -> NDArray[np.float32]:
    """Return features on thresholds, beside them, far off and missing."""
    x = rng.choice(np.array((-0.5, 0.0, -0.0, 0.25, 1e30, -1e30, np.nan), np.float32), (n, width))
    return np.where(rng.random((n, width)) < 0.5, rng.normal(size=(n, width)).astype(np.float32), x)


def read_one(model: ModelProto, **other: int) -> Forest | None:
    return read(model.SerializeToString(), **{"n_features": WIDTH, "n_labels": 2} | other)


@given(seed=st.integers(0, 2**32 - 1), n_sums=st.integers(2, 5), folded=st.booleans())
def test_it_answers_what_onnxruntime_answers_to_the_last_bit(seed: int, n_sums: int, folded: bool) -> None:
    rng = np.random.default_rng(seed)
    n_labels = int(rng.integers(2, 4)) if folded else n_sums
    fold = np.zeros((n_sums, n_labels), np.float32) if folded else None
    if fold is not None:
        for column in fold.T:
            column[rng.permutation(n_sums)[: rng.integers(1, 3)]] = 1
    model = forest(rng, n_sums=n_sums, fold=fold)
    walked, other = read_one(model, n_labels=n_labels), Tree(model.SerializeToString(), "", n_features=WIDTH, n_labels=n_labels, cache=None)
    assert walked is not None
    for x in rows_of(rng, 8, WIDTH):
        assert walked(x).tobytes() == other(x).tobytes()


def test_so_do_the_trees_that_are_shipped() -> None:
    card = cards.read(shipped() / "beat-1.0.card.toml")
    assert card.fusion
    width, n_labels = card.fusion.features_len, len(card.labels) + len(card.fusion.beside or ())
    walked = open_tree(card, shipped(), None)
    assert isinstance(walked, Forest), "otherwise a beat takes a quarter longer"
    other = Tree((shipped() / card.files[cards.FileKey.TREE_ONNX].path).read_bytes(), "", n_features=width, n_labels=n_labels, cache=None)
    rng, usual = np.random.default_rng(4), np.array(card.fusion.typical, np.float32)
    for _ in range(200):
        x = (usual * rng.normal(1, rng.choice((0.05, 0.5, 3)), width)).astype(np.float32)
        x[rng.random(width) < rng.choice((0, 0.1, 0.6))] = np.nan
        assert walked(x).tobytes() == other(x).tobytes()


def broken(model: ModelProto, name: str, value: Any) -> ModelProto:
    """Return a copy with another value of one attribute."""
    other = ModelProto()
    other.CopyFrom(model)
    (attribute,) = (one for one in other.graph.node[0].attribute if one.name == name)
    attribute.CopyFrom(helper.make_attribute(name, value))
    return other


def listed(model: ModelProto, name: str) -> list[Any]:
    (attribute,) = (one for one in model.graph.node[0].attribute if one.name == name)
    return list(helper.get_attribute_value(attribute))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("nodes_modes", lambda was: [b"BRANCH_LT" if mode == b"BRANCH_LEQ" else mode for mode in was]),
        ("nodes_featureids", lambda was: [WIDTH if k else k for k in was]),
        ("nodes_truenodeids", lambda was: [0] * len(was)),
        ("nodes_falsenodeids", lambda was: [k + 1 for k in was]),
        ("nodes_treeids", lambda was: [k + 1 for k in was]),
        ("nodes_nodeids", lambda was: was[::-1]),
        ("nodes_missing_value_tracks_true", lambda was: was[1:]),
        ("target_nodeids", lambda was: [0] * len(was)),
        ("target_treeids", lambda was: [k + 10_000 for k in was]),
        ("target_ids", lambda was: [k if k < 2 else 0 for k in was]),
        pytest.param("target_ids", lambda was: [*was[:-1], 0], id="a tree of two labels"),
        ("target_weights", lambda was: was[1:]),
        ("base_values", lambda was: was[1:]),
    ],
)
def test_nodes_that_would_lead_elsewhere_are_not_walked(name: str, change: Any) -> None:
    model = forest(np.random.default_rng(7))
    assert read_one(broken(model, name, listed(model, name))) is not None, "as it was"
    assert read_one(broken(model, name, change(listed(model, name)))) is None


@pytest.mark.parametrize(
    ("name", "value"), [("aggregate_function", "MAX"), ("post_transform", "NONE"), ("n_targets", 4), ("post_transform", "LOGISTIC")]
)
def test_nor_is_what_is_put_together_in_another_way(name: str, value: Any) -> None:
    assert read_one(broken(forest(np.random.default_rng(7)), name, value)) is None


@pytest.mark.parametrize("fold", [FOLD / 2, np.ones((3, 2), np.float32), FOLD[:2]])
def test_nor_one_whose_answers_depend_on_the_order_of_adding(fold: NDArray[np.float32]) -> None:
    assert read_one(forest(np.random.default_rng(7), fold=fold)) is None


def test_nor_another_graph_or_one_of_another_width() -> None:
    model = forest(np.random.default_rng(7))
    assert read_one(model, n_features=WIDTH + 1) is None
    assert read_one(model, n_labels=3) is None
    assert read(toys.onnx_tree(), n_features=2, n_labels=3) is None
    beside = ModelProto()
    beside.CopyFrom(model)
    beside.graph.node[0].attribute.append(helper.make_attribute("nodes_hitrates", [1.0]))
    assert read_one(beside) is None
    behind = ModelProto()
    behind.CopyFrom(model)
    behind.graph.node.append(helper.make_node("Neg", ["scores"], ["other"]))
    assert read_one(behind) is None


@given(data=st.data())
def test_a_file_that_was_cut_or_changed_is_walked_safely_or_not_at_all(data: Any) -> None:
    whole = bytearray(forest(np.random.default_rng(7), rounds=3).SerializeToString())
    cut = data.draw(st.integers(0, len(whole)), label="cut at")
    assert cut == len(whole) or read(bytes(whole[:cut]), n_features=WIDTH, n_labels=2) is None
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4), label="changed at"):
        whole[at] = data.draw(st.integers(0, 255))
    walked = read(bytes(whole), n_features=WIDTH, n_labels=2)
    if walked is not None:
        assert walked(np.zeros(WIDTH, np.float32)).shape == (2,)


@pytest.mark.parametrize(("name", "tag"), [(b"nodes_featureids", 0x40), (b"nodes_values", 0x3D), (b"nodes_modes", 0x4A)])
def test_a_list_of_what_is_called_otherwise_is_not_read(name: bytes, tag: int) -> None:
    whole = forest(np.random.default_rng(7)).SerializeToString()
    begins = name + bytes((tag,))
    assert whole.count(begins) == 1
    assert read(whole.replace(begins, name + bytes((tag + 8,))), n_features=WIDTH, n_labels=2) is None


def test_e_to_a_number_is_the_nearest_of_single_precision_or_its_neighbour() -> None:
    x = np.concatenate((-np.geomspace(1e-9, 103.9, 20_000), np.linspace(-20, 0, 20_000))).astype(np.float32)
    ours = np.array([exp(float(one)) for one in x]).astype(np.float32)
    exact = np.array([math.exp(float(one)) for one in x])
    spacing = np.spacing(exact.astype(np.float32)).astype(float)
    assert np.abs(ours - exact).max() > 0
    assert (np.abs(ours - exact) <= 0.505 * spacing).all()
    assert exp(-200.0) == 0.0
    assert exp(-math.inf) == 0.0
    assert exp(0.0) == 1.0


@pytest.mark.usefixtures("toy_features")
def test_a_forest_of_another_kind_runs_on_onnxruntime(tmp_path: Path) -> None:
    assert isinstance(open_tree(toys.toy(tmp_path, tree=True), tmp_path, None), Tree)
