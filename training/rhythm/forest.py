"""The tree's side of the rhythm model: features of every window, and forests that answer for recordings they did not see."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common.heard import Heard, detector
from common.keep import kept
from common.trees import Growth, grow
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from edgeecg.models.features.rhythm import NAMES, rhythm_features
from rhythm.recordings import FOLDS, LABELS

ASK_EVERY_S = 2
BEATS_S = 60.0
"""Of so many seconds up to the window's end the tree is told the beats."""
LEARN_EVERY = 3
"""Of a recording's windows, every so many is learned from: neighbours tell the same."""
BALANCE = 0.5
"""Weight of a class: its share to the power of minus this."""
GROWTH = Growth(rounds=140, rate=0.08, leaves=16, share_of_features=0.2)

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A row for each window of each recording."""

    features: NDArray[np.float32]
    recording: Labels

    def of(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the rows of chosen recordings."""
        return np.flatnonzero(chosen[self.recording])


def table(work: Path, recordings: list[Heard]) -> Table:
    """Return the features of all windows."""

    def make() -> Table:
        rows, owners = [], []
        for number, heard in enumerate(recordings):
            for step in range(0, heard.n_windows, ASK_EVERY_S):
                rows.append(rhythm_features(heard.window(step), heard.beats_of(step, BEATS_S)))
                owners.append(number)
            if number % 1000 == 0:
                print(f"features: {number} of {len(recordings)} recordings", flush=True)
        return Table(np.array(rows), np.array(owners))

    return kept(work / f"features-{detector()}.pickle", make)


def fit(
    windows: Table, labels: Labels, learn: NDArray[np.bool_], columns: Sequence[int], growth: Growth = GROWTH
) -> HistGradientBoostingClassifier:
    """Grow a forest on the windows of chosen recordings; each recording counts the same, rare classes more."""
    rows = windows.of(learn)[::LEARN_EVERY]
    owner = windows.recording[rows]
    share = np.bincount(labels[learn], minlength=len(LABELS)) / learn.sum()
    weight = share[labels[owner]] ** -BALANCE / np.bincount(owner, minlength=len(labels))[owner]
    return grow(windows.features[np.ix_(rows, columns)], labels[owner], weight, growth)


def out_of_fold(work: Path, windows: Table, labels: Labels, fold_of: Labels, columns: Sequence[int]) -> Floats:
    """Return every window's probabilities by a forest that did not see its recording."""
    answers = np.zeros((len(windows.features), len(LABELS)))
    for fold in range(FOLDS):

        def make(fold: int = fold) -> Floats:
            forest = fit(windows, labels, fold_of != fold, columns)
            rows = windows.of(fold_of == fold)
            return np.asarray(forest.predict_proba(windows.features[np.ix_(rows, columns)]))

        answers[windows.of(fold_of == fold)] = kept(work / f"forest{fold}.pickle", make)
        print(f"forest: fold {fold + 1} of {FOLDS}, {len(columns)} features", flush=True)
    return answers


def all_columns() -> list[int]:
    """Return the columns of every feature."""
    return list(range(len(NAMES)))


def columns_of(names: Sequence[str]) -> list[int]:
    """Return the columns of some features."""
    return [NAMES.index(name) for name in names]
