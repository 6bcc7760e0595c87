"""What numba has no name for changes nothing: a line asked for is as it was, a borrowed array is the array."""

import sys
from typing import Any

import numpy as np

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.machine import borrowed, touch


@kernel
def _touched(array: Any, byte: int) -> int:
    touch(array, byte)
    return int(array[0])


@kernel
def _written(array: Any, value: float) -> int:
    same = borrowed(array)
    for i in range(len(same)):
        same[i] = value + i
    return len(same[1:])


def test_a_line_asked_for_is_as_it_was_and_may_lie_anywhere() -> None:
    array = np.arange(100)
    before = array.copy()
    for byte in (0, 799, 800, 1 << 40, -(1 << 40)):
        assert _touched(array, byte) == 0
    assert np.array_equal(array, before)


def test_a_borrowed_array_is_the_array_and_its_owner_is_as_often_counted() -> None:
    array = np.zeros(5)
    assert _written(array[::1], 3.0) == 4
    assert array.tolist() == [3.0, 4.0, 5.0, 6.0, 7.0]
    counted = sys.getrefcount(array)
    for _ in range(100):
        _written(array, 1.0)
    assert sys.getrefcount(array) == counted
