"""The oracle of `resample`: the whole signal at once, exact fractions for time, one output after another."""

import math
from collections.abc import Sequence
from fractions import Fraction

GRID_HZ = 250


def bessel_i0(x: float) -> float:
    """The power series: sum of ((x / 2)^k / k!)^2."""
    return math.fsum((x / 2) ** (2 * k) / math.factorial(k) ** 2 for k in range(60))


def impulse_response(t: float, rate_hz: float, half: int) -> float:
    """A Kaiser-windowed sinc at t input samples from its middle, not yet brought to unit gain."""
    if abs(t) >= half:
        return 0.0
    cut = 0.475 * min(rate_hz, GRID_HZ) / rate_hz
    beta = 5.5 if half >= 7 else 4.8
    sinc = 1.0 if t == 0 else math.sin(2 * math.pi * cut * t) / (2 * math.pi * cut * t)
    return sinc * bessel_i0(beta * math.sqrt(1 - (t / half) ** 2))


def half_width(rate_hz: float) -> int:
    if rate_hz > GRID_HZ:
        return math.floor(0.03 * rate_hz + 0.5)
    return min(7, math.floor(0.056 * rate_hz))


def resample(x: Sequence[float], rate_hz: float, first_input: int) -> list[tuple[int, int, float]]:
    """Return (grid sample, input sample that completed it, value) of every grid sample that x is enough for."""
    step = Fraction(round(rate_hz * 10), 10 * GRID_HZ)
    if step == 1:
        return [(first_input + i, first_input + i, value) for i, value in enumerate(x)]
    half = half_width(rate_hz)
    found = []
    g = math.ceil(first_input / step)
    while math.floor(g * step) + half < first_input + len(x):
        support = range(math.floor(g * step) - half + 1, math.floor(g * step) + half + 1)
        if support[0] >= first_input:
            taps = [impulse_response(float(g * step - k), rate_hz, half) for k in support]
            products = [x[k - first_input] * tap / math.fsum(taps) for k, tap in zip(support, taps, strict=True)]
            value = math.fsum(products) if all(map(math.isfinite, products)) else math.nan
            found.append((g, support[-1], value))
        g += 1
    return found
