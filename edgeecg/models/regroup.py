"""Convolutions in groups, in int8 as it pays on onnxruntime: other groups, the same integers.

onnxruntime unrolls an int8 convolution in groups by copying as many bytes at a time as a group has channels, and copies nothing where there is
one group. So a few groups are put together, the weights across being zeros, and convolved apart from the others; all of a narrow layer are one.
Of a wide layer, to take the channels apart would cost more than it saves: there groups are only put together.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

CHANNELS = 32
"""Groups are put together up to here: with more, products with zeros cost what is saved."""
ONE_GROUP = 64
"""A layer of no more channels becomes one group."""
APART = 512
"""A layer of no more is taken apart."""

Kernel = NDArray[np.int8]


def regrouped(model: ModelProto) -> ModelProto:
    """Return an int8 graph with its int8 convolutions grouped otherwise; those in float keep their groups."""
    graph = _Graph(model)
    instead = {node.name: list(_otherwise(graph, node)) for node in graph.nodes if graph.is_grouped(node)}
    made = {name for some in instead.values() for node in some for name in node.output}
    nodes: list[NodeProto] = []
    for node in graph.nodes:
        if node.name in instead:
            nodes += instead[node.name]
        elif made.isdisjoint(node.output):  # else it quantized what a whole convolution answered
            nodes.append(node)
    return graph.made_of(nodes)


def together(kernel: Kernel, n_groups: int, n_joined: int) -> list[Kernel]:
    """Return dense kernels, each for `n_joined` groups or those that are left: a channel's weights at its own group's place, zeros elsewhere."""
    height, width = len(kernel) // n_groups, kernel.shape[1]
    dense = []
    for first in range(0, n_groups, n_joined):
        n = min(n_joined, n_groups - first)
        dense.append(np.zeros((n * height, n * width, *kernel.shape[2:]), kernel.dtype))
        for k in range(n):
            at = (first + k) * height
            dense[-1][k * height : (k + 1) * height, k * width : (k + 1) * width] = kernel[at : at + height]
    return dense


class _Graph:
    """Nodes by what they make and what they read; constants by name."""

    def __init__(self, model: ModelProto) -> None:
        self._model = ModelProto()
        self._model.CopyFrom(model)
        self.nodes = list(self._model.graph.node)
        self.maker = {name: node for node in self.nodes for name in node.output}
        self.readers: dict[str, list[NodeProto]] = {}
        for node in self.nodes:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self._constants = {constant.name: constant for constant in self._model.graph.initializer}

    def is_grouped(self, node: NodeProto) -> bool:
        """Tell whether it is a convolution in groups, with a bias, that reads and answers eight bits."""
        if node.op_type != "Conv" or _groups(node).i == 1:
            return False
        given = [self.maker.get(name) for name in node.input]
        in_eight_bits = [one is not None and one.op_type == "DequantizeLinear" for one in given]
        return in_eight_bits == [True] * 3 and [one.op_type for one in self.readers[node.output[0]]] == ["QuantizeLinear"]

    def array(self, name: str) -> NDArray[Any]:
        """Return a constant."""
        return numpy_helper.to_array(self._constants[name])

    def constant(self, name: str, array: NDArray[Any]) -> str:
        """Store a constant, in place of one of this name."""
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def made_of(self, nodes: list[NodeProto]) -> ModelProto:
        """Return the model of these nodes, less what nobody reads any more."""
        read = {name for node in nodes for name in node.input} | {output.name for output in self._model.graph.output}
        nodes = [node for node in nodes if read.intersection(node.output)]
        read = {name for node in nodes for name in node.input}
        del self._model.graph.node[:], self._model.graph.initializer[:], self._model.graph.value_info[:]
        self._model.graph.node.extend(nodes)
        self._model.graph.initializer.extend(constant for name, constant in self._constants.items() if name in read)
        return self._model


def _otherwise(graph: _Graph, node: NodeProto) -> Iterator[NodeProto]:
    """Write a convolution with other groups."""
    n_groups, stored = _groups(node).i, graph.maker[node.input[1]].input[0]
    kernel = graph.array(stored)
    n_joined = n_groups if len(kernel) <= ONE_GROUP else max(1, CHANNELS // kernel.shape[1])
    if n_joined < n_groups and len(kernel) <= APART:
        yield from _apart(graph, node, together(kernel, n_groups, n_joined))
        return
    n_joined = next(n for n in range(n_joined, 0, -1) if n_groups % n == 0)
    graph.constant(stored, np.concatenate(together(kernel, n_groups, n_joined)))
    _groups(node).i = n_groups // n_joined
    yield node


def _apart(graph: _Graph, node: NodeProto, kernels: list[Kernel]) -> Iterator[NodeProto]:
    """Split what a convolution reads, and put together what its parts answer, in the eight bits of the whole."""
    reads, weight, bias = (graph.maker[name] for name in node.input)
    (answers,) = graph.readers[node.output[0]]
    sizes = graph.constant(f"{node.name}.sizes", np.array([kernel.shape[1] for kernel in kernels]))
    parts = [f"{node.name}.{i}" for i in range(len(kernels))]
    yield helper.make_node("Split", [reads.input[0], sizes], [f"{part}.given" for part in parts], f"{node.name}.split", axis=1)
    end = 0
    for part, kernel in zip(parts, kernels, strict=True):
        channels = slice(end, end := end + len(kernel))
        yield helper.make_node("DequantizeLinear", [f"{part}.given", *reads.input[1:]], [f"{part}.x"], f"{part}.x")
        for one, name, array in ((weight, "weight", kernel), (bias, "bias", graph.array(bias.input[0])[channels])):
            steps = [graph.constant(f"{part}.{step}", graph.array(step)[channels]) for step in one.input[1:]]
            stored = graph.constant(f"{part}.{name}.eight_bits", array)
            yield helper.make_node("DequantizeLinear", [stored, *steps], [f"{part}.{name}"], f"{part}.{name}", axis=0)
        convolution = NodeProto()
        convolution.CopyFrom(node)
        _groups(convolution).i = 1
        convolution.name = part
        convolution.input[:] = [f"{part}.x", f"{part}.weight", f"{part}.bias"]
        convolution.output[:] = [part]
        yield convolution
        yield helper.make_node("QuantizeLinear", [part, *answers.input[1:]], [f"{part}.answer"], f"{part}.answer")
    yield helper.make_node("Concat", [f"{part}.answer" for part in parts], answers.output, f"{node.name}.whole", axis=1)


def _groups(node: NodeProto) -> Any:
    """Return the attribute that says how many groups a convolution has; one, where there is none."""
    for attribute in node.attribute:
        if attribute.name == "group":
            return attribute
    return helper.make_attribute("group", 1)
