"""Every kernel's state, as structured dtypes of one fixed size: a snapshot is `state.tobytes()`.

Convention. A stage kernel has two forms. `<stage>_block(s, p, ...)` takes one record `s` of its state (and its
parameters `p`), so that it can be fused into a larger kernel; `<stage>(state, params, x, out) -> n_written` is the
same thing for a caller in Python, with `state` of shape (1,). Fields are reached as `s["field"]`: that works on
numba records and on numpy's, with the compiler on and off. Positions are int64, signals float64.
"""

import numpy as np

GRID_HZ = 250
"""Rate of the internal grid: every ECG lead is brought to it before anything looks at it."""

# Bits of a sample's flags, written by `condition` and read by all that follow. BAD: the value says nothing about the heart.
FLAG_INVALID = 1  # NaN or infinite input
FLAG_LEAD_OFF = 2
FLAG_SATURATED = 4
FLAG_FLAT = 8
FLAG_MAINS = 16  # mains found here and cut: the sample is usable
FLAG_BAD = FLAG_INVALID | FLAG_LEAD_OFF | FLAG_SATURATED | FLAG_FLAT

# One row of what a kernel reports. `sample` is what the event is about, `known_at` the sample that decided it,
# both on the internal grid inside a lead's kernels and on the stream's own clock once the pipeline has translated them.
EVENT = np.dtype([("kind", "i4"), ("lead", "i4"), ("sample", "i8"), ("known_at", "i8"), ("value", "f8", (8,))], align=True)

# What a row reports. Rows decided by the same sample are ordered by kind.
KIND_GAP = 1
KIND_REFUSED = 2
KIND_CLOCK = 3
KIND_SIGNAL = 10
KIND_BEAT = 11
KIND_QUALITY = 12
KIND_VITALS = 13
KIND_FLUTTER = 14
KIND_WINDOW = 20
KIND_EXPIRED = 21
KIND_TIME = 30

# What a beat's row says besides, added up: it is told late; another was most likely refused before it; another may have been.
LATE, PASSED_OVER, LEFT_OPEN = 1, 2, 4

UNRULED = 2**62 + 1
"""As what is due of a stream: it has no rules."""
ASKED = -1
"""Ditto: rules are asked after every piece."""
