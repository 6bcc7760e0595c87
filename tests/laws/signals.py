"""Signals to hold the laws against: a plain heart, and everything that may happen to it on the way."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Signal = NDArray[np.float64]
Cuts = Sequence[int]

WAVES = ((-0.16, 0.02, 0.1), (-0.03, 0.008, -0.1), (0.0, 0.011, 1.0), (0.03, 0.009, -0.25), (0.25, 0.045, 0.3))
"""P, Q, R, S, T: time from R in s, width in s, height in mV."""


def heart(rate_hz: float, seconds: float, *, seed: int = 0, bpm: float = 75.0, noise_mv: float = 0.01) -> tuple[Signal, NDArray[np.int64]]:
    """Return a lead in mV and its true R peaks: Gaussian waves (McSharry et al. 2003 use the same shapes), jittered RR."""
    rng = np.random.default_rng(seed)
    n = int(rate_hz * seconds)
    t = np.arange(n) / rate_hz
    peaks = np.cumsum(60.0 / bpm * rng.normal(1.0, 0.04, int(seconds * bpm / 60) + 2)) - 0.2
    peaks = peaks[(peaks > 0.1) & (peaks < seconds - 0.05)]
    x = rng.normal(0.0, noise_mv, n)
    for peak in peaks:
        for delay, width, height in WAVES:
            x += height * np.exp(-0.5 * ((t - peak - delay) / width) ** 2)
    return x, np.round(peaks * rate_hz).astype(np.int64)


@st.composite
def hearts(draw: st.DrawFn, *, rate_hz: float = 250.0, seconds: float = 6.0) -> Signal:
    """A heart of any rate, gain, offset and noise."""
    bpm = draw(st.sampled_from((35.0, 72.0, 140.0, 210.0)))
    noise = draw(st.sampled_from((0.0, 0.02, 0.2)))
    x, _ = heart(rate_hz, seconds, seed=draw(st.integers(0, 10_000)), bpm=bpm, noise_mv=noise)
    hum = draw(st.sampled_from((0.0, 0.0, 0.5)))
    mains_hz = draw(st.sampled_from((50.0, 60.0)))
    x += hum * np.sin(2 * np.pi * mains_hz * np.arange(len(x)) / rate_hz)
    return x * draw(st.sampled_from((1.0, -1.0, 0.25, 4.0))) + draw(st.sampled_from((0.0, -3.0, 200.0)))


BAD_VALUES = (np.nan, np.inf, -np.inf, 1e300, -1e300, 5e-324, 0.0, 20.0, -20.0)


@st.composite
def spoiled(draw: st.DrawFn, signals: st.SearchStrategy[Signal]) -> Signal:
    """The same with NaN, infinities, rails, denormals and steps in it."""
    x = draw(signals).copy()
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(x) - 1))
        length = draw(st.sampled_from((1, 2, 30, 400)))
        if draw(st.booleans()):
            x[start : start + length] = draw(st.sampled_from(BAD_VALUES))
        else:
            x[start:] += draw(st.sampled_from((-50.0, 0.5, 3.0)))
    return x


@st.composite
def cuts_of(draw: st.DrawFn, length: int) -> list[int]:
    """Where to cut: nowhere, somewhere, regularly, or after every sample."""
    kind = draw(st.sampled_from(("some", "regular", "each")))
    if kind == "each":
        return list(range(1, length))
    if kind == "regular":
        return list(range(0, length, draw(st.sampled_from((7, 25, 64, 333)))))[1:]
    return sorted(draw(st.sets(st.integers(1, length - 1), max_size=12)))


def pieces(x: Signal, cuts: Cuts) -> list[Signal]:
    """Cut a signal."""
    return list(np.split(x, list(cuts)))
