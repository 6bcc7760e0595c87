"""State of `vitals`: the beats of the last second or two, and the intervals of the last minute. Lengths in grid samples."""

import numpy as np

from edgeecg_kernels.state import GRID_HZ

PENDING = 32
"""Beats whose second is not rated yet."""
RECENT = 10
"""Intervals that the heart rate is the mean of."""
RECENT_AGE = 15 * GRID_HZ
SECONDS = 10  # rated seconds that the heart rate of a bad one depends on: a third of them may be bad
BAD_SECONDS_MAX = 3
USUAL = 10
"""Trusted intervals whose median is the usual one."""
USUAL_AGE = 15 * GRID_HZ
USUAL_MIN = 3
MINUTE = 60 * GRID_HZ
RING = 256
"""Intervals remembered for the minute: above 256 beats a minute the window is shorter."""

VITALS_STATE = np.dtype(
    [
        ("pending", "i8"),
        ("pending_place", "i8", (PENDING,)),  # ascending
        ("pending_wide", "i8", (PENDING,)),
        ("pending_beats", "i8", (PENDING,)),  # 2: one was passed over before it
        # the last beat of a rated second
        ("known", "i8"),  # 1: there is one, and no gap since
        ("last_place", "i8"),
        ("last_trusted", "i8"),
        ("last_ectopic", "i8"),
        ("wide_share", "f8"),
        ("rated", "i8"),  # the last rated seconds, one bit each: 1 is bad
        # intervals between any two beats, the newest at (intervals - 1) % RECENT
        ("intervals", "i8"),
        ("length", "i8", (RECENT,)),
        ("length_end", "i8", (RECENT,)),
        ("length_beats", "i8", (RECENT,)),  # 2: there are most likely two in it
        # intervals between trusted beats, the newest at (trusted - 1) % USUAL
        ("trusted", "i8"),
        ("usual", "i8", (USUAL,)),
        ("usual_end", "i8", (USUAL,)),
        ("sorted", "i8", (USUAL,)),
        # intervals between normal beats in the last minute: [oldest, newest) modulo RING, and their exact sums
        ("oldest", "i8"),
        ("newest", "i8"),
        ("end", "i8", (RING,)),
        ("interval", "i8", (RING,)),
        ("change", "i8", (RING,)),  # from the normal interval right before; NO_CHANGE where there is none
        ("sum", "i8"),
        ("sum_squares", "i8"),
        ("changes", "i8"),
        ("sum_changes", "i8"),  # of their squares
    ],
    align=True,
)
NO_CHANGE = 1 << 40
