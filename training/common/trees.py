"""Gradient boosting by scikit-learn's histograms, and the same trees, or our own, as an ONNX graph, answer for answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import HistGradientBoostingClassifier

OPSET, ML_OPSET, IR = 17, 3, 8


@dataclass(frozen=True, slots=True)
class Growth:
    """How a forest is grown."""

    rounds: int = 200
    rate: float = 0.06
    leaves: int = 24
    least_in_leaf: int = 40
    pull: float = 5.0
    share_of_features: float = 0.3
    seed: int = 1


def grow(x: NDArray[np.float32], y: NDArray[np.int64], weight: NDArray[np.float64], growth: Growth) -> HistGradientBoostingClassifier:
    """Grow a forest on weighted rows; a NaN is a missing value, and goes where the split sends it."""
    forest = HistGradientBoostingClassifier(
        learning_rate=growth.rate,
        max_iter=growth.rounds,
        max_leaf_nodes=growth.leaves,
        min_samples_leaf=growth.least_in_leaf,
        l2_regularization=growth.pull,
        max_features=growth.share_of_features,
        early_stopping=False,
        random_state=growth.seed,
    )
    forest.fit(x, y, sample_weight=weight / weight.mean())
    return forest


def graph(forest: HistGradientBoostingClassifier, n_features: int, lean: NDArray[np.float64] | float = 0.0) -> onnx.ModelProto:
    """Return the forest as one TreeEnsembleRegressor: `features` (1, F) -> `scores` (1, labels), probabilities.

    `lean` is added to the logarithms of the labels' odds.
    """
    rounds = forest._predictors  # noqa: SLF001 there is no other way in
    trees = ((label, tree.nodes) for round_ in rounds for label, tree in enumerate(round_))
    return ensemble(trees, forest._baseline_prediction.reshape(-1) + lean, n_features)  # noqa: SLF001 ditto


def ensemble(
    trees: Iterable[tuple[int, NDArray[Any]]], baseline: NDArray[np.float64], n_features: int, fold: NDArray[np.float32] | None = None
) -> onnx.ModelProto:
    """Return trees that each speak for a label as one graph. `fold`, learned labels by answers, says which of them are one answer."""
    nodes: dict[str, list[Any]] = {name: [] for name in _NODE + _LEAF}
    grown = list(trees)
    without = sorted(set(range(len(baseline))) - {label for label, _ in grown})
    for number, (label, rows) in enumerate([*grown, *((label, SILENT) for label in without)]):
        _plant(nodes, rows, number, label)
    steps = [
        helper.make_node(
            "TreeEnsembleRegressor",
            ["features"],
            ["scores" if fold is None else "learned"],
            domain="ai.onnx.ml",
            n_targets=len(baseline),
            aggregate_function="SUM",
            post_transform="SOFTMAX",
            base_values=[float(value) for value in baseline],
            **nodes,
        )
    ]
    stored = []
    if fold is not None:
        stored = [numpy_helper.from_array(fold, "fold")]
        steps.append(helper.make_node("MatMul", ["learned", "fold"], ["scores"]))
    ends = (
        helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, n_features]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, len(baseline) if fold is None else fold.shape[1]]),
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    drawn = helper.make_graph(steps, "forest", [ends[0]], [ends[1]], stored)
    model = helper.make_model(drawn, opset_imports=opsets, ir_version=IR)
    onnx.checker.check_model(model)
    return model


SILENT = np.array([(True, 0.0)], [("is_leaf", "?"), ("value", "f8")])
"""A tree that adds nothing: of a label without any, onnxruntime (1.31.1) forgets the base value."""
_NODE = [
    "nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes", "nodes_truenodeids", "nodes_falsenodeids",
    "nodes_missing_value_tracks_true",
]  # fmt: skip
_LEAF = ["target_treeids", "target_nodeids", "target_ids", "target_weights"]


def _plant(nodes: dict[str, list[Any]], rows: NDArray[Any], number: int, label: int) -> None:
    for at, row in enumerate(rows):
        leaf = bool(row["is_leaf"])
        values = (
            number, at, 0 if leaf else int(row["feature_idx"]), 0.0 if leaf else _not_above(float(row["num_threshold"])),
            "LEAF" if leaf else "BRANCH_LEQ", 0 if leaf else int(row["left"]), 0 if leaf else int(row["right"]),
            0 if leaf else int(row["missing_go_to_left"]),
        )  # fmt: skip
        for name, value in zip(_NODE, values, strict=True):
            nodes[name].append(value)
        if leaf:
            for name, value in zip(_LEAF, (number, at, label, float(row["value"])), strict=True):
                nodes[name].append(value)


def _not_above(threshold: float) -> float:
    """Return the largest float32 that is not above: a float32 is <= the one exactly where it is <= the other."""
    near = np.float32(threshold)
    return float(near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf)))
