"""Energy by band of a stretch of sound too short for filters: what is heard in systole and in diastole.

Welch's mean of periodograms (IEEE Trans. Audio Electroacoust. 15 (1967) 70-73), of 80 ms under a Hann window that overlap by
half, each frequency by Goertzel's recurrence (Amer. Math. Monthly 65 (1958) 34-35). Difference: frequencies are 20 Hz
apart, less than the window tells apart, and are added up, so that a band holds the mean square the stretch has in it.
"""

from typing import Any

import numpy as np

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.exact import cos_pi
from edgeecg_kernels.sound_state import BANDS, SOUND_HZ

STEP_HZ = 20.0
EDGES_HZ = (30.0, 60.0, 120.0, 240.0, 400.0)
"""Of the bands, as `edgeecg.types.MURMUR_HZ`."""
CENTRES = np.arange(40.0, 400.0, STEP_HZ)
BAND_OF = np.searchsorted(np.array(EDGES_HZ), CENTRES, side="right") - 1
TURNS = 2.0 * cos_pi(2.0 * CENTRES / SOUND_HZ)
SEGMENT = 80
HOP = 40
"""A stretch shorter than a segment has no spectrum worth telling."""
HANN = 0.5 - 0.5 * cos_pi((2.0 * np.arange(SEGMENT) + 1.0) / SEGMENT)
WEIGHT = 2.0 * STEP_HZ / (0.375 * SEGMENT * SOUND_HZ)
"""Of the squares of HANN the mean is 3/8."""


@kernel
def murmur_bands(x: Any, begin: int, end: int, work: Any, bands: Any) -> bool:
    """Fill `bands` with the mean squares of x[begin:end] in each; False: too short, nothing is filled."""
    segments = (end - begin - SEGMENT) // HOP + 1
    if end - begin < SEGMENT:
        return False
    for b in range(BANDS):
        bands[b] = 0.0
    for segment in range(segments):
        for i in range(SEGMENT):
            work[i] = HANN[i] * x[begin + segment * HOP + i]
        for c in range(len(TURNS)):
            turn, before, now = TURNS[c], 0.0, 0.0
            for i in range(SEGMENT):
                before, now = now, work[i] + turn * now - before
            bands[BAND_OF[c]] += now * now + before * before - turn * now * before
    for b in range(BANDS):
        bands[b] *= WEIGHT / float(segments)
    return True
