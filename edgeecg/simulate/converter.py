"""What a device's converter makes of the signal: whole numbers between two rails."""

import numpy as np
from numpy.typing import NDArray

from edgeecg.simulate.electrodes import RAIL_MV

COUNTS_PER_MV = 1000
ECG_RAIL = round(RAIL_MV * COUNTS_PER_MV)
COUNTS_PER_SOUND = 4000
"""To S1's height, about."""
PCG_RAIL = 32000


def ecg_counts(ecg_mv: NDArray[np.float64]) -> NDArray[np.int16]:
    """Return the lead in microvolt, within the rails."""
    return _counts(ecg_mv, COUNTS_PER_MV, ECG_RAIL)


def pcg_counts(pcg: NDArray[np.float64]) -> NDArray[np.int16]:
    """Return the sound, within the rails."""
    return _counts(pcg, COUNTS_PER_SOUND, PCG_RAIL)


def _counts(x: NDArray[np.float64], scale: int, rail: int) -> NDArray[np.int16]:
    return np.clip(np.rint(x * scale), -rail, rail).astype(np.int16)
