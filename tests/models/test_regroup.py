"""Int8 convolutions in other groups answer the same integers, whatever becomes of their groups."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, checker

from edgeecg.models import regroup
from edgeecg.models.net1d import onnx_graph
from edgeecg.models.net1d.shape import Net1dShape
from edgeecg.models.probe import Probe
from edgeecg.models.quantize import quantize
from tests.models.net1d.weights import filled
from tests.naive import net1d as naive

SHAPE = Net1dShape(base=8, ratio=1.0, filters=(64, 80, 96), blocks=(1, 2, 1), group_width=16)
"""Four groups, five with a stride and without, six."""
GROUPED = tuple(f"{block.name}.conv2" for block in SHAPE.walk())
LENGTH = 71


def windows(n: int = 24) -> NDArray[np.float32]:
    smooth = np.cumsum(np.random.default_rng(3).normal(size=(n, LENGTH)), axis=1)
    return np.asarray((smooth - smooth.mean(1, keepdims=True)) / smooth.std(1, keepdims=True), np.float32)


def int8(folder: Path, monkeypatch: pytest.MonkeyPatch, *, again: bool) -> ModelProto:
    """The file `quantize` writes, or the one it would write if groups stayed as they are."""
    onnx.save(onnx_graph.build(SHAPE, 3, filled(SHAPE, 3), LENGTH), folder / "net.onnx")
    with monkeypatch.context() as patched:
        if not again:
            patched.setattr("edgeecg.models.quantize.regrouped", lambda model: model)
        quantize(folder / "net.onnx", windows(), folder / "int8.onnx", by_layer=False)
    return onnx.load(folder / "int8.onnx")


def group_counts(model: ModelProto, layer: str) -> list[int]:
    """How many groups each convolution has that a layer became."""
    nodes = [node for node in model.graph.node if node.op_type == "Conv" and node.name.startswith(layer)]
    return [next(attribute.i for attribute in node.attribute if attribute.name == "group") for node in nodes]


@pytest.mark.parametrize(
    ("one_group", "apart", "channels", "counts"),
    [
        (64, 512, 32, [[1], [1] * 3, [1] * 3, [1] * 3]),
        (64, 64, 32, [[1], [5], [5], [3]]),
        (0, 0, 48, [[2], [5], [5], [2]]),
        (0, 512, 16, [[1] * 4, [1] * 5, [1] * 5, [1] * 6]),
    ],
)
def test_no_bit_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_group: int, apart: int, channels: int, counts: list[list[int]]
) -> None:
    before = int8(tmp_path, monkeypatch, again=False)
    for name, value in (("ONE_GROUP", one_group), ("APART", apart), ("CHANNELS", channels)):
        monkeypatch.setattr(regroup, name, value)
    after = int8(tmp_path, monkeypatch, again=True)
    checker.check_model(after)
    assert [group_counts(before, layer) for layer in GROUPED] == [[4], [5], [5], [6]]
    assert [group_counts(after, layer) for layer in GROUPED] == counts
    outputs = [f"{layer.removesuffix('conv2')}swish3" for layer in GROUPED] + ["logits"]
    for wanted, got in zip(*(Probe(model, outputs).over(windows(6)) for model in (before, after)), strict=True):
        assert all(np.array_equal(wanted[name], got[name]) for name in outputs)
        assert all(np.ptp(wanted[name]) > 0.1 for name in outputs)


def test_nothing_stays_that_nobody_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = int8(tmp_path, monkeypatch, again=True).graph
    read = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
    assert {constant.name for constant in graph.initializer} <= read
    assert all(read.intersection(node.output) for node in graph.node)


def test_a_graph_without_groups_in_eight_bits_is_left_alone() -> None:
    model = onnx_graph.build(SHAPE, 3, filled(SHAPE, 3), LENGTH)
    assert list(regroup.regrouped(model).graph.node) == list(model.graph.node)


@pytest.mark.parametrize(("n_groups", "n_joined", "widths"), [(4, 4, [8]), (5, 2, [4, 4, 2]), (6, 2, [4] * 3), (6, 1, [2] * 6)])
def test_kernels_put_together_sum_the_same_numbers(n_groups: int, n_joined: int, widths: list[int]) -> None:
    """In numpy: what some channels see of one another through a dense kernel, and through groups."""
    rng = np.random.default_rng(n_groups)
    kernel = rng.integers(-127, 128, (n_groups * 3, 2, 5)).astype(np.int8)
    x = rng.integers(0, 256, (n_groups * 2, 9)).astype(np.float64)
    dense, bias = regroup.together(kernel, n_groups, n_joined), np.zeros(n_groups * 3)
    assert [one.shape[1] for one in dense] == widths
    starts = np.cumsum([0, *widths])
    got = [naive.conv(x[a : a + w], one.astype(np.float64), bias, 2) for a, w, one in zip(starts, widths, dense, strict=False)]
    assert np.array_equal(np.concatenate(got), naive.conv(x, kernel.astype(np.float64), bias, 2))
