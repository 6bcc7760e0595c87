"""Four lanes side by side are the four sums of the text, bit for bit."""

from typing import Any

import numpy as np
import pytest

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.lanes import weighted, weighted_in_turn
from tests.naive import lanes as naive


@kernel
def _weighted(x: Any, i: int, weights: Any, j: int, n: int) -> float:
    return weighted(x, i, weights, j, n)


@pytest.mark.parametrize("n", [0, 2, 4, 6, 14, 22, 30, 60, 120])
def test_side_by_side_and_in_turn_are_the_same_bits(n: int) -> None:
    rng = np.random.default_rng(n)
    x, weights = rng.normal(size=300) * 10.0 ** rng.integers(-8, 8, 300), rng.normal(size=400)
    for i, j in ((0, 0), (1, 3), (7, 250), (300 - n, 400 - n)):
        expected = naive.weighted(x[i : i + n].tolist(), weights[j : j + n].tolist())
        assert _weighted(x, i, weights, j, n) == weighted_in_turn(x, i, weights, j, n) == expected


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.0, 5e-324])
def test_what_is_no_number_goes_through_as_it_is(value: float) -> None:
    x, weights = np.full(22, value), np.ones(22)
    x[13] = 1.0
    assert np.array(_weighted(x, 0, weights, 0, 22)).tobytes() == np.array(naive.weighted(x.tolist(), weights.tolist())).tobytes()


def test_no_product_is_fused_with_its_sum() -> None:
    x, weights = np.array([1.0, 0, 0, 0, 1.0 + 2.0**-30, 0]), np.array([-1.0, 0, 0, 0, 1.0 - 2.0**-30, 0])
    assert _weighted(x, 0, weights, 0, 6) == 0.0  # fused: -2**-60
