"""TFLite twins of an fp32 graph that this package built: in float, and in int8 by what flowed through the graph."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from onnx import ModelProto

from edgeecg.models.net1d import onnx_graph, tflite_graph
from edgeecg.models.probe import ranges
from edgeecg.models.quantize import HEAD, Report, check, compare

Floats = NDArray[np.float32]

METHOD = "static, activations int8 by minimum and maximum, weights int8 per channel, written as TFLite by this package"


def to_tflite(fp32_path: Path, out_path: Path) -> None:
    """Write the graph as TFLite, in float."""
    out_path.write_bytes(tflite_graph.build(onnx_graph.read(onnx.load(fp32_path))))


def quantize_tflite(
    fp32_path: Path,
    windows: Floats,
    out_path: Path,
    *,
    keep_float: Sequence[str] = (),
    independent: bool = False,
    judge: Floats | None = None,
) -> Report:
    """Write the graph's int8 TFLite twin, calibrated on preprocessed windows (n, length) and compared with it on `judge`, or on the same."""
    model = onnx.load(fp32_path)
    check(model, windows, keep_float)
    found = ranges(model, windows, [node.output[0] for node in model.graph.node])
    out_path.write_bytes(tflite_graph.build(onnx_graph.read(model), found, {*HEAD, *with_swish(model, keep_float)}))
    judge = windows if judge is None else judge
    snr_db, same = compare(model, Twin(out_path), judge, independent=independent)
    return Report(len(windows), len(judge), tuple(keep_float), (), snr_db, same)


def with_swish(model: ModelProto, names: Sequence[str]) -> Iterator[str]:
    """Yield layers and the nodes of the Swish that reads each."""
    kept = set(names)
    for node in model.graph.node:
        reads_kept = kept.intersection(node.input)
        if node.name in names or (reads_kept and node.op_type == "Sigmoid"):
            kept.update(node.output)
            yield node.name
        elif len(reads_kept) == 2 and node.op_type == "Mul":
            yield node.name


class Twin:
    """A TFLite file that is asked for its first output: logits, or features."""

    def __init__(self, path: Path) -> None:
        self._interpreter = Interpreter(model_content=path.read_bytes(), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]

    def __call__(self, window: Floats) -> Floats:
        """Answer one window."""
        self._interpreter.set_tensor(self._input["index"], window.reshape(self._input["shape"]))
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output["index"]))
