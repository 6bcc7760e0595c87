"""Optimal transport on lines and small grids: the plan over lags, Sinkhorn in the log domain, exact 1-D Wasserstein.

The plan over lags is the entropic problem with one free marginal, min <C, P> + eps KL(P | a x q) with P 1 = a (Cuturi, Sinkhorn
Distances, 2013, with the column constraint dropped: Chizat et al., Scaling Algorithms for Unbalanced Optimal Transport, 2018,
rho = 0): each row is a soft-max of -C / eps + log q, so nothing is iterated. `sinkhorn` is the general form: rho = inf imposes the
second marginal, 0 frees it, and between it is damped by rho / (rho + eps) (same paper, table 1); the dual potentials come in and go
out, so that the next problem starts where this one ended. `wasserstein` is the squared distance between weighted points of a line by
a sweep over both quantile functions (Villani, Topics in Optimal Transportation, 2.2). Differences: none in what is computed.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel

LEAST_EXPONENT = -60.0
"""e to that is nothing beside 1 in float64."""


@kernel
def exp_of_negative(x: float) -> float:
    """Return e ** x of x <= 0 to 1e-12 of itself, 0 below LEAST_EXPONENT, by sums and products alone: a processor does several side by side.

    A Taylor sum of x / 1024, squared ten times (Higham, The scaling and squaring method, 2005, of a number).
    """
    y = x * 0.0009765625
    e = 1.0 + y * (1.0 + y * (0.5 + y * (1 / 6 + y * (1 / 24 + y * (1 / 120 + y * (1 / 720 + y * (1 / 5040 + y * (1 / 40320))))))))
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    return e if x > LEAST_EXPONENT else 0.0


@kernel
def lag_plan(cost: Any, log_prior: Any, eps: float, n: int, plan: Any) -> float:
    """Write the plan's row of one beat, of mass 1, into plan[:n]; return minus log of its partition sum: the cost, softly minimal."""
    largest = -math.inf
    for d in range(n):
        plan[d] = log_prior[d] - cost[d] / eps
    for d in range(n):
        largest = plan[d] if plan[d] > largest else largest
    for d in range(n):
        plan[d] = exp_of_negative(plan[d] - largest)
    total = 0.0
    for d in range(n):
        total += plan[d]
    share = 1.0 / total
    for d in range(n):
        plan[d] *= share
    return -(largest + math.log(total))


@kernel
def lag_plans(cost: Any, log_prior: Any, eps: float, plans: Any) -> None:
    """Write the whole plan, a row a beat, each of mass 1 / beats."""
    rows, columns = cost.shape
    for i in range(rows):
        lag_plan(cost[i], log_prior, eps, columns, plans[i])
        for d in range(columns):
            plans[i, d] /= rows


@kernel
def _soft_minimum(cost: Any, other: Any, log_mass: Any, eps: float, i: int, by_row: bool) -> float:
    """Return -eps log sum exp((other - cost) / eps + log_mass) along row or column i."""
    n = cost.shape[1] if by_row else cost.shape[0]
    largest = -math.inf
    for j in range(n):
        c = cost[i, j] if by_row else cost[j, i]
        value = (other[j] - c) / eps + log_mass[j]
        if value > largest:
            largest = value
    if largest == -math.inf:
        return math.inf
    total = 0.0
    for j in range(n):
        c = cost[i, j] if by_row else cost[j, i]
        total += math.exp((other[j] - c) / eps + log_mass[j] - largest)
    return -eps * (largest + math.log(total))


@kernel
def sinkhorn(
    cost: Any, log_a: Any, log_b: Any, eps: float, rho: float, tolerance: float, most: int, f: Any, g: Any, plan: Any
) -> int:  # fmt: skip
    """Write the plan between exp(log_a) and exp(log_b) into `plan`, beginning at the potentials f and g; return the rounds taken.

    The first marginal holds exactly; the second at the price rho (inf: exactly). It ends when no potential moves by more than
    `tolerance`, or after `most` rounds.
    """
    rows, columns = cost.shape
    damping = 1.0 if rho == math.inf else rho / (rho + eps)
    rounds = 0
    moved = math.inf
    while rounds < most and moved > tolerance:
        moved = 0.0
        for j in range(columns):
            value = damping * _soft_minimum(cost, f, log_a, eps, j, False) if damping > 0.0 else 0.0
            step = abs(value - g[j])
            g[j] = value
            if step > moved:
                moved = step
        for i in range(rows):
            value = _soft_minimum(cost, g, log_b, eps, i, True)
            step = abs(value - f[i])
            f[i] = value
            if step > moved:
                moved = step
        rounds += 1
    for i in range(rows):
        for j in range(columns):
            plan[i, j] = math.exp((f[i] + g[j] - cost[i, j]) / eps + log_a[i] + log_b[j])
    return rounds


@kernel
def wasserstein(x: Any, a: Any, y: Any, b: Any) -> float:
    """Return the squared 2-Wasserstein distance of masses a at the sorted points x from masses b at the sorted points y.

    Both masses sum to 1; what rounding leaves over at the end is taken to the last point.
    """
    n = x.shape[0]
    m = y.shape[0]
    i = 0
    j = 0
    left_a = float(a[0])
    left_b = float(b[0])
    total = 0.0
    while i < n and j < m:
        last = i == n - 1 and j == m - 1
        if i == n - 1 and not last:
            moved = left_b
        elif j == m - 1 and not last:
            moved = left_a
        else:
            moved = left_a if left_a < left_b else left_b
        apart = float(x[i]) - float(y[j])
        total += moved * apart * apart
        if last:
            break
        left_a -= moved
        left_b -= moved
        advance_a = i < n - 1 and (j == m - 1 or left_a <= left_b)
        if advance_a:
            i += 1
            left_a += float(a[i])
        else:
            j += 1
            left_b += float(b[j])
    return total
