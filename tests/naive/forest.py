"""A forest as its ONNX file says it, tree by tree in plain Python: what the kernel's walk is compared with."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, helper

Floats = NDArray[np.float64]


def answer(model: ModelProto, features: Sequence[float], fold: NDArray[np.floating] | None) -> Floats:
    """Return the probabilities of one row of features: sums of leaves, made to sum to 1, and put together as `fold` says."""
    said = {attribute.name: helper.get_attribute_value(attribute) for attribute in model.graph.node[0].attribute}
    at = {place: k for k, place in enumerate(zip(said["nodes_treeids"], said["nodes_nodeids"], strict=True))}
    leaves = zip(said["target_treeids"], said["target_nodeids"], said["target_ids"], said["target_weights"], strict=True)
    worth = {(tree, node): (label, weight) for tree, node, label, weight in leaves}
    sums = np.array(said["base_values"], np.float64)
    for tree in sorted(set(said["nodes_treeids"])):
        label, weight = worth[tree, _leaf(said, at, tree, features)]
        sums[label] += weight
    chances = np.exp(sums - sums.max())
    chances /= chances.sum()
    return chances if fold is None else np.asarray(chances @ fold)


def _leaf(said: dict[str, Any], at: dict[tuple[int, int], int], tree: int, features: Sequence[float]) -> int:
    """Go down from the root: on where the feature is missing and that means yes, or is at most the threshold."""
    node = 0
    while said["nodes_modes"][k := at[tree, node]] != b"LEAF":
        value = features[said["nodes_featureids"][k]]
        yes = bool(said["nodes_missing_value_tracks_true"][k]) if np.isnan(value) else value <= said["nodes_values"][k]
        node = said["nodes_truenodeids" if yes else "nodes_falsenodeids"][k]
    return node
