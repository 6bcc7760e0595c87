"""The state of many streams side by side: one row a stream, one row a lead, both of fixed size."""

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels.align_state import ALIGN_PARAMS, ALIGN_STATE, SPAN, SPANS_LEN
from edgeecg_kernels.condition_state import CONDITION_PARAMS, CONDITION_STATE
from edgeecg_kernels.flutter_state import FLUTTER_STATE
from edgeecg_kernels.qrs_state import QRS_STATE
from edgeecg_kernels.quality_state import QUALITY_STATE
from edgeecg_kernels.resample_state import RESAMPLE_PARAMS, RESAMPLE_STATE
from edgeecg_kernels.signal import SIGNAL_STATE
from edgeecg_kernels.state import EVENT
from edgeecg_kernels.vitals_state import VITALS_STATE
from edgeecg_kernels.window_state import WINDOW_STATE

STREAM_STATE = np.dtype(
    [
        ("started", "i8"),
        ("is_open", "i8"),
        ("silent", "i8"),
        ("epoch", "i8"),
        ("heard_ns", "i8"),  # arrival of the newest piece
        ("align", ALIGN_STATE),
        ("window", WINDOW_STATE),
        ("vitals", VITALS_STATE),
        ("flutter", FLUTTER_STATE),
    ],
    align=True,
)

LEAD_STATE = np.dtype(
    [
        ("resample", RESAMPLE_STATE),
        ("condition", CONDITION_STATE),
        ("signal", SIGNAL_STATE),
        ("qrs", QRS_STATE),
        ("quality", QUALITY_STATE),
    ],
    align=True,
)

STREAM_PARAMS = np.dtype(
    [
        ("leads", "i8"),
        ("first_lead", "i8"),
        ("mv_per_unit", "f8"),
        ("offset_units", "f8"),
        ("align", ALIGN_PARAMS),
        ("resample", RESAMPLE_PARAMS),
        ("condition", CONDITION_PARAMS),
    ],
    align=True,
)

PIECE = np.dtype(
    [
        ("slot", "i8"),  # the stream's row
        ("start", "i8"),  # where its samples begin in x
        ("n", "i8"),  # these six as in CHUNK_META
        ("sequence", "i8"),
        ("device_us", "i8"),
        ("arrival_ns", "i8"),
        ("offset", "i8"),
        ("frame_len", "i8"),
    ],
    align=True,
)

PIECE_TICK = -1
"""As `n`: no samples, but time has passed, up to `arrival_ns`."""
PIECE_BREAK = -2
"""As `n`: the source was lost, or opens anew; what is held comes out, what is pending is decided."""

MAX_PIECE_GRID = 1024
"""A chunk is cut so that one piece makes at most this many grid samples: it never outruns the window ring."""
BLOCK_INPUT = 400
"""Samples taken through the stages at a time."""
BLOCK_GRID = 1024
"""Room for what they make on the grid, from 100 Hz up."""
ROWS_PER_PIECE = 2048
"""More rows than one piece can give."""

SCRATCH = np.dtype(
    [
        ("raw", "f8", (BLOCK_GRID,)),
        ("clean", "f8", (BLOCK_GRID,)),
        ("flags", "u1", (BLOCK_GRID,)),
        ("row", EVENT),
        ("spans", SPAN, (SPANS_LEN,)),
    ],
    align=True,
)
"""What one call works in and nobody reads afterwards."""


def make_scratch() -> NDArray[np.void]:
    """Return room to work in, of shape (1,)."""
    return np.zeros(1, SCRATCH)
