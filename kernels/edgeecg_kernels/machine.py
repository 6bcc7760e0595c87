"""Two words of the processor's own that numba has no name for. Uncompiled, neither does anything."""

from collections.abc import Callable
from typing import Any, TypeVar

from llvmlite import ir
from numba.core import cgutils as untyped_cgutils
from numba.core import types
from numba.extending import intrinsic

from edgeecg_kernels._jit import config

cgutils: Any = untyped_cgutils
A = TypeVar("A")

LINE_BYTES = 64
"""What memory is fetched by."""

_INT = ir.IntType(32)
_TO_BE_WRITTEN, _KEPT_NEAR, _DATA = _INT(1), _INT(3), _INT(1)
_ASK = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, _INT, _INT, _INT])


def _ask(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    place = builder.bitcast(cgutils.pointer_add(builder, array.data, arguments[1]), cgutils.voidptr_t)
    ask = cgutils.get_or_insert_function(builder.module, _ASK, "llvm.prefetch.p0")
    builder.call(ask, [place, _TO_BE_WRITTEN, _KEPT_NEAR, _DATA])
    return context.get_dummy_value()


def _touch(_context: Any, array: Any, byte: Any) -> Any:  # noqa: ARG001 -- numba looks for these names
    return types.void(array, types.intp), _ask


def _disown(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    view = context.make_array(signature.return_type)(context, builder, arguments[0])
    view.meminfo = cgutils.get_null_value(view.meminfo.type)
    view.parent = cgutils.get_null_value(view.parent.type)
    return view._getvalue()  # noqa: SLF001 -- numba's own name for it


def _borrowed(_context: Any, array: Any) -> Any:
    return array(array), _disown


def _nothing(array: Any, byte: int) -> None:
    """Without a compiler there is nothing to hurry."""


def _itself(array: A) -> A:
    return array


_compiled_touch: Any = _nothing if config.DISABLE_JIT else intrinsic(_touch)
_compiled_borrowed: Any = _itself if config.DISABLE_JIT else intrinsic(_borrowed)

touch: Callable[[Any, int], None] = _compiled_touch
"""Ask for the line of memory that holds a byte of an array, counted from its beginning; beyond its end it does no harm."""

borrowed: Callable[[Any], Any] = _compiled_borrowed
"""Return an array whose owner is not counted: its caller holds it as long as the call lasts.

Every array that is handed from kernel to kernel is else counted up and down again, 12 ns each.
"""
