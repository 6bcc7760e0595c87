"""Stationary chance with a spectrum of one's own, made piece by piece for ever, any piece without those before it.

Windows of independent inverse Fourier transforms overlap by half, weighted by a half sine. Because sin a sin b + cos a cos b
= cos(a - b), the sum is exactly stationary: its autocovariance is the wanted one times cos(π lag / window).
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edgeecg.simulate.seeds import Seeds

Signal = NDArray[np.float64]
Spectrum = Callable[[Signal], Signal]
CACHED_WINDOWS = 3


class Coloured:
    """A Gaussian process of mean 0 and variance 1 with a given power spectrum."""

    def __init__(self, spectrum: Spectrum, *, rate_hz: float, window_s: float, seeds: Seeds, part: str) -> None:
        """Take the spectrum up to a factor; a window is as long as what must be told apart in it is slow."""
        self._half = max(2, round(window_s * rate_hz / 2))
        frequencies = np.arange(self._half + 1, dtype=np.float64) * (rate_hz / (2 * self._half))
        power = np.asarray(spectrum(frequencies), np.float64).copy()
        power[0] = power[-1] = 0.0
        self._amplitude = np.sqrt(power / power.sum()) * self._half
        self._weight = np.sin(np.pi * (np.arange(2 * self._half) + 0.5) / (2 * self._half))
        self._seeds, self._part = seeds, part
        self._window = lru_cache(CACHED_WINDOWS)(self._make_window)

    def take(self, start: int, n: int) -> Signal:
        """Return samples `start` to `start + n`."""
        first, last = start // self._half, (start + n - 1) // self._half
        pieces = [self._window(i - 1)[self._half :] + self._window(i)[: self._half] for i in range(first, last + 1)]
        return np.concatenate(pieces)[start - first * self._half :][:n]

    def _make_window(self, number: int) -> Signal:
        rng = self._seeds.rng(self._part, number + 1)
        size = len(self._amplitude)
        drawn = rng.normal(size=size) + 1j * rng.normal(size=size)
        return np.asarray(np.fft.irfft(self._amplitude * drawn, 2 * self._half) * self._weight, np.float64)


def band(low_hz: float, high_hz: float, slope: float = 0.0) -> Spectrum:
    """Return a spectrum between two frequencies, falling as 1 / f^slope, with edges a tenth wide."""

    def power(f: Signal) -> Signal:
        safe = np.maximum(f, 1e-6)
        edges = np.clip((safe / low_hz - 0.95) * 10, 0, 1) * np.clip((1.05 - safe / high_hz) * 10, 0, 1)
        return np.asarray(edges * safe**-slope, np.float64)

    return power


def bells(*peaks: tuple[float, float, float]) -> Spectrum:
    """Return a sum of Gaussians: (centre in Hz, width in Hz, share of the power)."""

    def power(f: Signal) -> Signal:
        return np.asarray(sum(share / width * np.exp(-0.5 * ((f - centre) / width) ** 2) for centre, width, share in peaks), np.float64)

    return power
