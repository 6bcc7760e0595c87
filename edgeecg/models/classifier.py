"""A loaded model at work: a window in, scores and where it looked out. One classifier a thread."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.backend import Floats, Net, Trees
from edgeecg.models.card import Card, FileKey
from edgeecg.models.memory import Heard, Memories
from edgeecg.models.preprocess import Preprocessor
from edgeecg.stages.classify import places_shown
from edgeecg.types import BEAT_FIELDS, Inference, WindowReady

MAX_ACTIVATION = 64
LEAST_PROBABILITY = 1e-12
"""A tree's probability of 0 has no logarithm."""

Features = Callable[[Floats, Floats], Floats]
"""(samples in mV on the grid, NaN where missing; rows of BEAT_FIELDS) -> what the tree reads."""


@dataclass(frozen=True, slots=True)
class HeardFeatures:
    """What the net of a model that hears reads: features of samples, beats, and the sound of the same span."""

    make: Callable[[Floats, Floats, Floats], Floats]
    unheard: Callable[[Floats], str]
    """Why they are not to be judged, or nothing."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose files were checked and loaded; `key` is the net's file in use."""

    card: Card
    key: FileKey | None
    net: Net | None
    tree: Trees | None
    features: Features | None
    hears: HeardFeatures | None = None

    @property
    def runtime(self) -> str:
        """What the net runs on, with its version; empty without a net."""
        return self.net.runtime if self.net else ""

    @property
    def spoken(self) -> str:
        """Name, version, file and runtime, for people."""
        return f"{self.card.id}, {f'{self.key} on {self.runtime}' if self.net else 'tree alone'}"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a model says to one window, before temperature, with what it was made from."""

    scores: NDArray[np.float64]
    activation: NDArray[np.float64]
    features: Floats | None
    parts: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    """Of a model that hears: what each sense adds, (labels, senses); the logits are their mean, but for the bias."""
    fault: str = ""
    """Why there is none: the scores are all the same then."""
    of_net: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """What the net says alone, logits; empty unless a tree spoke too."""
    of_tree: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """What the tree says alone, log p; empty without one."""
    beside: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """What the tree tells beside the labels."""

    @property
    def voices(self) -> tuple[NDArray[np.float64], ...]:
        """What a recording is put together from: what net and tree say, each for itself, or the scores of the one there is."""
        return (self.of_net, self.of_tree) if self.of_net.size else (self.scores,)

    @property
    def last_word(self) -> NDArray[np.float64]:
        """What counts once more where this is a recording's last window: what the tree says, or without one the scores."""
        return self.of_tree if self.of_tree.size else self.scores


class Classifier:
    """Asks one model about windows: it owns its scratch, so each thread has its own. Of a model with a memory all share one."""

    __slots__ = ("_lean", "_net", "memories", "model", "preprocess")

    def __init__(self, model: Model, memories: Memories | None = None) -> None:
        self.model = model
        self.memories = memories or Memories()
        self._net = model.net.fork() if model.net else None
        self._lean = np.array(model.card.memory.lean) if model.card.memory else None
        self.preprocess = Preprocessor(model.card.input) if model.net and not model.hears else None

    def __call__(self, window: WindowReady) -> Inference:
        """Answer a window of the engine."""
        return said(window, self.opinion_of(window))

    def opinion_of(self, window: WindowReady) -> Opinion:
        """Say more than an answer holds, with what was said of this heart's earlier beats."""
        opinion = self.opinion(np.frombuffer(window.samples_mv, "<f4"), beats_of(window), np.frombuffer(window.sound, "<f4"))
        card = self.model.card
        if self._lean is None or not card.memory:
            return opinion
        heard = Heard(log_softmax(opinion.scores - self._lean), opinion.features, opinion.beside)
        return replace(opinion, scores=opinion.scores + self.memories.recall(window, heard, card, card.memory))

    def opinion(self, samples_mv: Floats, beats: Floats, sound: Floats | None = None) -> Opinion:
        """Answer samples on the grid with the beats known in them, and the sound of the same span if the model hears."""
        if self.model.hears:
            assert sound is not None, "a model that hears is asked with a sound"
            return self.of_features(self.model.hears.make(samples_mv, beats, sound))
        model, fusion = self.model, self.model.card.fusion
        logits, activation = np.zeros(model.card.n_outputs), None
        if self._net and self.preprocess:
            answer = self._net(self.preprocess(samples_mv))
            logits, activation = answer.logits.astype(np.float64), answer.activation
        if not (fusion and model.tree and model.features):
            return Opinion(self._leant(logits), self._shown(activation, logits), None)
        features = model.features(samples_mv, beats)
        told = model.tree(features).astype(np.float64)
        of_tree, beside = np.log(np.maximum(told[: len(logits)], LEAST_PROBABILITY)), told[len(logits) :]
        if not model.net:  # a tree alone has all the weight, and a softmax of nothing costs as much as a tenth of the trees
            return Opinion(self._leant(of_tree), self._shown(None, of_tree), features, of_tree=of_tree, beside=beside)
        scores = fusion.net_weight * log_softmax(logits / fusion.net_temperature) + (1 - fusion.net_weight) * of_tree
        return Opinion(self._leant(scores), self._shown(activation, scores), features, of_net=logits, of_tree=of_tree, beside=beside)

    def of_features(self, features: Floats) -> Opinion:
        """Answer the features that a model that hears reads; its activation is what each sense adds."""
        assert self._net, "a model that hears has a net"
        assert self.model.hears, "a model that hears"
        if fault := self.model.hears.unheard(features):
            return Opinion(np.zeros(len(self.model.card.labels)), np.zeros(0), features, fault=fault)
        answer = self._net(features.reshape(1, 1, 1, -1))
        logits = answer.logits.astype(np.float64)
        return Opinion(logits, self._shown(answer.activation, logits), features, answer.activation.astype(np.float64))

    def _leant(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        return scores if self._lean is None else scores + self._lean

    def _shown(self, activation: Floats | None, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the top label's map, at most MAX_ACTIVATION means of equal stretches, its largest magnitude 1."""
        if activation is None or not activation.size:
            return np.zeros(0)
        card = self.model.card
        line = activation[max(places_shown(card.labels, card.shown), key=scores.__getitem__)].astype(np.float64)
        if len(line) > MAX_ACTIVATION:
            line = np.array([stretch.mean() for stretch in np.array_split(line, MAX_ACTIVATION)])
        largest = float(np.abs(line).max())
        return np.asarray(line / largest if largest > 0 else line)


def said(window: WindowReady, opinion: Opinion) -> Inference:
    """Return an opinion as the answer to a window."""
    scores, activation = tuple(opinion.scores.tolist()), tuple(opinion.activation.tolist())
    return Inference(window.stream, window.model, window.window_id, scores, activation)


def beats_of(window: WindowReady) -> Floats:
    """Return a window's beats as rows of BEAT_FIELDS."""
    return np.frombuffer(window.beats, "<f4").reshape(-1, len(BEAT_FIELDS))


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithms of the probabilities that logits stand for."""
    away = logits - np.maximum.reduce(logits)
    return np.asarray(away - np.log(np.add.reduce(np.exp(away))))
