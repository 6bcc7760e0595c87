"""The discrete Fourier transform for kernels: radix 2, in place, tables made beforehand.

Cooley and Tukey, An algorithm for the machine calculation of complex Fourier series, 1965: decimation in time on a bit-reversed
order. Differences: none in what is computed; complex numbers are two arrays, so that compiled and plain Python agree bitwise.
"""

from typing import Any

import numpy as np

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.exact import cos_pi, sin_pi

LOG2_LEN = 10
TABLE_LEN = 1 << LOG2_LEN
"""The longest transform, and the number of angles in the table."""

FOURIER = np.dtype([("cos", "f8", (TABLE_LEN,)), ("sin", "f8", (TABLE_LEN,)), ("reversed", "i8", (TABLE_LEN,))], align=True)


def tables() -> Any:
    """Return FOURIER of shape (1,): each stage's cosines and sines, those of half-length h from h on, and each index with its bits reversed."""
    made = np.zeros(1, FOURIER)
    for log2_half in range(LOG2_LEN):
        half = 1 << log2_half
        angle = np.arange(half) / half
        made["cos"][0, half : 2 * half], made["sin"][0, half : 2 * half] = cos_pi(angle), sin_pi(angle)
    made["reversed"] = [int(f"{i:0{LOG2_LEN}b}"[::-1], 2) for i in range(TABLE_LEN)]
    return made


@kernel
def transform(t: Any, re: Any, im: Any, log2_len: int, sign: float) -> None:
    """Transform re + i im, 2**log2_len long, in place; sign -1 forward, +1 back, neither scaled."""
    n = 1 << log2_len
    order = t["reversed"]
    for i in range(n):
        j = order[i] >> (LOG2_LEN - log2_len)
        if i < j:
            re[i], re[j] = re[j], re[i]
            im[i], im[j] = im[j], im[i]
    half = 1
    while half < n:
        cos, sin = t["cos"][half : 2 * half], t["sin"][half : 2 * half]
        for begin in range(0, n, 2 * half):
            middle, end = begin + half, begin + 2 * half
            _butterflies(cos, sin, sign, re[begin:middle], im[begin:middle], re[middle:end], im[middle:end])
        half *= 2


@kernel
def _butterflies(cos: Any, sin: Any, sign: float, re: Any, im: Any, far_re: Any, far_im: Any) -> None:
    """Join two transforms that lie beside each other into one; neighbours in memory, so that a processor joins several side by side."""
    for k in range(cos.shape[0]):
        s = sign * sin[k]
        x = far_re[k] * cos[k] - far_im[k] * s
        y = far_re[k] * s + far_im[k] * cos[k]
        far_re[k] = re[k] - x
        far_im[k] = im[k] - y
        re[k] += x
        im[k] += y
