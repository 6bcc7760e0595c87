"""Figures by recording, with bootstrap intervals."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Measure = Callable[[Labels, Labels], float]

ROUNDS, LEVEL = 2000, 0.95


def confusion(truth: Labels, said: Labels, n_labels: int) -> Labels:
    """Return counts, truth by row, answer by column."""
    return np.bincount(truth * n_labels + said, minlength=n_labels**2).reshape(n_labels, n_labels)


def f1_each(counts: Labels) -> Floats:
    """Return F1 of every label."""
    return np.asarray(2 * np.diag(counts) / np.maximum(counts.sum(0) + counts.sum(1), 1))


def interval(measure: Callable[[Labels], float], n: int, seed: int = 0, rounds: int = ROUNDS) -> tuple[float, float]:
    """Return the middle 95 % of `measure` over resampled rows."""
    rng = np.random.default_rng(seed)
    values = [measure(rng.integers(n, size=n)) for _ in range(rounds)]
    low, high = np.quantile(values, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)


def sensitivity_at(chance: Floats, positive: NDArray[np.bool_], specificity: float) -> float:
    """Return the sensitivity where the specificity is reached, by the threshold that these very answers set."""
    limit = np.quantile(chance[~positive], specificity, method="higher")
    return float((chance[positive] > limit).mean())


def fit_temperature(log_p: Floats, truth: Labels, grid: Floats | None = None) -> float:
    """Return the temperature under which the truth was likeliest."""
    tried = np.exp(np.linspace(-1.5, 1.5, 121)) if grid is None else grid
    losses = [-float(log_softmax(log_p / t)[np.arange(len(truth)), truth].mean()) for t in tried]
    return float(tried[int(np.argmin(losses))])


def log_softmax(x: Floats) -> Floats:
    """Return log-probabilities, row by row."""
    y = x - x.max(-1, keepdims=True)
    return np.asarray(y - np.log(np.exp(y).sum(-1, keepdims=True)))
