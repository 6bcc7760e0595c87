"""What features share: numbers put in order, their median, and a quotient that is no number where it has no value."""

import math
from typing import Any

from edgeecg_kernels._jit import kernel


@kernel
def ordered_into(out: Any, n: int, value: float) -> None:
    """Put a value into the ascending out[:n], which grows by one."""
    k = n
    while k > 0 and out[k - 1] > value:
        out[k] = out[k - 1]
        k -= 1
    out[k] = value


@kernel
def middle(ordered: Any, n: int) -> float:
    """Return the median of the ascending ordered[:n]; of nothing it is NaN."""
    if n == 0:
        return math.nan
    half = n // 2
    if n % 2 == 1:
        return float(ordered[half])
    return float((ordered[half - 1] + ordered[half]) / 2.0)


@kernel
def ratio(a: float, b: float) -> float:
    """Return a / b, or NaN where b is 0."""
    return a / b if b != 0.0 else math.nan


@kernel
def clear(out: Any, at: int, n: int) -> None:
    """Say of n values that they are not known."""
    for k in range(at, at + n):
        out[k] = math.nan
