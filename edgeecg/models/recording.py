"""A whole recording classified: its windows through the engine, each with its answer, and one answer from them all.

A recording's probabilities are made of its readable windows' scores as the card's `[recording]` learned to. Without that they are
those of the mean: for labels of which one holds, the normalised geometric mean of the windows' own. Of a model of beats they are
the shares of the beats it answered.
Without one readable window there is no label, and the answer is to abstain.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgeecg.facts import ModelFacts, StreamFacts
from edgeecg.models import card as cards
from edgeecg.models.card import Recording
from edgeecg.models.classifier import Classifier, Model, Opinion, said
from edgeecg.models.whole import whole_scores
from edgeecg.models.why import Why, explained
from edgeecg.models.windows import run
from edgeecg.stages.classify import calibrated
from edgeecg.types import Inference, Prediction, WindowReady


@dataclass(frozen=True, slots=True)
class Window:
    """One window of a recording, in its samples, and what the model says to it."""

    start_sample: int
    len_samples: int
    beat_sample: int
    """The R peak it is about; -1: the window is about no one beat."""
    readable: bool
    label: str
    """The label ranked first; empty where the window is not readable."""
    probabilities: dict[str, float]
    abstained: bool
    activation: tuple[float, ...] = field(repr=False, default=())
    """What spoke for the label along the window, the largest of magnitude 1."""


@dataclass(frozen=True, slots=True)
class Classification:
    """What a model says to a recording."""

    label: str
    """The label ranked first, also where the model abstains; empty where no window is readable."""
    probabilities: dict[str, float]
    abstained: bool
    windows: tuple[Window, ...] = field(repr=False)
    why: Why
    model: str
    """Name, version, file and runtime."""


def classify(samples: NDArray[np.number], stream: StreamFacts, model: Model) -> Classification:
    """Classify one lead with a loaded model."""
    facts, classifier = cards.to_facts(model.card), Classifier(model)
    opinions: dict[int, Opinion] = {}

    def answer(window: WindowReady) -> Inference:
        opinions[window.window_id] = classifier.opinion_of(window)
        return said(window, opinions[window.window_id])

    events = list(run(samples, stream, facts, answer))
    announced = {event.window_id: event for event in events if isinstance(event, WindowReady)}
    answers = {event.window_id: event for event in events if isinstance(event, Prediction)}
    windows = tuple(_window(window, answers.get(window.window_id), facts.labels, len(samples)) for window in announced.values())
    learned = model.card.recording
    taken = [opinions[number] for number in answers]  # what is no number was refused, and has no say
    shares = _of_beats(answers.values(), facts.labels) if facts.before_s >= 0 else of_windows(taken, facts, learned)
    label = max((label for label in shares if not facts.shown or label in facts.shown), key=shares.__getitem__, default="")
    why = explained(
        classifier, label, [(announced[number], one) for number, one in answers.items()], stream.rate_hz, refused=bool(opinions)
    )
    abstained = not shares or shares[label] < (learned.abstain_below if learned else facts.abstain_below)
    return Classification(label, shares, abstained, windows, why, model.spoken)


def _window(window: WindowReady, answer: Prediction | None, labels: Sequence[str], n_samples: int) -> Window:
    """Tell of a window as far as the recording goes."""
    start = max(0, window.start_sample)
    return Window(
        start_sample=start,
        len_samples=max(0, min(window.start_sample + window.len_samples, n_samples) - start),
        beat_sample=window.beat_sample,
        readable=window.readable,
        label=answer.label if answer else "",
        probabilities=dict(zip(labels, answer.probabilities, strict=True)) if answer else {},
        abstained=answer.abstained if answer else True,
        activation=answer.activation if answer else (),
    )


def of_windows(opinions: Sequence[Opinion], facts: ModelFacts, learned: Recording | None = None) -> dict[str, float]:
    """Return the probabilities that opinions of windows stand for together: their mean's, unless it was learned; none without a window."""
    if not opinions:
        return {}
    if learned:
        return dict(zip(facts.labels, calibrated(whole_scores(opinions, learned), 1.0), strict=True))
    means = [math.fsum(column) / len(opinions) for column in zip(*(one.scores.tolist() for one in opinions), strict=True)]
    return dict(zip(facts.labels, calibrated(means, facts.temperature, independent=facts.independent), strict=True))


def _of_beats(answers: Iterable[Prediction], labels: Sequence[str]) -> dict[str, float]:
    named = Counter(answer.label for answer in answers if not answer.abstained)
    return {label: named[label] / named.total() for label in labels} if named else {}
