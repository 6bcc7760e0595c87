"""A kernel machine with one kernel a sense: what each sense says adds up, so a sense can be asked alone.

A window is standardised by the training windows' medians and spreads, each sense is compared with the training windows by a Gaussian
kernel of its own, and the senses' kernels are added (Lanckriet et al. 2004, equal weights). Weights are those of regularised least
squares (Saunders et al. 1998). Several machines are fitted, one to all senses and one without each of them, so that none is leant on
too much; their mean is a machine of the same form, with weights for each sense.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Views = Mapping[str, NDArray[np.float32]]

REACH = 4.0
"""Standardised features are held within this."""
SHARP = 0.5
"""Weight of each sense's kernel; of more senses the sum is larger, and the machine freer."""
LOOSE = 0.2
"""How much a window of weight 1 may be missed by: the ridge of least squares."""
UNKNOWN_SPREAD = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """How one sense's features are standardised."""

    middle: Floats
    spread: Floats

    def __call__(self, x: NDArray[np.float32]) -> Floats:
        """Standardise rows; what is missing is usual."""
        z = (x - self.middle) / self.spread
        return np.asarray(np.clip(np.where(np.isfinite(z), z, 0.0), -REACH, REACH))


@dataclass(frozen=True, slots=True, eq=False)
class Sense:
    """One sense of a machine: its scale, its kept windows with their weights, and its kernel's sharpness."""

    scale: Scale
    kept: Floats
    weights: Floats
    sharpness: float

    def __call__(self, x: NDArray[np.float32]) -> Floats:
        """Return what the sense adds to each row's score."""
        return np.asarray(likeness(self.scale(x), self.kept, self.sharpness) @ self.weights)


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """What was learned: what the senses say, added up, is above a threshold where a window is abnormal."""

    senses: dict[str, Sense]

    def parts(self, views: Views) -> dict[str, Floats]:
        """Return what each sense adds to a window's score."""
        return {name: sense(views[name]) for name, sense in self.senses.items()}

    def __call__(self, views: Views) -> Floats:
        """Return each window's score."""
        return np.asarray(np.sum(list(self.parts(views).values()), axis=0))


def likeness(a: Floats, b: Floats, sharpness: float) -> Floats:
    """Return the Gaussian kernel of each row with each."""
    apart = (a * a).sum(1)[:, None] + (b * b).sum(1)[None, :] - 2 * a @ b.T
    return np.asarray(np.exp(-sharpness * np.maximum(apart, 0.0)))


def scale_of(x: NDArray[np.float32]) -> Scale:
    """Learn a sense's scale: medians, and half of what the middle two thirds span."""
    known = np.where(np.isfinite(x).any(axis=0), x, 0.0)
    low, middle, high = np.nanpercentile(known, (16, 50, 84), axis=0)
    return Scale(middle, np.maximum((high - low) / 2, UNKNOWN_SPREAD))


def weights_of(label: Ints, recording: Ints) -> Floats:
    """Weigh windows so that every recording counts the same, and both classes together too."""
    share = 1.0 / np.bincount(recording)[recording]
    totals = np.array([share[label == k].sum() for k in (0, 1)])
    weight = share / totals[label]
    return np.asarray(weight / weight.mean())


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """One sense's training windows, standardised and compared with each other."""

    scale: Scale
    standard: Floats
    sharpness: float
    kernel: Floats


def prepare(x: NDArray[np.float32], narrow: float = 1.0) -> Prepared:
    """Standardise a sense's training windows and compare them; `narrow` makes its kernel sharper than their spread alone would."""
    scale = scale_of(x)
    z = scale(x)
    sharpness = narrow / (z.shape[1] * float(z.var()) + UNKNOWN_SPREAD)
    return Prepared(scale, z, sharpness, likeness(z, z, sharpness))


def learn(senses: Mapping[str, Prepared], label: Ints, recording: Ints) -> Machine:
    """Fit a machine on windows: the mean of one that has all senses and of those that lack one."""
    missed = np.diag(LOOSE / weights_of(label, recording))
    wanted = np.where(label == 1, 1.0, -1.0)
    whole = SHARP * np.sum([one.kernel for one in senses.values()], axis=0)
    fitted = {name: solve(whole - SHARP * one.kernel + missed, wanted, assume_a="pos") for name, one in senses.items() if len(senses) > 1}
    total = np.sum([solve(whole + missed, wanted, assume_a="pos"), *fitted.values()], axis=0)
    share = SHARP / (len(fitted) + 1)
    return Machine({
        name: Sense(one.scale, one.standard, share * (total - fitted.get(name, 0.0)), one.sharpness) for name, one in senses.items()
    })  # fmt: skip
