"""What a model of beats said of this heart's earlier beats: those of one shape are mostly of one kind, so it speaks again.

A single beat may deceive; a shape that one heart has shown fifty times, and that was told each time by its moment and its form, seldom
does. Only what the model said of a beat by itself is remembered, without what its memory added: an error does not feed itself.
"""

import math
import threading
from collections.abc import Container
from importlib import import_module
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.backend import Floats
from edgeecg.models.card import GRID_HZ, SHAPE_AFTER_S, SHAPE_BEFORE_S, Card, Memory
from edgeecg.models.course import Course, pace_of
from edgeecg.types import WindowReady

BEFORE, AFTER = round(SHAPE_BEFORE_S * GRID_HZ), round(SHAPE_AFTER_S * GRID_HZ)
"""The shape of a beat: so many grid samples before its R peak and from it on."""
LEAST_PROBABILITY = 1e-3
"""Added to each, so that no one answer outweighs all others."""
RR, RR_BEFORE = 0, 1
"""Where the features of a beat hold its interval and the one before."""

Scores = NDArray[np.float64]


class Heard(NamedTuple):
    """What a model said of a beat by itself, and what it read and told beside."""

    log_p: Scores
    features: Floats | None = None
    beside: Scores | None = None


def shape_of(samples_mv: Floats, at: int) -> Scores:
    """Return the complex whose R peak is samples_mv[at], its mean 0 and its length 1; a flat one is all zeros."""
    clean: Scores = import_module("edgeecg.models.features.strip").strip(samples_mv).clean  # kernels are loaded for a model that needs them
    around = clean[at - BEFORE : at + AFTER]
    around = around - np.add.reduce(around) / len(around)
    length = math.sqrt(np.add.reduce(around * around))
    return np.asarray(around / length if length > 0 else around)


def odds(log_p: Scores, usual: int) -> Scores:
    """Return each label's log odds against the usual one; rows of beats, or one beat's."""
    p = np.log(np.exp(log_p) + LEAST_PROBABILITY)
    return np.asarray(p - p[..., usual : usual + 1])


class Heart:
    """One heart's last beats: when they were, how they looked, what was said of them; and its course."""

    __slots__ = ("_at", "_n", "_said", "_shapes", "course")

    def __init__(self, most: int, n_labels: int, course: Course | None = None) -> None:
        self.course = course
        self._at = np.full(most, np.iinfo(np.int64).max)
        self._shapes, self._said = np.zeros((most, BEFORE + AFTER)), np.zeros((most, n_labels))
        self._n = 0

    def said_of_alike(self, at: int, shape: Scores, alike: float) -> Scores:
        """Return the mean of what was said of the beats before `at` whose shape correlates with this one by more than `alike`; zeros without one."""
        those = np.flatnonzero((self._at < at) & (np.einsum("ij,j->i", self._shapes, shape) > alike))
        return np.asarray(np.add.reduce(self._said.take(those, 0)) / max(len(those), 1))

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

    def recall(self, window: WindowReady, heard: Heard, card: Card, learned: Memory) -> Scores:
        """Return what is added to a beat's scores for the beats before it, and remember this one as it was heard by itself."""
        samples = np.frombuffer(window.samples_mv, "<f4")
        shape = shape_of(samples, round((card.input.before_s or 0.0) * GRID_HZ))
        said = odds(heard.log_p, card.labels.index(learned.usual))
        with self._lock:
            heart = self._hearts.get(window.stream)
            if heart is None or heart.is_after(window.beat_sample + window.len_samples):
                course = Course(learned.course) if learned.course else None
                heart = self._hearts[window.stream] = Heart(learned.beats, len(card.labels), course)
            added = np.array(learned.weight) * heart.said_of_alike(window.beat_sample, shape, learned.alike)
            heart.keep(window.beat_sample, shape, said)
            if heart.course and learned.course:
                added[card.labels.index(learned.course.early)] += _of_course(heart.course, heard, card, learned)
        return np.asarray(added)


def _of_course(course: Course, heard: Heard, card: Card, learned: Memory) -> float:
    """Return what is added to the score of an early beat for the heart's course, which goes on with this beat."""
    asked = learned.course
    assert asked, "a card with a course"
    assert card.fusion
    assert card.fusion.beside, "has a tree that tells of fibrillation"
    assert heard.features is not None
    assert heard.beside is not None
    p = np.exp(heard.log_p).tolist()
    pace = pace_of(float(heard.features[RR]), float(heard.features[RR_BEFORE]), asked.alike)
    fibrillating = float(heard.beside[card.fusion.beside.index(asked.fibrillating)])
    return course.added(course.step(p[card.labels.index(learned.usual)], p[card.labels.index(asked.early)], fibrillating, pace))
