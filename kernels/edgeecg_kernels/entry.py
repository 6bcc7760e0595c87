"""A kernel's machine code itself, for the one caller in Python that is called at every chunk.

Numba looks for the variant that fits the arguments at every call, and takes 0.2 us for each structured array to do so.
Who always calls with the same types need not ask again.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from edgeecg_kernels._jit import config

_typeof: Any = numba.typeof
_array_types: dict[object, Any] = {}
"""By what decides it: to find the type of a state's array anew takes numba milliseconds, and every new configuration asks."""


def entry(kernel: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
    """Return what runs `kernel` on arguments of the types of these, and of no others: nothing is checked any more."""
    if config.DISABLE_JIT:
        return kernel
    compiled: Any = kernel
    return compiled.compile(tuple(map(_type_of, arguments)))  # type: ignore[no-any-return]


def _type_of(argument: Any) -> Any:
    if not isinstance(argument, np.ndarray):
        return _typeof(argument)
    flags = argument.flags
    key = argument.dtype, argument.ndim, flags.c_contiguous, flags.f_contiguous, flags.aligned, flags.writeable
    if key not in _array_types:
        _array_types[key] = _typeof(argument)
    return _array_types[key]
