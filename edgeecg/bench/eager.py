"""A net as PyTorch runs it eagerly, one operation after the other: what a window costs where nobody exported the net."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError

Operation = Callable[..., Any]


def net(path: Path, *, threads: int = 1) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Return the graph of an fp32 file as a function of its input, computed by torch; an operation it does not know is named."""
    import onnx  # noqa: PLC0415
    from onnx import numpy_helper  # noqa: PLC0415

    torch = import_module("torch")
    torch.set_num_threads(threads)
    graph = onnx.load(path).graph
    weights = {one.name: torch.from_numpy(np.array(numpy_helper.to_array(one))) for one in graph.initializer}
    steps = [(_operation(node.op_type, path), _settings(node), list(node.input), node.output[0]) for node in graph.node]
    entrance, answer = graph.input[0].name, graph.output[0].name

    def run(x: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            held: dict[str, Any] = weights | {entrance: torch.from_numpy(x)}
            for operation, settings, names, told in steps:
                held[told] = operation(*(held[name] for name in names), **settings)
            found: NDArray[np.float32] = held[answer].numpy()
        return found

    return run


def _operation(kind: str, path: Path) -> Operation:
    if kind not in OPERATIONS:
        raise InputError(path.name, repr(kind), f"one of the operations known in torch: {', '.join(OPERATIONS)}")
    return OPERATIONS[kind]


def _settings(node: Any) -> dict[str, Any]:
    from onnx import helper  # noqa: PLC0415

    return {one.name: helper.get_attribute_value(one) for one in node.attribute}


@cache
def _functional() -> Any:
    return import_module("torch.nn.functional")


def _conv(x: Any, weight: Any, bias: Any = None, *, group: int = 1, pads: Any = (0, 0, 0, 0), strides: Any = (1, 1), **_: Any) -> Any:
    top, left, bottom, right = pads
    padded = _functional().pad(x, (left, right, top, bottom)) if any(pads) else x
    return _functional().conv2d(padded, weight, bias, tuple(strides), groups=group)


def _max_pool(x: Any, *, kernel_shape: Any, strides: Any, **_: Any) -> Any:
    return _functional().max_pool2d(x, tuple(kernel_shape), tuple(strides))


def _pad(x: Any, pads: Any, *_: Any, **__: Any) -> Any:
    """ONNX says all beginnings, then all ends, from the first axis on; torch says pairs from the last axis on."""
    half = len(pads) // 2
    pairs = [int(pads[at]) for axis in reversed(range(half)) for at in (axis, axis + half)]
    return _functional().pad(x, pairs)


def _slice(x: Any, starts: Any, ends: Any, axes: Any, steps: Any = None) -> Any:
    for number, axis in enumerate(axes.tolist()):
        begin, end = int(starts[number]), min(int(ends[number]), x.shape[axis])
        assert steps is None or int(steps[number]) == 1, "a slice with a step"
        x = x.narrow(axis, begin, end - begin)
    return x


def _concat(*parts: Any, axis: int) -> Any:
    return import_module("torch").cat(parts, axis)


OPERATIONS: Final[dict[str, Operation]] = {
    "Add": lambda a, b: a + b,
    "Concat": _concat,
    "Conv": _conv,
    "GlobalAveragePool": lambda x: x.mean((2, 3), keepdim=True),
    "MaxPool": _max_pool,
    "Mul": lambda a, b: a * b,
    "Pad": _pad,
    "ReduceMean": lambda x, *, axes, keepdims: x.mean(tuple(axes), keepdim=bool(keepdims)),
    "Relu": lambda x: x.relu(),
    "Sigmoid": lambda x: x.sigmoid(),
    "Slice": _slice,
    "Squeeze": lambda x, axes: x.squeeze(tuple(axes.tolist())),
}
