"""From an fp32 graph to an int8 one: static, per channel, calibrated on windows; with a report, and a gate that nothing worse passes.

Activations are unsigned, weights signed: on x86 only that pair is fused to int8 convolutions. The head stays in float: it costs a
thousandth of the time, and the answer is read off it.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto

from edgeecg.errors import Fault, ModelError
from edgeecg.models.layers import LayerReport, alone, layers
from edgeecg.models.net1d import onnx_graph, onnx_int8
from edgeecg.models.net1d.assemble import ACTIVATION, FEATURES, LOGITS
from edgeecg.models.probe import Probe, Snr
from edgeecg.models.regroup import regrouped

Floats = NDArray[np.float32]

HEAD = ("dense", "dense.mean", LOGITS, ACTIVATION, FEATURES)
FORM = "groups of few channels put together or apart, float between convolutions, what is dense as matrices"
METHOD = "static QDQ, activations uint8 by minimum and maximum, weights int8 per channel, onnxruntime.quantization"
MIN_SAME_ANSWER_SHARE = 0.99
MAX_SCORE_LOSS = 0.005
MIN_FEATURES_SNR_DB = 10.0
ALONE_WINDOWS = 24
SPARED = (0, 1, 2, 4, 8)
"""How many of the worst layers `quantize_well` leaves in float, try by try."""


@dataclass(frozen=True, slots=True)
class Report:
    """How an int8 file was made, and how far from fp32 its answers are."""

    windows: int
    """It was calibrated on."""
    judged: int
    """Windows its answers were compared on."""
    float_layers: tuple[str, ...]
    layers: tuple[LayerReport, ...]
    snr_db: float
    """Of the logits, or of an encoder's features."""
    same_answer_share: float | None
    """Windows with the same top label; for labels that stand each for itself, decisions that are the same. An encoder answers nothing."""


def quantize(
    fp32_path: Path,
    windows: Floats,
    out_path: Path,
    *,
    keep_float: Sequence[str] = (),
    convs_only: bool = False,
    float_outputs: bool = False,
    independent: bool = False,
    judge: Floats | None = None,
    by_layer: bool = True,
) -> Report:
    """Write the int8 twin of a graph, calibrated on preprocessed windows (n, length) and compared with it on `judge`, or on the same.

    `keep_float` names layers (convolutions) that stay in float. `convs_only` takes any graph of convolutions as it is; else it is a Net1D, which is
    written as int8 pays. `float_outputs` does not round what convolutions answer. `independent`: a sigmoid for each label, not one answer of several.
    """
    model = onnx.load(fp32_path)
    check(model, windows, keep_float)
    in_float, float_answers = [*HEAD, *keep_float], ["Conv"] if float_outputs else []
    if convs_only:
        _write(model, windows, out_path, ["Conv"], in_float, float_answers)
    else:
        paying = onnx_int8.build(onnx_graph.read(model))
        _write(paying, windows, out_path, onnx_int8.QUANTIZED, in_float, [*float_answers, *onnx_int8.NOT_ROUNDED])
        onnx.save(regrouped(onnx.load(out_path)), out_path)
    reports = alone(model, _some(windows)) if by_layer else ()
    judge = windows if judge is None else judge
    name = output_of(model)
    int8 = Probe(onnx.load(out_path), [name])
    snr_db, same = compare(model, lambda window: int8(window)[name], judge, independent=independent)
    return Report(len(windows), len(judge), tuple(keep_float), reports, snr_db, same)


def quantize_well(fp32_path: Path, windows: Floats, out_path: Path, *, judge: Floats, independent: bool = False) -> Report:
    """Quantize every layer; while the gate says no, leave more of the worst in float. What never passes is refused, and no file remains."""
    by_layer = alone(onnx.load(fp32_path), _some(windows))
    worst = sorted(by_layer, key=lambda layer: layer.snr_db)
    reports = []
    for n_spared in SPARED:
        spared = [layer.name for layer in worst[:n_spared]]
        report = quantize(fp32_path, windows, out_path, keep_float=spared, independent=independent, judge=judge, by_layer=False)
        if not list(faults(report)):
            return replace(report, layers=by_layer)
        reports.append(report)
    out_path.unlink()
    raise ModelError(*faults(max(reports, key=lambda report: report.snr_db), out_path.name))


def faults(report: Report, where: str = "int8", score_change: float | None = None) -> Iterator[Fault]:
    """Say why an int8 file must not be shipped; `score_change` is int8's score less fp32's, where there are labels to score by."""
    share = report.same_answer_share
    if share is None and report.snr_db < MIN_FEATURES_SNR_DB:
        yield Fault(where, f"features at {report.snr_db:.1f} dB over what rounding adds", f"at least {MIN_FEATURES_SNR_DB:g} dB")
    if share is not None and share < MIN_SAME_ANSWER_SHARE:
        yield Fault(where, f"fp32's answer in {share:.2%} of {report.judged} windows", f"in at least {MIN_SAME_ANSWER_SHARE:.0%}")
    if score_change is not None and score_change < -MAX_SCORE_LOSS:
        yield Fault(where, f"a score {-score_change:.4f} under fp32's", f"at most {MAX_SCORE_LOSS:g} under it")


def check(model: ModelProto, windows: Floats, keep_float: Sequence[str]) -> None:
    """Refuse windows and layers that are not the graph's."""
    length = model.graph.input[0].type.tensor_type.shape.dim[-1].dim_value
    if windows.ndim != 2 or windows.shape[1] != length or not len(windows):
        raise ModelError(Fault("windows", f"an array of shape {windows.shape}", f"windows of {length} samples, one a row"))
    if not np.isfinite(windows).all():
        raise ModelError(Fault("windows", "one with values that are not finite", "preprocessed"))
    known = {layer.name for layer in layers(model)}
    if unknown := [name for name in keep_float if name not in known]:
        raise ModelError(Fault("keep_float", ", ".join(unknown), f"among the {len(known)} layers of the graph"))


def _some(windows: Floats) -> Floats:
    """Thin windows out: what a layer loses shows in few."""
    return windows[:: -(-len(windows) // ALONE_WINDOWS)]


class _Reader:
    """Calibration windows, one at a time, as onnxruntime's quantizer asks for them."""

    def __init__(self, model: ModelProto, windows: Floats) -> None:
        self._name = model.graph.input[0].name
        self._windows = iter(windows)

    def get_next(self) -> dict[str, Floats] | None:
        """Return the next, or None."""
        window = next(self._windows, None)
        return None if window is None else {self._name: window[None, None, None]}


def _write(
    model: ModelProto, windows: Floats, out_path: Path, kinds: Sequence[str], in_float: Sequence[str], float_answers: list[str]
) -> None:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static  # noqa: PLC0415  (a second to import)

    CalibrationDataReader.register(_Reader)
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        onnx.save(_prepared(model), prepared)
        quantize_static(
            prepared,
            out_path,
            _Reader(model, windows),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=list(kinds),
            nodes_to_exclude=list(in_float),
            extra_options={"OpTypesToExcludeOutputQuantization": float_answers},
        )


def _prepared(model: ModelProto) -> ModelProto:
    """Infer the shapes and say so, as onnxruntime's own preparation does: there is nothing else it would do to these graphs."""
    prepared = onnx.shape_inference.infer_shapes(model)
    prepared.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    return prepared


def output_of(model: ModelProto) -> str:
    """Name what a graph is asked for: logits, or an encoder's features."""
    return LOGITS if LOGITS in [output.name for output in model.graph.output] else FEATURES


def compare(fp32: ModelProto, ask: Callable[[Floats], Floats], windows: Floats, *, independent: bool) -> tuple[float, float | None]:
    """Return the signal over noise of what `ask` says against what fp32 says, and the share of answers that are the same."""
    name = output_of(fp32)
    snr, same = Snr(), []
    for window, wanted in zip(windows, Probe(fp32, [name]).over(windows), strict=True):
        got = ask(window)
        snr.add(wanted[name], got)
        same.append(_same(wanted[name], got, independent))
    return snr.db, None if name == FEATURES else float(np.mean(same))


def _same(wanted: Floats, got: Floats, independent: bool) -> float:
    """Return the share of decisions that are the same: each label's sign, or the one top label."""
    if independent:
        return float(np.mean((wanted > 0) == (got > 0)))
    return float(wanted.argmax() == got.argmax())
