"""The beats as the kernels of features read them: whoever calls, what would lead a kernel past its arrays is refused by name."""

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.types import BEAT_FIELDS
from edgeecg_kernels.features_rhythm import MOST_BEATS

FARTHEST_S = 1e6
"""From the window's beginning. The engine tells of a minute; a moment has to stay far within an int64 of samples, and NaN is none."""


def told(beats: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the newest MOST_BEATS of rows of BEAT_FIELDS, oldest first, as the engine's windows hold them."""
    if beats.ndim != 2 or beats.shape[1] != len(BEAT_FIELDS):
        raise InputError("beats", f"an array of shape {beats.shape}", f"rows of {len(BEAT_FIELDS)} values: {', '.join(BEAT_FIELDS)}")
    rows = beats[-MOST_BEATS:].astype(np.float64)
    at_s = rows[:, 0]
    if len(at_s) and not (at_s[0] >= -FARTHEST_S and at_s[-1] <= FARTHEST_S and (at_s[1:] >= at_s[:-1]).all()):
        far, before = ~(np.abs(at_s) <= FARTHEST_S), np.append(-np.inf, at_s[:-1])
        odd = int((far | ~(at_s >= before)).argmax())
        raise InputError(
            "beats", f"the moment {at_s[odd]:g} s of beat {odd}", f"known, within {FARTHEST_S:g} s, and behind the beat before"
        )
    return rows
