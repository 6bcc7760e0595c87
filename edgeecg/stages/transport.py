"""`transport`: plans and distances for arrays, by the kernels that coupling uses."""

import math

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels.transport import lag_plans, sinkhorn, wasserstein

Array = NDArray[np.float64]


def semi_relaxed(cost: Array, log_prior: Array, eps: float) -> Array:
    """Return the entropic plan between rows of equal mass, all held, and columns of a prior, none held: a closed form."""
    plan = np.zeros(cost.shape)
    lag_plans(cost, log_prior, eps, plan)
    return plan


def balanced(cost: Array, a: Array, b: Array, eps: float, *, tolerance: float = 1e-9, most: int = 10_000) -> Array:
    """Return the entropic plan between masses a and b, both held: Sinkhorn in the log domain."""
    f, g, plan = np.zeros(len(a)), np.zeros(len(b)), np.zeros(cost.shape)
    sinkhorn(cost, np.log(a), np.log(b), eps, math.inf, tolerance, most, f, g, plan)
    return plan


def distance(x: Array, a: Array, y: Array, b: Array) -> float:
    """Return the 2-Wasserstein distance of masses a at sorted points x from masses b at sorted points y."""
    return math.sqrt(max(wasserstein(x, a, y, b), 0.0))
