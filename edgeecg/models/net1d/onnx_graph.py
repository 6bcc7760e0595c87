"""Net1D as an ONNX graph of one input length.

Convolutions are two-dimensional, (1, k), for only those take onnxruntime's blocked layout; padding is in the convolution, and static.
An odd length's shortcut is concat(max_pool(x), relu(last)): a zero padded in front of the pool is folded into it by onnxruntime 1.31 as
minus infinity (`Pad_Fusion`), which is another number.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from edgeecg.models.net1d.assemble import ACTIVATION, FEATURES, INPUT, LOGITS, assemble, same_padding
from edgeecg.models.net1d.shape import Net1dShape

SHAPE_KEY = "edgeecg.net1d"
OPSET, IR_VERSION = 17, 8  # what every onnxruntime this package allows reads

Weights = Mapping[str, NDArray[np.float32]]


def build(shape: Net1dShape, n_labels: int, weights: Weights, len_samples: int) -> ModelProto:
    """Return the graph: `ecg` (1, 1, 1, length) -> `logits` and `activation`, or `features` where there are no labels."""
    check(shape, n_labels, weights)
    graph = OnnxGraph(weights, shape, n_labels, len_samples)
    assemble(shape, n_labels, INPUT, graph)
    return graph.model()


class Net1d(NamedTuple):
    """What a graph was built from."""

    shape: Net1dShape
    n_labels: int
    weights: dict[str, NDArray[np.float32]]
    len_samples: int


def read(model: ModelProto) -> Net1d:
    """Take a float graph that `build` made apart again."""
    described = [entry.value for entry in model.metadata_props if entry.key == SHAPE_KEY]
    if not described:
        raise ValueError(f"graph: no {SHAPE_KEY} in its metadata is not what this package builds")
    table = json.loads(described[0])
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table["shape"].items()}
    shape = Net1dShape(**fields)
    arrays = {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
    weights = {name: arrays[name].reshape(dims) for name, dims in shape.weights(table["n_labels"]).items()}
    return Net1d(shape, table["n_labels"], weights, model.graph.input[0].type.tensor_type.shape.dim[-1].dim_value)


def check(shape: Net1dShape, n_labels: int, weights: Weights) -> None:
    """Refuse weights that are not exactly the network's."""
    wanted, got = shape.weights(n_labels), {name: array.shape for name, array in weights.items()}
    if wrong := sorted(name for name in wanted.keys() | got.keys() if wanted.get(name) != got.get(name)):
        name = wrong[0]
        raise ValueError(f"weights: {name} {got.get(name, 'missing')} is not {wanted.get(name, 'known')}, and {len(wrong) - 1} more")


class OnnxGraph:
    """Nodes and initializers so far; a tensor is its name, whose (channels, length) is kept."""

    def __init__(self, weights: Weights, shape: Net1dShape, n_labels: int, len_samples: int) -> None:
        self._weights, self._shape, self._n_labels, self._len_samples = weights, shape, n_labels, len_samples
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []
        self._outputs: list[tuple[str, tuple[int, ...]]] = []
        self._dims = {INPUT: (1, len_samples)}

    def model(self) -> ModelProto:
        """Close the graph and return it."""
        inputs = [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, (1, 1, 1, self._len_samples))]
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in self._outputs]
        graph = helper.make_graph(self._nodes, "net1d", inputs, outputs, self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="edgeecg")
        table = {"n_labels": self._n_labels, "shape": dataclasses.asdict(self._shape)}
        model.metadata_props.add(key=SHAPE_KEY, value=json.dumps(table))
        return model

    def _node(self, kind: str, inputs: Sequence[str], name: str, dims: tuple[int, int] = (0, 0), **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        self._dims[name] = dims
        return name

    def _constant(self, name: str, array: NDArray[Any]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _weight(self, name: str) -> str:
        """Store an array as the graph wants it: the kernels of convolutions (out, in, 1, k), the matrices of dense layers (out, in, 1, 1)."""
        array = self._weights[name]
        return self._constant(name, array[:, :, None, :] if array.ndim == 3 else array[:, :, None, None] if array.ndim == 2 else array)

    def conv(self, x: str, name: str, *, stride: int = 1, groups: int = 1) -> str:
        """Convolve in two dimensions, one of them 1."""
        n_out, _, kernel_len = self._weights[f"{name}.conv.weight"].shape
        length = self._dims[x][1]
        left, right = same_padding(length, kernel_len, stride)
        inputs = [x, self._weight(f"{name}.conv.weight"), self._weight(f"{name}.conv.bias")]
        kernel = {"kernel_shape": (1, kernel_len), "strides": (1, stride), "pads": (0, left, 0, right), "group": groups}
        return self._node("Conv", inputs, name, (n_out, -(-length // stride)), **kernel)

    def dense(self, x: str, name: str) -> str:
        """Convolve with kernels of one."""
        dims = (len(self._weights[f"{name}.weight"]), 1)
        return self._node("Conv", [x, self._weight(f"{name}.weight"), self._weight(f"{name}.bias")], name, dims, kernel_shape=(1, 1))

    def swish(self, x: str, name: str) -> str:
        """Multiply by the sigmoid."""
        return self._node("Mul", [x, self.sigmoid(x, f"{name}.sigmoid")], name, self._dims[x])

    def sigmoid(self, x: str, name: str) -> str:
        """As it is called."""
        return self._node("Sigmoid", [x], name, self._dims[x])

    def mean(self, x: str, name: str) -> str:
        """Pool all."""
        return self._node("GlobalAveragePool", [x], name, (self._dims[x][0], 1))

    def scale(self, x: str, gain: str, name: str) -> str:
        """Multiply, each channel by its own."""
        return self._node("Mul", [x, gain], name, self._dims[x])

    def halve(self, x: str, name: str) -> str:
        """Pool by two; an odd length's last sample stands alone beside a zero."""
        n, length = self._dims[x]
        halved = (n, -(-length // 2))
        if length % 2 == 0:
            return self._node("MaxPool", [x], name, halved, kernel_shape=(1, 2), strides=(1, 2))
        ends = {"from": length - 1, "to": length, "axis": 3}
        bounds = [self._constant(f"{name}.{key}", np.array([value])) for key, value in ends.items()]
        last = self._node("Relu", [self._node("Slice", [x, *bounds], f"{name}.last")], f"{name}.relu")
        pooled = self._node("MaxPool", [x], f"{name}.pool", kernel_shape=(1, 2), strides=(1, 2))
        return self._node("Concat", [pooled, last], name, halved, axis=3)

    def grow(self, x: str, name: str, before: int, after: int) -> str:
        """Pad the channels."""
        n, length = self._dims[x]
        pads = self._constant(f"{name}.pads", np.array([0, before, 0, 0, 0, after, 0, 0]))
        return self._node("Pad", [x, pads], name, (n + before + after, length))

    def add(self, x: str, y: str, name: str) -> str:
        """As it is called."""
        return self._node("Add", [x, y], name, self._dims[x])

    def end(self, x: str) -> None:
        """Average over time."""
        self._node("ReduceMean", [x], FEATURES, axes=(2, 3), keepdims=0)
        self._outputs.append((FEATURES, (1, self._shape.n_features)))

    def head(self, x: str) -> None:
        """Mix the features at each moment; average and add the bias."""
        length = self._dims[x][1]
        moments = self._node("Conv", [x, self._weight("dense.weight")], "dense", (self._n_labels, length), kernel_shape=(1, 1))
        self._node("Squeeze", [moments, self._constant("activation.axes", np.array([2]))], ACTIVATION)
        mean = self._node("ReduceMean", [ACTIVATION], "dense.mean", axes=(2,), keepdims=0)
        self._node("Add", [mean, self._weight("dense.bias")], LOGITS)
        self._outputs += [(LOGITS, (1, self._n_labels)), (ACTIVATION, (1, self._n_labels, length))]
