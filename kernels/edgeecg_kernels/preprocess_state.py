"""What preprocessing works on and with: scratch of fixed size, parameters, second-order sections."""

import numpy as np

MAX_ORDER = 8
MAX_WINDOW = 2560
"""Grid samples of the longest window."""
MAX_MEDIAN = 1001
LEAD_IN = 3 * (2 * MAX_ORDER + 1)
"""Room before and after a window for its odd extension, at the highest order."""

PREPROCESS_STATE = np.dtype(
    [
        ("work", "f8", (MAX_WINDOW + 2 * LEAD_IN,)),
        ("copy", "f8", (MAX_WINDOW,)),
        ("ordered", "f8", (MAX_MEDIAN,)),
        ("z", "f8", (MAX_ORDER, 2)),
    ],
    align=True,
)
"""Scratch: nothing in it outlives a window."""

PREPROCESS_PARAMS = np.dtype([("lead_in", "i8"), ("up", "i8"), ("down", "i8"), ("median_len", "i8")], align=True)

SECTION = np.dtype([("b0", "f8"), ("b1", "f8"), ("b2", "f8"), ("a1", "f8"), ("a2", "f8")], align=True)
"""One second-order section; a0 is 1."""
