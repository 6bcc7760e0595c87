"""Trees of the kind that is trained here, read from their ONNX file and walked by a kernel, as onnxruntime would answer, bit for bit.

A forest that is written or grown in another way is onnxruntime's: `read` has none then.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeecg.models import onnx_wire as wire
from edgeecg.models.backend import Floats
from edgeecg.models.onnx_wire import OtherwiseWritten, expect
from edgeecg_kernels.forest import answer

MOST_FEATURES, MOST_NODES = 32_767, 256
"""Of all trees; of one."""
LEAF, LEQ = b"LEAF", b"BRANCH_LEQ"
_FLOAT = 1

Places = NDArray[np.int64]


class Nodes(NamedTuple):
    """What the file says of the nodes of all trees, in its order."""

    tree: Places
    node: Places
    feature: Places
    threshold: Floats
    asks: NDArray[np.bool_]
    """It is no leaf."""
    yes: Places
    no: Places
    missing_is_yes: Places

    @property
    def starts(self) -> Places:
        """Return where each tree begins."""
        return np.searchsorted(self.tree, np.arange(self.tree[-1] + 1))


class Leaves(NamedTuple):
    """What the file says of all leaves."""

    tree: Places
    node: Places
    label: Places
    value: Floats


class Forest:
    """Trees on features: features in, a probability a label out. Any thread may ask."""

    __slots__ = ("_len_scratch", "_n_features", "_n_labels", "_tables")

    def __init__(self, nodes: Nodes, leaves: Leaves, base: Floats, fold: Floats, n_features: int) -> None:
        starts, leaf = nodes.starts, ~nodes.asks
        values, labels = _said(nodes, leaves)
        depths = _depths(nodes)
        order = np.argsort(depths, kind="stable")
        expect(len(base) > 1 and np.array_equal(np.unique(labels), np.arange(len(base))) and len(fold) == len(base))
        expect(nodes.feature.max() < n_features <= MOST_FEATURES)
        self._tables = (
            np.where(leaf, np.float32(np.inf), nodes.threshold),  # a leaf leads to itself: nothing is above this
            np.where(leaf, 0, nodes.feature + np.where(nodes.missing_is_yes == 1, 0, n_features)).astype(np.uint16),
            np.where(leaf, nodes.node, nodes.yes).astype(np.uint8),
            values,
            np.array((starts[order], depths[order], order, labels), np.uint32),
            base,
            fold,
        )
        self._len_scratch = 2 * n_features + len(starts) + len(base)
        self._n_features, self._n_labels = n_features, fold.shape[1]

    def __call__(self, features: Floats) -> Floats:
        """Return the probabilities of one row of features, shape (labels,)."""
        assert features.shape == (self._n_features,), "as many as the card says"
        out = np.empty(self._n_labels, np.float32)
        answer(features, *self._tables, np.empty(self._len_scratch, np.float32), out)
        return out


def read(data: bytes, *, n_features: int, n_labels: int) -> Forest | None:
    """Return the forest of an ONNX file, if it is of the kind that is known here, and as wide as wanted."""
    try:
        steps, tensors, ends = wire.graph(data)
        trees = steps[0]
        expect(trees.kind == b"TreeEnsembleRegressor" and trees.inputs == [b"features"])
        expect(ends == ((b"features", _FLOAT, (1, n_features)), (b"scores", _FLOAT, (1, n_labels))))
        given = trees.attributes
        nodes, leaves, base = _nodes(given), _leaves(given), wire.floats(given.pop("base_values"))
        expect(wire.text(given.pop("aggregate_function")) == b"SUM" and wire.text(given.pop("post_transform")) == b"SOFTMAX")
        expect(wire.number(given.pop("n_targets")) == len(base) and not given)
        fold = np.eye(len(base), dtype=np.float32)
        if steps[1:]:
            fold = _fold(*steps[1:], into=trees.outputs, tensors=tensors)
        expect(fold.shape == (len(base), n_labels) and steps[-1].outputs == [b"scores"])
        return Forest(nodes, leaves, base, fold, n_features)
    except (OtherwiseWritten, LookupError, ValueError, TypeError):
        return None


def _nodes(given: dict[str, bytes]) -> Nodes:
    """Return all nodes: trees one behind another, each one's nodes by number, a child behind its parent, both children side by side."""
    tree, node, feature = (wire.ints(given.pop(f"nodes_{name}")) for name in ("treeids", "nodeids", "featureids"))
    yes, no, missing = (wire.ints(given.pop(f"nodes_{name}")) for name in ("truenodeids", "falsenodeids", "missing_value_tracks_true"))
    asks = wire.which(given.pop("nodes_modes"), (LEAF, LEQ)) == 1
    nodes = Nodes(tree, node, feature, wire.floats(given.pop("nodes_values")), asks, yes, no, missing)
    expect(len({len(column) for column in nodes}) == 1 and tree[0] == 0)
    starts = nodes.starts
    sizes = np.diff(starts, append=len(tree))
    expect(np.array_equal(tree, np.repeat(np.arange(len(starts)), sizes)) and sizes.min() > 0 and sizes.max() <= MOST_NODES)
    expect(np.array_equal(node, np.arange(len(tree)) - starts[tree]))
    expect((no == yes + 1)[asks].all() and (yes > node)[asks].all() and (no < sizes[tree])[asks].all())
    return nodes


def _leaves(given: dict[str, bytes]) -> Leaves:
    tree, node, label = (wire.ints(given.pop(f"target_{name}")) for name in ("treeids", "nodeids", "ids"))
    leaves = Leaves(tree, node, label, wire.floats(given.pop("target_weights")))
    expect(len({len(column) for column in leaves}) == 1)
    return leaves


def _said(nodes: Nodes, leaves: Leaves) -> tuple[Floats, Places]:
    """Return each node's value, and the one label that each tree speaks for."""
    starts = nodes.starts
    at = starts[leaves.tree] + leaves.node
    expect(np.array_equal(np.bincount(at, minlength=len(nodes.tree)), ~nodes.asks) and np.array_equal(nodes.tree[at], leaves.tree))
    values, labels = np.zeros(len(nodes.tree), np.float32), np.zeros(len(starts), np.int64)
    values[at], labels[leaves.tree] = leaves.value, leaves.label
    expect(np.array_equal(labels[leaves.tree], leaves.label))
    return values, labels


def _depths(nodes: Nodes) -> Places:
    """Return how many questions the longest way down each tree has."""
    starts = nodes.starts
    depths, at = np.zeros(len(starts), np.int64), starts
    while len(at := at[nodes.asks[at]]):
        depths[nodes.tree[at]] += 1
        first = starts[nodes.tree[at]]
        at = np.unique(np.concatenate((first + nodes.yes[at], first + nodes.no[at])))
    return depths


def _fold(step: wire.Step, *, into: list[bytes], tensors: list[bytes]) -> Floats:
    """Return which learned labels are one answer: ones and zeros, and of ones so few that no order of adding can matter."""
    name, kind, shape, raw = wire.tensor(*tensors)
    expect(step.kind == b"MatMul" and step.inputs == [*into, name] and kind == _FLOAT and not step.attributes)
    fold = np.frombuffer(raw, "<f4").reshape(shape).astype(np.float32)
    expect(np.isin(fold, (0, 1)).all() and fold.sum(0).max() <= 2)
    return fold
