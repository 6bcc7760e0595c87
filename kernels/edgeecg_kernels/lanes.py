"""A weighted sum in four lanes, which a processor adds side by side: what numba makes of the same text takes twice the time.

No paper. Nothing is reassociated: the text below, uncompiled and under bounds checking, and the processor's lanes add the same
numbers in the same order. No product is fused with its sum, so the result is the same bits on every machine.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils as untyped_cgutils
from numba.core import types
from numba.extending import intrinsic

from edgeecg_kernels._jit import config, kernel

cgutils: Any = untyped_cgutils
_DOUBLE = ir.DoubleType()
_DOUBLE_BYTES = 8


@kernel
def weighted_in_turn(x: Any, i: Any, weights: Any, j: Any, n: int) -> float:
    """Return the sum of x[i + k] * weights[j + k] for k < n, n even: four partial sums, of every fourth product each."""
    a = b = c = d = 0.0
    k = 0
    for _ in range(n // 4):
        a += x[i + k] * weights[j + k]
        b += x[i + k + 1] * weights[j + k + 1]
        c += x[i + k + 2] * weights[j + k + 2]
        d += x[i + k + 3] * weights[j + k + 3]
        k += 4
    if n % 4 >= 2:
        a += x[i + k] * weights[j + k]
        b += x[i + k + 1] * weights[j + k + 1]
    return (a + c) + (b + d)


def _emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    x, i, weights, j, n = arguments
    data = [
        context.make_array(kind)(context, builder, array).data for kind, array in ((signature.args[0], x), (signature.args[2], weights))
    ]
    total = cgutils.alloca_once_value(builder, ir.Constant(ir.VectorType(_DOUBLE, 4), [0.0] * 4))
    index = n.type

    def products(lanes: int, done: Any) -> Any:
        kind = ir.VectorType(_DOUBLE, lanes)
        places = [builder.gep(base, [builder.add(first, done)]) for base, first in zip(data, (i, j), strict=True)]
        left, right = (builder.load(builder.bitcast(place, kind.as_pointer()), align=_DOUBLE_BYTES) for place in places)
        return builder.fmul(left, right)

    with cgutils.for_range(builder, builder.lshr(n, index(2))) as loop:
        done = builder.shl(loop.index, index(2))
        builder.store(builder.fadd(builder.load(total), products(4, done)), total)
    four = builder.load(total)
    low, high = (builder.shuffle_vector(four, four, ir.Constant(ir.VectorType(ir.IntType(32), 2), pair)) for pair in ([0, 1], [2, 3]))
    pair = cgutils.alloca_once_value(builder, low)
    with builder.if_then(builder.icmp_unsigned("!=", builder.and_(n, index(2)), index(0))):
        builder.store(builder.fadd(low, products(2, builder.and_(n, index(-4)))), pair)
    sums = builder.fadd(builder.load(pair), high)
    first, second = (builder.extract_element(sums, ir.IntType(32)(lane)) for lane in (0, 1))
    return builder.fadd(first, second)


def _weighted(_context: Any, x: Any, i: Any, weights: Any, j: Any, n: Any) -> Any:  # noqa: ARG001 -- numba looks for these names
    return types.float64(x, types.intp, weights, types.intp, types.intp), _emit


_is_checked = bool(config.DISABLE_JIT or config.BOUNDSCHECK)
_in_lanes: Any = weighted_in_turn if _is_checked else intrinsic(_weighted)

weighted: Callable[[Any, Any, Any, Any, int], float] = _in_lanes
"""`weighted_in_turn`, on contiguous arrays of float64; nothing is checked, but in a run that checks bounds."""
