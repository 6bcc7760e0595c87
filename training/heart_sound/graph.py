"""The kernel machine as an ONNX graph: features in; logits out, and what each sense adds to them.

The comparison with the kept windows is a convolution over one place, the only layer with many weights: it is what becomes int8.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from heart_sound.machine import REACH, Machine, Sense

OPSET, IR = 17, 8


class _Graph:
    """Nodes and constants as they are written."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: object, kind: type = np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **how: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **how))
        return output


def graph(machine: Machine, threshold: float) -> onnx.ModelProto:
    """Write a machine of two labels; the second is likelier where its score is above `threshold`."""
    g, sizes = _Graph(), [len(sense.scale.middle) for sense in machine.senses.values()]
    column = g.node("Reshape", ["features", g.constant("as_column", (1, sum(sizes), 1, 1), np.int64)], "column")
    axis, zero = g.constant("axis", [1], np.int64), g.constant("zero", 0.0)
    parts, first = [], 0
    for name, sense in machine.senses.items():
        span = [g.constant(f"{name}.first", [first], np.int64), g.constant(f"{name}.end", [first + len(sense.scale.middle)], np.int64)]
        parts.append(_part(g, name, sense, g.node("Slice", [column, *span, axis], f"{name}.own"), axis, zero))
        first += len(sense.scale.middle)
    n = len(parts)
    line = g.node("Reshape", [g.node("Concat", parts, "parts", axis=1), g.constant("as_line", (1, 1, n), np.int64)], "line")
    activation = g.node("Mul", [line, g.constant("sides", np.array([-0.5, 0.5]).reshape(1, 2, 1) * n)], "activation")
    mean = g.node("ReduceMean", [activation], "mean", axes=[2], keepdims=0)
    g.node("Add", [mean, g.constant("bias", [[threshold / 2, -threshold / 2]])], "logits")
    ends = [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 1, 1, sum(sizes)])]
    outs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2]),
        helper.make_tensor_value_info("activation", TensorProto.FLOAT, [1, 2, n]),
    ]
    made = helper.make_graph(g.nodes, "senses", ends, outs, g.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    onnx.checker.check_model(model)
    return model


def _part(g: _Graph, name: str, sense: Sense, own: str, axis: str, zero: str) -> str:
    """Write what one sense adds: (1, 1, 1, 1)."""
    shape = (1, -1, 1, 1)
    off = g.node("Sub", [own, g.constant(f"{name}.middle", sense.scale.middle.reshape(shape))], f"{name}.off")
    wide = g.node("Div", [off, g.constant(f"{name}.spread", sense.scale.spread.reshape(shape))], f"{name}.wide")
    known = g.node("Where", [g.node("IsNaN", [wide], f"{name}.missing"), zero, wide], f"{name}.known")
    ends = [g.constant(f"{name}.least", -REACH), g.constant(f"{name}.most", REACH)]
    z = g.node("Clip", [known, *ends], f"{name}.standard")
    kept = sense.kept[:, :, None, None]
    along = g.node("Conv", [z, g.constant(f"{name}.kept", kept)], f"{name}.along")
    length = g.node("ReduceSumSquare", [z], f"{name}.length", axes=[1], keepdims=1)
    lengths = g.node("Add", [length, g.constant(f"{name}.lengths", (sense.kept**2).sum(1).reshape(shape))], f"{name}.lengths_both")
    apart = g.node("Sub", [lengths, g.node("Mul", [along, g.constant(f"{name}.two", 2.0)], f"{name}.twice")], f"{name}.apart")
    spaced = g.node("Max", [apart, zero], f"{name}.spaced")
    like = g.node("Exp", [g.node("Mul", [spaced, g.constant(f"{name}.sharpness", -sense.sharpness)], f"{name}.scaled")], f"{name}.like")
    weights = g.constant(f"{name}.weights", sense.weights.reshape(shape))
    return g.node("ReduceSum", [g.node("Mul", [like, weights], f"{name}.weighed"), axis], f"{name}.part", keepdims=1)
