"""Features that a model's tree reads: the same function for training and live, pure numpy, by name and version.

A version once shipped never changes what it computes: another computation is another version.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.features.beat import beat_features
from edgeecg.models.features.rhythm import rhythm_features

Features = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]

SETS: dict[str, Features] = {"rhythm-1": rhythm_features, "beat-1": beat_features}
"""`name-version` to what computes it, of samples in mV on the grid (missing: NaN) and rows of BEAT_FIELDS."""
