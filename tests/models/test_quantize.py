"""Int8 says what fp32 says, layers asked to stay in float do, the report finds the layer that hurts, and the gate shuts."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from edgeecg.errors import ModelError
from edgeecg.models.layers import alone, rounded
from edgeecg.models.net1d.onnx_graph import build
from edgeecg.models.net1d.shape import Net1dShape
from edgeecg.models.probe import Probe, Snr
from edgeecg.models.quantize import Report, faults, quantize, quantize_well
from tests.models.net1d.weights import Weights, filled

SHAPE = Net1dShape(base=8, ratio=0.5, filters=(8, 16), blocks=(1, 1), group_width=4)
LENGTH = 80
HURT = "stage_list.0.block_list.0.conv1"


@pytest.fixture
def windows() -> NDArray[np.float32]:
    rng = np.random.default_rng(7)
    smooth = np.cumsum(rng.normal(size=(40, LENGTH)), axis=1)
    return np.asarray((smooth - smooth.mean(1, keepdims=True)) / smooth.std(1, keepdims=True), np.float32)


def saved(weights: Weights, n_labels: int, path: Path) -> Path:
    onnx.save(build(SHAPE, n_labels, weights, LENGTH), path)
    return path


def centred(weights: Weights, windows: NDArray[np.float32]) -> Weights:
    """The same net with its mean answer taken off, so that the answer hangs on the window."""
    logits = [values["logits"][0] for values in Probe(build(SHAPE, 3, weights, LENGTH), ["logits"]).over(windows)]
    return weights | {"dense.bias": (weights["dense.bias"] - np.mean(logits, axis=0)).astype(np.float32)}


def clear(fp32: Path, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The windows the net has no doubt about: only there is an answer that changes a fault."""
    logits = np.array([np.sort(values["logits"][0]) for values in Probe(onnx.load(fp32), ["logits"]).over(windows)])
    margin = logits[:, -1] - logits[:, -2]
    return np.asarray(windows[margin > np.quantile(margin, 0.4)])


def hurt(weights: Weights) -> Weights:
    """One output channel thousands of times as large as the others: its range leaves them no steps. What reads it gives it no weight."""
    spoilt = {name: array.copy() for name, array in weights.items()}
    spoilt[f"{HURT}.conv.bias"][0] = 4000.0
    spoilt["stage_list.0.block_list.0.conv2.conv.weight"][:, 0] *= 1e-5
    return spoilt


def nodes_that_quantize(path: Path, tensor: str) -> bool:
    return any(node.op_type == "QuantizeLinear" and node.input[0] == tensor for node in onnx.load(path).graph.node)


def test_int8_answers_as_fp32_does(tmp_path: Path, windows: NDArray[np.float32]) -> None:
    fp32 = saved(centred(filled(SHAPE, 3), windows), 3, tmp_path / "net.onnx")
    judge = clear(fp32, windows)
    report = quantize(fp32, windows, tmp_path / "int8.onnx", judge=judge)
    answers = {int(values["logits"].argmax()) for values in Probe(onnx.load(fp32), ["logits"]).over(judge)}
    assert len(answers) > 1, "a net with one answer agrees with anything"
    assert (report.windows, report.judged, report.float_layers) == (40, 24, ())
    assert report.snr_db > 20
    assert report.same_answer_share == 1.0
    assert nodes_that_quantize(tmp_path / "int8.onnx", HURT)
    assert len(report.layers) == 1 + 2 * 5 + 1
    assert all(25 < layer.snr_db < 60 for layer in report.layers)


def test_layers_kept_in_float_stay_so(tmp_path: Path, windows: NDArray[np.float32]) -> None:
    fp32 = saved(filled(SHAPE, 3), 3, tmp_path / "net.onnx")
    report = quantize(fp32, windows, tmp_path / "int8.onnx", keep_float=(HURT,), by_layer=False)
    kept = {node.name: list(node.input) for node in onnx.load(tmp_path / "int8.onnx").graph.node}[HURT]
    assert kept[1] == f"{HURT}.conv.weight"
    assert not nodes_that_quantize(tmp_path / "int8.onnx", HURT)
    assert report.float_layers == (HURT,)


def test_the_report_finds_the_layer_that_hurts_and_the_gate_opens_once_it_is_in_float(tmp_path: Path, windows: NDArray[np.float32]) -> None:
    fp32 = saved(centred(hurt(filled(SHAPE, 3)), windows), 3, tmp_path / "net.onnx")
    judge = clear(fp32, windows)
    all_int8 = quantize(fp32, windows, tmp_path / "int8.onnx", judge=judge)
    worst = min(all_int8.layers, key=lambda layer: layer.snr_db)
    report = quantize_well(fp32, windows, tmp_path / "int8.onnx", judge=judge)
    assert list(faults(all_int8)), "all in int8 must not pass"
    assert worst.name == HURT
    assert HURT in report.float_layers
    assert not list(faults(report))


def test_what_never_passes_is_refused_and_leaves_no_file(
    tmp_path: Path, windows: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    fp32 = saved(centred(hurt(filled(SHAPE, 3)), windows), 3, tmp_path / "net.onnx")
    monkeypatch.setattr("edgeecg.models.quantize.SPARED", (0,))
    with pytest.raises(ModelError, match=r"fp32's answer in .* of 40 windows is not in at least 99%"):
        quantize_well(fp32, windows, tmp_path / "int8.onnx", judge=windows)
    assert not (tmp_path / "int8.onnx").exists()


def test_an_encoder_is_judged_by_its_features(tmp_path: Path, windows: NDArray[np.float32]) -> None:
    fp32 = saved(filled(SHAPE, 0), 0, tmp_path / "net.onnx")
    report = quantize(fp32, windows, tmp_path / "int8.onnx", by_layer=False)
    assert report.same_answer_share is None
    assert report.snr_db > 15


@pytest.mark.parametrize(
    ("share", "snr_db", "change", "n_faults"),
    [(0.99, 1.0, None, 0), (0.98, 50.0, -0.006, 2), (1.0, 50.0, -0.004, 0), (None, 9.0, None, 1)],
)
def test_the_gate(share: float | None, snr_db: float, change: float | None, n_faults: int) -> None:
    report = Report(windows=9, judged=9, float_layers=(), layers=(), snr_db=snr_db, same_answer_share=share)
    assert len(list(faults(report, score_change=change))) == n_faults


def test_windows_that_are_not_the_nets_are_refused(tmp_path: Path, windows: NDArray[np.float32]) -> None:
    fp32 = saved(filled(SHAPE, 3), 3, tmp_path / "net.onnx")
    with pytest.raises(ModelError, match=r"shape \(40, 79\) is not windows of 80 samples"):
        quantize(fp32, windows[:, 1:], tmp_path / "int8.onnx")
    with pytest.raises(ModelError, match="not finite is not preprocessed"):
        quantize(fp32, windows * np.float32(np.nan), tmp_path / "int8.onnx")
    with pytest.raises(ModelError, match="keep_float: fist_conv is not among the 12 layers"):
        quantize(fp32, windows, tmp_path / "int8.onnx", keep_float=("fist_conv",))


def test_alone_measures_what_rounding_by_hand_gives(windows: NDArray[np.float32]) -> None:
    """The first convolution, its one input channel and its kernel rounded by hand, convolved by numpy."""
    weights = filled(SHAPE, 3)
    model = build(SHAPE, 3, weights, LENGTH)
    (first, *_) = alone(model, windows)
    snr = Snr()
    kernel, bias = rounded(weights["first_conv.conv.weight"]), weights["first_conv.conv.bias"]
    exact = [values["first_conv"][0, :, 0] for values in Probe(model, ["first_conv"]).over(windows)]
    coarse = to_eight_bits(
        np.array([by_hand(to_eight_bits(windows, windows)[i], kernel, bias) for i in range(len(windows))]), np.array(exact)
    )
    for wanted, got in zip(exact, coarse, strict=True):
        snr.add(wanted, got.astype(np.float32))
    assert first.name == "first_conv"
    assert abs(first.snr_db - snr.db) < 0.3


def to_eight_bits(x: NDArray[np.floating], like: NDArray[np.floating]) -> NDArray[np.float64]:
    low, high = min(0.0, float(like.min())), max(0.0, float(like.max()))
    step = (high - low) / 255
    zero = round(-low / step)
    return np.asarray((np.clip(np.rint(x / step) + zero, 0, 255) - zero) * step, np.float64)


def by_hand(x: NDArray[np.float64], kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> NDArray[np.float64]:
    padded = np.pad(x, (7, 8))
    return np.array([[kernel[o, 0] @ padded[2 * i : 2 * i + 16] + bias[o] for i in range(LENGTH // 2)] for o in range(len(kernel))])
