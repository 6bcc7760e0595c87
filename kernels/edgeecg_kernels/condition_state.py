"""State, parameters and tables of `condition`."""

import math

import numpy as np
import numpy.typing as npt

from edgeecg_kernels.state import GRID_HZ

SEGMENT_LEN = 25
"""0.1 s: five whole periods of 50 Hz and six of 60 Hz, so each is invisible to the other's correlation."""
GROUP_LEN = 5
"""20 ms: the baseline is filtered once a group and drawn as a line across the next."""
HISTORY_LEN = 4
"""Samples of the segment before that the band-pass of the mains search reaches back to."""

STUCK_LEN = 12  # equal samples far from the baseline: a rail nobody told us of
STUCK_MV = 1.0
FLAT_LEN = 2 * GRID_HZ
RESEED_LEN = 25  # a bad stretch at least this long starts the baseline afresh
JUMP_MV = 10.0  # no QRS complex stays this far from the baseline ...
JUMP_GROUPS = 15  # ... for 0.3 s: an electrode moved
INVALID_MV = 1e6  # finite, but no voltage an electrode can have
NOT_YET = 1e300  # energy of the quietest segment before there was one; finite, as all state is
TINY_MV = 1e-30  # below it is nothing, and a denormal number would cost 100 cycles an operation

BASELINE_HZ = 0.5
BASELINE_GAIN = 1.0 - math.exp(-2.0 * math.pi * BASELINE_HZ * GROUP_LEN / GRID_HZ)
SETTLE_GROUPS = 3  # groups the baseline simply follows after a (re)start
GAINS = np.array([1.0] * SETTLE_GROUPS + [max(BASELINE_GAIN, 1.0 / age) for age in range(2, 20)])
"""Gain of the baseline by its age in groups: it follows, then averages all it has seen, then is the 0.5 Hz filter."""

MAINS_HZ = (50.0, 60.0)
MAINS_RING = 8  # seconds whose mains amplitude is remembered for `quality`
PAIR_LAG_MAX = 3  # segments: two phasors further apart do not tell the tone's frequency
MAINS_OFFSET_MAX = 2.0 * math.pi * 0.3 / GRID_HZ  # largest drift followed: 0.3 Hz, in radians a sample
_LAG = np.arange(SEGMENT_LEN) - (SEGMENT_LEN - 1) // 2
_OMEGA = [2.0 * math.pi * hz / GRID_HZ for hz in MAINS_HZ]
_RESPONSE = [2.0 * math.cos(2.0 * omega) - 2.0 for omega in _OMEGA]  # of x[n] - 2 x[n-2] + x[n-4], about its middle
COSINES = np.array([[math.cos(omega * k) for k in _LAG] for omega in _OMEGA])
SINES = np.array([[math.sin(omega * k) for k in _LAG] for omega in _OMEGA])
"""Of 50 and of 60 Hz, about the middle of a segment."""
# A segment's phasors are bins 5 and 6 of its 25-point Fourier transform, done as five transforms of 5 samples (bins 0
# and 1 of every 5th sample) and a sum over the five. The sum's weights scale the result to mV of a tone before the
# band-pass, whose delay is 2, with its phase taken at the segment's middle.
COS_FIFTH = (math.cos(2.0 * math.pi / 5.0), math.cos(4.0 * math.pi / 5.0))
SIN_FIFTH = (math.sin(2.0 * math.pi / 5.0), math.sin(4.0 * math.pi / 5.0))
_MIDDLE = (SEGMENT_LEN - 1) // 2 + 2
TURNS = np.array(
    [
        [
            f(omega * (_MIDDLE - r)) * 2.0 / SEGMENT_LEN / gain
            for omega, gain in zip(_OMEGA, _RESPONSE, strict=True)
            for f in (math.cos, math.sin)
        ]
        for r in range(5)
    ]
)
"""Per remainder modulo 5: real and imaginary weight for 50 Hz, real and imaginary weight for 60 Hz."""
TONE_ENERGY = np.array([gain * gain * SEGMENT_LEN / 2.0 for gain in _RESPONSE])
"""Energy of a 1 mV tone in a band-passed segment."""
LAGS = _LAG.astype(np.float64)

CONDITION_STATE = np.dtype(
    [
        # what is held, and for how long
        ("previous", "f8"),
        ("held", "f8"),
        ("still", "i8"),
        ("stuck", "i8"),
        ("bad", "i8"),
        ("clean", "i8"),
        # baseline: a line from `line` to `target` across the group
        ("line", "f8"),
        ("target", "f8"),
        ("slope", "f8"),
        ("sum", "f8"),
        ("age", "i8"),
        ("far", "i8"),
        # mains: the segment so far behind its history, and the wave taken off
        ("segment", "f8", (HISTORY_LEN + SEGMENT_LEN,)),
        ("wave", "f8", (SEGMENT_LEN,)),
        ("marks", "i8"),
        # mains: quietest segments of this half second and the last
        ("quiet", "f8", (2,)),
        # mains search, one row a frequency: last phasor, lag-1 product, energy
        ("last", "f8", (2, 2)),
        ("product", "f8", (2, 2)),
        ("energy", "f8", (2,)),
        ("pairs", "i8"),
        ("since", "i8"),
        ("lag_sum", "f8"),
        ("lag_weight", "f8"),
        # mains tracking: which (-1: none), its phasor, drift per sample, error energy, segments without evidence, without ECG
        ("which", "i8"),
        ("phasor", "f8", (2,)),
        ("drift", "f8"),
        ("error", "f8"),
        ("blind", "i8"),
        ("silent", "i8"),
        ("mains_mv", "f8", (MAINS_RING,)),  # amplitude taken off at the end of the last seconds, by second modulo the ring
    ],
    align=True,
)

CONDITION_PARAMS = np.dtype(
    [
        ("rail_low", "f8"),
        ("rail_high", "f8"),
        ("lead_off", "f8"),
        ("lead_off_mains", "f8"),
        ("still", "f8"),
        ("mains_min", "f8"),
    ],
    align=True,
)


def condition_params(
    *,
    rail_low_mv: float = -math.inf,
    rail_high_mv: float = math.inf,
    lead_off_mv: float = 1000.0,
    lead_off_mains_mv: float = 3.0,
    still_mv: float = 1e-3,
    mains_min_mv: float = 3e-3,
) -> npt.NDArray[np.void]:
    """Return CONDITION_PARAMS of shape (1,); rails are the converter's range at the electrodes, where it is known.

    A sample within 0.2 % of the range from a rail counts as on it: resampling leaves ripples on a clipped top.
    """
    span = rail_high_mv - rail_low_mv
    margin = 0.002 * span if math.isfinite(span) else 0.0
    off_mv = min(lead_off_mv, INVALID_MV)
    values = (rail_low_mv + margin, rail_high_mv - margin, off_mv, lead_off_mains_mv, still_mv, mains_min_mv)
    return np.array([values], dtype=CONDITION_PARAMS)
