"""What a model of beats said of this heart's earlier beats: those of one shape are mostly of one kind, so it speaks again.

A single beat may deceive; a shape that one heart has shown fifty times, and that was told each time by its moment and its form, seldom
does. Only what the model said of a beat by itself is remembered, without what its memory added: an error does not feed itself.
"""

import threading
from collections.abc import Container
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.backend import Floats
from edgeecg.models.card import GRID_HZ, SHAPE_AFTER_S, SHAPE_BEFORE_S, Card, Memory
from edgeecg.types import WindowReady

BEFORE, AFTER = round(SHAPE_BEFORE_S * GRID_HZ), round(SHAPE_AFTER_S * GRID_HZ)
"""The shape of a beat: so many grid samples before its R peak and from it on."""
LEAST_PROBABILITY = 1e-3
"""Added to each, so that no one answer outweighs all others."""

Scores = NDArray[np.float64]


def shape_of(samples_mv: Floats, at: int) -> Scores:
    """Return the complex whose R peak is samples_mv[at], its mean 0 and its length 1; a flat one is all zeros."""
    clean: Scores = import_module("edgeecg.models.features.strip").strip(samples_mv).clean  # kernels are loaded for a model that needs them
    around = clean[at - BEFORE : at + AFTER]
    around = around - around.mean()
    length = float(np.sqrt(np.sum(around * around)))
    return np.asarray(around / length if length > 0 else around)


def odds(log_p: Scores, usual: int) -> Scores:
    """Return each label's log odds against the usual one; rows of beats, or one beat's."""
    p = np.log(np.exp(log_p) + LEAST_PROBABILITY)
    return np.asarray(p - p[..., usual : usual + 1])


class Heart:
    """One heart's last beats: when they were, how they looked, what was said of them."""

    __slots__ = ("_at", "_n", "_said", "_shapes")

    def __init__(self, most: int, n_labels: int) -> None:
        self._at = np.full(most, np.iinfo(np.int64).max)
        self._shapes, self._said = np.zeros((most, BEFORE + AFTER)), np.zeros((most, n_labels))
        self._n = 0

    def said_of_alike(self, at: int, shape: Scores, alike: float) -> Scores:
        """Return the mean of what was said of the beats before `at` whose shape correlates with this one by more than `alike`; zeros without one."""
        those = (self._at < at) & (np.einsum("ij,j->i", self._shapes, shape) > alike)
        return np.asarray(self._said[those].mean(0) if those.any() else np.zeros(self._said.shape[1]))

    def keep(self, at: int, shape: Scores, said: Scores) -> None:
        """Remember a beat in place of the one remembered longest."""
        slot = self._n % len(self._at)
        self._at[slot], self._shapes[slot], self._said[slot] = at, shape, said
        self._n += 1

    def is_after(self, at: int) -> bool:
        """Say whether what is remembered came later than `at`: the stream began anew."""
        return self._n > 0 and int(self._at[(self._n - 1) % len(self._at)]) > at


class Memories:
    """The hearts a model has met, by stream. Its threads take turns."""

    __slots__ = ("_hearts", "_lock")

    def __init__(self) -> None:
        self._hearts: dict[str, Heart] = {}
        self._lock = threading.Lock()

    def keep_only(self, streams: Container[str]) -> None:
        """Forget the hearts of streams that are no more."""
        with self._lock:
            for gone in [name for name in self._hearts if name not in streams]:
                del self._hearts[gone]

    def recall(self, window: WindowReady, log_p: Scores, card: Card, learned: Memory) -> Scores:
        """Return what is added to a beat's scores for the beats before it, and remember this one with its own log p."""
        samples = np.frombuffer(window.samples_mv, "<f4")
        shape = shape_of(samples, round((card.input.before_s or 0.0) * GRID_HZ))
        said = odds(log_p, card.labels.index(learned.usual))
        with self._lock:
            heart = self._hearts.get(window.stream)
            if heart is None or heart.is_after(window.beat_sample + window.len_samples):
                heart = self._hearts[window.stream] = Heart(learned.beats, len(card.labels))
            before = heart.said_of_alike(window.beat_sample, shape, learned.alike)
            heart.keep(window.beat_sample, shape, said)
        return np.asarray(np.array(learned.weight) * before)
