"""The nets of the folds and the one that ships, each trained once and kept."""

from pathlib import Path
from typing import Any

import numpy as np
from common.heard import Heard
from common.keep import kept
from net1d.export import weights
from numpy.typing import NDArray

from rhythm.fit import ask, fit
from rhythm.recordings import FOLDS

Labels = NDArray[np.int64]
Logits = list[NDArray[np.float32]]


def out_of_fold(work: Path, recordings: list[Heard], labels: Labels, fold_of: Labels, fold: int) -> Logits:
    """Return the answers to the recordings of a fold, by a net that learned from the other folds."""

    def make() -> Logits:
        others = np.flatnonzero(fold_of != fold)
        net = fit([recordings[k] for k in others], labels[others], work / f"fold{fold}")
        return ask(net, [recordings[k] for k in np.flatnonzero(fold_of == fold)])

    return kept(work / f"fold{fold}.logits.pickle", make)


def shipped(work: Path, recordings: list[Heard], labels: Labels) -> dict[str, Any]:
    """Return the weights, batch norm folded away, of the net that learned from every recording."""
    return kept(work / "shipped.weights.pickle", lambda: weights(fit(recordings, labels, work / "shipped")))


def all_out_of_fold(work: Path, recordings: list[Heard], labels: Labels, fold_of: Labels) -> Logits:
    """Return the answers to every recording, in their order, each by the net that did not learn from it."""
    answers: Logits = [np.zeros((0, 0), np.float32)] * len(recordings)
    for fold in range(FOLDS):
        of_fold = out_of_fold(work, recordings, labels, fold_of, fold)
        for place, logits in zip(np.flatnonzero(fold_of == fold).tolist(), of_fold, strict=True):
            answers[place] = logits
    return answers
