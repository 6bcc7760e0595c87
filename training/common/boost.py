"""Boosted trees, each on a share of the columns drawn for it alone: what a tree may not look at is not counted, and a forest grows in a fifth of the time.

Values are put into bins by how many rows have them, never by what those weigh; a missing value goes where the split sends it. A forest
may be several of other seeds, averaged: one graph, one answer.
"""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

kernel = numba.njit(nogil=True, error_model="numpy")
Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]
Rows = NDArray[np.float32]

MISSING = 255
BINNED_ROWS = 20_000
"""Bins are made of so many rows at most."""
NODE = np.dtype(
    [
        ("is_leaf", "?"), ("feature_idx", "i4"), ("num_threshold", "f8"), ("left", "i4"), ("right", "i4"), ("missing_go_to_left", "?"),
        ("value", "f8"),
    ]
)  # fmt: skip
"""Named as scikit-learn names them: one writer of graphs reads both."""


@dataclass(frozen=True, slots=True)
class Boost:
    """How a forest is grown."""

    rounds: int = 150
    rate: float = 0.06
    leaves: int = 8
    least_in_leaf: int = 40
    pull: float = 10.0
    share_of_columns: float = 0.25
    seeds: tuple[int, ...] = (1,)


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees that add up: each speaks for one label."""

    baseline: Floats
    trees: list[tuple[int, NDArray[Any]]]

    def predict_proba(self, x: Rows) -> Floats:
        """Return each row's probabilities."""
        scores = np.repeat(self.baseline[:, None], len(x), 1)
        for label, nodes in self.trees:
            _answer(nodes, x, scores[label])
        p = np.exp(scores - scores.max(0))
        return np.asarray((p / p.sum(0)).T)


def grow(x: Rows, y: NDArray[np.int64], weight: Floats, n_labels: int, growth: Boost) -> Forest:
    """Grow a forest on weighted rows of labels 0, 1, ..."""
    weight = weight / weight.mean()
    edges = _edges(x)
    codes = np.stack([_coded(column, edge) for column, edge in zip(x.T, edges, strict=True)])
    baseline = np.log(np.maximum(np.bincount(y, weight, n_labels) / weight.sum(), 1e-9))
    trees = [tree for seed in growth.seeds for tree in _boosted(codes, y, weight, baseline, growth, np.random.default_rng(seed))]
    return Forest(baseline, [(label, _written(tree, edges, len(growth.seeds))) for label, tree in trees])


def _edges(x: Rows) -> list[Rows]:
    """Return the values between bins, each one that some row has."""
    some = x[np.random.default_rng(0).permutation(len(x))[:BINNED_ROWS]]
    columns = (np.sort(column[~np.isnan(column)]) for column in some.T)
    return [np.unique(c[(np.arange(1, MISSING) * len(c)) // MISSING]) if len(c) else c for c in columns]


def _coded(column: Rows, edges: Rows) -> Codes:
    return np.where(np.isnan(column), MISSING, np.searchsorted(edges, column)).astype(np.uint8)


def _boosted(
    codes: Codes, y: NDArray[np.int64], weight: Floats, baseline: Floats, growth: Boost, rng: np.random.Generator
) -> list[tuple[int, Any]]:
    scores = np.repeat(baseline[:, None], len(y), 1)
    pull_down, bend = np.empty_like(scores), np.empty_like(scores)
    drawn, trees, had = max(1, round(growth.share_of_columns * len(codes))), [], np.bincount(y, minlength=len(baseline)) > 0
    for _ in range(growth.rounds):
        _gradients(scores, y, weight, pull_down, bend)
        for label in range(len(scores)):
            columns = rng.permutation(len(codes))[:drawn]
            if not had[label]:
                continue
            g, h, of = pull_down[label], bend[label], scores[label]
            trees.append((label, _tree(codes, columns, g, h, of, growth.leaves, growth.pull, growth.least_in_leaf, growth.rate)))
    return trees


def _written(tree: Any, edges: list[Rows], n_forests: int) -> NDArray[Any]:
    feature, bin_, missing_left, left, right, value = tree
    nodes = np.zeros(len(feature), NODE)
    nodes["is_leaf"], nodes["feature_idx"], nodes["missing_go_to_left"] = feature < 0, feature, missing_left
    nodes["left"], nodes["right"], nodes["value"] = left, right, value / n_forests
    highest = np.finfo(np.float32).max  # behind the last bin only what is missing is left
    nodes["num_threshold"] = [edges[f][b] if f >= 0 and b < len(edges[f]) else highest for f, b in zip(feature, bin_, strict=True)]
    return nodes


@kernel
def _answer(nodes: Any, x: Any, scores: Any) -> None:
    for i in range(x.shape[0]):
        k = 0
        while not nodes[k].is_leaf:
            value = x[i, nodes[k].feature_idx]
            goes_left = nodes[k].missing_go_to_left if np.isnan(value) else value <= nodes[k].num_threshold
            k = nodes[k].left if goes_left else nodes[k].right
        scores[i] += nodes[k].value


@kernel
def _gradients(scores: Any, y: Any, weight: Any, g: Any, h: Any) -> None:
    """Write the first and second derivative of the weighted log loss by each label's score."""
    n_labels, n = scores.shape
    for i in range(n):
        most, total = scores[0, i], 0.0
        for k in range(1, n_labels):
            most = max(most, scores[k, i])
        for k in range(n_labels):
            g[k, i] = np.exp(scores[k, i] - most)
            total += g[k, i]
        for k in range(n_labels):
            p = g[k, i] / total
            g[k, i] = weight[i] * (p - (1.0 if y[i] == k else 0.0))
            h[k, i] = weight[i] * p * (1.0 - p)


@kernel
def _count(codes: Any, columns: Any, rows: Any, g: Any, h: Any, bins: Any) -> None:
    """Sum both derivatives and the rows of every bin of some columns."""
    for j in range(len(columns)):
        code, of = codes[columns[j]], bins[j]
        of[:] = 0.0
        for i in rows:
            at = code[i]
            of[at, 0] += g[i]
            of[at, 1] += h[i]
            of[at, 2] += 1.0


@kernel
def _best(bins: Any, pull: float, least: int) -> tuple[float, int, int, int]:
    """Return the best split of a node: its gain, the column's place, the last bin of the left side, and whether what is missing goes left."""
    gain, column, last, left = 0.0, -1, -1, 0
    g, h, n = bins[0, :, 0].sum(), bins[0, :, 1].sum(), bins[0, :, 2].sum()
    for j in range(bins.shape[0]):
        of = bins[j]
        for missing_left in range(2 if of[MISSING, 2] > 0 else 1):
            lg, lh, ln = of[MISSING, 0] * missing_left, of[MISSING, 1] * missing_left, of[MISSING, 2] * missing_left
            for b in range(MISSING):
                lg, lh, ln = lg + of[b, 0], lh + of[b, 1], ln + of[b, 2]
                if ln < least:
                    continue
                if n - ln < least:
                    break
                gained = lg * lg / (lh + pull) + (g - lg) * (g - lg) / (h - lh + pull) - g * g / (h + pull)
                if gained > gain:
                    gain, column, last, left = gained, j, b, missing_left
    return gain, column, last, left


@kernel
def _tree(codes: Any, columns: Any, g: Any, h: Any, scores: Any, leaves: int, pull: float, least: int, rate: float) -> Any:
    """Grow one tree, the node of most gain first, and add what it says to the scores."""
    n, most = codes.shape[1], 2 * leaves
    feature, bin_, missing_left = np.full(most, -1), np.zeros(most, np.int64), np.zeros(most, np.int64)
    left, right, value = np.zeros(most, np.int64), np.zeros(most, np.int64), np.zeros(most)
    gain, split = np.zeros(most), np.zeros((most, 3), np.int64)
    order, spare, begin, end = np.arange(n), np.empty(n, np.int64), np.zeros(most, np.int64), np.zeros(most, np.int64)
    bins = np.zeros((most, len(columns), MISSING + 1, 3))
    count, end[0] = 1, n
    _count(codes, columns, order, g, h, bins[0])
    gain[0], split[0, 0], split[0, 1], split[0, 2] = _best(bins[0], pull, least)
    for _ in range(leaves - 1):
        k = int(np.argmax(gain[:count]))
        if gain[k] <= 0.0:
            break
        code, low, high, away = codes[columns[split[k, 0]]], begin[k], begin[k], 0
        for i in range(begin[k], end[k]):
            row = order[i]
            if (split[k, 2] == 1) if code[row] == MISSING else (code[row] <= split[k, 1]):
                order[high] = row
                high += 1
            else:
                spare[away] = row
                away += 1
        order[high : high + away] = spare[:away]
        feature[k], bin_[k], missing_left[k], gain[k] = columns[split[k, 0]], split[k, 1], split[k, 2], 0.0
        left[k], right[k] = count, count + 1
        begin[count], end[count], begin[count + 1], end[count + 1] = low, high, high, end[k]
        fewer, more = (count, count + 1) if high - low <= away else (count + 1, count)
        _count(codes, columns, order[begin[fewer] : end[fewer]], g, h, bins[fewer])
        bins[more] = bins[k] - bins[fewer]
        for child in (count, count + 1):
            gain[child], split[child, 0], split[child, 1], split[child, 2] = _best(bins[child], pull, least)
        count += 2
    for k in range(count):
        if feature[k] < 0:
            value[k] = -rate * bins[k, 0, :, 0].sum() / (bins[k, 0, :, 1].sum() + pull)
            for i in range(begin[k], end[k]):
                scores[order[i]] += value[k]
    return feature[:count], bin_[:count], missing_left[:count], left[:count], right[:count], value[:count]
