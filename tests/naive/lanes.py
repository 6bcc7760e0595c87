"""`lanes`, slow and obvious: every product goes to the sum whose turn it is."""

from collections.abc import Sequence


def weighted(x: Sequence[float], weights: Sequence[float]) -> float:
    sums = [0.0, 0.0, 0.0, 0.0]
    for k, (value, weight) in enumerate(zip(x, weights, strict=True)):
        sums[k % 4] += value * weight
    return (sums[0] + sums[2]) + (sums[1] + sums[3])
