"""From a checkpoint to files and a card in a folder: fp32 and int8, for onnxruntime and, if asked, for TFLite."""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from edgeecg.errors import Fault, ModelError
from edgeecg.facts import ModelFacts
from edgeecg.models import card as cards
from edgeecg.models import golden
from edgeecg.models.card import Card, FileKey, Input
from edgeecg.models.importer import checkpoint
from edgeecg.models.importer.checkpoint import Checkpoint, Family
from edgeecg.models.importer.publications import PUBLICATIONS, RATE_HZ, VERSION, WINDOW_S
from edgeecg.models.net1d import onnx_graph
from edgeecg.models.preprocess import Preprocessor
from edgeecg.models.quantize import FORM, METHOD, Report, faults, quantize_well
from edgeecg.models.windows import of_recording

Floats = NDArray[np.float32]

MIN_WINDOWS = 20


@dataclass(frozen=True, slots=True)
class Lead:
    """A recording to calibrate on."""

    name: str
    samples_mv: NDArray[np.floating]
    rate_hz: float


def convert(
    path: Path, family: Family, folder: Path, leads: Sequence[Lead], *, tflite: bool = False, say: Callable[[str], object] = lambda _: None
) -> Card:
    """Read a checkpoint and write a model of it, which is there whole or not at all."""
    read = checkpoint.read(path, family)
    card_path = folder / f"{read.net}-{VERSION}{cards.SUFFIX}"
    if card_path.exists():
        raise ModelError(Fault(str(card_path), "there already", "in the way: remove it, or name another folder"))
    say(f"{path.name}: {read.net}, {len(read.weights)} arrays, {read.n_unused} of a batch norm that it never applies")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        card = _write(read, path, PUBLICATIONS[family.name].preprocessing, Path(scratch), leads, tflite, say)
        for file in card.files.values():
            (Path(scratch) / file.path).replace(folder / file.path)
    cards.write(card, folder)
    return card


def _write(
    read: Checkpoint, path: Path, steps: dict[str, Any], folder: Path, leads: Sequence[Lead], tflite: bool, say: Callable[[str], object]
) -> Card:
    given = {"rate_hz": RATE_HZ, "window_s": WINDOW_S, "preprocessing": steps}
    prepared = windows(leads, Input.model_validate(given))
    paths = {key: folder / f"{read.net}-{VERSION}.{key.replace('_', '.')}" for key in FileKey}
    fp32 = paths[FileKey.FP32_ONNX]
    onnx.save(onnx_graph.build(read.shape, read.n_labels, read.weights, round(RATE_HZ * WINDOW_S)), fp32)
    say(f"calibrating on {len(prepared[::2])} windows, comparing on {len(prepared[1::2])} others")
    report, refused = None, []
    try:
        report = quantize_well(fp32, prepared[::2], paths[FileKey.INT8_ONNX], judge=prepared[1::2], independent=read.n_labels > 0)
    except ModelError as error:
        refused.append(f"It has no int8 file, for that was not near enough to fp32: {error}")
    if tflite:
        refused += _write_tflite(fp32, paths, prepared, report, independent=read.n_labels > 0)
    for sentence in refused:
        say(sentence)
    say("asking every file for its golden answer")
    return golden.completed(_table(read, path, given, folder, report, leads, refused), folder)


def _write_tflite(fp32: Path, paths: dict[FileKey, Path], prepared: Floats, report: Report | None, *, independent: bool) -> Iterable[str]:
    """Write the twins, the int8 one if it passes the gate too; say why if it does not."""
    from edgeecg.models.quantize_tflite import quantize_tflite, to_tflite  # noqa: PLC0415  (an extra of its own)

    to_tflite(fp32, paths[FileKey.FP32_TFLITE])
    if report is None:
        return []
    int8 = paths[FileKey.INT8_TFLITE]
    kept = report.float_layers
    twin = quantize_tflite(fp32, prepared[::2], int8, keep_float=kept, independent=independent, judge=prepared[1::2])
    wrong = list(faults(twin, "int8_tflite"))
    if wrong:
        int8.unlink()
    return [f"It has no int8 file for TFLite: {fault}." for fault in wrong]


def windows(leads: Sequence[Lead], given: Input) -> Floats:
    """Cut recordings as the engine does, and prepare each window as the model's input."""
    facts = ModelFacts(name="import", sha256="0" * 64, labels=("any",), window_s=given.window_s, hop_s=given.hop_s, max_missing_share=0.1)
    preprocess = Preprocessor(given)
    found = [
        preprocess(np.frombuffer(window.samples_mv, "<f4"))[0, 0, 0]
        for lead in leads
        for window in of_recording(lead.samples_mv, lead.rate_hz, facts)
        if window.readable
    ]
    if len(found) < MIN_WINDOWS:
        raise ModelError(Fault("recordings to calibrate on", f"{len(found)} readable windows", f"at least {MIN_WINDOWS}"))
    return np.array(found)


def _table(
    read: Checkpoint, path: Path, given: dict[str, Any], folder: Path, report: Report | None, leads: Sequence[Lead], refused: Sequence[str]
) -> dict[str, Any]:
    """Say all that is known of the model."""
    known = PUBLICATIONS["ecgfounder" if read.n_labels else "clef"]
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    written = {key: folder / f"{read.net}-{VERSION}.{key.replace('_', '.')}" for key in FileKey}
    n_parameters = sum(array.size for array in read.weights.values())
    table: dict[str, Any] = {
        "name": read.net,
        "version": VERSION,
        "summary": known.summary,
        "architecture": f"Net1D, {n_parameters:,} parameters, imported key for key",
        "licence": known.licence,
        "origin": f"{known.origin}; imported from {path.name}, sha256 {sha256}",
        "limits": [*known.limits, *refused],
        "input": given,
        "files": {key.value: cards.file_entry(file).model_dump() for key, file in written.items() if file.exists()},
        "data": [known.data],
        **known.answers,
    }
    if not read.n_labels:
        table["n_features"] = read.shape.n_features
    if report:
        table["quantization"] = {
            "method": f"{METHOD}; {FORM}; windows of {', '.join(lead.name for lead in leads)}; judged on every other window of the same",
            "windows": report.windows,
            "float_layers": report.float_layers,
            "snr_db": round(report.snr_db, 2),
            "same_answer_share": report.same_answer_share,
            "layers": [layer._asdict() for layer in report.layers],
        }
    return table
