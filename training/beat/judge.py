"""The beat model on records whose person it has not seen: sensitivity and predictivity of each class, missed beats counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from common.boost import Boost, Forest, grow
from common.scores import interval, log_softmax
from numpy.typing import NDArray

from beat.course import counted, learned, said_of_course
from beat.harvest import LABELS, Harvest
from beat.settled import Settled
from edgeecg.models.card import Course
from edgeecg.models.features.beat import NAMES
from edgeecg.models.memory import Heart, odds

FOLDS = 8
TINY = 1e-12
UNTOLD, FUSION = LABELS.index("Q"), LABELS.index("F")
"""What no annotator saw is learned as Q, the class of what cannot be told; and so are fusions, which too few persons have to tell them."""
GROWTH = Boost(seeds=(1, 2, 3))
FIBRILLATING = len(LABELS)
"""While learning, normal beats of a fibrillating heart are a class of their own: they come early and late, and are neither S nor V."""
FOLD = np.eye(FIBRILLATING + 1, dtype=np.float32)
FOLD[FIBRILLATING, 0] = 1.0
"""What is learned, by row, is answered as the label by column; the last column tells, beside the labels, what part of them fibrillates."""
HIDDEN = [NAMES.index(name) for name in ("n_before", "minute_rr_n")]
"""Never learned from: how long the stream has lasted tells where a recording is from, not what a beat is."""
BALANCE = 0.25
"""Weight of a class: its share to the power of minus this."""
EVERY_NORMAL = 6
"""One normal beat in so many is learned from, and stands for them all."""
SETTLED = {"N": 0.3, "S": 0.5}
"""How much the beats of settled rhythms, and those made early in them, weigh beside the records' own of the class."""
OTHERS = {"N": 0.1, "S": 0.8, "V": 0.3}
"""And so much those of recordings in which the rhythm says what a beat is."""
WIDE = {"S": 0.2, "V": 0.05}
"""And so much those made early and wide."""
LEANS = np.linspace(0.0, 3.0, 13)
"""Added to a logarithm of odds: what is tried for S and for V."""
RUNS, AGAINST = (0.0, 0.25, 0.5), (0.0, 4.0, 8.0, 12.0)
"""What is tried for how much a run counts for S, and fibrillation before against it."""
WEIGHT = 3.0
"""How much that was said of beats alike counts for V."""
MOST_BEATS, ALIKE = 300, 0.95
"""So many beats are remembered, and those whose complexes correlate by more than this are alike."""
MARKS = {"S": (0.75, 0.70), "V": (0.93, 0.95)}
"""Sensitivity and predictivity that are to be reached: the first is easily had for the second, so a lean is where both are as near."""
NEUTRAL = {"S": ("Q",), "V": ("F", "Q")}
"""Calling these so neither counts for nor against a class: EC57's rule, and that of the literature."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A record's counts: truth by row, answer by column; the last column is beats nobody was asked about in time, the last row no beats."""

    name: str
    counts: NDArray[np.int64]


def folds(persons: list[str], seed: int = 3) -> dict[str, int]:
    """Deal persons to folds, by a fixed shuffle."""
    names = sorted(set(persons))
    order = np.random.default_rng(seed).permutation(len(names))
    return {names[k]: int(at) % FOLDS for at, k in enumerate(order)}


def rows(harvests: list[Harvest]) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_], Floats]:
    """Return features, labels, whether the atria fibrillate, and weights of what the engine asked in some records."""
    x = np.concatenate([h.features for h in harvests])
    fibrillating = np.concatenate([h.fibrillating for h in harvests])
    y = np.concatenate([np.where(h.label < 0, UNTOLD, h.label) for h in harvests])
    normal = y == 0
    kept = ~normal | (np.cumsum(normal) % EVERY_NORMAL == 0)
    x, y, fibrillating, weight = x[kept], y[kept], fibrillating[kept], np.where(normal, float(EVERY_NORMAL), 1.0)[kept]
    share = np.bincount(y, weight, len(LABELS)) / weight.sum()
    return x, y, fibrillating, weight * np.maximum(share[y], 1e-3) ** -BALANCE


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What is learned from: records as they are judged, the same records otherwise seen, and beats of persons who are nobody's here."""

    records: list[Harvest]
    views: list[Harvest]
    settled: Settled
    others: Settled
    wide: Settled

    def forest(self, persons: Callable[[str], bool]) -> Forest:
        """Grow a forest on some persons' records, and on the beats of all who are not judged."""
        parts = [rows([h for h in some if persons(h.person)]) for some in (self.records, self.views)]
        _, y, _, weight = own = [np.concatenate(part) for part in zip(*parts, strict=True)]
        weighed = [own]
        for more, shares in ((self.settled, SETTLED), (self.others, OTHERS), (self.wide, WIDE)):
            added = np.zeros(len(more.label))
            for name, share in shares.items():
                of = LABELS.index(name)
                added[more.label == of] = share * weight[y == of].sum() / max((more.label == of).sum(), 1)
            weighed.append([more.features, more.label, more.fibrillating, added])
        x, y, fibrillating, weight = (np.concatenate(part) for part in zip(*weighed, strict=True))
        x[:, HIDDEN] = 0.0
        y = np.where(y == FUSION, UNTOLD, y)
        return grow(x, np.where(fibrillating & (y == 0), FIBRILLATING, y), weight, len(FOLD), GROWTH)


def answered(forest: Forest, features: NDArray[np.float32]) -> Floats:
    """Return each label's probability, and last what part of them is of normal beats in fibrillation."""
    return np.asarray(forest.predict_proba(features) @ FOLD.astype(np.float64))


def cross_validated(lessons: Lessons) -> list[Floats]:
    """Return each record's probabilities by a forest that did not see its person."""
    harvests = lessons.records
    fold_of = folds([h.person for h in harvests])
    answers: list[Floats] = [np.zeros((0, len(FOLD)))] * len(harvests)
    for fold in range(FOLDS):
        forest = lessons.forest(lambda person, fold=fold: fold_of[person] != fold)  # type: ignore[misc]
        for place, h in enumerate(harvests):
            if fold_of[h.person] == fold:
                answers[place] = answered(forest, h.features)
        print(f"beat: fold {fold + 1} of {FOLDS}", flush=True)
    return answers


@dataclass(frozen=True, slots=True)
class Manner:
    """How answers are made of a forest's: what is added to the log odds of S and V, how much this heart's beats alike count for V, and its
    course for S.
    """

    of_s: float = 0.0
    of_v: float = 0.0
    weight: float = WEIGHT
    run: float = 0.0
    against: float = 0.0

    @property
    def lean(self) -> Floats:
        """Return what is added for each label."""
        return _by_label(S=self.of_s, V=self.of_v)

    @property
    def weights(self) -> Floats:
        """Return how much what was said of beats alike counts for each label."""
        return _by_label(V=self.weight)

    def scores(self, chance: Floats, past: "Past") -> Floats:
        """Return what the model says, given what the beats before say."""
        of_course = past.course @ np.array([self.run, -self.against])
        own = np.log(np.maximum(chance[:, : len(LABELS)], TINY)) + self.lean
        return np.asarray(own + self.weights * past.alike + of_course[:, None] * _by_label(S=1.0))


def _by_label(**of: float) -> Floats:
    return np.array([of.get(label, 0.0) for label in LABELS])


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What was said, of each beat of a record, of those before it that look like it, and of the heart's course."""

    alike: Floats
    course: Floats


def past(h: Harvest, chance: Floats, how: Course) -> Past:
    """Return what the beats before say of each beat of a record, as the model remembers."""
    return Past(said_of_alike(h, chance), said_of_course(h, chance, how))


def said_of_alike(h: Harvest, chance: Floats) -> Floats:
    """Return of each beat of a record what was said of those before that look like it, as the model remembers."""
    log_p = np.log(np.maximum(chance[:, : len(LABELS)], TINY))
    heart, said = Heart(MOST_BEATS, len(LABELS)), odds(log_p, LABELS.index("N"))
    result = np.zeros_like(log_p)
    for k, shape in enumerate(h.shape.astype(np.float64)):
        result[k] = heart.said_of_alike(k, shape, ALIKE)
        heart.keep(k, shape, said[k])
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A record with the answers about it, of which every manner is tried once."""

    record: Harvest
    chance: Floats
    past: Past

    def scores(self, manner: Manner) -> Floats:
        """Return the answers in a manner."""
        return manner.scores(self.chance, self.past)


def chosen(trials: Sequence[Trial], counts: Callable[[Trial, Manner], NDArray[np.int64]], *, alone: bool) -> Manner:
    """Return the manner for some records: first how much the course counts, by the F1 of S; then the leans, by all marks."""

    def best(manners: list[Manner], score: Callable[[NDArray[np.int64]], float]) -> Manner:
        return max(manners, key=lambda manner: score(np.sum([counts(trial, manner) for trial in trials], axis=0)))

    weight = 0.0 if alone else WEIGHT
    pairs = [(0.0, 0.0)] if alone else [(run, against) for run in RUNS for against in AGAINST]
    first = best(
        [Manner(0.0, float(v), weight, *pair) for pair in pairs for v in LEANS],
        lambda total: _f1(total, LABELS.index("S")) + _beside_marks(total, "V"),
    )
    return best(
        [Manner(float(s), float(v), weight, first.run, first.against) for s in LEANS for v in LEANS],
        lambda total: _beside_marks(total, "S") + _beside_marks(total, "V"),
    )


def _beside_marks(counts: NDArray[np.int64], name: str) -> float:
    """Return the lesser of both figures in parts of what each is to reach."""
    (se, ppv), label = MARKS[name], LABELS.index(name)
    return min(sensitivity(counts, label) / se, predictivity_ec57(counts, label) / ppv)


def _f1(counts: NDArray[np.int64], label: int) -> float:
    se, ppv = sensitivity(counts, label), predictivity_ec57(counts, label)
    return 2 * se * ppv / max(se + ppv, TINY)


def nested(harvests: list[Harvest], answers: list[Floats], *, alone: bool = False) -> tuple[list[Floats], Manner, Course]:
    """Return every record's log-probabilities in the manner that was best on the other folds, and the manner and the course of all.

    `alone`: each beat is judged by itself.
    """
    fold_of = folds([h.person for h in harvests])
    own = [fold_of[h.person] for h in harvests]
    each = [counted(h) for h in harvests]
    courses = [learned(np.sum([one for one, at in zip(each, own, strict=True) if at != fold], axis=0)) for fold in range(FOLDS)]
    trials = [Trial(h, chance, past(h, chance, courses[at])) for h, chance, at in zip(harvests, answers, own, strict=True)]
    counts = cache(lambda trial, manner: judged(trial.record, trial.scores(manner)).counts)
    manners = [chosen([trial for trial, at in zip(trials, own, strict=True) if at != fold], counts, alone=alone) for fold in range(FOLDS)]
    told = [log_softmax(trial.scores(manners[at])) for trial, at in zip(trials, own, strict=True)]
    of_all = chosen(trials, counts, alone=alone)
    return told, of_all, learned(np.sum(each, axis=0), of_all.run, of_all.against)


def judged(h: Harvest, scores: Floats) -> Judged:
    """Count a record's answers."""
    n = len(LABELS)
    counts = np.zeros((n + 1, n + 1), np.int64)
    said = scores.argmax(1)
    answer = np.where(h.asked >= 0, said[h.asked], n)
    np.add.at(counts, (h.truth, answer), 1)
    np.add.at(counts, (np.full((h.label < 0).sum(), n), said[h.label < 0]), 1)
    return Judged(h.name, counts)


def sensitivity(counts: NDArray[np.int64], label: int) -> float:
    """Share of a class's annotated beats that were called so; missed ones were not."""
    return float(counts[label, label] / max(counts[label].sum(), 1))


def predictivity(counts: NDArray[np.int64], label: int) -> float:
    """Share of answers of a class that are right; calls where no beat is are wrong."""
    return float(counts[label, label] / max(counts[:, label].sum(), 1))


def predictivity_ec57(counts: NDArray[np.int64], label: int) -> float:
    """The same, but that beats of the classes NEUTRAL to this one count neither for nor against."""
    neutral = [LABELS.index(name) for name in NEUTRAL.get(LABELS[label], ())]
    return float(counts[label, label] / max(counts[:, label].sum() - counts[neutral, label].sum(), 1))


def figures(records: list[Judged]) -> dict[str, tuple[float, float, float]]:
    """Return gross figures in percent, each with its interval over resampled records."""
    stack = np.stack([record.counts for record in records])
    result = {}
    for at, label in enumerate(LABELS):
        strict = (("PPV, all counted", predictivity),) if label in NEUTRAL else ()
        for name, measure in (("Se", sensitivity), ("PPV", predictivity_ec57), *strict):
            value = measure(stack.sum(0), at)
            low, high = interval(lambda k, m=measure, a=at: m(stack[k].sum(0), a), len(stack))  # type: ignore[misc]
            result[f"{label} {name}"] = (100 * value, 100 * min(low, value), 100 * max(high, value))
    return result
