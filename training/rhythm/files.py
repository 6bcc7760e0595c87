"""The files of the rhythm model: the net in float and in eight bits for two runtimes, and how far eight bits are off."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from common.heard import Heard
from net1d.model import CLEF_SMALL
from numpy.typing import NDArray

from edgeecg.models.net1d.onnx_graph import build
from edgeecg.models.quantize import Report, faults, layers, quantize
from edgeecg.models.quantize_tflite import quantize_tflite
from rhythm.forest import ASK_EVERY_S
from rhythm.recordings import LABELS
from rhythm.together import Mix, fused, logs, rule_f1
from rhythm.whole import Layer, summaries
from rhythm.window import RATE_HZ, prepared, whole

Weights = dict[str, NDArray[np.float32]]
Labels = NDArray[np.int64]
Floats = NDArray[np.float64]

LEN_SAMPLES = 10 * RATE_HZ
IN_FLOAT = ("first_conv", "stage_list.0.block_list.0.conv1")
"""The first two layers suffer most from eight bits."""
CALIBRATION = 200
JUDGED = 2000


def write_float(weights: Weights, path: Path) -> None:
    """Write the net in float."""
    onnx.save(build(CLEF_SMALL, len(LABELS), weights, LEN_SAMPLES), path)


def write_int8(fp32: Path, path: Path, windows: NDArray[np.float32], *, by_layer: bool) -> Report:
    """Write the net in eight bits, calibrated on the first windows and judged by the rest; refuse one that answers otherwise."""
    return _sound(in_eight_bits(fp32, windows[:CALIBRATION], path, judge=windows[CALIBRATION:], by_layer=by_layer))


def _sound(report: Report) -> Report:
    if problems := [str(fault) for fault in faults(report)]:
        raise RuntimeError("; ".join(problems))
    return report


def in_eight_bits(
    fp32: Path, windows: NDArray[np.float32], path: Path, *, judge: NDArray[np.float32] | None = None, by_layer: bool = False
) -> Report:
    """Write the net in eight bits as it ships: what convolutions read is rounded, what they answer is not."""
    return quantize(fp32, windows, path, keep_float=IN_FLOAT, convs_only=True, float_outputs=True, judge=judge, by_layer=by_layer)


def write_tflite(fp32: Path, path: Path, windows: NDArray[np.float32]) -> Report:
    """Write the eight-bit twin for TFLite, calibrated and judged alike.

    Its sums are rounded too, so more of it stays in float: the first stage, and convolutions in groups, which are the quicker for it.
    """
    names = [layer.name for layer in layers(onnx.load(fp32))]
    spared = [name for name in names if name in IN_FLOAT or name.startswith("stage_list.0.") or name.endswith(".conv2")]
    return _sound(quantize_tflite(fp32, windows[:CALIBRATION], path, keep_float=spared, judge=windows[CALIBRATION:]))


def some_windows(recordings: list[Heard], n: int, seed: int = 11) -> NDArray[np.float32]:
    """Return windows of recordings drawn by chance, as the net sees them."""
    rng = np.random.default_rng(seed)
    drawn = [recordings[k] for k in rng.integers(len(recordings), size=n)]
    return prepared(np.stack([whole(heard.window(int(rng.integers(heard.n_windows)))) for heard in drawn]))


@dataclass(frozen=True, slots=True)
class Twins:
    """Float and eight bits on recordings that neither has seen; F1 of recordings, with the trees and put together as live."""

    f1_float: float
    f1_int8: float
    same_answer_share: float
    same_fused_share: float
    windows: int
    recordings: int


def compared(fp32: Path, int8: Path, recordings: list[Heard], labels: Labels, trees: list[Floats], mix: Mix, layer: Layer) -> Twins:
    """Ask both the same windows, every second one that the trees have answered: the net alone, and with the trees."""
    every_s = 2 * ASK_EVERY_S
    owner = np.repeat(np.arange(len(recordings)), [len(range(0, heard.n_windows, every_s)) for heard in recordings])
    x = np.concatenate([prepared(np.stack([whole(h.window(s)) for s in range(0, h.n_windows, every_s)])) for h in recordings])
    both = [_ask(path, x) for path in (fp32, int8)]
    beside = np.concatenate([rows[::2] for rows in trees])
    scores, told = [fused(mix, logits, beside) for logits in both], logs(beside)
    same, together = _same(*both), _same(*scores)
    f1 = [rule_f1(labels, layer(summaries([logits, told], told, owner, len(recordings))).argmax(1)) for logits in both]
    return Twins(f1[0], f1[1], same, together, len(x), len(recordings))


def _same(one: Floats, other: Floats) -> float:
    return float((one.argmax(1) == other.argmax(1)).mean())


def _ask(path: Path, windows: NDArray[np.float32]) -> NDArray[np.float64]:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"], disabled_optimizers=["Pad_Fusion"])
    return np.concatenate([session.run(["logits"], {"ecg": x[None, None, None]})[0] for x in windows]).astype(np.float64)
