"""Filters from textbook formulas, as second-order sections: Butterworth band-pass, notch, and the resampler's low-pass."""

import cmath
import math

import numpy as np
from numpy.typing import NDArray

Section = tuple[float, float, float, float, float]
"""b0, b1, b2, a1, a2; a0 is 1."""

KAISER_BETA = 5.0
TAPS_PER_STEP = 10


def bandpass(order: int, low_hz: float, high_hz: float, rate_hz: float) -> list[Section]:
    """Design a digital Butterworth band-pass, `order` sections (Oppenheim & Schafer, 7.2-7.3; bilinear, edges pre-warped).

    Every section has a zero at 0 Hz and one at half the rate; its poles come from one pole of the low-pass prototype or
    from a conjugate pair of them. The gain stands in the first.
    """
    low, high = (2 * math.tan(math.pi * edge / rate_hz) for edge in (low_hz, high_hz))
    gain = complex(1.0)
    poles = []
    for k in range(order):
        prototype = -cmath.exp(1j * math.pi * (2 * k - order + 1) / (2 * order)) * (high - low) / 2
        root = cmath.sqrt(prototype**2 - low * high)
        for analog in (prototype + root, prototype - root):
            poles.append((2 + analog) / (2 - analog))
            gain /= 2 - analog
    gain *= (2 * (high - low)) ** order
    gains = [gain.real, *[1.0] * (order - 1)]
    return [(b0, 0.0, -b0, a1, a2) for b0, (a1, a2) in zip(gains, _paired(poles), strict=True)]


def _paired(poles: list[complex]) -> list[tuple[float, float]]:
    """Return (a1, a2) of each conjugate pair, and of the real poles two by two, the most damped first."""
    upper = [pole for pole in poles if pole.imag > 1e-12]
    real = sorted(pole.real for pole in poles if abs(pole.imag) <= 1e-12)
    pairs = [(-2 * pole.real, abs(pole) ** 2) for pole in upper]
    pairs += [(-(p + q), p * q) for p, q in zip(real[::2], real[1::2], strict=True)]
    return sorted(pairs, key=lambda pair: pair[1])


def notch(centre_hz: float, q: float, rate_hz: float) -> list[Section]:
    """Design a notch of -3 dB width `centre_hz / q`, one section (Orfanidis, Introduction to Signal Processing, 11.3)."""
    centre = 2 * math.pi * centre_hz / rate_hz
    gain = 1 / (1 + math.tan(centre / q / 2))
    middle = -2 * gain * math.cos(centre)
    return [(gain, middle, gain, middle, 2 * gain - 1)]


def resampler(up: int, down: int) -> NDArray[np.float64]:
    """Return the taps of a low-pass for resampling by up/down: a sinc under Kaiser's window, its gain `up` at 0 Hz."""
    widest = max(up, down)
    half = TAPS_PER_STEP * widest
    taps = np.sinc(np.arange(-half, half + 1) / widest) * np.kaiser(2 * half + 1, KAISER_BETA)
    return np.asarray(taps * (up / taps.sum()))
