"""Files are checked before they are read, graphs before they are run, and both runtimes say the same."""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper
from onnx.external_data_helper import set_external_data

from edgeecg.errors import ModelError
from edgeecg.models import card as cards
from edgeecg.models import golden, onnx_backend
from edgeecg.models.card import Card, FileKey
from edgeecg.models.classifier import LEAST_PROBABILITY, Classifier
from edgeecg.models.loading import feature_set, load
from edgeecg.models.registry import Registry
from edgeecg.models.tflite_backend import at_hand
from tests.models import toys

needs_tflite = pytest.mark.skipif(not toys.TFLITE, reason="ai-edge-litert is not installed")
NET = FileKey.FP32_ONNX


def refused(card: Card, folder: Path, **options: Any) -> str:
    with pytest.raises(ModelError) as refusal:
        load(card, folder, **options)
    return str(refusal.value)


def with_file(card: Card, folder: Path, data: bytes, key: FileKey = NET) -> Card:
    """The card with other bytes under one of its names, and their right hash."""
    path = folder / card.files[key].path
    path.write_bytes(data)
    return card.model_copy(update={"files": {**card.files, key: cards.file_entry(path)}})


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("toy_features")
@pytest.mark.parametrize("key", [NET, FileKey.TREE_ONNX])
def test_a_changed_byte_is_seen_before_the_file_is_read(key: FileKey, tmp_path: Path) -> None:
    card = toys.toy(tmp_path, tree=True)
    path = tmp_path / card.files[key].path
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert f"is not its card's, {card.files[key].sha256}" in refused(card, tmp_path)


@pytest.mark.parametrize("claimed", [10**13, 2**63, 2**70])
def test_no_memory_is_taken_for_what_a_card_claims(claimed: int, tmp_path: Path) -> None:
    card = toys.toy(tmp_path)
    file = card.files[NET].model_copy(update={"bytes": claimed})
    assert f"bytes long is not the file its card names, of {claimed} bytes" in refused(
        card.model_copy(update={"files": {NET: file}}), tmp_path
    )


def test_a_pipe_in_a_model_s_place_is_not_waited_for(tmp_path: Path) -> None:
    card = toys.toy(tmp_path)
    path = tmp_path / card.files[NET].path
    path.unlink()
    os.mkfifo(path)
    assert "0 bytes long is not the file its card names" in refused(card, tmp_path)


@pytest.mark.parametrize("change", [-1, 1, -(10**9)])
def test_a_file_of_another_length_is_refused(change: int, tmp_path: Path) -> None:
    card = toys.toy(tmp_path)
    path = tmp_path / card.files[NET].path
    data = path.read_bytes()
    path.write_bytes(data[:change] if change < 0 else data + bytes(change))
    assert f"is not the file its card names, of {len(data)} bytes" in refused(card, tmp_path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    card = toys.toy(tmp_path)
    (tmp_path / card.files[NET].path).unlink()
    assert refused(card, tmp_path) == f"{tmp_path}/toy-1.0.fp32.onnx: No such file or directory is not a readable file"


@pytest.mark.parametrize("cached", [False, True])
def test_what_is_no_graph_is_refused(cached: bool, tmp_path: Path) -> None:
    card = with_file(toys.toy(tmp_path), tmp_path, b"not a graph")
    assert "toy-1.0.fp32.onnx: refused by onnxruntime" in refused(card, tmp_path, cache=tmp_path if cached else None)


@pytest.mark.parametrize(
    ("graph", "fault"),
    [
        (toys.onnx_net(toys.weights(n_labels=4)), "logits of shape (1, 4) is not logits of shape (1, 3)"),
        (toys.onnx_net(toys.weights(length=500)), "ecg of shape (1, 1, 1, 500) is not ecg of shape (1, 1, 1, 1000)"),
        (toys.onnx_net(toys.weights(), names=("x0", "logits", "activation")), "a graph with x0 is not one with ecg of shape"),
        (toys.onnx_net(toys.weights(), names=("ecg", "out", "activation")), "a graph with out, activation is not one with logits"),
    ],
)
def test_a_graph_that_is_not_what_the_card_says_is_refused(graph: bytes, fault: str, tmp_path: Path) -> None:
    assert fault in refused(with_file(toys.toy(tmp_path), tmp_path, graph), tmp_path)


def test_weights_kept_in_another_file_are_refused_for_no_hash_is_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = onnx.load_from_string(toys.onnx_net(toys.weights()))
    (weights,) = (one for one in graph.graph.initializer if one.name == "w")
    (tmp_path / "w.bin").write_bytes(weights.raw_data)
    set_external_data(weights, "w.bin")
    weights.ClearField("raw_data")
    monkeypatch.chdir(tmp_path)
    assert "refused by onnxruntime" in refused(with_file(toys.toy(tmp_path), tmp_path, graph.SerializeToString()), tmp_path)


@pytest.mark.usefixtures("toy_features")
def test_a_tree_of_another_width_or_unknown_features_is_refused(tmp_path: Path) -> None:
    card = toys.toy(tmp_path, tree=True)
    other = with_file(card, tmp_path, toys.onnx_tree(n_labels=4), FileKey.TREE_ONNX)
    assert "scores of shape (None, 4) is not scores of shape (any, 3)" in refused(other, tmp_path)
    assert card.fusion
    beside = other.model_copy(update={"fusion": card.fusion.model_copy(update={"beside": ("besides",)})})
    assert load(beside, tmp_path).tree is not None, "a fourth that the card says is told beside"
    with_file(card, tmp_path, toys.onnx_tree(), FileKey.TREE_ONNX)
    strange = card.model_copy(update={"fusion": card.fusion.model_copy(update={"features_version": 9})})
    assert "toy-1.0: fusion.features: toy-9 is not one this version makes" in refused(strange, tmp_path)


def test_usual_values_are_of_the_features_that_have_names() -> None:
    card = Registry().card("rhythm")
    assert card.fusion
    assert len(card.fusion.typical) < card.fusion.features_len, "the table of beats has none"
    one_less = card.fusion.model_copy(update={"typical": card.fusion.typical[1:]})
    with pytest.raises(ModelError, match=r"fusion\.typical: 202 values is not one for each of the 203 that rhythm-3 names"):
        feature_set(card.model_copy(update={"fusion": one_less}))


@pytest.mark.parametrize(
    ("span", "fault"),
    [
        ({"before_s": 0.5, "window_s": 10.0}, "input.before_s: 0.5 is not 9.4, as beat-3 reads a window"),
        ({"before_s": 9.4, "window_s": 9.8}, "input.window_s: 9.8 is not 9.84 s or more, as beat-3 reads it"),
    ],
)
def test_a_window_that_features_about_a_beat_would_be_read_beyond_is_refused(span: dict[str, float], fault: str) -> None:
    card = Registry().card("beat")
    with pytest.raises(ModelError, match=fault):
        feature_set(card.model_copy(update={"input": card.input.model_copy(update=span)}))


def test_a_net_the_model_has_not_is_refused(tmp_path: Path) -> None:
    assert refused(toys.toy(tmp_path), tmp_path, key=FileKey.INT8_ONNX) == "toy-1.0: its int8_onnx is not one of its nets: fp32_onnx"


@needs_tflite
@pytest.mark.parametrize(
    ("graph", "fault"),
    [
        (toys.tflite_net(toys.weights(n_labels=4)) if toys.TFLITE else b"", "is not one from 1000 samples to logits (1, 3)"),
        (b"not a graph", "toy-1.0.fp32.tflite: refused by ai-edge-litert"),
    ],
)
def test_a_tflite_file_that_is_not_what_the_card_says_is_refused(graph: bytes, fault: str, tmp_path: Path) -> None:
    card = with_file(toys.toy(tmp_path, tflite=True), tmp_path, graph, FileKey.FP32_TFLITE)
    assert fault in refused(card, tmp_path, key=FileKey.FP32_TFLITE)


# --- what is answered ---------------------------------------------------------------------------------------------


def test_logits_are_the_mean_of_the_map_and_the_bias(tmp_path: Path) -> None:
    model = load(toys.toy(tmp_path), tmp_path)
    assert model.net
    matrix, bias = toys.weights()
    x = np.random.default_rng(1).normal(size=(1, 1, 1, toys.LENGTH)).astype(np.float32)
    logits, activation = model.net(x)
    np.testing.assert_allclose(activation, (matrix @ x.ravel()).reshape(3, toys.PLACES), atol=1e-4)
    np.testing.assert_allclose(logits, activation.mean(axis=1) + bias, atol=1e-4)


@needs_tflite
def test_both_runtimes_say_the_same_and_a_fork_has_tensors_of_its_own(tmp_path: Path) -> None:
    card = toys.toy(tmp_path, tflite=True)
    nets = [load(card, tmp_path, key=key).net for key in (NET, FileKey.FP32_TFLITE)]
    assert nets[0]
    assert nets[1]
    one, other = (np.random.default_rng(seed).normal(size=(1, 1, 1, toys.LENGTH)).astype(np.float32) for seed in (1, 2))
    first = nets[1](one)
    nets[1].fork()(other)
    for a, b in zip(first, nets[0](one), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    assert not np.allclose(nets[1](other).logits, first.logits)
    assert nets[1].runtime == at_hand()


@pytest.mark.usefixtures("toy_features")
def test_net_and_tree_are_fused_as_the_card_says(tmp_path: Path) -> None:
    card = toys.toy(tmp_path, tree=True)
    assert card.fusion
    classifier = Classifier(load(card, tmp_path))
    samples, beats = golden.window(card.input)
    for n_beats, expected in ((0, (1.0, 0.0, 0.0)), (len(beats), (0.0, 1.0, 0.0))):
        opinion = classifier.opinion(samples, beats[:n_beats])
        net, tree = golden.answers(card, tmp_path, NET), np.array(expected)
        fused = 0.5 * (net - np.log(np.exp(net).sum())) + 0.5 * np.log(np.maximum(tree, LEAST_PROBABILITY))
        np.testing.assert_allclose(opinion.scores, fused, atol=1e-4)
        assert np.abs(opinion.activation).max() == 1.0
        assert len(opinion.activation) == toys.PLACES


@pytest.mark.usefixtures("toy_features")
def test_a_tree_alone_answers_too(tmp_path: Path) -> None:
    card = toys.toy(tmp_path, net=False, tree=True, input={"rate_hz": 250.0, "window_s": 10.0})
    opinion = Classifier(load(card, tmp_path)).opinion(*golden.window(card.input))
    np.testing.assert_allclose(np.exp(opinion.scores), (0.0, 1.0, 0.0), atol=1e-9)
    assert len(opinion.activation) == 0


# --- the runtime's traps ------------------------------------------------------------------------------------------


def padded_pool() -> bytes:
    """Zero on the right, then the larger of two: what Net1D's shortcut does to an odd length."""
    value = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["padded"], mode="constant"),
        helper.make_node("MaxPool", ["padded"], ["y"], kernel_shape=[1, 2], strides=[1, 2]),
    ]
    pads = helper.make_tensor("pads", TensorProto.INT64, [8], [0, 0, 0, 0, 0, 0, 0, 1])
    shapes = value("x", TensorProto.FLOAT, [1, 1, 1, 5]), value("y", TensorProto.FLOAT, [1, 1, 1, 3])
    return toys._saved(helper.make_graph(nodes, "pool", [shapes[0]], [shapes[1]], [pads]), ("", 18))


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_padding_of_zeros_stays_one_with_and_without_the_cache(times: int, tmp_path: Path) -> None:
    x = np.array([[[[-1.0, -2.0, -3.0, -4.0, -5.0]]]], np.float32)
    for _ in range(max(1, times)):
        session = onnx_backend.session(padded_pool(), "pool", tmp_path if times else None)
        np.testing.assert_array_equal(session.run(None, {"x": x})[0].ravel(), [-1.0, -3.0, 0.0])
    assert len(list(tmp_path.iterdir())) == min(times, 1)


@pytest.mark.parametrize("harm", ["cut", "changed"])
def test_a_kept_graph_that_was_harmed_is_made_anew(harm: str, tmp_path: Path) -> None:
    graph = padded_pool()
    onnx_backend.session(graph, "pool", tmp_path)
    (kept,) = tmp_path.iterdir()
    data = kept.read_bytes()
    kept.write_bytes(data[:-3] if harm == "cut" else data[:-3] + bytes(3 * [255]))
    session = onnx_backend.session(graph, "pool", tmp_path)
    x = np.array([[[[-1.0, -2.0, -3.0, -4.0, -5.0]]]], np.float32)
    np.testing.assert_array_equal(session.run(None, {"x": x})[0].ravel(), [-1.0, -3.0, 0.0])
    (again,) = tmp_path.iterdir()
    assert again.name.endswith(f".{hashlib.sha256(again.read_bytes()).hexdigest()[:32]}.ort"), "its name says what it holds"
    assert len(again.read_bytes()) == len(data)


def test_a_graph_kept_by_another_version_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    onnx_backend.session(padded_pool(), "pool", tmp_path)
    monkeypatch.setattr(ort, "__version__", "0.0")
    onnx_backend.session(padded_pool(), "pool", tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_where_nothing_can_be_kept_it_runs_all_the_same(tmp_path: Path) -> None:
    assert onnx_backend.session(padded_pool(), "pool", tmp_path / "missing").get_inputs()[0].name == "x"
