"""Energy by band of a stretch of sound too short for filters: what is heard in systole and in diastole.

Goertzel's recurrence (Amer. Math. Monthly 65 (1958) 34-35) at frequencies 20 Hz apart, over a Hann window. Difference: the
powers of a band's frequencies are added up, so that a band holds the mean square the stretch has in it.
"""

import math
from typing import Any

import numpy as np

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.sound_state import BANDS, SOUND_HZ

STEP_HZ = 20.0
EDGES_HZ = (30.0, 60.0, 120.0, 240.0, 400.0)
"""Of the bands, as `edgeecg.types.MURMUR_HZ`."""
CENTRES = np.arange(40.0, 400.0, STEP_HZ)
BAND_OF = np.searchsorted(np.array(EDGES_HZ), CENTRES, side="right") - 1
TURNS = np.array([2.0 * math.cos(2.0 * math.pi * hz / SOUND_HZ) for hz in CENTRES])
LEAST = 40
"""A shorter stretch has no spectrum worth telling."""


@kernel
def murmur_bands(x: Any, begin: int, end: int, work: Any, bands: Any) -> bool:
    """Fill `bands` with the mean squares of x[begin:end] in each; False: too short, nothing is filled."""
    n = end - begin
    if n < LEAST:
        return False
    for b in range(BANDS):
        bands[b] = 0.0
    weight = 0.0
    for i in range(n):
        hann = 0.5 - 0.5 * math.cos(2.0 * math.pi * (float(i) + 0.5) / float(n))
        weight += hann * hann
        work[i] = hann * x[begin + i]
    for c in range(len(TURNS)):
        turn, before, now = TURNS[c], 0.0, 0.0
        for i in range(n):
            before, now = now, work[i] + turn * now - before
        bands[BAND_OF[c]] += now * now + before * before - turn * now * before
    for b in range(BANDS):
        bands[b] *= 2.0 * STEP_HZ / (weight * SOUND_HZ)
    return True
