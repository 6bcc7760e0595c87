"""The features of the rhythm tree, in the order in which `edgeecg.models.features.rhythm` names them.

Two kernels, because a transform lies between them: what is left between beats is transformed by the caller.
"""

from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.features_intervals import N_ORDER, N_SCATTER, N_VERDICTS, told
from edgeecg_kernels.features_order import clear
from edgeecg_kernels.features_strip import (
    BEAT,
    N_BETWEEN,
    N_REPEATED,
    N_WHOLE,
    between,
    between_in_time,
    choose_whole,
    range_of,
    repeated,
    take_beats_off,
    typical_of,
    whole,
)

N_TOLD = N_SCATTER + N_ORDER + N_VERDICTS
AT_WHOLE = 2 * N_TOLD
AT_REPEATED = AT_WHOLE + N_WHOLE
AT_BETWEEN = AT_REPEATED + N_REPEATED
N_FEATURES = AT_BETWEEN + N_BETWEEN
TYPICAL_BEATS = 2
"""Fewer whole beats than this have no typical one."""
MOST_BEATS = 360
ROOM = 2 * MOST_BEATS + 4
"""To put a sample of so many beats in order, see `typical_of`."""


@kernel
def rhythm_features(
    rows: Any, raw: Any, clean: Any, power: Any, edges: Any, missing: float, peaks: Any, cells: Any, scratch: Any, out: Any
) -> float:  # fmt: skip
    """Write all that needs no second transform; leave in scratch[0] what lies between beats, and return its unit.

    `rows` are beats with their moment from the window's beginning, oldest first, those before it too. `scratch` has five
    rows, each as long as the window and ROOM; `peaks` has room for twice the beats, `cells` for 961.
    """
    n_rows, length = rows.shape[0], len(clean)
    begin = 0
    while begin < n_rows and rows[begin, 0] < 0.0:
        begin += 1
    told(rows, begin, scratch[0], scratch[1], cells, out, 0)
    told(rows, 0, scratch[0], scratch[1], cells, out, N_TOLD)
    whole(raw, clean, power, edges, missing, scratch[0], out, AT_WHOLE)
    n_peaks = 0
    for k in range(begin, n_rows):
        peak = round(rows[k, 0] * 250.0)
        if peak < length:
            peaks[n_peaks] = peak
            n_peaks += 1
    chosen = peaks[n_rows:]
    n_whole = choose_whole(peaks, n_peaks, 0, length, chosen)
    rest, ordered, typical, shape, noise = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    if n_whole >= TYPICAL_BEATS:
        typical_of(clean, chosen, n_whole, ordered, typical)
        repeated(clean, chosen, n_whole, typical, shape, noise, ordered, out, AT_REPEATED)
        height = range_of(typical, 0, BEAT) + 1e-6
        take_beats_off(clean, peaks, n_peaks, typical, rest)
    else:
        clear(out, AT_REPEATED, N_REPEATED)
        height = 1.0
        for i in range(length):
            rest[i] = clean[i]
    between_in_time(clean, peaks, n_peaks, height, ordered, out, AT_BETWEEN + 8)
    return float(height)


@kernel
def rhythm_between(power: Any, usual: Any, places: Any, step_hz: float, length: int, height: float, out: Any) -> None:
    """Write what the spectrum of what lies between beats says."""
    between(power, usual, places, step_hz, length, height, out, AT_BETWEEN)
