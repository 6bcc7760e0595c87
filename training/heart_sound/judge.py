"""How good the model is about recordings it has not seen: many splits by recording, and splits that keep look-alikes together.

A threshold is chosen on the other folds' answers, never on those it is used for. What coupling adds is measured on the same splits, with
its interval over resampled recordings. Recordings of one person are not marked in this set, and an ECG's beat is nearly a
fingerprint; so a second kind of split keeps recordings whose beats look alike on one side.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from common.scores import interval
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist
from scipy.stats import norm
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from edgeecg.models.features.heart_sound import BEAT_POINTS, SENSES
from heart_sound.coupled import METHODS
from heart_sound.machine import Floats, Ints, Prepared, Views, learn, prepare
from heart_sound.recordings import Harvest

FOLDS = 5
SPLITS = 10
ALIKE = 0.05
"""Median beats, in units of their QRS, that differ by less on average are taken for one person's."""
BLUR, N_CUTS = 0.2, 200
"""Scores are blurred by so much of their spread where a threshold is chosen, and so many are tried."""
NARROW = {"beat": 4.0}
"""The shape of the beat is compared more sharply than the other senses."""
ECG, PCG = ("beat", "rhythm"), ("phases", "cycle", "cepstra")
ABLATION: dict[str, tuple[str, ...]] = {
    "ECG": ECG,
    "PCG": PCG,
    "ECG + PCG": (*ECG, *PCG),
    **{f"ECG + PCG + {method}": (*ECG, *PCG, method) for method in METHODS},
}


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """All windows of all recordings, sense by sense."""

    views: dict[str, NDArray[np.float32]]
    recording: Ints
    """Of each window."""
    label: Ints
    """Of each recording."""
    lookalike: Ints
    """Of each recording: its group."""

    def taken(self, recordings: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Ints, Ints]:
        """Return some recordings' windows as a mask, with their labels and recordings."""
        mask = recordings[self.recording]
        return mask, self.label[self.recording[mask]], self.recording[mask]


def table(harvests: Sequence[Harvest]) -> Table:
    """Put recordings together; one without a window that can be answered is left out."""
    used = [one for one in harvests if len(one.features)]
    features = np.concatenate([one.features for one in used])
    ends = np.cumsum([len(names) for names in SENSES.values()])
    views = dict(zip(SENSES, np.split(features, ends[:-1].tolist(), axis=1), strict=True))
    views |= {method: np.concatenate([one.coupling[method] for one in used]) for method in METHODS}
    recording = np.repeat(np.arange(len(used)), [len(one.features) for one in used])
    return Table(views, recording, np.array([one.label for one in used]), lookalikes([one.features[:, :BEAT_POINTS] for one in used]))


def lookalikes(beats: Sequence[NDArray[np.float32]]) -> Ints:
    """Return each recording's group: of those whose median beats lie within ALIKE of each other, on average."""
    usual = np.array([np.median(one, axis=0) for one in beats], np.float64)
    apart = pdist(usual) / np.sqrt(usual.shape[1])
    return np.asarray(fcluster(linkage(apart, "average"), ALIKE, "distance"), np.int64)


def splits(data: Table, seed: int, *, lookalikes: bool) -> Ints:
    """Deal recordings to folds, class by class."""
    fold = np.zeros(len(data.label), np.int64)
    how = StratifiedGroupKFold if lookalikes else StratifiedKFold
    groups = data.lookalike if lookalikes else None
    for at, (_, held) in enumerate(how(FOLDS, shuffle=True, random_state=seed).split(data.label, data.label, groups)):
        fold[held] = at
    return fold


def answers(data: Table, fold: Ints, sets: Mapping[str, tuple[str, ...]] = ABLATION) -> dict[str, Floats]:
    """Return each recording's score by a machine that has not seen it, the mean of its windows', for each set of senses."""
    scores = {name: np.zeros(len(data.label)) for name in sets}
    for held in range(FOLDS):
        mask, label, recording = data.taken(fold != held)
        seen: dict[str, Prepared] = {name: prepare(x[mask], NARROW.get(name, 1.0)) for name, x in data.views.items()}
        others: Views = {name: x[~mask] for name, x in data.views.items()}
        of = data.recording[~mask]
        for name, senses in sets.items():
            machine = learn({sense: seen[sense] for sense in senses}, label, recording)
            scores[name] += by_recording(machine(others), of, len(data.label))
    return scores


def by_recording(scores: Floats, recording: Ints, n: int) -> Floats:
    """Return the mean of each recording's windows; 0 for one that has none."""
    return np.asarray(np.bincount(recording, scores, n) / np.maximum(np.bincount(recording, minlength=n), 1))


def mcc(truth: Ints, said: Ints) -> float:
    """Return Matthews' correlation coefficient; 0 where it is not defined."""
    a, b = truth - truth.mean(), said - said.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else 0.0


def auc(truth: Ints, score: Floats) -> float:
    """Return the share of pairs of an abnormal and a normal recording that are in order."""
    gaps = score[truth == 1][:, None] - score[truth == 0][None, :]
    return float((gaps > 0).mean() + (gaps == 0).mean() / 2)


def threshold(truth: Ints, score: Floats) -> float:
    """Return where to cut scores into two: where the MCC is highest, of scores blurred a little, for a few decide it otherwise."""
    cuts = np.linspace(*np.quantile(score, (0.02, 0.98)), N_CUTS)
    above = norm.sf((cuts[:, None] - score[None, :]) / (BLUR * score.std()))
    hit, false = above[:, truth == 1].sum(1), above[:, truth == 0].sum(1)
    missed, right = (truth == 1).sum() - hit, (truth == 0).sum() - false
    size = np.sqrt((hit + false) * (hit + missed) * (right + false) * (right + missed))
    return float(cuts[int(((hit * right - false * missed) / np.maximum(size, 1e-12)).argmax())])


def decided(truth: Ints, score: Floats, fold: Ints) -> Ints:
    """Answer each fold by the threshold that the other folds' answers set."""
    said = np.zeros(len(truth), np.int64)
    for held in range(FOLDS):
        inside = fold == held
        said[inside] = score[inside] > threshold(truth[~inside], score[~inside])
    return said


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What a set of senses said in every split: scores and decisions, split by split."""

    scores: Floats
    said: Ints


def judged(data: Table, *, lookalikes: bool, n_splits: int = SPLITS) -> dict[str, Judged]:
    """Ask every set of senses in every split."""
    scores: dict[str, list[Floats]] = {name: [] for name in ABLATION}
    said: dict[str, list[Ints]] = {name: [] for name in ABLATION}
    for seed in range(n_splits):
        fold = splits(data, seed, lookalikes=lookalikes)
        for name, score in answers(data, fold).items():
            scores[name].append(score)
            said[name].append(decided(data.label, score, fold))
        print(f"split {seed + 1} of {n_splits}{', look-alikes together' if lookalikes else ''}", flush=True)
    return {name: Judged(np.array(scores[name]), np.array(said[name])) for name in ABLATION}


def mean_mcc(truth: Ints, said: Ints) -> float:
    """Return the MCC, averaged over splits."""
    return float(np.mean([mcc(truth, one) for one in said]))


def mean_auc(truth: Ints, scores: Floats) -> float:
    """Return the AUC, averaged over splits."""
    return float(np.mean([auc(truth, one) for one in scores]))


def figures(truth: Ints, results: Mapping[str, Judged]) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Return of each set of senses its MCC and AUC, and what its MCC has over ECG + PCG, each with its interval."""
    plain = results["ECG + PCG"]
    return {
        name: {
            "MCC": spanned(lambda k, one=one: mean_mcc(truth[k], one.said[:, k]), len(truth)),
            "AUC": spanned(lambda k, one=one: mean_auc(truth[k], one.scores[:, k]), len(truth), rounds=300),
            "gain": spanned(lambda k, one=one: mean_mcc(truth[k], one.said[:, k]) - mean_mcc(truth[k], plain.said[:, k]), len(truth)),
        }
        for name, one in results.items()
    }  # fmt: skip


def spanned(measure: Callable[[Ints], float], n: int, rounds: int = 1000) -> tuple[float, float, float]:
    """Return a figure and its interval over resampled recordings."""
    low, high = interval(measure, n, rounds=rounds)
    return float(measure(np.arange(n))), low, high
