"""What is told of beats as one graph: trees on figures, the net of beats on their order, and their common answer.

`features` (1, figures and table) -> `scores` (1, labels): the probabilities in proportion to trees ** (1 - share) * net ** share.
The table's rows that hold no beat are cut off first, so a slow heart costs less than a fast one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from common.trees import IR, ML_OPSET, OPSET
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from edgeecg_kernels.features_sequence import AT_CODED, MOST_ROWS, N_ABOUT, N_COLUMNS, N_SHAPE
from rhythm.recordings import LABELS
from rhythm.sequence import REACHES, WIDTH, BeatNet
from rhythm.together import TINY

LAST = 2**31 - 1
NORM_EPS = 1e-5


@dataclass(slots=True)
class _Drawn:
    """A graph as it grows: every step's output is called by its number."""

    nodes: list[NodeProto] = field(default_factory=list)
    stored: list[TensorProto] = field(default_factory=list)

    def step(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"told.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def taken_over(self, other: ModelProto, reads: str) -> str:
        """Take in another graph's only step, which reads something else here."""
        (node,) = other.graph.node
        copy = NodeProto()
        copy.CopyFrom(node)
        copy.input[:], copy.output[:] = [reads], ["of trees"]
        self.nodes.append(copy)
        return "of trees"

    def store(self, value: Any, kind: type = np.float32) -> str:
        name = f"stored.{len(self.stored)}"
        self.stored.append(numpy_helper.from_array(np.ascontiguousarray(value, kind), name))
        return name

    def linear(self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        return self.step("Gemm", x, self.store(weight), self.store(bias), transB=1)

    def swish(self, x: str) -> str:
        return self.step("Mul", x, self.step("Sigmoid", x))

    def part(self, x: str, axis: int, begin: int, end: int) -> str:
        return self.step("Slice", x, *(self.store([value], np.int64) for value in (begin, end, axis)))

    def mean(self, x: str) -> str:
        return self.step("ReduceMean", x, axes=[0], keepdims=1)


def graph(trees: ModelProto, n_figures: int, nets: Sequence[BeatNet], share: float) -> ModelProto:
    """Return trees (a graph of `common.trees`, of one answer) and nets, which count alike, as one graph."""
    drawn = _Drawn()
    figures = drawn.part("features", 1, 0, n_figures)
    of_trees = drawn.step("Log", drawn.step("Max", drawn.taken_over(trees, figures), drawn.store(TINY)))
    told = drawn.step("Mul", of_trees, drawn.store(1 - share))
    beats, odd = _beats(drawn, n_figures)
    for net in nets:
        said = drawn.step("LogSoftmax", _net(drawn, beats, odd, net), axis=1)
        told = drawn.step("Add", told, drawn.step("Mul", said, drawn.store(share / len(nets))))
    drawn.nodes.append(helper.make_node("Softmax", [told], ["scores"], axis=1))
    ends = (
        helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, n_figures + MOST_ROWS * N_COLUMNS + N_SHAPE]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, len(LABELS)]),
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = helper.make_model(
        helper.make_graph(drawn.nodes, "told", [ends[0]], [ends[1]], drawn.stored), opset_imports=opsets, ir_version=IR
    )
    onnx.checker.check_model(model)
    return model


def _beats(drawn: _Drawn, n_figures: int) -> tuple[str, str]:
    """Draw the rows that hold a beat, one at least, and how each one's shape differs from the typical."""
    table_end = n_figures + MOST_ROWS * N_COLUMNS
    table = drawn.step("Reshape", drawn.part("features", 1, n_figures, table_end), drawn.store([MOST_ROWS, N_COLUMNS], np.int64))
    n_beats = drawn.step("ReduceSum", drawn.part(table, 1, 0, 1), drawn.store([0], np.int64), keepdims=0)
    n_rows = drawn.step("Cast", drawn.step("Max", n_beats, drawn.store([1])), to=TensorProto.INT64)
    beats = drawn.step("Slice", table, drawn.store([0], np.int64), n_rows, drawn.store([0], np.int64))
    typical = drawn.part("features", 1, table_end, LAST)
    odd = drawn.step(
        "Mul", drawn.step("Sub", drawn.part(beats, 1, N_ABOUT, N_COLUMNS), typical), drawn.part(beats, 1, AT_CODED, AT_CODED + 1)
    )
    return beats, odd


def _net(drawn: _Drawn, beats: str, odd: str, net: BeatNet) -> str:
    """Draw a net of beats on (beats, width): there is one window, so no row fills up another."""
    weights = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    x = drawn.step("Concat", beats, odd, axis=1)
    x = drawn.swish(drawn.linear(x, weights["read.0.weight"], weights["read.0.bias"]))
    x = drawn.linear(x, weights["read.2.weight"], weights["read.2.bias"])
    for place, reach in enumerate(REACHES):
        x = drawn.step("Add", x, _block(drawn, x, {name: weights[f"blocks.{place}.{name}"] for name in _BLOCK}, reach))
    weight = drawn.step("Softmax", drawn.linear(x, weights["attention.weight"], weights["attention.bias"]), axis=0)
    attended = drawn.step("MatMul", drawn.step("Transpose", weight), x)
    pooled = drawn.step("Concat", drawn.mean(x), drawn.step("ReduceMax", x, axes=[0], keepdims=1), attended, axis=1)
    return drawn.linear(pooled, weights["say.weight"], weights["say.bias"])


_BLOCK = ("conv.weight", "conv.bias", "norm.weight", "norm.bias", "mix.weight", "mix.bias")


def _block(drawn: _Drawn, x: str, weights: dict[str, NDArray[np.float32]], reach: int) -> str:
    """Draw a block's branch: three neighbours side by side are one matrix product."""
    filled = drawn.step("Pad", x, drawn.store([reach, 0, reach, 0], np.int64))
    before, after = drawn.part(filled, 0, 0, -2 * reach), drawn.part(filled, 0, 2 * reach, LAST)
    around = drawn.step("Concat", before, x, after, axis=1)
    kernel = weights["conv.weight"].transpose(0, 2, 1).reshape(WIDTH, -1)
    y = drawn.linear(around, kernel, weights["conv.bias"])
    y = drawn.step(
        "LayerNormalization", y, drawn.store(weights["norm.weight"]), drawn.store(weights["norm.bias"]), axis=-1, epsilon=NORM_EPS
    )
    return drawn.linear(drawn.swish(y), weights["mix.weight"], weights["mix.bias"])
