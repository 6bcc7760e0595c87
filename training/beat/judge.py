"""The beat model on records whose person it has not seen: sensitivity and predictivity of each class, missed beats counted."""

from dataclasses import dataclass

import numpy as np
from common.scores import interval
from common.trees import Growth, grow
from numpy.typing import NDArray

from beat.harvest import LABELS, Harvest

FOLDS = 8
UNLABELLED = LABELS.index("Q")
"""What no annotator saw is learned as Q, the class of what cannot be told."""
GROWTH = Growth(rounds=100, rate=0.1, leaves=8, least_in_leaf=40, pull=10.0, share_of_features=0.2)
BALANCE = 0.25
"""Weight of a class: its share to the power of minus this."""
EVERY_NORMAL = 6
"""One normal beat in so many is learned from, and stands for them all."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A record's counts: truth by row, answer by column; the last column is beats nobody was asked about in time, the last row no beats."""

    name: str
    counts: NDArray[np.int64]


def folds(persons: list[str], seed: int = 3) -> dict[str, int]:
    """Deal persons to folds, by a fixed shuffle."""
    names = sorted(set(persons))
    order = np.random.default_rng(seed).permutation(len(names))
    return {names[k]: int(at) % FOLDS for at, k in enumerate(order)}


def rows(harvests: list[Harvest], *, thinned: bool) -> tuple[NDArray[np.float32], NDArray[np.int64], Floats]:
    """Return features, labels and weights of what the engine asked in some records."""
    x = np.concatenate([h.features for h in harvests])
    y = np.concatenate([np.where(h.label < 0, UNLABELLED, h.label) for h in harvests])
    weight = np.ones(len(y))
    if thinned:
        normal = y == 0
        kept = ~normal | (np.cumsum(normal) % EVERY_NORMAL == 0)
        x, y, weight = x[kept], y[kept], np.where(normal, float(EVERY_NORMAL), 1.0)[kept]
    share = np.bincount(y, weight, len(LABELS)) / weight.sum()
    return x, y, weight * np.maximum(share[y], 1e-3) ** -BALANCE


def cross_validated(harvests: list[Harvest]) -> list[Floats]:
    """Return each record's probabilities by a forest that did not see its person."""
    fold_of = folds([h.person for h in harvests])
    answers: list[Floats] = [np.zeros((0, len(LABELS)))] * len(harvests)
    for fold in range(FOLDS):
        forest = grow(*rows([h for h in harvests if fold_of[h.person] != fold], thinned=True), GROWTH)
        for place, h in enumerate(harvests):
            if fold_of[h.person] == fold:
                answers[place] = np.asarray(forest.predict_proba(h.features))
        print(f"beat: fold {fold + 1} of {FOLDS}", flush=True)
    return answers


def judged(h: Harvest, chance: Floats) -> Judged:
    """Count a record's answers."""
    n = len(LABELS)
    counts = np.zeros((n + 1, n + 1), np.int64)
    said = chance.argmax(1)
    answer = np.where(h.asked >= 0, said[h.asked], n)
    np.add.at(counts, (h.truth, answer), 1)
    np.add.at(counts, (np.full((h.label < 0).sum(), n), said[h.label < 0]), 1)
    return Judged(h.name, counts)


def sensitivity(counts: NDArray[np.int64], label: int) -> float:
    """Share of a class's annotated beats that were called so; missed ones were not."""
    return float(counts[label, label] / max(counts[label].sum(), 1))


def predictivity(counts: NDArray[np.int64], label: int) -> float:
    """Share of answers of a class that are right; calls where no beat is are wrong."""
    return float(counts[label, label] / max(counts[:, label].sum(), 1))


def figures(records: list[Judged]) -> dict[str, tuple[float, float, float]]:
    """Return gross figures in percent, each with its interval over resampled records."""
    stack = np.stack([record.counts for record in records])
    result = {}
    for at, label in enumerate(LABELS):
        for name, measure in (("Se", sensitivity), ("PPV", predictivity)):
            value = measure(stack.sum(0), at)
            low, high = interval(lambda k, m=measure, a=at: m(stack[k].sum(0), a), len(stack))  # type: ignore[misc]
            result[f"{label} {name}"] = (100 * value, 100 * min(low, value), 100 * max(high, value))
    return result
