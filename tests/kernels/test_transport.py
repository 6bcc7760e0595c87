"""What transport claims: plans equal to the oracles' and to POT's, marginals held, a warm start that is one, exact distances."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeecg.stages import transport
from edgeecg_kernels.transport import lag_plan, sinkhorn, wasserstein
from tests.naive import transport as naive

Array = NDArray[np.float64]

costs = st.lists(st.floats(-30, 30), min_size=2, max_size=40)


def plan_of(cost: Array, a: Array, b: Array, eps: float, rho: float, **start: Array) -> tuple[Array, int, Array, Array]:
    f, g = start.get("f", np.zeros(len(a))), start.get("g", np.zeros(len(b)))
    plan = np.full(cost.shape, np.nan)
    rounds = sinkhorn(cost, np.log(a), np.log(b), eps, rho, 1e-10, 20000, f, g, plan)
    return plan, rounds, f, g


def problem(seed: int, rows: int = 9, columns: int = 14) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 3, (rows, columns)), rng.dirichlet(np.ones(rows)), rng.dirichlet(np.ones(columns))


@given(cost=costs, eps=st.sampled_from((0.5, 1.0, 4.0)))
def test_the_plan_over_lags_is_the_soft_max(cost: list[float], eps: float) -> None:
    prior = np.log(np.linspace(1, 2, len(cost)) / np.linspace(1, 2, len(cost)).sum())
    plan = np.full(len(cost), np.nan)
    soft = lag_plan(np.array(cost), prior, eps, len(cost), plan)
    np.testing.assert_allclose(plan, naive.lag_plan(cost, prior.tolist(), eps), atol=1e-12)
    assert soft == pytest.approx(-math.log(math.fsum(math.exp(-c / eps + q) for c, q in zip(cost, prior, strict=True))), abs=1e-9)


def test_the_plan_over_lags_bears_costs_beyond_what_exp_does() -> None:
    plan = np.zeros(3)
    lag_plan(np.array([5000.0, 5001.0, 9000.0]), np.zeros(3), 1.0, 3, plan)
    np.testing.assert_allclose(plan, [1 / (1 + math.exp(-1)), 1 / (1 + math.exp(1)), 0.0], atol=1e-12)


@pytest.mark.parametrize("rho", [math.inf, 0.0, 0.3, 5.0])
@pytest.mark.parametrize("seed", range(3))
def test_sinkhorn_says_what_the_oracle_says(rho: float, seed: int) -> None:
    cost, a, b = problem(seed)
    expected = naive.sinkhorn(cost.tolist(), a.tolist(), b.tolist(), 0.2, rho, 600)
    np.testing.assert_allclose(plan_of(cost, a, b, 0.2, rho)[0], expected, atol=1e-9)


def test_with_one_free_marginal_sinkhorn_is_the_closed_form() -> None:
    cost, a, b = problem(3)
    plan, rounds, *_ = plan_of(cost, a, b, 0.7, 0.0)
    row = np.zeros(len(b))
    for i in range(len(a)):
        lag_plan(cost[i], np.log(b), 0.7, len(b), row)
        np.testing.assert_allclose(plan[i], a[i] * row, atol=1e-12)
    assert rounds <= 2


def test_both_marginals_hold_where_both_are_imposed_even_at_a_small_eps() -> None:
    cost, a, b = problem(4)
    plan, *_ = plan_of(cost, a, b, 0.01, math.inf)
    np.testing.assert_allclose(plan.sum(axis=1), a, atol=1e-9)
    np.testing.assert_allclose(plan.sum(axis=0), b, atol=1e-9)


def test_a_warm_start_ends_at_the_same_plan_sooner() -> None:
    cost, a, b = problem(5)
    _, cold, f, g = plan_of(cost, a, b, 0.05, math.inf)
    nearby = cost + 0.001 * problem(6)[0]
    again, rounds_cold, *_ = plan_of(nearby, a, b, 0.05, math.inf)
    warm, rounds_warm, *_ = plan_of(nearby, a, b, 0.05, math.inf, f=f, g=g)
    np.testing.assert_allclose(warm, again, atol=1e-8)
    assert rounds_warm < rounds_cold
    assert cold > 5


masses = st.lists(st.integers(1, 9), min_size=1, max_size=12)


@given(a=masses, b=masses, seed=st.integers(0, 99))
def test_the_distance_on_a_line_is_exact(a: list[int], b: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = np.sort(rng.normal(size=len(a))), np.sort(rng.normal(size=len(b)))
    shares_a, shares_b = [Fraction(n, sum(a)) for n in a], [Fraction(n, sum(b)) for n in b]
    found = wasserstein(x, np.array([float(s) for s in shares_a]), y, np.array([float(s) for s in shares_b]))
    assert found == pytest.approx(naive.wasserstein(x.tolist(), shares_a, y.tolist(), shares_b), rel=1e-9, abs=1e-12)


def test_pot_agrees() -> None:
    ot = pytest.importorskip("ot", reason="POT is the second oracle: pip install pot")
    cost, a, b = problem(7)
    np.testing.assert_allclose(
        plan_of(cost, a, b, 0.1, math.inf)[0], ot.sinkhorn(a, b, cost, 0.1, numItermax=20000, stopThr=1e-13), atol=1e-8
    )
    x, y = np.sort(np.random.default_rng(1).normal(size=9)), np.sort(np.random.default_rng(2).normal(size=14))
    assert wasserstein(x, a, y, b) == pytest.approx(float(ot.wasserstein_1d(x, y, a, b, p=2)), rel=1e-9)
    semi = ot.unbalanced.sinkhorn_unbalanced(a, b, cost, 0.1, [math.inf, 0.3], reg_type="kl", numItermax=20000, stopThr=1e-13)
    np.testing.assert_allclose(plan_of(cost, a, b, 0.1, 0.3)[0], semi, atol=1e-8)


def test_arrays_have_a_plain_way_in() -> None:
    cost, a, b = problem(8)
    np.testing.assert_allclose(transport.balanced(cost, a, b, 0.2), plan_of(cost, a, b, 0.2, math.inf)[0], atol=1e-7)
    np.testing.assert_allclose(transport.semi_relaxed(cost, np.log(b), 0.2).sum(axis=1), 1 / len(a))
    one = np.ones(1)
    assert transport.distance(one, one, 4 * one, one) == pytest.approx(3.0)
