"""The table of a minute's beats in plain numpy: what the kernel is compared with."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tests.naive import features_strip as strips

Floats = NDArray[np.float64]

MOST_ROWS = 128
EDGES = np.array((-100, -84, -68, -56, -46, -38, -30, -22, -16, -11, -7, -4, -1, 2, 5, 8, 12, 17, 24, 33, 45, 60, 76, 94, 114, 136, 156))


def beats_in_order(samples_mv: NDArray[np.float32], beats: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a row for each of the last beats, zeros up to MOST_ROWS of them, and the median of their shapes."""
    told = beats[-MOST_ROWS:].astype(np.float64)
    clean = strips.strip(samples_mv).clean
    wave = clean / (clean.std() + 1e-6)
    n = len(told)
    table = np.zeros((MOST_ROWS, 15 + len(EDGES) - 1))
    typical = np.zeros(len(EDGES) - 1)
    if n:
        shapes = [_shape(wave, round(at * 250)) for at in told[:, 0]]
        coded = np.array([shape is not None for shape in shapes])
        table[:n] = np.column_stack((np.ones(n), np.arange(n) == 0, coded, _intervals(told[:, 0]), _verdicts(told), np.zeros((n, 26))))
        if coded.any():
            table[:n][coded, 15:] = [shape for shape in shapes if shape is not None]
            typical = np.median(table[:n][coded, 15:], axis=0)
    return np.concatenate((table.ravel(), typical)).astype(np.float32)


def _intervals(at: Floats) -> Floats:
    if len(at) < 2:
        return np.zeros((len(at), 4))
    rr = np.diff(at)
    before, after, usual = np.append(rr[0], rr), np.append(rr, rr[-1]), np.median(rr)
    return np.column_stack((4 * _log(before / usual), 4 * _log(after / usual), 4 * _log(after / before), 2 * _log(before)))


def _log(value: Floats) -> Floats:
    return np.clip(np.log(np.maximum(value, 0.05)), -1.5, 1.5)


def _verdicts(told: Floats) -> Floats:
    _, sure, kind, width, early, distance, height = told.T
    size = np.abs(height)
    taller = np.clip(np.log((size + 0.02) / (np.median(size) + 0.02)), -2, 2)
    return np.column_stack((sure, kind == 1, kind == 2, kind > 2, width / 100, 2 * early - 2, np.clip(distance, 0, 2), taller))


def _shape(wave: Floats, peak: int) -> Floats | None:
    if peak + EDGES[0] < 0 or peak + EDGES[-1] > len(wave):
        return None
    parts = [wave[peak + a : peak + b].mean() for a, b in pairwise(EDGES)]
    return np.asarray(np.clip(parts, -6, 6), np.float64)
