"""The features of the rhythm tree in plain numpy: what the kernels are compared with."""

import numpy as np
from numpy.typing import NDArray

from tests.naive import features_intervals as intervals
from tests.naive import features_strip as strip

Floats = NDArray[np.float64]

VERDICTS = (
    "b_confidence", "b_least_confidence", "b_doubtful", "b_wide", "b_unknown", "b_width", "b_widest", "b_width_spread", "b_distance",
    "b_farthest", "b_distance_spread", "b_height", "b_height_spread", "b_lowest", "b_highest", "b_earliest", "b_early_share",
    "b_early_wide", "b_early_narrow", "b_latest", "b_early_distance",
)  # fmt: skip
TOLD = (*intervals.SCATTER, *intervals.ORDER, *VERDICTS)
NAMES = (*TOLD, *(f"minute_{name}" for name in TOLD), *strip.WHOLE, *strip.REPEATED, *strip.BETWEEN)
INTERVALS_ONLY = (*intervals.SCATTER, *intervals.ORDER)
SURE = 0.5
TYPICAL_BEATS = 2
"""Fewer whole beats than this have no typical one."""


def rhythm_features(samples_mv: NDArray[np.float32], beats: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return NAMES of a window of ten seconds and the beats known in it."""
    lately = beats.astype(np.float64)
    told = lately[lately[:, 0] >= 0]
    taken = told[:, 0]
    s = strip.strip(samples_mv)
    peaks = np.round(taken * strip.GRID_HZ).astype(np.int64)
    peaks = peaks[(peaks >= 0) & (peaks < len(samples_mv))]
    whole_beats = strip.cut(s.clean, peaks)
    if len(whole_beats) >= TYPICAL_BEATS:
        typical = np.median(whole_beats, axis=0)
        shape = strip.repeated(whole_beats, typical)
        left = strip.between(s, peaks, typical)
    else:
        shape = np.full(len(strip.REPEATED), np.nan)
        left = strip.between(s, peaks, None)
    return np.concatenate((_said(told), _said(lately), strip.whole(s), shape, left)).astype(np.float32)


def _said(told: Floats) -> Floats:
    rr = np.diff(told[:, 0])
    return np.concatenate((intervals.scatter(rr), intervals.order(rr), verdicts(told)))


def verdicts(beats: Floats) -> Floats:
    """Return VERDICTS: what the engine said of each beat, put together."""
    if not len(beats):
        return np.full(len(VERDICTS), np.nan)
    _, sure, kind, width, early, distance, height = beats.T
    known = early > 0
    when = early[known] if known.any() else np.array([np.nan])
    hasty = known & (early < 0.85)
    return np.array([
        sure.mean(), sure.min(), (sure < SURE).mean(), (kind == 2).mean(), (kind == 0).mean(), np.median(width), width.max(),
        width.std(), np.median(distance), distance.max(), distance.std(), np.median(height), height.std() / (np.abs(height.mean()) + 1e-6),
        height.min() / (np.median(height) + 1e-6), height.max() / (np.median(height) + 1e-6), when.min(), hasty.mean(),
        (hasty & (kind == 2)).mean(), (hasty & (kind == 1)).mean(), when.max(), distance[hasty].mean() if hasty.any() else np.nan,
    ])  # fmt: skip
