"""State of the `window` stage: what a lead looked like lately, and which windows still wait for an answer."""

import numpy as np

RING = 4096
"""Grid samples remembered: the longest window and the longest block together, rounded up to a power of two."""
MAX_MODELS = 4
MAX_OPEN = 16
"""Windows per stream that may wait for an answer; the oldest gives way."""

LARGEST_MV = 1e6
"""Beyond this a sample is no voltage of a body, and float32 could not hold all that float64 can."""

OPEN_FREE, OPEN_WAITING, OPEN_EXPIRED = 0, 1, 2
NEVER = np.iinfo(np.int64).max

MODEL_PARAMS = np.dtype([("length", "i8"), ("hop", "i8"), ("deadline", "i8")], align=True)
"""One row a model, in grid samples."""

WINDOW_STATE = np.dtype(
    [
        ("started", "i8"),
        ("next_id", "i8"),
        ("next_due", "i8", (MAX_MODELS,)),
        ("earliest_deadline", "i8"),
        ("open_status", "i8", (MAX_OPEN,)),
        ("open_id", "i8", (MAX_OPEN,)),
        ("open_model", "i8", (MAX_OPEN,)),
        ("open_start", "i8", (MAX_OPEN,)),
        ("open_deadline", "i8", (MAX_OPEN,)),
        ("mv", "f4", (RING,)),
        ("bad", "u1", (RING,)),
    ],
    align=True,
)
