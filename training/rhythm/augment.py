"""Altered windows to learn from: another polarity, rate, wander, noise, drop-outs, and STAR's warped beats. Seeded."""

from dataclasses import dataclass

import numpy as np
from common.heard import WINDOW_LEN
from numpy.typing import NDArray

from edgeecg_kernels.state import GRID_HZ

Floats = NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Strength:
    """How often a window is altered, and how much."""

    inverted: float = 0.3
    warp: float = 0.12
    wandering: float = 0.5
    noisy: float = 0.5
    noise: float = 0.3
    dropped: float = 0.2
    star: float = 0.0


STRONG = Strength()
MIDDLE = Strength(inverted=0.2, warp=0.1, wandering=0.2, noisy=0.35, noise=0.2, dropped=0.1)
MILD = Strength(inverted=0.2, warp=0.06, wandering=0.0, noisy=0.25, noise=0.15, dropped=0.05)
_TIMES_S = np.arange(WINDOW_LEN) / GRID_HZ


def crop(mv: Floats, rng: Rng, beats: Floats, strength: Strength) -> tuple[Floats, int]:
    """Cut a window out anywhere, played up to an eighth too fast or too slow; say where it began."""
    length = min(len(mv), round(WINDOW_LEN * float(rng.uniform(1 - strength.warp, 1 + strength.warp))))
    start = int(rng.integers(len(mv) - length + 1))
    x = mv[start : start + length]
    if rng.random() < strength.star:
        x = star(x, beats[(beats >= start) & (beats < start + length)] - start, rng)
    return np.asarray(np.interp(np.linspace(0, length - 1, WINDOW_LEN), np.arange(length), x)), start


def spoil(x: Floats, rng: Rng, strength: Strength) -> Floats:
    """Turn a window over, let it wander, add noise, let the contact go: each by chance."""
    size = float(np.std(x)) + 1e-6
    if rng.random() < strength.inverted:
        x = -x
    if rng.random() < strength.wandering:
        x = x + size * rng.uniform(0, 1.5) * np.sin(2 * np.pi * rng.uniform(0.05, 0.8) * _TIMES_S + rng.uniform(0, 2 * np.pi))
    if rng.random() < strength.noisy:
        x = x + size * rng.uniform(0, strength.noise) * _noise(rng)
    if rng.random() < strength.dropped:
        length = int(rng.uniform(0.1, 1.0) * GRID_HZ)
        start = int(rng.integers(WINDOW_LEN - length))
        x = x.copy()
        x[start : start + length] = x[start]
    return x


def _noise(rng: Rng) -> Floats:
    """Noise of unit size: as white, or as smooth, as chance has it."""
    width = int(rng.integers(1, 8))
    noise = np.convolve(rng.normal(size=WINDOW_LEN), np.full(width, 1 / np.sqrt(width)), "same")
    return np.asarray(noise)


def star(x: Floats, peaks: Floats, rng: Rng, time_share: float = 0.15, gain_share: float = 0.3) -> Floats:
    """Warp time and amplitude of each beat by half a sine that is nought at both R peaks; head and tail stay as they are.

    After STAR (sinusoidal time-amplitude resampling): the R peaks keep their places, so the rhythm stays what it is.
    """
    y = x.copy()
    for first, last in zip(peaks[:-1].astype(int), peaks[1:].astype(int), strict=True):
        if last - first < 3:
            continue
        bow = np.sin(np.pi * np.linspace(0, 1, last - first + 1))
        at = np.arange(first, last + 1) + rng.uniform(-time_share, time_share) / np.pi * (last - first) * bow
        warped = np.interp(at, np.arange(len(x)), x)
        y[first : last + 1] = warped * (1 + rng.uniform(-gain_share, gain_share) * bow)
    return y
