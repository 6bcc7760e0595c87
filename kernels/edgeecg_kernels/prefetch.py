"""The processor's own word for "this memory will be wanted soon", which numba has no name for."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils as untyped_cgutils
from numba.core import types
from numba.extending import intrinsic

from edgeecg_kernels._jit import config

cgutils: Any = untyped_cgutils
LINE_BYTES = 64
"""What memory is fetched by."""

_INT = ir.IntType(32)
_TO_BE_WRITTEN, _KEPT_NEAR, _DATA = _INT(1), _INT(3), _INT(1)
_ASK = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, _INT, _INT, _INT])


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    place = builder.bitcast(cgutils.pointer_add(builder, array.data, arguments[1]), cgutils.voidptr_t)
    ask = cgutils.get_or_insert_function(builder.module, _ASK, "llvm.prefetch.p0")
    builder.call(ask, [place, _TO_BE_WRITTEN, _KEPT_NEAR, _DATA])
    return context.get_dummy_value()


def _typed(_context: Any, array: Any, byte: Any) -> Any:  # noqa: ARG001 -- numba looks for these names
    return types.void(array, types.intp), _generate


def _nothing(array: Any, byte: int) -> None:
    """Without a compiler there is nothing to hurry."""


_compiled: Any = _nothing if config.DISABLE_JIT else intrinsic(_typed)
touch: Callable[[Any, int], None] = _compiled
"""Ask for the line of memory that holds a byte of an array, counted from its beginning; beyond its end it does no harm."""
