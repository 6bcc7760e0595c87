"""The TFLite twins say what the ONNX graph says, in float and nearly so in int8; on the slow reference's word at odd lengths too."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from edgeecg.models.net1d import onnx_graph
from edgeecg.models.net1d.shape import Net1dShape
from tests.models.net1d.weights import filled
from tests.naive import net1d as naive

pytest.importorskip("ai_edge_litert")

SHAPE = Net1dShape(base=4, ratio=0.5, filters=(4, 9, 16), blocks=(1, 2, 1), group_width=8)


def ecgs(length: int, n: int) -> NDArray[np.float32]:
    smooth = np.cumsum(np.random.default_rng(length).normal(size=(n, length)), axis=1)
    return np.asarray((smooth - smooth.mean(1, keepdims=True)) / smooth.std(1, keepdims=True), np.float32)


def graph(path: Path, n_labels: int, length: int) -> Path:
    onnx.save(onnx_graph.build(SHAPE, n_labels, filled(SHAPE, n_labels), length), path)
    return path


@pytest.mark.parametrize("length", [64, 65, 66, 71])
def test_the_float_file_says_what_the_slow_reference_says(tmp_path: Path, length: int) -> None:
    from edgeecg.models.quantize_tflite import to_tflite
    from edgeecg.models.tflite_backend import TfliteNet

    to_tflite(graph(tmp_path / "net.onnx", 3, length), tmp_path / "net.tflite")
    net = TfliteNet((tmp_path / "net.tflite").read_bytes(), "net.tflite", len_samples=length, n_labels=3)
    weights = filled(SHAPE, 3)
    for ecg in ecgs(length, 2):
        said, features = net(ecg[None, None, None]), naive.features(list(ecg), weights, SHAPE.blocks)
        assert np.allclose(said.logits, naive.logits(list(ecg), weights, SHAPE.blocks), rtol=0, atol=1e-5)
        assert np.allclose(said.activation, weights["dense.weight"] @ features, rtol=0, atol=1e-5)


@pytest.mark.parametrize("n_labels", [3, 0])
@pytest.mark.parametrize("keep_float", [(), ("first_conv", "stage_list.1.block_list.0.conv2")])
def test_the_int8_file_is_as_near_as_eight_bits_allow(tmp_path: Path, n_labels: int, keep_float: tuple[str, ...]) -> None:
    from edgeecg.models.quantize import quantize
    from edgeecg.models.quantize_tflite import quantize_tflite

    fp32, windows = graph(tmp_path / "net.onnx", n_labels, 71), ecgs(71, 24)
    tflite = quantize_tflite(fp32, windows, tmp_path / "int8.tflite", keep_float=keep_float)
    ort = quantize(fp32, windows, tmp_path / "int8.onnx", keep_float=keep_float, by_layer=False)
    assert tflite.snr_db > max(15, ort.snr_db - 8), "as near as onnxruntime, but for what it leaves in float between convolutions"
    assert (tflite.same_answer_share is None) == (n_labels == 0)
    kinds = weight_kinds(tmp_path / "int8.tflite")
    assert {name: kind for name, kind in kinds.items() if kind != np.int8} == dict.fromkeys(("dense",)[:n_labels] + keep_float, np.float32)


def weight_kinds(path: Path) -> dict[str, type]:
    from ai_edge_litert.interpreter import Interpreter

    details = Interpreter(model_content=path.read_bytes()).get_tensor_details()
    return {one["name"].removesuffix(".weight"): one["dtype"] for one in details if one["name"].endswith(".weight")}


def test_arrays_lie_where_a_processor_may_read_them(tmp_path: Path) -> None:
    from ai_edge_litert import schema_py_generated as schema  # type: ignore[import-untyped, unused-ignore]

    from edgeecg.models.quantize_tflite import to_tflite

    to_tflite(graph(tmp_path / "net.onnx", 3, 64), tmp_path / "net.tflite")
    data = (tmp_path / "net.tflite").read_bytes()
    model = schema.Model.GetRootAs(data, 0)
    found = [model.Buffers(i).DataAsNumpy() for i in range(1, model.BuffersLength())]
    starts = [array.__array_interface__["data"][0] - np.frombuffer(data, np.uint8).__array_interface__["data"][0] for array in found]
    assert len(starts) > 40
    assert all(start % 16 == 0 for start in starts)


def test_a_graph_is_taken_apart_into_what_it_was_built_from() -> None:
    weights = filled(SHAPE, 3)
    net = onnx_graph.read(onnx_graph.build(SHAPE, 3, weights, 71))
    assert (net.shape, net.n_labels, net.len_samples) == (SHAPE, 3, 71)
    assert all(np.array_equal(net.weights[name], weights[name]) for name in weights)
    with pytest.raises(ValueError, match=r"graph: no edgeecg\.net1d in its metadata"):
        onnx_graph.read(onnx.ModelProto())
