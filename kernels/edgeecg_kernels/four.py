"""Four numbers side by side, as a processor holds them: what numba does one after the other where a loop is short.

No paper. A loop over a known, small count is unrolled before numba's compiler looks for lanes, and is then never put
into any. Written with `four`, it is. Each lane is the scalar operation, nothing is reassociated and no product is fused
with its sum, so compiled, uncompiled and under bounds checking the bits are the same, on every machine.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils as untyped_cgutils
from numba.core import errors, types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

from edgeecg_kernels._jit import config, part

cgutils: Any = untyped_cgutils
_DOUBLE, _LANE = ir.DoubleType(), ir.IntType(32)
_VECTOR = ir.VectorType(_DOUBLE, 4)
_DOUBLE_BYTES = 8


# --- uncompiled -------------------------------------------------------------------------------------------------------


class Four(tuple[Any, ...]):
    """Four numbers, and what may be done with them."""

    __slots__ = ()

    def __add__(self, other: Any) -> "Four":
        """Add lane by lane."""
        return Four(map(operator.add, self, other))

    def __sub__(self, other: Any) -> "Four":
        """Subtract lane by lane."""
        return Four(map(operator.sub, self, other))

    def __mul__(self, other: Any) -> "Four":
        """Multiply lane by lane."""
        return Four(map(operator.mul, self, other))

    def __abs__(self) -> "Four":
        """Return what each lane is without its sign."""
        return Four(map(abs, self))


def _of(a: float, b: float, c: float, d: float) -> Any:
    return Four((a, b, c, d))


def _choice(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: Four(left if test(left, right) else right for left, right in zip(a, b, strict=True))


def _lane(v: Any, k: int) -> float:
    return v[k]  # type: ignore[no-any-return]


def _bits(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], int]:
    return lambda a, b: sum(bool(test(left, right)) << k for k, (left, right) in enumerate(zip(a, b, strict=True)))


# --- compiled ---------------------------------------------------------------------------------------------------------


class FourType(types.Type):
    """What numba knows `Four` by."""

    def __init__(self) -> None:
        super().__init__(name="four")


_FOUR: Any = FourType()


@register_model(FourType)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


def _join(_context: Any, builder: Any, _signature: Any, numbers: Any) -> Any:
    vector = ir.Constant(_VECTOR, ir.Undefined)
    for k, number in enumerate(numbers):
        vector = builder.insert_element(vector, number, _LANE(k))
    return vector


def _typed_of(_context: Any, a: Any, b: Any, c: Any, d: Any) -> Any:  # noqa: ARG001 -- numba looks for these names
    return _FOUR(types.float64, types.float64, types.float64, types.float64), _join


def _typed_lane(_context: Any, v: Any, k: Any) -> Any:  # noqa: ARG001 -- ditto
    def emit(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.extract_element(*arguments)

    return types.float64(_FOUR, types.intp), emit


def _place(context: Any, builder: Any, kind: Any, array: Any, i: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [i]), _VECTOR.as_pointer())


def _side_by_side(kind: Any) -> None:
    """Refuse an array whose numbers are not doubles one after the other: what lies between them would be read for them."""
    if not (isinstance(kind, types.Array) and kind.dtype == types.float64 and kind.is_contig):
        message = f"four: {kind} is not a contiguous array of float64"
        raise errors.TypingError(message)


def _typed_four(_context: Any, x: Any, i: Any) -> Any:  # noqa: ARG001 -- ditto
    _side_by_side(x)

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_place(context, builder, signature.args[0], *arguments), align=_DOUBLE_BYTES)

    return _FOUR(x, types.intp), emit


def _typed_put(_context: Any, x: Any, i: Any, v: Any) -> Any:  # noqa: ARG001 -- ditto
    _side_by_side(x)

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, at, vector = arguments
        builder.store(vector, _place(context, builder, signature.args[0], array, at), align=_DOUBLE_BYTES)
        return context.get_dummy_value()

    return types.void(x, types.intp, _FOUR), emit


def _typed_bits(test: str) -> Callable[..., Any]:
    def typed(_context: Any, a: Any, b: Any) -> Any:  # noqa: ARG001 -- ditto
        def emit(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            lanes = builder.fcmp_ordered(test, *arguments)
            return builder.zext(builder.bitcast(lanes, ir.IntType(4)), ir.IntType(64))

        return types.int64(_FOUR, _FOUR), emit

    return typed


def _typed_choice(test: str) -> Callable[..., Any]:
    def typed(_context: Any, a: Any, b: Any) -> Any:  # noqa: ARG001 -- ditto
        def emit(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.select(builder.fcmp_ordered(test, *arguments), *arguments)

        return _FOUR(_FOUR, _FOUR), emit

    return typed


def _lower_operators() -> None:
    for function, name in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul")):
        type_callable(function)(lambda _context: lambda a, b: _FOUR if a == b == _FOUR else None)
        lower_builtin(function, _FOUR, _FOUR)(lambda _context, builder, _signature, both, name=name: getattr(builder, name)(*both))
    type_callable(abs)(lambda _context: lambda a: _FOUR if a == _FOUR else None)
    lower_builtin(abs, _FOUR)(lambda _context, builder, _signature, one: builder.call(_fabs(builder.module), one))


def _fabs(module: Any) -> Any:
    return cgutils.get_or_insert_function(module, ir.FunctionType(_VECTOR, [_VECTOR]), "llvm.fabs.v4f64")


# --- what kernels use -------------------------------------------------------------------------------------------------

_is_checked = bool(config.DISABLE_JIT or config.BOUNDSCHECK)
if not config.DISABLE_JIT:
    _lower_operators()


def _either(uncompiled: Callable[..., Any], typed: Callable[..., Any]) -> Any:
    return uncompiled if config.DISABLE_JIT else intrinsic(typed)


of: Callable[[float, float, float, float], Any] = _either(_of, _typed_of)
"""Four numbers, side by side."""
lane: Callable[[Any, int], float] = _either(_lane, _typed_lane)
"""The number in lane k."""
above: Callable[[Any, Any], int] = _either(_bits(operator.gt), _typed_bits(">"))
"""Bit k: in lane k the first is larger; no number is larger than NaN, or smaller."""
at_least: Callable[[Any, Any], int] = _either(_bits(operator.ge), _typed_bits(">="))
"""Bit k: in lane k the first is larger, or they are equal."""
larger: Callable[[Any, Any], Any] = _either(_choice(operator.gt), _typed_choice(">"))
"""Lane by lane the larger; the second where neither is."""
lesser: Callable[[Any, Any], Any] = _either(_choice(operator.lt), _typed_choice("<"))
"""Lane by lane the lesser; ditto."""


@part
def _four_checked(x: Any, i: int) -> Any:
    return of(x[i], x[i + 1], x[i + 2], x[i + 3])


@part
def _put_checked(x: Any, i: int, v: Any) -> None:
    for k in range(4):
        x[i + k] = lane(v, k)


four: Callable[[Any, int], Any] = _four_checked if _is_checked else intrinsic(_typed_four)  # type: ignore[assignment]
"""x[i:i+4] of a contiguous array of float64; nothing is checked, but in a run that checks bounds."""
put: Callable[[Any, int, Any], None] = _put_checked if _is_checked else intrinsic(_typed_put)  # type: ignore[assignment]
"""Write x[i:i+4]; ditto."""


@part
def spread(v: float) -> Any:
    """Return a number in every lane."""
    return of(v, v, v, v)


@part
def largest(v: Any) -> float:
    """Return the largest of the four."""
    return max(lane(v, 0), lane(v, 1), lane(v, 2), lane(v, 3))


@part
def least(v: Any) -> float:
    """Return the least of the four."""
    return min(lane(v, 0), lane(v, 1), lane(v, 2), lane(v, 3))


ALL = 15
"""What `above` returns where it holds in every lane."""
FIRST = np.array([4 if bits == 0 else (bits & -bits).bit_length() - 1 for bits in range(16)])
"""By what `above` returned: the first lane of those named; 4: there is none."""
