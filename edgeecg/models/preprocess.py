"""A model's own front end: a window of millivolt on the engine's grid becomes what its net was trained on.

Fill, notch, Butterworth band-pass forward and backward, median baseline, resample, z-score: see the kernel. It equals
scipy's `sosfiltfilt`, `medfilt` and `resample_poly` to 1e-5; sections instead of `filtfilt(b, a)`, because a polynomial
of degree 10 with poles this near the unit circle loses its digits (at 500 Hz and order 5, two in a hundred of the result).
"""

import math

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.models import filters
from edgeecg.models.card import Input
from edgeecg_kernels.preprocess import preprocess
from edgeecg_kernels.preprocess_state import LEAD_IN, PREPROCESS_PARAMS, PREPROCESS_STATE, SECTION
from edgeecg_kernels.state import GRID_HZ


class Preprocessor:
    """Preprocessing of one model; it owns its scratch, so each thread has its own."""

    __slots__ = ("_band", "_notch", "_out", "_params", "_scratch", "_taps", "_x", "len_samples", "missing")

    def __init__(self, given: Input) -> None:
        assert given.preprocessing is not None, "a card with a net says how to preprocess"
        steps, rate_hz = given.preprocessing, round(given.rate_hz)
        up, down = rate_hz // math.gcd(rate_hz, GRID_HZ), GRID_HZ // math.gcd(rate_hz, GRID_HZ)
        notch = filters.notch(steps.notch_hz, steps.notch_q, GRID_HZ) if steps.notch_hz else []
        self._notch = np.array(notch, SECTION)
        self._band = np.array(filters.bandpass(steps.order, steps.low_hz, steps.high_hz, GRID_HZ), SECTION)
        self._taps = filters.resampler(up, down)
        self._params = np.array([(LEAD_IN, up, down, steps.median_len or 0)], PREPROCESS_PARAMS)
        self._scratch = np.zeros(1, PREPROCESS_STATE)
        self._x = np.zeros(round(given.window_s * GRID_HZ))
        self._out = np.zeros(-(-len(self._x) * up // down))
        self.len_samples = given.len_samples
        self.missing = 0
        """Samples that were no finite number in the last window."""

    def __call__(self, samples_mv: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the net's input, shape (1, 1, 1, len_samples), of a window of as many grid samples as the model wants."""
        if samples_mv.shape != self._x.shape:
            raise InputError("window", f"an array of shape {samples_mv.shape}", f"{len(self._x)} samples at {GRID_HZ} Hz")
        self._x[:] = samples_mv
        self.missing = preprocess(self._scratch, self._params, self._notch, self._band, self._taps, self._x, self._out)
        return self._out[: self.len_samples].astype(np.float32).reshape(1, 1, 1, -1)
