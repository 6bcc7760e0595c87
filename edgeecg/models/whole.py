"""What a recording is, out of what was said to each of its windows: of each label the mean, the most any window gives it, and the last word.

A rhythm may show itself in one window of a recording and nowhere else, so the mean alone is not enough. The last word is the last
window's tree's, which is told of the beats before that window too: it alone has heard of the whole minute. How much each counts is
learned (the card's `[recording]`) from recordings of a minute at most; a longer one is cut into stretches of so many windows, as
nearly equal as can be, and its scores are the mean of theirs. Opinions of a live stream's last minute can be put together in the same way.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.card.sections import Recording
from edgeecg.models.classifier import Opinion, log_softmax

Floats = NDArray[np.float64]


def summary(scores: Floats, last: Floats) -> Floats:
    """Return, of the windows' log-probabilities (windows, labels), each label's mean, then each one's largest, then the last word."""
    logs = np.array([log_softmax(row) for row in scores])
    return np.concatenate((logs.mean(axis=0), logs.max(axis=0), log_softmax(last)))


def whole_scores(opinions: Sequence[Opinion], learned: Recording) -> tuple[float, ...]:
    """Return the log-probabilities of a recording, but for a constant, out of opinions of its windows, in their order."""
    weights = np.hstack((learned.mean, learned.most, learned.last))
    stretches = np.array_split(np.array([one.scores for one in opinions]), -(-len(opinions) // learned.windows))
    ends = np.cumsum([len(stretch) for stretch in stretches]) - 1
    last_words = [opinions[end].last_word for end in ends]
    said = [log_softmax(weights @ summary(*told) + learned.bias) for told in zip(stretches, last_words, strict=True)]
    return tuple(np.mean(said, axis=0).tolist())
