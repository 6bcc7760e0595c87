"""What a recording is, out of what was said to each of its windows: of each label the mean, the most any window gives it, and the last word.

A rhythm may show itself in one window of a recording and nowhere else, so the mean alone is not enough; and to the net in one window, to
the tree in another, so either has a voice of its own. The last word is the last window's
tree's, which is told of the beats before that window too: it alone has heard of the whole minute. How much each counts is
learned (the card's `[recording]`) from recordings of a minute at most; a longer one is cut into stretches of so many windows, as
nearly equal as can be, and its scores are the mean of theirs. Opinions of a live stream's last minute can be put together in the same way.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.card.sections import Recording
from edgeecg.models.classifier import Opinion, log_softmax

Floats = NDArray[np.float64]


def summary(voices: Sequence[Floats], last: Floats) -> Floats:
    """Return, of each voice's log-probabilities (windows, labels), each label's mean, then each one's largest, then the last word."""
    logs = np.hstack([[log_softmax(row) for row in scores] for scores in voices])
    return np.concatenate((logs.mean(axis=0), logs.max(axis=0), log_softmax(last)))


def whole_scores(opinions: Sequence[Opinion], learned: Recording) -> tuple[float, ...]:
    """Return the log-probabilities of a recording, but for a constant, out of opinions of its windows, in their order."""
    weights = np.hstack((learned.mean, learned.most, learned.last))
    stretches = [[opinions[at] for at in stretch] for stretch in np.array_split(range(len(opinions)), -(-len(opinions) // learned.windows))]
    voices = [[np.stack(voice) for voice in zip(*(one.voices for one in stretch), strict=True)] for stretch in stretches]
    told = [summary(said, stretch[-1].last_word) for said, stretch in zip(voices, stretches, strict=True)]
    scores = [log_softmax(weights @ row + learned.bias) for row in told]
    return tuple(np.mean(scores, axis=0).tolist())
