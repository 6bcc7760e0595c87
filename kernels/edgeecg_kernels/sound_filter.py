"""Linear-phase filters of the sound stage: any rate to the sound grid, and two band-passes over it.

Band-pass 25-400 Hz as in Schmidt et al., Physiol. Meas. 31 (2010) 513-529, section 2.2, and 25-160 Hz, where the energy of
S1 and S2 is. Difference: windowed sincs (Kaiser) of linear phase instead of Butterworth filters, so that no sound is
moved: a delay of a few milliseconds, another at each frequency, is what is to be measured here.

A block is filtered tap by tap over all its samples, which a processor can do side by side; the sum of each sample has
its fixed order all the same, so the length of the block changes no bit.
"""

from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.exact import kaiser, sinc, sums_of_rows
from edgeecg_kernels.resample_state import RESAMPLE_PARAMS
from edgeecg_kernels.sound_state import HALF, SOUND_HZ, TAIL

LOW_HZ, NARROW_HZ, WIDE_HZ = 25.0, 160.0, 400.0
_BETA = 4.0
_REACH_S = 0.009
_PASS_HZ = 500.0
"""Half amplitude of the resampler above the grid's rate: what folds back from beyond it lands above WIDE_HZ."""


def sound_resampler(rate_hz: float) -> tuple[NDArray[np.void], NDArray[np.float64]]:
    """Return RESAMPLE_PARAMS of shape (1,) and taps as `resample_state.design` does, to the sound grid; 500 to 8000 Hz."""
    tenths = round(rate_hz * 10)
    common = gcd(10 * SOUND_HZ, tenths)
    up, down = 10 * SOUND_HZ // common, tenths // common
    half = 0 if up == down else round(_REACH_S * max(rate_hz, 2 * SOUND_HZ * rate_hz / max(rate_hz, SOUND_HZ)))
    params = np.zeros(1, RESAMPLE_PARAMS)
    params[0] = (up, down, down // up, down % up, half, max(1, 2 * half), 0)
    if half == 0:
        return params, np.ones(1)
    cut = min(_PASS_HZ, 0.475 * rate_hz) / rate_hz
    distance = np.arange(up)[:, None] / up + (half - 1) - np.arange(2 * half)
    taps = sinc(2 * cut * distance) * kaiser(distance, half, 5.0)
    return params, np.ascontiguousarray(taps / sums_of_rows(taps)).reshape(-1)


def band_passes() -> NDArray[np.float64]:
    """Return the taps of the narrow and the wide band, shape (2, HALF + 1): from the middle one outwards."""
    k = np.arange(HALF + 1.0)
    window = kaiser(k, HALF + 1, _BETA)

    def low_pass(hz: float) -> NDArray[np.float64]:
        taps = sinc(2 * hz / SOUND_HZ * k) * window
        return np.asarray(taps / (taps[0] + 2 * float(sums_of_rows(taps[None, 1:])[0, 0])))

    return np.stack([low_pass(NARROW_HZ) - low_pass(LOW_HZ), low_pass(WIDE_HZ) - low_pass(LOW_HZ)])


@kernel
def symmetric_fir(taps: Any, line: Any, n: int, y: Any) -> None:
    """Filter: y[i], of n, is about line[HALF + i]; line holds TAIL + n values."""
    middle = taps[0]
    for i in range(n):
        y[i] = middle * line[HALF + i]
    for k in range(1, HALF + 1):
        tap = taps[k]
        for i in range(n):
            y[i] += tap * (line[HALF + i - k] + line[HALF + i + k])


@kernel
def keep_tail(line: Any, n: int, tail: Any) -> None:
    """Keep the newest TAIL values of a line of TAIL + n."""
    for i in range(TAIL):
        tail[i] = line[n + i]
