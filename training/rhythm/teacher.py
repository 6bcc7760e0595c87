"""What a net learns from in its last cycle: its own answers and a forest's, over the window and over the whole recording.

The forest has not seen the recording it speaks of, nor any that the pupil is judged by: of the folds both are left out.
"""

from pathlib import Path

import numpy as np
from common.keep import kept
from common.scores import log_softmax
from numpy.typing import NDArray

from rhythm import forest
from rhythm.fit import Answers, Teacher
from rhythm.recordings import FOLDS, LABELS
from rhythm.together import TINY

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

OWN = 0.5
"""How much a window's own answer counts beside the mean over its recording."""


def teacher(trees: Floats, windows: forest.Table, recordings: Labels) -> Teacher:
    """Return a teacher about the recordings with these numbers, out of a forest's probabilities for every window."""
    rows = [np.flatnonzero(windows.recording == number) for number in recordings]

    def teach(answers: Answers) -> Answers:
        return [_together(net.astype(np.float64), trees[at]) for net, at in zip(answers, rows, strict=True)]

    return teach


def _together(net: Floats, trees: Floats) -> NDArray[np.float32]:
    scores = 0.5 * log_softmax(net) + 0.5 * np.log(np.maximum(trees, TINY))
    scores = OWN * scores + (1 - OWN) * scores.mean(0)
    return np.exp(log_softmax(scores)).astype(np.float32)


def blind_to(work: Path, fold: int, windows: forest.Table, labels: Labels, fold_of: Labels) -> Floats:
    """Return, of every window outside `fold`, the probabilities by a forest that saw neither that fold nor the window's own."""
    answers = np.full((len(windows.features), len(LABELS)), np.nan)
    for other in set(range(FOLDS)) - {fold}:
        left_out = np.isin(fold_of, (fold, other))
        rows = windows.of(left_out)

        def make(left_out: NDArray[np.bool_] = left_out, rows: Labels = rows) -> Floats:
            grown = forest.fit(windows, labels, ~left_out, forest.all_columns())
            return np.asarray(grown.predict_proba(windows.features[rows]))

        low, high = sorted((fold, other))
        own = fold_of[windows.recording[rows]] == other
        answers[rows[own]] = kept(work / f"pair{low}{high}.pickle", make)[own]
    return answers
