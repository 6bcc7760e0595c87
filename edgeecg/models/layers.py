"""What quantizing does to each layer alone: its input, its weights and its output in eight bits, all else in float.

Every layer gets a twin beside it in one graph, so that one pass over the windows measures them all.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

from edgeecg.models.probe import Probe, Range, Snr, ranges

Floats = NDArray[np.float32]
TWIN = ".quantized_alone"
GROUP_BYTES = 400 << 20


class LayerReport(NamedTuple):
    """One layer and the signal over noise of its output when it alone is quantized."""

    name: str
    snr_db: float


def layers(model: ModelProto) -> list[NodeProto]:
    """Return the layers there are to quantize: the convolutions, in order."""
    return [node for node in model.graph.node if node.op_type == "Conv"]


def alone(model: ModelProto, windows: Floats) -> tuple[LayerReport, ...]:
    """Measure every layer, in the graph's order."""
    nodes = layers(model)
    names = [node.output[0] for node in nodes]
    found = ranges(model, windows, [*(node.input[0] for node in nodes), *names])
    snr = {name: Snr() for name in names}
    for group in _groups(model, nodes):
        some = [node.output[0] for node in group]
        for values in Probe(_with_twins(model, group, found), [*some, *(name + TWIN for name in some)]).over(windows):
            for name in some:
                snr[name].add(values[name], values[name + TWIN])
    return tuple(LayerReport(name, round(snr[name].db, 1)) for name in names)


def _groups(model: ModelProto, nodes: Sequence[NodeProto]) -> list[list[NodeProto]]:
    """Part the layers so that a graph with the twins of one part stays within what protobuf writes: two gigabytes."""
    sizes = {constant.name: len(constant.raw_data) for constant in model.graph.initializer}
    groups, total = [[nodes[0]]], sizes[nodes[0].input[1]]
    for node in nodes[1:]:
        total += sizes[node.input[1]]
        if total > GROUP_BYTES:
            groups.append([])
            total = sizes[node.input[1]]
        groups[-1].append(node)
    return groups


def _with_twins(model: ModelProto, nodes: Sequence[NodeProto], found: dict[str, Range]) -> ModelProto:
    probed = ModelProto()
    probed.CopyFrom(model)
    arrays = {constant.name: constant for constant in model.graph.initializer}
    for node in nodes:
        name = node.output[0] + TWIN
        x, weight, raw = f"{name}.in", f"{name}.weight", f"{name}.raw"
        probed.graph.initializer.append(numpy_helper.from_array(rounded(numpy_helper.to_array(arrays[node.input[1]])), weight))
        probed.graph.node.extend(_rounding(probed, node.input[0], x, found[node.input[0]]))
        twin = probed.graph.node.add()
        twin.CopyFrom(node)
        twin.name = name
        twin.input[0], twin.input[1], twin.output[0] = x, weight, raw
        probed.graph.node.extend(_rounding(probed, raw, name, found[node.output[0]]))
    return probed


def rounded(weight: Floats) -> Floats:
    """Return a kernel as eight bits hold it: symmetric, each output channel with its own step."""
    steps = np.abs(weight).reshape(len(weight), -1).max(axis=1) / 127
    step = np.where(steps > 0, steps, 1.0).reshape(-1, *[1] * (weight.ndim - 1))
    return np.asarray(np.rint(weight / step) * step, np.float32)


def _rounding(model: ModelProto, x: str, y: str, span: Range) -> Iterable[NodeProto]:
    """Write the nodes that make y what eight bits hold of x."""
    scale = max(span[1] - span[0], 1e-9) / 255
    zero = int(np.clip(np.rint(-span[0] / scale), 0, 255))
    steps = (
        numpy_helper.from_array(np.array(scale, np.float32), f"{y}.scale"),
        numpy_helper.from_array(np.array(zero, np.uint8), f"{y}.zero"),
    )
    model.graph.initializer.extend(steps)
    names = [step.name for step in steps]
    coarse = helper.make_node("QuantizeLinear", [x, *names], [f"{y}.coarse"], f"{y}.quantize")
    return coarse, helper.make_node("DequantizeLinear", [f"{y}.coarse", *names], [y], f"{y}.dequantize")
