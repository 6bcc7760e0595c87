"""The beat model on records whose person it has not seen: sensitivity and predictivity of each class, missed beats counted."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from common.boost import Boost, Forest, grow
from common.scores import interval, log_softmax
from numpy.typing import NDArray

from beat.harvest import LABELS, Harvest
from beat.settled import Settled
from edgeecg.models.features.beat import NAMES
from edgeecg.models.memory import Heart, odds

FOLDS = 8
TINY = 1e-12
UNLABELLED = LABELS.index("Q")
"""What no annotator saw is learned as Q, the class of what cannot be told."""
GROWTH = Boost(seeds=(1, 2))
FIBRILLATING = len(LABELS)
"""While learning, normal beats of a fibrillating heart are a class of their own: they come early and late, and are neither S nor V."""
FOLD = np.vstack((np.eye(len(LABELS)), np.eye(len(LABELS))[0])).astype(np.float32)
"""What is learned, by row, is answered as the label by column."""
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
WEIGHTS = (0.0, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
"""What is tried for how much that was said of beats alike counts for V."""
MOST_BEATS, ALIKE = 300, 0.95
"""So many beats are remembered, and those whose complexes correlate by more than this are alike."""
MARKS_OF_V = 0.93, 0.95
"""Sensitivity and predictivity that V is to reach: the first is easily had for the second, so the lean is where both are as near."""
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
    y = np.concatenate([np.where(h.label < 0, UNLABELLED, h.label) for h in harvests])
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
        return grow(x, np.where(fibrillating & (y == 0), FIBRILLATING, y), weight, len(FOLD), GROWTH)


def answered(forest: Forest, features: NDArray[np.float32]) -> Floats:
    """Return each label's probability."""
    return np.asarray(forest.predict_proba(features) @ FOLD.astype(np.float64))


def cross_validated(lessons: Lessons) -> list[Floats]:
    """Return each record's probabilities by a forest that did not see its person."""
    harvests = lessons.records
    fold_of = folds([h.person for h in harvests])
    answers: list[Floats] = [np.zeros((0, len(LABELS)))] * len(harvests)
    for fold in range(FOLDS):
        forest = lessons.forest(lambda person, fold=fold: fold_of[person] != fold)  # type: ignore[misc]
        for place, h in enumerate(harvests):
            if fold_of[h.person] == fold:
                answers[place] = answered(forest, h.features)
        print(f"beat: fold {fold + 1} of {FOLDS}", flush=True)
    return answers


@dataclass(frozen=True, slots=True)
class Manner:
    """How answers are made of a forest's: what is added to the log odds of S and V, and how much this heart's beats alike count for V."""

    of_s: float
    of_v: float
    weight: float

    @property
    def lean(self) -> Floats:
        """Return what is added for each label."""
        return np.array([{"S": self.of_s, "V": self.of_v}.get(label, 0.0) for label in LABELS])

    @property
    def weights(self) -> Floats:
        """Return how much what was said of beats alike counts for each label."""
        return np.array([self.weight if label == "V" else 0.0 for label in LABELS])

    def scores(self, chance: Floats, said: Floats) -> Floats:
        """Return what the model says, given what was `said` of the beats alike."""
        return np.asarray(np.log(np.maximum(chance, TINY)) + self.lean + self.weights * said)


MANNERS = [Manner(float(s), float(v), w) for w in WEIGHTS for s in LEANS for v in LEANS]


def said_of_alike(h: Harvest, chance: Floats) -> Floats:
    """Return of each beat of a record what was said of those before that look like it, as the model remembers."""
    heart, said = Heart(MOST_BEATS, len(LABELS)), odds(np.log(np.maximum(chance, TINY)), LABELS.index("N"))
    result = np.zeros_like(chance)
    for k, shape in enumerate(h.shape.astype(np.float64)):
        result[k] = heart.said_of_alike(k, shape, ALIKE)
        heart.keep(k, shape, said[k])
    return result


def tried(h: Harvest, chance: Floats) -> NDArray[np.int64]:
    """Return a record's counts in every manner."""
    said = said_of_alike(h, chance)
    return np.stack([judged(h, manner.scores(chance, said)).counts for manner in MANNERS])


def best(counts: NDArray[np.int64]) -> Manner:
    """Return the manner in which S has the best F1 and V comes nearest to both its marks together, by records' counts in every manner."""
    scores = [_f1(total, LABELS.index("S")) + _beside_marks(total, LABELS.index("V")) for total in counts.sum(0)]
    return MANNERS[int(np.argmax(scores))]


def _beside_marks(counts: NDArray[np.int64], label: int) -> float:
    """Return the lesser of both figures in parts of what each is to reach."""
    se, ppv = MARKS_OF_V
    return min(sensitivity(counts, label) / se, predictivity_ec57(counts, label) / ppv)


def _f1(counts: NDArray[np.int64], label: int) -> float:
    se, ppv = sensitivity(counts, label), predictivity_ec57(counts, label)
    return 2 * se * ppv / max(se + ppv, TINY)


def nested(harvests: list[Harvest], answers: list[Floats]) -> tuple[list[Floats], Manner]:
    """Return every record's log-probabilities in the manner that was best on the other folds, and the one best on all."""
    fold_of = folds([h.person for h in harvests])
    counts = np.stack([tried(h, chance) for h, chance in zip(harvests, answers, strict=True)])
    own = np.array([fold_of[h.person] for h in harvests])
    manners = [best(counts[own != fold]) for fold in range(FOLDS)]
    told = [
        log_softmax(manners[fold_of[h.person]].scores(chance, said_of_alike(h, chance)))
        for h, chance in zip(harvests, answers, strict=True)
    ]
    return told, best(counts)


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
