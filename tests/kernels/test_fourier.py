"""What the transform claims: the discrete Fourier transform, both ways, at every length."""

import numpy as np
import pytest

from edgeecg_kernels.fourier import LOG2_LEN, tables, transform
from tests.naive import fourier as naive


@pytest.mark.parametrize("log2_len", range(1, LOG2_LEN + 1))
def test_it_is_the_fourier_transform(log2_len: int) -> None:
    rng = np.random.default_rng(log2_len)
    x = rng.normal(size=1 << log2_len) + 1j * rng.normal(size=1 << log2_len)
    for sign, expected in ((-1.0, np.fft.fft(x)), (1.0, np.fft.ifft(x) * len(x))):
        re, im = x.real.copy(), x.imag.copy()
        transform(tables()[0], re, im, log2_len, sign)
        np.testing.assert_allclose(re + 1j * im, expected, atol=1e-11)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_it_is_the_sum_that_defines_it(sign: float) -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=64) + 1j * rng.normal(size=64)
    re, im = x.real.copy(), x.imag.copy()
    transform(tables()[0], re, im, 6, sign)
    np.testing.assert_allclose(re + 1j * im, naive.transform(x.tolist(), int(sign)), atol=1e-12)
