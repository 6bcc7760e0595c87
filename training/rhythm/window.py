"""A window as the net sees it: the card's preprocessing, many windows at a time, by scipy."""

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from edgeecg_kernels.state import GRID_HZ

RATE_HZ = 100
UP, DOWN = 2, 5
LOW_HZ, HIGH_HZ, ORDER = 0.67, 40.0, 5
EPS = 1e-8
_SOS = signal.butter(ORDER, (LOW_HZ, HIGH_HZ), "bandpass", fs=GRID_HZ, output="sos")

Floats = NDArray[np.float64]


def whole(mv: NDArray[np.floating]) -> Floats:
    """Put a straight line where samples are missing; the ends are held."""
    x = mv.astype(np.float64)
    known = np.isfinite(x)
    if known.all():
        return x
    if not known.any():
        return np.zeros(len(x))
    at = np.arange(len(x))
    return np.asarray(np.interp(at, at[known], x[known]))


def prepared(windows: Floats) -> NDArray[np.float32]:
    """Band-pass without delay, resample, and scale each window (a row) to mean 0 and deviation 1."""
    clean = signal.sosfiltfilt(_SOS, windows, axis=-1)
    slow = signal.resample_poly(clean, UP, DOWN, axis=-1)
    centred = slow - slow.mean(-1, keepdims=True)
    return np.asarray(centred / (centred.std(-1, keepdims=True) + EPS), np.float32)
