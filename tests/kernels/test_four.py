"""Four numbers side by side are four numbers, bit for bit, whatever they are."""

import operator
from typing import Any

import numpy as np
import pytest
from numba.core.errors import TypingError
from numpy.typing import NDArray

from edgeecg_kernels._jit import config, kernel
from edgeecg_kernels.four import FIRST, above, at_least, four, lane, larger, largest, least, lesser, of, put, spread
from tests.naive import four as naive

ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, 1.0, -1.0, 1.0 + 2.0**-30, 1.0 - 2.0**-30, 1e308, -1e-308]


@kernel
def _arithmetic(x: Any, i: int, j: int, out: Any) -> None:
    a, b = four(x, i), four(x, j)
    put(out, 0, a + b)
    put(out, 4, a - b)
    put(out, 8, a * b)
    put(out, 12, abs(a))
    put(out, 16, larger(a, b))
    put(out, 20, lesser(a, b))
    put(out, 24, a * b - spread(1.0))
    put(out, 28, of(lane(a, 3), lane(b, 2), lane(a, 1), lane(b, 0)))


@kernel
def _tests(x: Any, i: int, j: int) -> tuple[int, int]:
    a, b = four(x, i), four(x, j)
    return above(a, b), at_least(a, b)


@kernel
def _extremes(x: Any, i: int) -> tuple[float, float]:
    return least(four(x, i)), largest(four(x, i))


def expected(a: list[float], b: list[float]) -> list[float]:
    return [
        *naive.each(operator.add, a, b),
        *naive.each(operator.sub, a, b),
        *naive.each(operator.mul, a, b),
        *naive.each(abs, a),
        *naive.each(naive.larger, a, b),
        *naive.each(naive.lesser, a, b),
        *naive.each(lambda v, w: v * w - 1.0, a, b),  # fused, the two numbers next to 1 would leave -2**-60
        *(a[3], b[2], a[1], b[0]),
    ]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # infinity less infinity, uncompiled
def test_every_lane_is_the_scalar_operation_bit_for_bit() -> None:
    rng = np.random.default_rng(3)
    x, out = rng.choice(ODD, 60), np.zeros(32)
    for _ in range(200):
        i, j = rng.integers(0, 57, 2)
        _arithmetic(x, i, j, out)
        a, b = x[i : i + 4].tolist(), x[j : j + 4].tolist()
        wanted = np.array(expected(a, b))
        assert np.array_equal(out, wanted, equal_nan=True)
        assert np.array_equal(np.signbit(out[~np.isnan(out)]), np.signbit(wanted[~np.isnan(wanted)]))
        assert _tests(x, i, j) == (naive.bits(operator.gt, a, b), naive.bits(operator.ge, a, b))


def test_least_and_largest_of_four() -> None:
    x = np.random.default_rng(4).permutation(np.arange(-10.0, 10.0))
    assert [_extremes(x, i) for i in range(16)] == [(min(x[i : i + 4]), max(x[i : i + 4])) for i in range(16)]


@pytest.mark.skipif(config.DISABLE_JIT or config.BOUNDSCHECK, reason="compiled, numbers are read where the first of them lies")
@pytest.mark.parametrize(
    "x", [np.zeros(60)[::2], np.zeros(30)[::-1], np.zeros(60, np.float32)], ids=["every second", "backwards", "single"]
)
def test_numbers_that_do_not_lie_side_by_side_are_refused(x: NDArray[Any]) -> None:
    with pytest.raises(TypingError, match="is not a contiguous array of float64"):
        _extremes(x, 0)


def test_the_first_lane_named() -> None:
    assert FIRST.tolist() == [naive.first(named) for named in range(16)]


@pytest.mark.skipif(not (config.DISABLE_JIT or config.BOUNDSCHECK), reason="compiled, nothing is checked")
@pytest.mark.parametrize("i", [57, 60])
def test_a_run_that_checks_bounds_sees_four_that_reach_beyond(i: int) -> None:
    with pytest.raises(IndexError):
        _tests(np.zeros(60), i, 0)
