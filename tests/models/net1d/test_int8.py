"""The graph that int8 is made of is the same net: groups put together sum what they summed alone, bit for bit in integers."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, numpy_helper

from edgeecg.models.net1d import onnx_graph, onnx_int8
from edgeecg.models.net1d.shape import Block, Net1dShape
from edgeecg.models.probe import Probe
from edgeecg.models.quantize import quantize
from tests.models.net1d.weights import filled
from tests.naive import net1d as naive

SHAPE = Net1dShape(base=8, ratio=1.0, filters=(64, 80, 96), blocks=(1, 2, 1), group_width=16)
"""Four groups, which become one; five, and once more without a stride, which need a sixth; six."""
NARROW = Net1dShape(base=4, ratio=0.5, filters=(4, 9, 16), blocks=(1, 2, 1), group_width=8)
GROUPED = tuple(f"{block.name}.conv2" for block in SHAPE.walk())
ODD = "stage_list.1.block_list.1"
LENGTH = 71


def ecgs(length: int, n: int) -> NDArray[np.float32]:
    smooth = np.cumsum(np.random.default_rng(length).normal(size=(n, length)), axis=1)
    return np.asarray((smooth - smooth.mean(1, keepdims=True)) / smooth.std(1, keepdims=True), np.float32)


def net(shape: Net1dShape, length: int = LENGTH) -> onnx_graph.Net1d:
    return onnx_graph.Net1d(shape, 3, filled(shape, 3), length)


def saved(path: Path) -> Path:
    onnx.save(onnx_graph.build(SHAPE, 3, filled(SHAPE, 3), LENGTH), path)
    return path


def said(model: ModelProto, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.array([values["logits"][0] for values in Probe(model, ["logits"]).over(windows)])


def kernel_dims(model: ModelProto) -> dict[str, tuple[int, ...]]:
    """Convolutions by name, and the dimensions of their kernels, wherever these are stored."""
    dims = {constant.name: tuple(constant.dims) for constant in model.graph.initializer}
    source = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    return {node.name: dims[source.get(node.input[1], node.input[1])] for node in convolutions(model)}


def convolutions(model: ModelProto) -> list[NodeProto]:
    return [node for node in model.graph.node if node.op_type == "Conv"]


def groups(node: NodeProto) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)


@pytest.mark.parametrize("length", [64, 65, 66, 71])
def test_the_graph_says_what_the_slow_reference_says(length: int) -> None:
    windows = ecgs(length, 2)
    wanted = [naive.logits(list(ecg), filled(NARROW, 3), NARROW.blocks) for ecg in windows]
    assert np.allclose(said(onnx_int8.build(net(NARROW, length)), windows), wanted, rtol=0, atol=1e-5)


def test_groups_put_together_say_what_they_said_alone() -> None:
    windows = ecgs(LENGTH, 4)
    wanted = said(onnx_graph.build(SHAPE, 3, filled(SHAPE, 3), LENGTH), windows)
    got = said(onnx_int8.build(net(SHAPE)), windows)
    assert np.ptp(wanted, axis=0).min() > 0.01, "a net that says one thing to everything proves nothing"
    assert np.abs(got - wanted).max() < 1e-6 * np.abs(wanted).max()


@pytest.mark.parametrize(
    ("n_mid", "n_groups", "width"), [(64, 4, 64), (80, 5, 32), (96, 6, 32), (128, 32, 32), (132, 33, 32), (96, 2, 48), (192, 4, 48)]
)
def test_a_joined_kernel_sums_the_same_numbers(n_mid: int, n_groups: int, width: int) -> None:
    """In numpy, channel by channel; and what was added for evenness is zeros all through."""
    rng = np.random.default_rng(n_mid)
    block = Block("b", n_in=3, n_mid=n_mid, n_out=4, groups=n_groups, stride=2, first=False)
    dims: dict[str, tuple[int, ...]] = {
        "conv1.conv.weight": (n_mid, 3, 1),
        "conv2.conv.weight": (n_mid, n_mid // n_groups, 5),
        "conv3.conv.weight": (4, n_mid, 1),
    }
    dims |= {"conv1.conv.bias": (n_mid,), "conv2.conv.bias": (n_mid,)}
    alone = {f"b.{name}": rng.normal(size=d).astype(np.float32) for name, d in dims.items()}
    joined = alone | onnx_int8.together(block, alone)
    kernels, biases = ([w[f"b.conv2.conv.{end}"].astype(np.float64) for w in (alone, joined)] for end in ("weight", "bias"))
    x = rng.normal(size=(n_mid, 9))
    grown = np.pad(x, ((0, len(kernels[1]) - n_mid), (0, 0)))
    wanted, got = (naive.conv(*given, 2) for given in zip((x, grown), kernels, biases, strict=True))
    assert kernels[1].shape[1] == (n_mid if n_mid == 64 else width)
    assert np.array_equal(got[:n_mid], wanted)
    assert not got[n_mid:].any()
    for name in ("b.conv1.conv.weight", "b.conv1.conv.bias"):
        assert np.array_equal(joined[name][:n_mid], alone[name])
        assert not joined[name][n_mid:].any()
    assert np.array_equal(joined["b.conv3.conv.weight"][:, :n_mid], alone["b.conv3.conv.weight"])
    assert not joined["b.conv3.conv.weight"][:, n_mid:].any()


def test_in_integers_groups_put_together_change_no_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fp32, windows, build = saved(tmp_path / "net.onnx"), ecgs(LENGTH, 24), onnx_int8.build
    quantize(fp32, windows, tmp_path / "together.onnx", by_layer=False)
    monkeypatch.setattr(onnx_int8, "build", lambda net, _in_float: build(net, GROUPED))
    quantize(fp32, windows, tmp_path / "alone.onnx", by_layer=False)
    together, alone = onnx.load(tmp_path / "together.onnx"), onnx.load(tmp_path / "alone.onnx")
    assert kernel_dims(alone)[f"{ODD}.conv2"] == (80, 16, 1, 16)
    assert kernel_dims(together)[f"{ODD}.conv2"] == (96, 32, 1, 16)
    assert np.array_equal(said(together, windows), said(alone, windows))


def test_an_int8_file_has_the_form_that_pays(tmp_path: Path) -> None:
    fp32, windows = saved(tmp_path / "net.onnx"), ecgs(LENGTH, 24)
    quantize(fp32, windows, tmp_path / "int8.onnx", by_layer=False)
    before, after = onnx.load(fp32), onnx.load(tmp_path / "int8.onnx")
    dims = kernel_dims(after)
    assert list(dims) == list(kernel_dims(before)), "layers keep their names"
    assert [groups(node) for node in convolutions(after) if node.name in GROUPED] == [1, 3, 3, 3]
    assert all(dims[node.name][1] >= 32 for node in convolutions(after) if groups(node) > 1)
    swishes = [node.output[0] for node in before.graph.node if node.op_type == "Mul" and not node.name.endswith(".scale")]
    assert len(swishes) == 1 + 4 * len(GROUPED) - 1
    assert [node.output[0] for node in after.graph.node if node.op_type == "QuickGelu"] == swishes
    assert all(node.name.endswith(".gain") for node in after.graph.node if node.op_type == "Sigmoid")


def test_a_convolution_kept_in_float_keeps_its_groups(tmp_path: Path) -> None:
    fp32, kept = saved(tmp_path / "net.onnx"), (f"{ODD}.conv2", "first_conv")
    report = quantize(fp32, ecgs(LENGTH, 24), tmp_path / "int8.onnx", keep_float=kept, by_layer=False)
    after = onnx.load(tmp_path / "int8.onnx")
    dims, constants = kernel_dims(after), {constant.name: constant for constant in after.graph.initializer}
    assert (dims[f"{ODD}.conv1"][0], dims[f"{ODD}.conv2"], dims[f"{ODD}.conv3"][1]) == (80, (80, 16, 1, 16), 80)
    stored = numpy_helper.to_array(constants[f"{ODD}.conv2.conv.weight"])
    assert np.array_equal(stored[:, :, 0], filled(SHAPE, 3)[f"{ODD}.conv2.conv.weight"])
    assert dims["stage_list.1.block_list.0.conv2"] == (96, 32, 1, 16)
    assert report.float_layers == kept


def test_convolutions_only_leaves_the_graph_as_it_is(tmp_path: Path) -> None:
    fp32 = saved(tmp_path / "net.onnx")
    quantize(fp32, ecgs(LENGTH, 24), tmp_path / "int8.onnx", convs_only=True, float_outputs=True, by_layer=False)
    before, after = (onnx.load(path).graph.node for path in (fp32, tmp_path / "int8.onnx"))
    calculating = [node for node in after if node.op_type not in {"QuantizeLinear", "DequantizeLinear"}]
    assert len(after) > len(calculating)
    described = [{(node.op_type, node.name, str(list(node.attribute))) for node in nodes} for nodes in (before, calculating)]
    assert described[0] == described[1]
