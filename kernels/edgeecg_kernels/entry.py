"""A kernel's machine code itself, for the one caller in Python that is called at every chunk.

Numba looks for the variant that fits the arguments at every call, and takes 0.2 us for each structured array to do so.
Who always calls with the same types need not ask again.
"""

from collections.abc import Callable
from typing import Any

import numba

from edgeecg_kernels._jit import config


def entry(kernel: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
    """Return what runs `kernel` on arguments of the types of these, and of no others: nothing is checked any more."""
    if config.DISABLE_JIT:
        return kernel
    compiled: Any = kernel
    return compiled.compile(tuple(map(numba.typeof, arguments)))  # type: ignore[no-any-return]
