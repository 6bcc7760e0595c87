"""State, parameters and features of `quality`."""

import numpy as np
import numpy.typing as npt

from edgeecg_kernels import quality_tables
from edgeecg_kernels.state import GRID_HZ

GROUP_LEN = 5
PIECE_LEN = 25  # 0.1 s: some of them lie between the waves of a heart, where noise is alone
HALF_LEN = GRID_HZ // 2
HALVES = 4  # the half second before the second, its own two, and the one after, for which the verdict waits
BEATS = 16  # remembered: more than three seconds hold

# What is measured of a half second: sums, extremes and means, in mV.
(
    ROUGH_MIN,  # sum of |second difference| of samples in its calmest piece: noise above 40 Hz alone
    SLOPE,  # sum of |difference| of means of five: everything below 40 Hz that moves
    SLOPE_MIN,  # the same of its calmest piece
    STEP,  # largest of those differences
    LOW,  # extremes of means of five
    HIGH,
    MEAN,
    BAD,  # bad samples
) = range(8)
MEASURES = 8

FEATURES = (
    "slope_min",
    "slope",
    "slope_near",
    "step",
    "step_near",
    "range",
    "range_near",
    "wander",
    "peakedness",
    "pause",
    "doubt",
    "doubt_near",
    "doubt_long",
    "irregular",
    "height",
)
"""What a second is described by, 0 the best; those of `_near` speak of the halves around, `_long` of the last ten beats."""
INPUTS = len(FEATURES)
SIGNAL_INPUTS = 9

RATE_INTERVALS, RATE_MIN = 10, 3
"""Intervals that a second's heart rate is the mean of, and without which there is none."""

REASON_MOTION = 1
REASON_WANDER = 2
REASON_DOUBT = 3
REASON_ODD_BEATS = 4
REASON_BAD_SAMPLES = 5
REASONS = np.array([1, 1, 1, 1, 1, 1, 1, 2, 1, 3, 3, 3, 3, 4, 4], dtype=np.float64)
"""What a feature complains of: noise and motion, baseline wander, doubt whether a beat is one, beats unlike the others."""

QUALITY_STATE = np.dtype(
    [
        # the group so far, and what came before it
        ("tail", "f8", (GROUP_LEN,)),
        ("before", "f8", (2,)),
        ("mean", "f8"),
        ("fresh", "i8"),  # 1: no sample has come since the restart
        ("whole", "i8"),  # 1: the half so far has all its samples
        # the piece and the half so far
        ("piece_rough", "f8"),
        ("piece_slope", "f8"),
        ("piece_bad", "i8"),
        ("now", "f8", (MEASURES,)),
        ("half", "f8", (HALVES, MEASURES)),  # the last ones, oldest first
        ("halves", "i8"),  # whole ones since the restart
        # beats, the newest at (beats - 1) % BEATS: place and what the detector says of them
        ("beats", "i8"),
        ("place", "i8", (BEATS,)),
        ("unsure", "f8", (BEATS,)),
        ("odd_rr", "f8", (BEATS,)),
        ("odd_height", "f8", (BEATS,)),
        ("open", "i8", (BEATS,)),  # 1: one may have been missed before it
        ("intervals", "i8"),  # between beats, in all: a gap ends none of what is known by them
        # running: QRS height, RR, doubt
        ("height", "f8"),
        ("rr", "f8"),
        ("doubt", "f8"),
        ("x", "f8", (INPUTS,)),
    ],
    align=True,
)

QUALITY_PARAMS = np.dtype(
    [
        ("knee", "f8", (INPUTS,)),  # the value of a feature that weighs half its weight
        ("weight", "f8", (INPUTS,)),
        ("bias", "f8"),
        ("good", "f8"),  # least index that is good
    ],
    align=True,
)


def quality_params() -> npt.NDArray[np.void]:
    """Return QUALITY_PARAMS of shape (1,) as calibrated."""
    params = np.zeros(1, dtype=QUALITY_PARAMS)
    for name in QUALITY_PARAMS.names or ():
        params[name] = np.array(getattr(quality_tables, name.upper()), dtype=np.float64).reshape(params[name].shape[1:])
    return params
