"""Net1D as int8 pays on onnxruntime: the same net, still in float, of which convolutions and means are to be quantized.

What lies between convolutions stays in float, one pass an operation: integers would be rounded at each, and take longer. Swish is one operation,
for a sigmoid and a product are two. Halving takes the larger of two slices, since a max-pool of floats would want another layout.
"""

import numpy as np
from onnx import ModelProto, TensorProto, helper

from edgeecg.models.net1d.assemble import INPUT, assemble
from edgeecg.models.net1d.onnx_graph import Net1d, OnnxGraph

QUANTIZED = ("Conv", "GlobalAveragePool")
"""Means of what convolutions answer would else want another layout."""
DOMAIN = "com.microsoft"


def build(net: Net1d) -> ModelProto:
    """Return the graph."""
    graph = _OnnxGraph(net.weights, net.shape, net.n_labels, net.len_samples)
    assemble(net.shape, net.n_labels, INPUT, graph)
    return graph.model()


class _OnnxGraph(OnnxGraph):
    """With onnxruntime's own Swish."""

    def model(self) -> ModelProto:
        """Close the graph; what its Swishes answer is declared, for only onnxruntime can infer it."""
        model = super().model()
        model.opset_import.append(helper.make_opsetid(DOMAIN, 1))
        named = [node.output[0] for node in self._nodes if node.domain == DOMAIN]
        dims = {name: (1, self._dims[name][0], 1, self._dims[name][1]) for name in named}
        model.graph.value_info.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, dims[name]) for name in named)
        return model

    def halve(self, x: str, name: str) -> str:
        """Take the larger of each even sample and the odd one behind it; an odd length gets a zero behind."""
        n, length = self._dims[x]
        if length % 2:
            x = self._node("Pad", [x, self._constant(f"{name}.pads", np.array([0, 0, 0, 0, 0, 0, 0, 1]))], f"{name}.even", (n, length + 1))
        end, axis, step = (
            self._constant(f"{name}.{key}", np.array([value])) for key, value in (("end", length + 1), ("axis", 3), ("step", 2))
        )
        starts = [self._constant(f"{name}.start{i}", np.array([i])) for i in (0, 1)]
        halves = [self._node("Slice", [x, start, end, axis, step], f"{start}.half") for start in starts]
        return self._node("Max", halves, name, (n, -(-length // 2)))

    def swish(self, x: str, name: str) -> str:
        """As QuickGelu, which with an alpha of 1 is x * sigmoid(x)."""
        return self._node("QuickGelu", [x], name, self._dims[x], domain=DOMAIN, alpha=1.0)
