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
    """Return FOURIER of shape (1,): every angle's cosine and sine, and each index with its bits reversed."""
    made = np.zeros(1, FOURIER)
    angle = 2 * np.arange(TABLE_LEN) / TABLE_LEN
    made["cos"], made["sin"] = cos_pi(angle), sin_pi(angle)
    made["reversed"] = [int(f"{i:0{LOG2_LEN}b}"[::-1], 2) for i in range(TABLE_LEN)]
    return made


@kernel
def transform(t: Any, re: Any, im: Any, log2_len: int, sign: float) -> None:
    """Transform re + i im, 2**log2_len long, in place; sign -1 forward, +1 back, neither scaled."""
    n = 1 << log2_len
    order, cos, sin = t["reversed"], t["cos"], t["sin"]
    for i in range(n):
        j = order[i] >> (LOG2_LEN - log2_len)
        if i < j:
            re[i], re[j] = re[j], re[i]
            im[i], im[j] = im[j], im[i]
    half = 1
    while half < n:
        stride = TABLE_LEN // (2 * half)
        for k in range(half):
            c = cos[k * stride]
            s = sign * sin[k * stride]
            for i in range(k, n, 2 * half):
                j = i + half
                x = re[j] * c - im[j] * s
                y = re[j] * s + im[j] * c
                re[j] = re[i] - x
                im[j] = im[i] - y
                re[i] += x
                im[i] += y
        half *= 2
