"""What `resample` remembers, what it is given, and the filter it is given: designed once, when a stream is set up."""

from math import gcd

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels.exact import kaiser, sinc, sums_of_rows
from edgeecg_kernels.state import GRID_HZ

RING_LEN = 192
MAX_HALF = 60  # of 2000 Hz, the highest rate; 2 * MAX_HALF < RING_LEN leaves room to write many samples before reading
MIN_RATE_HZ = 100.0
MAX_RATE_HZ = 2000.0

# `ring` holds sample i at i % RING_LEN and again RING_LEN further on, so the newest 2 * half samples always lie in one
# piece. Its content depends on the samples alone, never on how they were cut into blocks.
RESAMPLE_STATE = np.dtype(
    [
        ("next_input", "i8"),  # index of the input sample that comes next
        ("next_output", "i8"),  # grid sample that is computed next
        ("next_needed", "i8"),  # input sample it waits for
        ("phase", "i8"),  # its place between two input samples, in 1 / up of an input sample
        ("slot", "i8"),  # next_input % RING_LEN
        ("ring", "f8", (2 * RING_LEN,)),
    ],
    align=True,
)

# Grid sample g lies at input position g * down / up.
RESAMPLE_PARAMS = np.dtype(
    [
        ("up", "i8"),
        ("down", "i8"),
        ("whole", "i8"),  # down // up
        ("part", "i8"),  # down % up
        ("half", "i8"),  # input samples on either side of a grid sample; 0 = the input is on the grid already
        ("width", "i8"),  # taps of one phase: 2 * half
        ("first_tap", "i8"),  # where this rate's phases begin in the table all rates share
    ],
    align=True,
)

_PASS = 0.475  # half-amplitude frequency, of the slower of the two rates
_BETA = 5.5
_BETA_SHORT = 4.8  # below 125 Hz: a softer stop band, so that the pass band still fits in so few taps


def ratio(rate_hz: float) -> tuple[int, int]:
    """Return (up, down) in lowest terms, with up / down == GRID_HZ / rate_hz exactly. Rates are multiples of 0.1 Hz."""
    tenths = round(rate_hz * 10) if np.isfinite(rate_hz) else 0
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ or abs(rate_hz * 10 - tenths) > 1e-6:
        raise ValueError(f"rate_hz: {rate_hz} is not a multiple of 0.1 in {MIN_RATE_HZ:g}..{MAX_RATE_HZ:g}")
    common = gcd(10 * GRID_HZ, tenths)
    return 10 * GRID_HZ // common, tenths // common


def half_width(rate_hz: float) -> int:
    """Input samples the filter sees on either side: 30 ms of them, fewer below the grid's own rate (50 ms at 100 Hz)."""
    if rate_hz == GRID_HZ:
        return 0
    return int(0.03 * rate_hz + 0.5) if rate_hz > GRID_HZ else min(7, int(0.056 * rate_hz))


def design(rate_hz: float) -> tuple[NDArray[np.void], NDArray[np.float64]]:
    """Return RESAMPLE_PARAMS of shape (1,) and the taps, phase after phase, oldest sample first.

    A Kaiser-windowed sinc (Kaiser 1974; Oppenheim & Schafer, Discrete-Time Signal Processing, 7.6) of linear phase, cut
    into `up` phases. Each phase is brought to unit gain at 0 Hz by itself, so a constant goes through exactly as flat.
    """
    up, down = ratio(rate_hz)
    half = half_width(rate_hz)
    params = np.zeros(1, RESAMPLE_PARAMS)
    params[0] = (up, down, down // up, down % up, half, max(1, 2 * half), 0)
    if half == 0:
        return params, np.ones(1)
    cut = _PASS * min(rate_hz, GRID_HZ) / rate_hz
    beta = _BETA if half >= 7 else _BETA_SHORT
    distance = np.arange(up)[:, None] / up + (half - 1) - np.arange(2 * half)
    # the window is nothing from its end on: else a grid sample that falls on an input sample would have a lopsided filter
    taps = sinc(2 * cut * distance) * kaiser(distance, half, beta)
    return params, np.ascontiguousarray(taps / sums_of_rows(taps)).reshape(-1)


def output_capacity(input_len: int, up: int, down: int) -> int:
    """Return the most grid samples that `input_len` input samples can complete."""
    return input_len * up // down + 1
