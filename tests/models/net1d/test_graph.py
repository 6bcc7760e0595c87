"""The graph computes what the slow reference computes, at every parity of length, and what it says depends on what it is given."""

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import checker

from edgeecg.models.net1d.onnx_graph import build
from edgeecg.models.net1d.shape import Net1dShape
from tests.models.net1d.weights import filled
from tests.naive import net1d as naive

SMALL = Net1dShape(base=4, ratio=0.5, filters=(4, 9, 16), blocks=(1, 2, 1), group_width=8)


def run(shape: Net1dShape, n_labels: int, ecg: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    model = build(shape, n_labels, filled(shape, n_labels), len(ecg))
    checker.check_model(model, full_check=True)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"ecg": ecg[None, None, None]}), strict=True))


def ecgs(length: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rng = np.random.default_rng(length)
    a, b = rng.normal(size=(2, length)).astype(np.float32)
    return a, b


@pytest.mark.parametrize("length", [64, 65, 66, 71])
def test_the_graph_says_what_the_slow_reference_says(length: int) -> None:
    a, b = ecgs(length)
    said = [run(SMALL, 3, ecg)["logits"][0] for ecg in (a, b)]
    wanted = [naive.logits(list(ecg), filled(SMALL, 3), SMALL.blocks) for ecg in (a, b)]
    assert np.allclose(said, wanted, rtol=0, atol=1e-5)
    assert np.abs(said[0] - said[1]).min() > 0.01, "a net that says one thing to everything proves nothing"


def test_an_encoder_says_the_mean_of_its_features() -> None:
    ecg, _ = ecgs(65)
    wanted = naive.features(list(ecg), filled(SMALL, 0), SMALL.blocks)
    assert wanted.shape == (SMALL.n_features, SMALL.out_len(65))
    assert np.allclose(run(SMALL, 0, ecg)["features"][0], wanted.mean(axis=1), rtol=0, atol=1e-5)


def test_the_activation_is_what_each_moment_adds_to_the_logits() -> None:
    ecg, _ = ecgs(70)
    weights = filled(SMALL, 3)
    said = run(SMALL, 3, ecg)
    features = naive.features(list(ecg), weights, SMALL.blocks)
    assert said["activation"].shape == (1, 3, SMALL.out_len(70))
    assert np.allclose(said["activation"][0], weights["dense.weight"] @ features, rtol=0, atol=1e-5)
    assert np.allclose(said["activation"].mean(axis=2) + weights["dense.bias"], said["logits"], rtol=0, atol=1e-6)


def test_weights_that_are_not_the_nets_are_refused_by_name() -> None:
    weights = filled(SMALL, 3)
    without = {name: array for name, array in weights.items() if name != "dense.bias"}
    with pytest.raises(ValueError, match=r"dense\.bias missing is not \(3,\)"):
        build(SMALL, 3, without, 64)
    with pytest.raises(ValueError, match=r"dense\.bias \(2,\) is not \(3,\)"):
        build(SMALL, 3, without | {"dense.bias": np.zeros(2, np.float32)}, 64)
    with pytest.raises(ValueError, match=r"tail \(1,\) is not known"):
        build(SMALL, 3, weights | {"tail": np.zeros(1, np.float32)}, 64)


def test_a_shape_that_cannot_be_built_is_refused() -> None:
    with pytest.raises(ValueError, match="blocks: 2 entries is not one for each of 3 stages"):
        Net1dShape(base=4, ratio=0.5, filters=(4, 8, 16), blocks=(1, 2), group_width=4)
    with pytest.raises(ValueError, match="8 -> 4 -> 4 in 1 groups is not possible"):
        Net1dShape(base=8, ratio=1.0, filters=(4,), blocks=(1,), group_width=4)
