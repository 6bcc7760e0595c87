"""Zeros that take memory only where something is written: much of a stream's state, such as frames held back, is room hardly any needs."""

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

PAGE_BYTES = mmap.PAGESIZE


def zeros(n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return as `np.zeros` does; numpy would ask for pages of 2 MB, of which one byte written takes all."""
    if not n:
        return np.zeros(0, dtype)
    size = n * dtype.itemsize
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        pages.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(pages, dtype, n)


def filled(data: bytes, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a copy of an array's bytes; of pages without anything in them none is made."""
    array = zeros(len(data) // dtype.itemsize, dtype)
    source, target = np.frombuffer(data, np.uint8), array.view(np.uint8)
    whole = len(data) // PAGE_BYTES * PAGE_BYTES
    written = source[:whole].reshape(-1, PAGE_BYTES).any(axis=1)
    target[:whole].reshape(-1, PAGE_BYTES)[written] = source[:whole].reshape(-1, PAGE_BYTES)[written]
    target[whole:] = source[whole:]
    return array
