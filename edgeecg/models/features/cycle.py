"""The cardiac cycle as a picture of sound: mel bands over time, from one S1 to the next, and the cepstra of its four parts."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FRAME_LEN, HOP, FFT_LEN = 64, 8, 128
"""Frames of sound, in samples at 1 kHz."""
LOWEST_HZ, HIGHEST_HZ, MELS = 25.0, 450.0, 26
CELLS, BANDS = 24, 13
"""The picture: pieces of a cycle, each as long as the others, and pairs of mel bands."""
CEPSTRA = 13
PARTS = ("s1", "systole", "s2", "diastole")
SOUND_HALF_MS, S2_BEFORE_MS = 50, 40
SHORTEST_MS, LONGEST_MS = 350, 1600
"""A cycle that is shorter or longer is not drawn."""
FLOOR = 1e-6
"""Of the sound's mean power: what silence is taken as."""


class Picture:
    """A sound of standard deviation 1, frame by frame."""

    __slots__ = ("logs", "middles")

    def __init__(self, sound: Floats) -> None:
        frames = np.lib.stride_tricks.sliding_window_view(sound, FRAME_LEN)[::HOP] * np.hanning(FRAME_LEN)
        spectrum = np.fft.rfft(frames, FFT_LEN)
        self.logs: Floats = np.log((spectrum.real**2 + spectrum.imag**2) @ _mels() + FLOOR)
        self.middles: Ints = np.arange(len(self.logs)) * HOP + FRAME_LEN // 2

    def cycle(self, first: Ints) -> Floats:
        """Return the median cycle, from each beat's S1 to the next, (CELLS, BANDS), its mean 0; all NaN if there is none."""
        each = [self._cells(begin, end) for begin, end in pairwise(first.tolist()) if SHORTEST_MS < end - begin < LONGEST_MS]
        if not each:
            return np.full((CELLS, BANDS), np.nan)
        typical = np.median(each, axis=0).reshape(CELLS, BANDS, MELS // BANDS).mean(2)
        return np.asarray(typical - typical.mean(), np.float64)

    def _cells(self, begin: int, end: int) -> Floats:
        """Return the mean of each piece of one cycle, of a frame at least."""
        edges = np.clip((np.linspace(begin, end, CELLS + 1).astype(np.int64) - FRAME_LEN // 2) // HOP, 0, len(self.logs) - 1)
        sums = np.concatenate((np.zeros((1, MELS)), np.cumsum(self.logs[edges[0] : edges[-1] + 1], axis=0)))
        from_, to = edges[:-1] - edges[0], np.maximum(edges[1:], edges[:-1] + 1) - edges[0]
        return np.asarray((sums[to] - sums[from_]) / (to - from_)[:, None])

    def cepstra(self, first: Ints, second: Ints, end: Ints) -> Floats:
        """Return each part's median cepstra over the beats, and how far they vary, (parts, 2, CEPSTRA); NaN of a part that no beat has."""
        cepstra = self.logs @ _cosines()
        edges = (first - SOUND_HALF_MS, first + SOUND_HALF_MS, second - S2_BEFORE_MS, second + SOUND_HALF_MS, end)
        return np.array([self._part(cepstra, begin, until) for begin, until in pairwise(edges)])

    def _part(self, cepstra: Floats, begin: Ints, end: Ints) -> Floats:
        spans = zip(*np.searchsorted(self.middles, (begin, end)).tolist(), strict=True)
        each = [cepstra[from_:to].mean(0) for from_, to in spans if to > from_]
        return np.stack((np.median(each, axis=0), np.std(each, axis=0))) if each else np.full((2, CEPSTRA), np.nan)


@lru_cache(maxsize=1)
def _mels() -> Floats:
    """Return each mel band's weight of each frequency, bands in columns."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, HIGHEST_HZ))
    edges = 700 * (10 ** (np.linspace(low, high, MELS + 2) / 2595) - 1)
    hz = np.fft.rfftfreq(FFT_LEN, 1e-3)[:, None]
    rise, fall = (hz - edges[:-2]) / np.diff(edges[:-1]), (edges[2:] - hz) / np.diff(edges[1:])
    return np.asarray(np.clip(np.minimum(rise, fall), 0, None), np.float64)


@lru_cache(maxsize=1)
def _cosines() -> Floats:
    """Return the orthonormal discrete cosine transform of MELS values, its first CEPSTRA columns."""
    k, n = np.arange(CEPSTRA)[None, :], np.arange(MELS)[:, None]
    table = np.cos(np.pi * (n + 0.5) * k / MELS) * np.sqrt(2 / MELS)
    table[:, 0] /= np.sqrt(2)
    return np.asarray(table, np.float64)
