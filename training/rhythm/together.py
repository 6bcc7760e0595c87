"""Net and tree as one answer: how much each counts, and what the answer is worth. Weights are chosen on other folds."""

from dataclasses import dataclass

import numpy as np
from common.scores import confusion, f1_each, fit_temperature, interval, log_softmax, sensitivity_at
from numpy.typing import NDArray

from rhythm.recordings import FOLDS, LABELS

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

WEIGHTS = np.linspace(0.0, 1.0, 41)
SHARES = np.linspace(0.0, 1.0, 21)
NEAR = 3
"""A weight is judged with so many to either side: one weight's luck is not its neighbours'."""
TINY = 1e-12
AF = LABELS.index("A")
AF_AT = "AF sensitivity at specificity 0.97"


@dataclass(frozen=True, slots=True)
class Mix:
    """What the card says of a fusion."""

    net_weight: float
    net_temperature: float


def logs(trees: Floats) -> Floats:
    """Return the logarithms of trees' probabilities, as live."""
    return np.asarray(np.log(np.maximum(trees, TINY)))


def fused(mix: Mix, logits: Floats, trees: Floats) -> Floats:
    """Return the scores of windows: logarithms of probabilities, each weighed, as live."""
    return np.asarray(mix.net_weight * log_softmax(logits / mix.net_temperature) + (1 - mix.net_weight) * logs(trees))


def by_recording(scores: Floats, recording: Labels, n: int) -> Floats:
    """Return the mean scores of each recording's windows: what `classify` ranks labels by."""
    sums = np.stack([np.bincount(recording, scores[:, k], n) for k in range(scores.shape[1])], axis=1)
    return np.asarray(sums / np.maximum(np.bincount(recording, minlength=n), 1)[:, None])


def rule_f1(truth: Labels, said: Labels) -> float:
    """The CinC 2017 rule: mean F1 of normal, AF and other; noise counts where it is taken for one of them."""
    return float(f1_each(confusion(truth, said, len(LABELS)))[:3].mean())


def f1_gained(truth: Labels, said: Labels, before: Labels) -> tuple[float, tuple[float, float]]:
    """Return how much more F1 labels have than those before, and between what it lies over recordings."""

    def gain(rows: Labels) -> float:
        return rule_f1(truth[rows], said[rows]) - rule_f1(truth[rows], before[rows])

    return gain(np.arange(len(truth))), interval(gain, len(truth))


def choose(logits: Floats, trees: Floats, recording: Labels, truth: Labels, allowed: NDArray[np.bool_]) -> Mix:
    """Fit the net's temperature to allowed recordings, then take the weight whose recordings score best."""
    rows = allowed[recording]
    temperature = fit_temperature(logits[rows], truth[recording[rows]])
    kept = np.flatnonzero(allowed)
    means = [by_recording(fused(Mix(weight, temperature), logits, trees), recording, len(truth))[kept] for weight in (0.0, 1.0)]
    scores = [rule_f1(truth[kept], ((1 - weight) * means[0] + weight * means[1]).argmax(1)) for weight in WEIGHTS]
    smooth = np.convolve(np.pad(scores, NEAR, mode="edge"), np.full(2 * NEAR + 1, 1 / (2 * NEAR + 1)), "valid")
    return Mix(float(WEIGHTS[int(np.argmax(smooth))]), temperature)


def told(trees: Floats, beats: Floats, share: float) -> Floats:
    """Return the probabilities of what is told of beats: trees' and the net of beats', by logarithms, as `rhythm.told` draws it."""
    return np.asarray(np.exp(log_softmax((1 - share) * logs(trees) + share * log_softmax(beats))))


def choose_share(trees: Floats, beats: Floats, truth: Labels) -> float:
    """Return the net of beats' share that makes windows' labels likeliest. Their number makes this steadier than F1."""
    own = np.arange(len(truth))
    losses = [-logs(told(trees, beats, share))[own, truth].mean() for share in SHARES]
    return float(SHARES[int(np.argmin(losses))])


def nested_told(trees: Floats, beats: Floats, recording: Labels, truth: Labels, fold_of: Labels) -> Floats:
    """Return what every window is told of beats, trees and net mixed as the other folds would have it."""
    scores, fold = np.zeros_like(trees), fold_of[recording]
    for k in range(FOLDS):
        share = choose_share(trees[fold != k], beats[fold != k], truth[recording[fold != k]])
        scores[fold == k] = told(trees[fold == k], beats[fold == k], share)
    return scores


def nested(logits: Floats, trees: Floats, recording: Labels, truth: Labels, fold_of: Labels) -> Floats:
    """Return every window's scores, mixed as the other folds would have it."""
    scores = np.zeros_like(trees)
    for fold in range(FOLDS):
        mix = choose(logits, trees, recording, truth, fold_of != fold)
        rows = fold_of[recording] == fold
        scores[rows] = fused(mix, logits[rows], trees[rows])
    return scores


def af_figures(means: Floats, truth: Labels) -> dict[str, float]:
    """AF against all else: by the first label, and by a threshold on its own odds."""
    said, is_af = means.argmax(1) == AF, truth == AF
    chance = np.exp(log_softmax(means))[:, AF]
    return {
        "AF sensitivity": float(said[is_af].mean()),
        "AF specificity": float(1 - said[~is_af].mean()),
        AF_AT: sensitivity_at(chance, is_af, 0.97),
    }
