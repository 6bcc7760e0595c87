"""`resample`: the filters that bring each stream's rate to the internal grid, kept once a rate."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from edgeecg.facts import StreamFacts
from edgeecg_kernels.resample_state import design


def filters(streams: Iterable[StreamFacts]) -> tuple[dict[float, NDArray[np.void]], NDArray[np.float64]]:
    """Return the parameters of every rate in use, and the one table that holds all their taps."""
    params: dict[float, NDArray[np.void]] = {}
    tables: list[NDArray[np.float64]] = [np.zeros(1)]
    n_taps = 1
    for rate_hz in sorted({stream.rate_hz for stream in streams}):
        row, taps = design(rate_hz)
        row["first_tap"] = n_taps
        params[rate_hz] = row
        tables.append(taps)
        n_taps += len(taps)
    return params, np.concatenate(tables)
