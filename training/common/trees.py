"""Gradient boosting by scikit-learn's histograms, and the same trees as an ONNX graph, answer for answer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
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
    even_bins: bool = False
    """Values are put into bins by how many rows have them, not by what those weigh, which takes longer than all trees."""


class _EvenBins(HistGradientBoostingClassifier):  # type: ignore[misc, unused-ignore]
    def _bin_data(self, X: Any, sample_weight: Any, is_training_data: bool) -> Any:  # noqa: ARG002, N803 scikit-learn's own
        return super()._bin_data(X, None, is_training_data)


def grow(x: NDArray[np.float32], y: NDArray[np.int64], weight: NDArray[np.float64], growth: Growth) -> HistGradientBoostingClassifier:
    """Grow a forest on weighted rows; a NaN is a missing value, and goes where the split sends it."""
    forest = (_EvenBins if growth.even_bins else HistGradientBoostingClassifier)(
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
    n_labels = len(forest.classes_)
    nodes: dict[str, list[Any]] = {name: [] for name in _NODE + _LEAF}
    rounds = forest._predictors  # noqa: SLF001 there is no other way in
    for number, (label, tree) in enumerate(pair for round_ in rounds for pair in enumerate(round_)):
        _plant(nodes, tree.nodes, number, label)
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["scores"],
        domain="ai.onnx.ml",
        n_targets=n_labels,
        aggregate_function="SUM",
        post_transform="SOFTMAX",
        base_values=[float(value) for value in forest._baseline_prediction.reshape(-1) + lean],  # noqa: SLF001 ditto
        **nodes,
    )
    ends = (
        helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, n_features]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, n_labels]),
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = helper.make_model(helper.make_graph([ensemble], "forest", [ends[0]], [ends[1]]), opset_imports=opsets, ir_version=IR)
    onnx.checker.check_model(model)
    return model


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
