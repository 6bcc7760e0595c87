"""Net1D as int8 pays on onnxruntime: the same net, still in float, written so that its int8 twin is quick.

onnxruntime unrolls an int8 convolution in groups by copying as many bytes at a time as a group has channels. Groups put together as one, the
weights across being zeros, are copied at once and sum the same integers; the few groups of a narrow layer, all together, need no copies. If
groups do not come out even, some of zeros are added, which the convolution before makes and the one behind ignores.

What lies between convolutions stays in float, one pass an operation: integers would be rounded at each, and take longer. Swish is one operation,
for a sigmoid and a product are two. Halving takes the larger of two slices, since a max-pool of floats would want another layout.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from edgeecg.models.net1d.assemble import INPUT, assemble
from edgeecg.models.net1d.onnx_graph import Net1d, OnnxGraph, Weights
from edgeecg.models.net1d.shape import Block

FORM = "groups of few channels put together, float between the convolutions"
QUANTIZED = ("Conv", "GlobalAveragePool")
"""The operations that pay in int8; means of what convolutions answer would else want another layout."""
DOMAIN = "com.microsoft"
GROUP_CHANNELS = 32
"""Groups are put together up to here: of more, products with zeros cost what copying less gains."""
DENSE_CHANNELS = 64
"""A layer of no more has one group."""


def build(net: Net1d, in_float: Collection[str] = ()) -> ModelProto:
    """Return the graph; convolutions that are to stay in float keep their groups, for there the copies are not what costs."""
    weights = dict(net.weights)
    for block in net.shape.walk():
        if block.groups > 1 and f"{block.name}.conv2" not in in_float:
            weights |= together(block, weights)
    graph = _OnnxGraph(weights, net.shape, net.n_labels, net.len_samples)
    assemble(net.shape, net.n_labels, INPUT, graph)
    return graph.model()


def together(block: Block, weights: Weights) -> dict[str, NDArray[np.float32]]:
    """Return a block's arrays with its groups put together, and some of zeros more where they would not come out even."""
    width = block.n_mid // block.groups
    n_joined = block.groups if block.n_mid <= DENSE_CHANNELS else max(1, GROUP_CHANNELS // width)
    more = -block.groups % n_joined * width
    conv1, conv2, conv3 = (f"{block.name}.conv{i}.conv" for i in (1, 2, 3))
    grown = {name: _grown(weights[name], more) for name in (f"{conv1}.weight", f"{conv1}.bias", f"{conv2}.weight", f"{conv2}.bias")}
    grown[f"{conv2}.weight"] = _joined(grown[f"{conv2}.weight"], width, n_joined)
    return grown | {f"{conv3}.weight": np.pad(weights[f"{conv3}.weight"], ((0, 0), (0, more), (0, 0)))}


def _grown(array: NDArray[np.float32], more: int) -> NDArray[np.float32]:
    """Put zeros behind, for so many output channels more."""
    return np.pad(array, ((0, more), *[(0, 0)] * (array.ndim - 1)))


def _joined(kernel: NDArray[np.float32], width: int, n_joined: int) -> NDArray[np.float32]:
    """Put each `n_joined` groups of `width` channels into one: a channel's own weights at its group's place, zeros at the others'."""
    joined = np.zeros((len(kernel), n_joined, *kernel.shape[1:]), np.float32)
    channels = np.arange(len(kernel))
    joined[channels, channels // width % n_joined] = kernel
    return joined.reshape(len(kernel), -1, kernel.shape[2])


class _OnnxGraph(OnnxGraph):
    """Groups are as many as the kernels say; Swish is onnxruntime's own operation."""

    def model(self) -> ModelProto:
        """Close the graph; what its Swishes answer is declared, for only onnxruntime can infer it."""
        model = super().model()
        model.opset_import.append(helper.make_opsetid(DOMAIN, 1))
        named = [node.output[0] for node in self._nodes if node.domain == DOMAIN]
        dims = {name: (1, self._dims[name][0], 1, self._dims[name][1]) for name in named}
        model.graph.value_info.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, dims[name]) for name in named)
        return model

    def conv(self, x: str, name: str, *, stride: int = 1, groups: int = 1) -> str:  # noqa: ARG002  (the net's groups, before they were joined)
        """Convolve."""
        return super().conv(x, name, stride=stride, groups=self._dims[x][0] // self._weights[f"{name}.conv.weight"].shape[1])

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
