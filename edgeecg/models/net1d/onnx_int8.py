"""Net1D as int8 pays on onnxruntime: the same net, still in float, of which convolutions and means are to be quantized.

What lies between convolutions stays in float, one pass an operation: integers would be rounded at each, and take longer. Swish is one operation,
for a sigmoid and a product are two. Halving takes the larger of two slices, since a max-pool of floats would want another layout. What is dense is a
matrix, not a convolution: its product comes out in float, and is not rounded on its way to the next.
"""

import numpy as np
from onnx import ModelProto, TensorProto, helper

from edgeecg.models.net1d.assemble import INPUT, assemble
from edgeecg.models.net1d.onnx_graph import Net1d, OnnxGraph

QUANTIZED = ("Conv", "Gemm", "GlobalAveragePool")
"""Means of what convolutions answer would else want another layout."""
NOT_ROUNDED = ("Gemm",)
"""Kinds whose answers stay in float."""
DOMAIN = "com.microsoft"


def build(net: Net1d) -> ModelProto:
    """Return the graph."""
    graph = _OnnxGraph(net.weights, net.shape, net.n_labels, net.len_samples)
    assemble(net.shape, net.n_labels, INPUT, graph)
    return graph.model()


class _OnnxGraph(OnnxGraph):
    """With onnxruntime's own Swish, and matrices."""

    def model(self) -> ModelProto:
        """Close the graph; what its Swishes answer is declared, for only onnxruntime can infer it."""
        model = super().model()
        model.opset_import.append(helper.make_opsetid(DOMAIN, 1))
        for name in [node.output[0] for node in self._nodes if node.domain == DOMAIN]:
            n, length = self._dims[name]
            model.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, n, 1, length) if length else (1, n)))
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

    def dense(self, x: str, name: str) -> str:
        """Multiply a vector, which has no places, by the matrix."""
        n, length = self._dims[x]
        if length:
            x = self._node("Squeeze", [x, self._places(name)], f"{name}.vector", (n, 0))
        weights = self._weights[f"{name}.weight"]
        inputs = [x, self._constant(f"{name}.weight", weights), self._weight(f"{name}.bias")]
        return self._node("Gemm", inputs, name, (len(weights), 0), transB=1)

    def scale(self, x: str, gain: str, name: str) -> str:
        """Multiply, each channel by its own of a vector."""
        placed = self._node("Unsqueeze", [gain, self._places(name)], f"{name}.gain", (self._dims[gain][0], 1))
        return super().scale(x, placed, name)

    def _places(self, name: str) -> str:
        return self._constant(f"{name}.places", np.array([2, 3]))

    def swish(self, x: str, name: str) -> str:
        """As QuickGelu, which with an alpha of 1 is x * sigmoid(x)."""
        return self._node("QuickGelu", [x], name, self._dims[x], domain=DOMAIN, alpha=1.0)
