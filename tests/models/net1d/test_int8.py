"""The graph that int8 is made of is the same net, and an int8 file has the form that pays."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, numpy_helper

from edgeecg.models.net1d import onnx_graph, onnx_int8
from edgeecg.models.net1d.shape import Net1dShape
from edgeecg.models.probe import Probe
from edgeecg.models.quantize import quantize
from tests.models.net1d.weights import filled
from tests.naive import net1d as naive

SHAPE = Net1dShape(base=4, ratio=0.5, filters=(4, 9, 16), blocks=(1, 2, 1), group_width=8)
WIDE = Net1dShape(base=8, ratio=1.0, filters=(64, 80), blocks=(1, 2), group_width=16)
GROUPED = tuple(f"{block.name}.conv2" for block in WIDE.walk())
LENGTH = 71


def ecgs(length: int, n: int) -> NDArray[np.float32]:
    smooth = np.cumsum(np.random.default_rng(length).normal(size=(n, length)), axis=1)
    return np.asarray((smooth - smooth.mean(1, keepdims=True)) / smooth.std(1, keepdims=True), np.float32)


def saved(path: Path) -> Path:
    onnx.save(onnx_graph.build(WIDE, 3, filled(WIDE, 3), LENGTH), path)
    return path


def said(model: ModelProto, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.array([values["logits"][0] for values in Probe(model, ["logits"]).over(windows)])


def convolutions(model: ModelProto) -> dict[str, NodeProto]:
    return {node.name: node for node in model.graph.node if node.op_type == "Conv"}


def groups(node: NodeProto) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)


@pytest.mark.parametrize("length", [64, 65, 66, 71])
def test_the_graph_says_what_the_slow_reference_says(length: int) -> None:
    windows, weights = ecgs(length, 2), filled(SHAPE, 3)
    wanted = [naive.logits(list(ecg), weights, SHAPE.blocks) for ecg in windows]
    got = said(onnx_int8.build(onnx_graph.Net1d(SHAPE, 3, weights, length)), windows)
    assert np.allclose(got, wanted, rtol=0, atol=1e-5)
    assert np.abs(np.diff(got, axis=0)).max() > 0.03, "a net that says one thing to everything proves nothing"


def test_an_int8_file_has_the_form_that_pays(tmp_path: Path) -> None:
    fp32 = saved(tmp_path / "net.onnx")
    quantize(fp32, ecgs(LENGTH, 24), tmp_path / "int8.onnx", by_layer=False)
    before, after = onnx.load(fp32), onnx.load(tmp_path / "int8.onnx")
    layers = convolutions(after)
    assert [groups(convolutions(before)[name]) for name in GROUPED] == [4, 5, 5]
    assert all(groups(node) == 1 for node in layers.values())
    parts = [[name for name in layers if name.startswith(layer)] for layer in GROUPED]
    assert parts == [[GROUPED[0]], *([f"{layer}.{i}" for i in range(3)] for layer in GROUPED[1:])]
    swishes = [node.output[0] for node in before.graph.node if node.op_type == "Mul" and not node.name.endswith(".scale")]
    assert len(swishes) == 4 * len(GROUPED)
    assert [node.output[0] for node in after.graph.node if node.op_type == "QuickGelu"] == swishes
    assert all(node.name.endswith(".gain") for node in after.graph.node if node.op_type == "Sigmoid")
    assert not {"MaxPool", "Relu"}.intersection(node.op_type for node in after.graph.node)


def test_what_is_dense_multiplies_eight_bits_and_answers_in_float(tmp_path: Path) -> None:
    fp32 = saved(tmp_path / "net.onnx")
    quantize(fp32, ecgs(LENGTH, 24), tmp_path / "int8.onnx", by_layer=False)
    after = onnx.load(tmp_path / "int8.onnx").graph.node
    maker = {name: node.op_type for node in after for name in node.output}
    reader = {name: node.op_type for node in after for name in node.input}
    dense = [node for node in after if node.op_type == "Gemm"]
    names = [name for name in convolutions(onnx.load(fp32)) if ".se_fc" in name]
    assert [node.name for node in dense] == names
    assert len(names) == 2 * len(GROUPED)
    assert all([maker[name] for name in node.input] == ["DequantizeLinear"] * 3 for node in dense)
    assert {reader[node.output[0]] for node in dense} == {"QuickGelu", "Sigmoid"}


def test_a_convolution_kept_in_float_keeps_its_groups_and_its_weights(tmp_path: Path) -> None:
    fp32, kept = saved(tmp_path / "net.onnx"), GROUPED[1]
    report = quantize(fp32, ecgs(LENGTH, 24), tmp_path / "int8.onnx", keep_float=(kept,), by_layer=False)
    after = onnx.load(tmp_path / "int8.onnx")
    constants = {constant.name: constant for constant in after.graph.initializer}
    node = convolutions(after)[kept]
    assert groups(node) == 5
    assert np.array_equal(numpy_helper.to_array(constants[node.input[1]])[:, :, 0], filled(WIDE, 3)[f"{kept}.conv.weight"])
    assert [name for name in convolutions(after) if name.startswith(GROUPED[2])] == [f"{GROUPED[2]}.{i}" for i in range(3)]
    assert report.float_layers == (kept,)


def test_convolutions_only_leaves_the_graph_as_it_is(tmp_path: Path) -> None:
    fp32 = saved(tmp_path / "net.onnx")
    quantize(fp32, ecgs(LENGTH, 24), tmp_path / "int8.onnx", convs_only=True, float_outputs=True, by_layer=False)
    before, after = (onnx.load(path).graph.node for path in (fp32, tmp_path / "int8.onnx"))
    calculating = [node for node in after if node.op_type not in {"QuantizeLinear", "DequantizeLinear"}]
    assert len(after) > len(calculating)
    described = [{(node.op_type, node.name, str(list(node.attribute))) for node in nodes} for nodes in (before, calculating)]
    assert described[0] == described[1]
