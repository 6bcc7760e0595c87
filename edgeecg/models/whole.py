"""What a recording is, out of what was said to each of its windows: of each label the mean, and the most any window gives it.

A rhythm may show itself in one window of a recording and nowhere else, so the mean alone is not enough. How much either counts is
learned (the card's `[recording]`) from recordings of a minute at most; a longer one is cut into stretches of so many windows, as
nearly equal as can be, and its scores are the mean of theirs. The answers to a live stream's last minute can be put together in the same way.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.card.sections import Recording
from edgeecg.models.classifier import log_softmax

Floats = NDArray[np.float64]


def summary(scores: Floats) -> Floats:
    """Return, of the windows' log-probabilities (windows, labels), each label's mean and then each label's largest."""
    logs = np.array([log_softmax(row) for row in scores])
    return np.concatenate((logs.mean(axis=0), logs.max(axis=0)))


def whole_scores(scores: Sequence[Sequence[float]], learned: Recording) -> tuple[float, ...]:
    """Return the log-probabilities of a recording, but for a constant, out of its windows' scores."""
    rows, weights = np.array(scores, np.float64), np.hstack((learned.mean, learned.most))
    stretches = np.array_split(rows, -(-len(rows) // learned.windows))
    said = [log_softmax(weights @ summary(stretch) + learned.bias) for stretch in stretches]
    return tuple(np.mean(said, axis=0).tolist())
