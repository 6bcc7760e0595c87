"""What a device that says nothing of itself lets one guess: its rate from when samples come, its scale from how far they swing."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

USUAL_RATES_HZ: Final = (
    100,
    120,
    125,
    128,
    130,
    150,
    160,
    180,
    200,
    240,
    250,
    256,
    300,
    320,
    333,
    360,
    400,
    480,
    500,
    512,
    600,
    720,
    800,
    860,
    1000,
    1024,
    2000,
)
SNAP: Final = 0.01
"""How far from a usual rate an estimate may lie and still mean it: USB delivers late, but not by a hundredth of five seconds."""
USUAL_SWING_MV: Final = 1.5
"""Peak to peak of an ECG in two seconds, roughly: detectors do not depend on it, amplitudes do."""
SWING_S: Final = 2.0


def slope_hz(times_s: Sequence[float], counts: Sequence[int]) -> float:
    """Fit samples a second through (time, samples so far), so that neither end alone decides; 0: no time has passed."""
    t = np.asarray(times_s, np.float64)
    n = np.asarray(counts, np.float64)
    t -= t.mean()
    spread = float(t @ t)
    return float(t @ (n - n.mean())) / spread if spread > 0 else 0.0


def usual_rate_hz(estimate_hz: float) -> float:
    """Return the usual rate that an estimate means, or the estimate in whole hertz."""
    nearest = min(USUAL_RATES_HZ, key=lambda rate_hz: abs(rate_hz - estimate_hz))
    return float(nearest if abs(nearest - estimate_hz) <= SNAP * nearest else round(estimate_hz))


def scale(values: NDArray[np.float64], rate_hz: float) -> tuple[float, float]:
    """Return (mv_per_unit, offset_units) under which the samples of one lead swing as an ECG does."""
    heard = values[np.isfinite(values)]
    if not len(heard):
        return 1.0, 0.0
    stretches = np.array_split(heard, max(1, int(len(heard) / (SWING_S * rate_hz))))
    swing = float(np.median([np.ptp(stretch) for stretch in stretches]))
    return (USUAL_SWING_MV / swing if swing > 0 else 1.0), float(np.median(heard))
