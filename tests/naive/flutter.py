"""The oracle of `flutter`: every four seconds anew, as arrays."""

import numpy as np
from numpy.typing import NDArray

HZ, GROUP, SECONDS = 250, 5, 4


def leakage(window: NDArray[np.float64]) -> tuple[float, float, float]:
    """Of 1000 samples: what is left of the wave, its rate in Hz, and the height of the second that swings least; all is left of what stands far out."""
    means = window.reshape(-1, GROUP).mean(axis=1)
    swing = min(float(np.ptp(second)) for second in means.reshape(SECONDS, -1))
    v = means - means.mean()
    change = float(np.abs(np.diff(v)).sum())
    if change == 0 or np.abs(v).mean() < 0.1 * np.ptp(v):
        return 1.0, 0.0, swing
    half = float(np.pi * np.abs(v).sum() / change)
    at = np.arange(int(half) + 1, len(v))
    if len(at) == 0:
        return 1.0, 0.0, swing
    then = np.interp(at - half, np.arange(len(v)), v)
    both = float((np.abs(v[at]) + np.abs(then)).sum())
    return float(np.abs(v[at] + then).sum()) / both, HZ / GROUP / (2 * half), swing


def waves(y: NDArray[np.float64], bad: NDArray[np.bool_], first: int) -> list[tuple[int, float, float, float]]:
    """Return start, leakage, rate and swing of each window of waves; a window ends with a second of the grid."""
    found = []
    for end in range(-(-first // HZ) * HZ, first + len(y) + 1, HZ):
        begin = end - SECONDS * HZ - first
        if begin < 0 or bad[begin : end - first].any():
            continue
        left, hz, swing = leakage(y[begin : end - first])
        if swing >= 0.2 and 2.5 <= hz <= 10.0 and left < 0.55:
            found.append((begin + first, left, hz, swing))
    return found
