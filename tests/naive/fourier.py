"""The discrete Fourier transform as its sum is written."""

import cmath
from collections.abc import Sequence


def transform(x: Sequence[complex], sign: int) -> list[complex]:
    """Return the transform of x; sign -1 forward, +1 back, neither scaled."""
    n = len(x)
    return [sum((x[j] * cmath.exp(sign * 2j * cmath.pi * j * k / n) for j in range(n)), 0j) for k in range(n)]
