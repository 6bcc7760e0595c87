"""Where a moment of an ECG lies on the clock of the sound beside it.

No paper. Both streams of a device stamp their frames with one clock, each counts its own samples, and no two converters
run equally fast. So a moment goes from the count of the one to the device's clock and from there to the count of the other:
each count's offset from the clock is the mean over the last frames whose offsets agree. A device that sets its clock
leaves runs of frames with one offset each; the run is taken that holds the moment, as far apart as the two counts were at
the beat before, or, at first, by what has come of both streams. Where frames carry no time, both streams began at once, and each count is its clock; if one began anew, no count says where they meet.
"""

from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.align_state import ANCHORS
from edgeecg_kernels.state import GRID_HZ

AVERAGED = 8
"""Frames' offsets in a mean: somewhat less than a second."""
SAME_RUN_US = 20_000.0
SLACK_US = 20_000.0
"""How far outside its frames a moment may seem to lie, and a frame more: two streams' frames do not begin together."""
NOWHERE = -1e18
DOUBTS = 3
"""So many beats in a row are placed as those before were, though the clocks say otherwise: the sound's frames may not show a setting yet."""


@kernel
def _offset_us(align: Any, n: int, rate_mhz: int) -> float:
    """Return the device's clock less the stream's count at an anchor."""
    at = n % ANCHORS
    return float(align["anchor_us"][at]) - float(align["anchor_index"][at]) * 1e9 / float(rate_mhz)


@kernel
def _run_start(align: Any, newest: int, oldest: int, rate_mhz: int) -> int:
    """Return the oldest anchor of the run that ends with `newest`."""
    first = newest
    while first > oldest:
        if abs(_offset_us(align, first - 1, rate_mhz) - _offset_us(align, first, rate_mhz)) > SAME_RUN_US:
            break
        first -= 1
    return first


@kernel
def _mean_offset_us(align: Any, newest: int, first: int, rate_mhz: int) -> float:
    base = _offset_us(align, newest, rate_mhz)
    total, count = 0.0, 0
    for n in range(max(first, newest - AVERAGED + 1), newest + 1):
        total += _offset_us(align, n, rate_mhz) - base
        count += 1
    return base + total / float(count)


@kernel
def _newest_at(align: Any, index: int) -> int:
    """Return the newest anchor at or before a sample, or the oldest there is."""
    newest = align["anchors"] - 1
    oldest = max(0, align["anchors"] - ANCHORS)
    while newest > oldest and align["anchor_index"][newest % ANCHORS] > index:
        newest -= 1
    return int(newest)


@kernel
def behind_us(ecg: Any, ecg_mhz: int, sound_mhz: int, index: int) -> float:
    """Return how much more of the sound has come than of the ECG, each by its own count."""
    return float(index) * 1e9 / float(sound_mhz) - float(ecg["next_index"]) * 1e9 / float(ecg_mhz)


@kernel
def sound_place(ecg: Any, ecg_mhz: int, sound: Any, sound_mhz: int, grid: int, index: int, later_us: float, apart_us: float
) -> tuple[float, bool]:  # fmt: skip
    """Return a position on the ECG's grid as microseconds of the sound's count, and whether the clocks say so.

    `ecg` and `sound` are states of `align`; of the sound only frames up to sample `index`, which comes now, are looked at.
    Where frames carry no time, the ECG began `later_us` after the sound; where they do, it did so by `apart_us` when that was last seen.
    """
    ecg_us = float(grid) * 1e6 / GRID_HZ
    if ecg["anchors"] == 0 or sound["anchors"] == 0:
        return ecg_us + later_us, True
    near = _newest_at(ecg, int(float(grid) * float(ecg_mhz) / 1000.0 / GRID_HZ))
    ecg_first = _run_start(ecg, near, max(0, ecg["anchors"] - ANCHORS), ecg_mhz)
    clock_us = ecg_us + _mean_offset_us(ecg, near, ecg_first, ecg_mhz)
    expected_us = ecg_us + (behind_us(ecg, ecg_mhz, sound_mhz, index + sound["last_len"]) if apart_us == NOWHERE else apart_us)
    newest, oldest = _newest_at(sound, index), max(0, sound["anchors"] - ANCHORS)
    best_us, best_off, sure = (
        clock_us - _mean_offset_us(sound, newest, _run_start(sound, newest, oldest, sound_mhz), sound_mhz),
        1e30,
        False,
    )
    end_us, slack_us = 1e30, SLACK_US + float(sound["last_len"]) * 1e9 / float(sound_mhz)
    while newest >= oldest:
        first = _run_start(sound, newest, oldest, sound_mhz)
        us = clock_us - _mean_offset_us(sound, newest, first, sound_mhz)
        begin_us = float(sound["anchor_index"][first % ANCHORS]) * 1e9 / float(sound_mhz)
        off = abs(us - expected_us)
        if (us >= begin_us - slack_us or first == oldest) and us <= end_us + slack_us and off < best_off:
            best_us, best_off, sure = us, off, True
        newest, end_us = first - 1, begin_us
    return best_us, sure
