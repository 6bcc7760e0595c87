"""Transport, slowly: soft-max rows, Sinkhorn by scaling in floats, Wasserstein by both quantile functions on a fine grid of masses."""

import math
from fractions import Fraction


def lag_plan(cost: list[float], log_prior: list[float], eps: float) -> list[float]:
    weights = [math.exp(-c / eps + q) for c, q in zip(cost, log_prior, strict=True)]
    return [weight / math.fsum(weights) for weight in weights]


def sinkhorn(cost: list[list[float]], a: list[float], b: list[float], eps: float, rho: float, rounds: int) -> list[list[float]]:
    """Scale rows and columns of exp(-C / eps) in turn, rows last; columns by the power rho / (rho + eps)."""
    rows, columns = range(len(a)), range(len(b))
    gibbs = [[a[i] * b[j] * math.exp(-cost[i][j] / eps) for j in columns] for i in rows]
    power = 1.0 if math.isinf(rho) else rho / (rho + eps)
    u, v = [1.0] * len(a), [1.0] * len(b)
    for _ in range(rounds):
        for j in columns:
            v[j] = (b[j] / math.fsum(gibbs[i][j] * u[i] for i in rows)) ** power
        for i in rows:
            u[i] = a[i] / math.fsum(gibbs[i][j] * v[j] for j in columns)
    return [[gibbs[i][j] * u[i] * v[j] for j in columns] for i in rows]


def wasserstein(x: list[float], a: list[Fraction], y: list[float], b: list[Fraction]) -> float:
    """Match the masses in order, exactly: between two neighbouring sums of masses one point of x goes to one point of y."""
    ends = sorted({*_sums(a), *_sums(b)})
    total, before = 0.0, Fraction(0)
    for end in ends:
        total += float(end - before) * (x[_holder(a, end)] - y[_holder(b, end)]) ** 2
        before = end
    return total


def _sums(masses: list[Fraction]) -> list[Fraction]:
    return [sum(masses[: i + 1], Fraction(0)) for i in range(len(masses))]


def _holder(masses: list[Fraction], end: Fraction) -> int:
    return next(i for i, so_far in enumerate(_sums(masses)) if so_far >= end)
