"""State of the `window` stage: what a lead looked like lately, its beats, and which windows still wait for an answer."""

import numpy as np

RING = 4096
"""Grid samples remembered: the longest window and the longest block together, rounded up to a power of two."""
MAX_MODELS = 4
MAX_OPEN = 16
"""Windows per stream that may wait for an answer; the oldest gives way."""

LARGEST_MV = 1e6
"""Beyond this a sample is no voltage of a body, and float32 could not hold all that float64 can."""

BEATS = 360
"""Beats remembered: five a second for the longest look back, the longest deadline and the longest block together, and a few more."""
BEAT_VALUES = 6
"""What is remembered of a beat: the first values of its row."""
MAX_PENDING = 32
"""Windows about beats that may wait for their last samples; with 4 models and 5 beats a second there are never more."""
NOT_ABOUT_BEATS = -1
"""As `before` of a model."""

OPEN_FREE, OPEN_WAITING, OPEN_EXPIRED = 0, 1, 2
NEVER = np.iinfo(np.int64).max

MODEL_PARAMS = np.dtype([("length", "i8"), ("hop", "i8"), ("deadline", "i8"), ("before", "i8")], align=True)
"""One row a model, in grid samples. With `before` from 0 on its windows are about beats, and begin that long before them."""

WINDOW_STATE = np.dtype(
    [
        ("started", "i8"),
        ("next_id", "i8"),
        ("next_due", "i8", (MAX_MODELS,)),
        ("earliest_deadline", "i8"),
        ("earliest_pending", "i8"),
        ("n_pending", "i8"),
        ("n_beats", "i8"),  # ever; the newest lies at (n_beats - 1) % BEATS
        ("pending_due", "i8", (MAX_PENDING,)),
        ("pending_model", "i8", (MAX_PENDING,)),
        ("pending_beat", "i8", (MAX_PENDING,)),
        ("open_status", "i8", (MAX_OPEN,)),
        ("open_id", "i8", (MAX_OPEN,)),
        ("open_model", "i8", (MAX_OPEN,)),
        ("open_start", "i8", (MAX_OPEN,)),
        ("open_deadline", "i8", (MAX_OPEN,)),
        ("open_known", "i8", (MAX_OPEN,)),
        ("open_beat", "i8", (MAX_OPEN,)),
        ("beat_at", "i8", (BEATS,)),
        ("beat_known", "i8", (BEATS,)),
        ("beat_value", "f4", (BEATS, BEAT_VALUES)),  # as a window tells of them
        ("mv", "f4", (RING,)),
        ("bad", "u1", (RING,)),
    ],
    align=True,
)
