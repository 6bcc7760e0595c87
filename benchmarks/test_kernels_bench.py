"""Each kernel at each size of the suite, one call at a time.

Run: python -m pytest benchmarks/test_kernels_bench.py --benchmark-columns=median,iqr,ops
"""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from edgeecg.bench.kernels import KERNELS, Sized

SIZED = [pytest.param(kernel, size, id=f"{kernel.name}, {size} {kernel.unit}") for kernel in KERNELS for size in kernel.sizes]


@pytest.mark.parametrize(("kernel", "size"), SIZED)
def test_kernel(benchmark: BenchmarkFixture, kernel: Sized, size: int) -> None:
    benchmark(kernel.make(size))
