"""State of `flutter`: the last four seconds as means of five samples."""

import numpy as np

from edgeecg_kernels.state import GRID_HZ

GROUP_LEN = 5
MEANS_HZ = GRID_HZ // GROUP_LEN
SECONDS = 4
MEANS = SECONDS * MEANS_HZ
WINDOW_LEN = SECONDS * GRID_HZ
"""Grid samples that one verdict is about."""

SLOWEST_HZ = 2.5
FASTEST_HZ = 10.0
LEAKAGE_MAX = 0.55
"""Of what is said; 0 is a wave of one shape, and 1 has nothing of one. Published thresholds are 0.406 and 0.625. The rule asks more of what leaks most."""
SIZE_MIN = 0.1
"""Least mean size, as a share of the whole range; 0.32 is a wave's. Complexes stand far out of what is between them: most hearts are told so, and
no leakage is computed of them."""
SWING_MIN_MV = 0.2
"""In each of the seconds: less than this is called fine, and noise is as large."""

FLUTTER_STATE = np.dtype(
    [
        ("whole", "i8"),  # 1: the group so far has all its samples
        ("total", "f8"),  # of the group so far
        ("count", "i8"),  # of groups
        ("bad_at", "i8"),  # the newest bad sample
        ("means", "f8", (MEANS,)),  # the newest at (count - 1) % MEANS
    ],
    align=True,
)
