"""What a recording is, learned from what was said to its windows by those who had not seen it: one linear layer.

Its features are the live ones (`edgeecg.models.whole.summary`), a recording's windows here being those `classify` asks about.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from common.scores import log_softmax
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from edgeecg.models.whole import summary
from rhythm.recordings import FOLDS

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

LOOSENESS = 0.1
"""How far the weights of standardized features may go from 0: the inverse of the penalty."""
MOST_WINDOWS = 26
"""Those of the longest recordings, 61 s."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Log-probabilities of a recording, but for a constant: weights @ summary + bias."""

    weights: Floats
    bias: Floats

    def __call__(self, summaries: Floats) -> Floats:
        """Return log-probabilities, a row for each recording."""
        return log_softmax(summaries @ self.weights.T + self.bias)


def summaries(voices: Sequence[Floats], last_words: Floats, recording: Labels, n: int) -> Floats:
    """Return a row for each recording, out of a row of each voice's scores and a row of what would be the last word for each of its windows."""
    order = np.argsort(recording, kind="stable")
    ends = np.cumsum(np.bincount(recording, minlength=n))
    stretches = zip(*(np.split(scores[order], ends[:-1]) for scores in voices), strict=True)
    return np.stack([summary(*rows) for rows in zip(stretches, last_words[order][ends - 1], strict=True)])


def learn(x: Floats, labels: Labels) -> Layer:
    """Fit a layer to recordings, each of which counts the same."""
    centre, size = x.mean(0), x.std(0) + 1e-9
    fitted = LogisticRegression(C=LOOSENESS, max_iter=1000).fit((x - centre) / size, labels)
    weights = fitted.coef_ / size
    return Layer(weights, fitted.intercept_ - weights @ centre)


def out_of_fold(voices: Sequence[Floats], last_words: Floats, recording: Labels, labels: Labels, fold_of: Labels) -> Floats:
    """Return every recording's log-probabilities, put together as the other folds' recordings would have it."""
    x = summaries(voices, last_words, recording, len(labels))
    said = np.zeros((len(labels), last_words.shape[1]))
    for fold in range(FOLDS):
        layer = learn(x[fold_of != fold], labels[fold_of != fold])
        said[fold_of == fold] = layer(x[fold_of == fold])
    return said
