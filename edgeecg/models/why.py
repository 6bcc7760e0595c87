"""Why a model said what it said: where in the signal its net looked, and which features spoke, in words.

Both are of the window that speaks most for the label. The net ends in a mean over time and a linear layer, so what each
place adds to a label's logit is exact. A feature's part is what the tree's probability of the label loses when that
feature alone is put back to its usual value (the card's `fusion.typical`): where features say the same, each alone may
lose little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.backend import Floats
from edgeecg.models.classifier import Classifier, beats_of
from edgeecg.types import Prediction, WindowReady

MAX_FEATURES = 3
LEAST_PART = 0.02
NO_NUMBERS = "the model's answers are no numbers"
LOOKED = 0.5
"""Of the map's largest value: where a net is said to have looked."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the recording that spoke for the label; `weight` 1 is the strongest of its window."""

    start_s: float
    end_s: float
    weight: float


@dataclass(frozen=True, slots=True)
class Spoke:
    """A feature that spoke for the label: `part` of the tree's probability is gone without it."""

    name: str
    value: float
    usually: float
    part: float


@dataclass(frozen=True, slots=True)
class Part:
    """A sense that spoke for the label: its share of all that the senses said, for and against."""

    sense: str
    share: float


@dataclass(frozen=True, slots=True)
class Why:
    """Where it looked, and which features or senses spoke; `str` of it is sentences."""

    label: str
    looked: tuple[Stretch, ...] = ()
    features: tuple[Spoke, ...] = ()
    senses: tuple[Part, ...] = ()
    refused: str = ""
    """Why nothing was answered, where that is known."""

    def __str__(self) -> str:
        if not self.label:
            return f"Not answered: {self.refused}." if self.refused else "No stretch of the signal was readable for long enough."
        said = [f"The net looked at {', '.join(f'{one.start_s:.1f}-{one.end_s:.1f} s' for one in self.looked)}."] if self.looked else []
        said += [f"{one.name} is {one.value:.3g}, usually {one.usually:.3g}: {one.part:.0%} of {self.label}." for one in self.features]
        said += [f"{one.sense} is {one.share:.0%} of what the senses said." for one in self.senses]
        return " ".join(said) or f"The model does not say what spoke for {self.label}."


def explained(
    classifier: Classifier, label: str, answered: Sequence[tuple[WindowReady, Prediction]], rate_hz: float, *, refused: bool = False
) -> Why:
    """Say why a recording got its label, or that what was answered is refused."""
    labels = classifier.model.card.labels
    if label not in labels:
        return Why("", refused=NO_NUMBERS if refused else "")
    place = labels.index(label)
    window, answer = max(answered, key=lambda pair: pair[1].probabilities[place])
    looked = _looked(answer, window, rate_hz) if answer.label == label else ()
    return Why(label, looked, _spoke(classifier, window, place))


def _looked(answer: Prediction, window: WindowReady, rate_hz: float) -> tuple[Stretch, ...]:
    """Return the stretches where the map is at least LOOKED of its largest value, in order of time."""
    line = np.array(answer.activation)
    if not len(line) or line.max() <= 0:
        return ()
    step = window.len_samples / len(line)
    inside = np.concatenate(([False], line >= LOOKED * line.max(), [False])).astype(int)
    starts, ends = np.flatnonzero(np.diff(inside) == 1), np.flatnonzero(np.diff(inside) == -1)
    return tuple(
        Stretch((window.start_sample + a * step) / rate_hz, (window.start_sample + b * step) / rate_hz, float(line[a:b].max()))
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
    )


def _spoke(classifier: Classifier, window: WindowReady, place: int) -> tuple[Spoke, ...]:
    """Return the features without which the label would lose most."""
    model = classifier.model
    fusion = model.card.fusion
    if not (fusion and fusion.typical and model.tree and model.features):
        return ()
    features = model.features(np.frombuffer(window.samples_mv, "<f4"), beats_of(window))
    names: dict[str, tuple[str, ...]] = import_module("edgeecg.models.features").NAMES
    parts = _parts(classifier, features, np.array(fusion.typical, np.float32), place)
    strongest = np.argsort(-parts, kind="stable")[:MAX_FEATURES]
    named = names[f"{fusion.features}-{fusion.features_version}"]
    return tuple(
        Spoke(named[i], float(features[i]), fusion.typical[i], float(parts[i])) for i in strongest.tolist() if parts[i] >= LEAST_PART
    )


def _parts(classifier: Classifier, features: Floats, typical: Floats, place: int) -> NDArray[np.float64]:
    tree = classifier.model.tree
    assert tree
    whole = float(tree(features)[place])
    parts = np.zeros(len(typical))
    for i in range(len(typical)):
        without = features.copy()
        without[i] = typical[i]
        parts[i] = whole - float(tree(without)[place])
    return parts
