"""What the medium net costs on each runtime: an untrained twin of ECGFounder's body, ten seconds at 500 Hz, one thread, files taking turns.

Run: python benchmarks/models_medium.py [--rounds N] [--keep FOLDER] [--json]

The twin's weights are random, each layer scaled to keep what flows through it at one size, so that its answers hang on its input and its
calibration is no accident. Its card says `untrained`: no classifier loads it. Ratios are medians over rounds, of the time a thread was
given (a shared machine takes turns with others) and of the time on the wall.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from edgeecg.data import load_excerpt
from edgeecg.errors import ModelError
from edgeecg.models import card as cards
from edgeecg.models import golden
from edgeecg.models.card import Card, FileKey, Input
from edgeecg.models.importer.convert import Lead, windows
from edgeecg.models.importer.publications import ECGFOUNDER as PUBLISHED
from edgeecg.models.loading import open_net
from edgeecg.models.net1d import onnx_graph
from edgeecg.models.net1d.shape import ECGFOUNDER
from edgeecg.models.probe import Probe
from edgeecg.models.quantize import FORM, METHOD, Report, quantize
from edgeecg.models.quantize_tflite import quantize_tflite, to_tflite
from edgeecg.models.registry import Registry

Floats = NDArray[np.float32]

NAME = "medium-twin-1"
LABELS = ("a", "b", "c", "d")
N_CALIBRATION = 32
TARGETS = {FileKey.INT8_ONNX: 0.55, FileKey.INT8_TFLITE: 0.42}
GIVEN: dict[str, Any] = {"rate_hz": 500.0, "window_s": 10.0, "preprocessing": PUBLISHED.preprocessing}


def twin_weights(seed: int) -> dict[str, Floats]:
    """Draw He-scaled kernels; biases are zero, and so are the gains' offsets: each gain starts at a half."""
    rng = np.random.default_rng(seed)
    return {
        name: (rng.normal(size=dims) * np.sqrt(2 / np.prod(dims[1:])) if len(dims) > 1 else np.zeros(dims)).astype(np.float32)
        for name, dims in ECGFOUNDER.weights(len(LABELS)).items()
    }


def make_twin(folder: Path, found: Floats) -> tuple[Card, dict[str, Report]]:
    """Write the twin's four files and its card."""
    paths = {key: folder / f"{NAME}.{key.replace('_', '.')}" for key in FileKey if key is not FileKey.TREE_ONNX}
    fp32 = paths[FileKey.FP32_ONNX]
    onnx.save(onnx_graph.build(ECGFOUNDER, len(LABELS), centred(twin_weights(0), found), found.shape[1]), fp32)
    calibration, judge = found[:N_CALIBRATION], found[N_CALIBRATION : 2 * N_CALIBRATION]
    to_tflite(fp32, paths[FileKey.FP32_TFLITE])
    reports = {
        FileKey.INT8_ONNX: quantize(fp32, calibration, paths[FileKey.INT8_ONNX], judge=judge, by_layer=False),
        FileKey.INT8_TFLITE: quantize_tflite(fp32, calibration, paths[FileKey.INT8_TFLITE], judge=judge),
    }
    table = {
        "name": NAME.rpartition("-")[0],
        "version": "1",
        "summary": "ECGFounder's body with random weights, to measure time with.",
        "architecture": "Net1D, as ECGFounder",
        "task": "window",
        "labels": LABELS,
        "licence": "Apache-2.0",
        "origin": "benchmarks/models_medium.py",
        "untrained": True,
        "limits": ["It was never trained: its answers mean nothing."],
        "input": GIVEN,
        "files": {key.value: cards.file_entry(path).model_dump() for key, path in paths.items()},
        "quantization": {"method": f"{METHOD}; {FORM}", "windows": N_CALIBRATION},
    }
    card = golden.completed(table, folder)
    cards.write(card, folder)
    return card, {key.value: report for key, report in reports.items()}


def centred(weights: dict[str, Floats], found: Floats) -> dict[str, Floats]:
    """Take the mean answer off, so that which label is first depends on the window."""
    probe = Probe(onnx_graph.build(ECGFOUNDER, len(LABELS), weights, found.shape[1]), ["logits"])
    mean = np.mean([values["logits"][0] for values in probe.over(found[:N_CALIBRATION])], axis=0)
    return weights | {"dense.bias": np.asarray(-mean, np.float32)}


def measure(card: Card, folder: Path, x: Floats, rounds: int) -> dict[FileKey, dict[str, list[float]]]:
    """Time every file in turn, round by round: thread time and wall time in ms."""
    nets = {key: open_net(card, folder, key, None) for key in card.nets}
    taken: dict[FileKey, dict[str, list[float]]] = {key: {"thread": [], "wall": []} for key in nets}
    for i in range(rounds + 3):
        for key, net in nets.items():
            thread, wall = time.thread_time_ns(), time.perf_counter_ns()
            net(x)
            spent = {"thread": (time.thread_time_ns() - thread) / 1e6, "wall": (time.perf_counter_ns() - wall) / 1e6}
            for clock, value in spent.items() if i >= 3 else ():  # the first rounds warm up
                taken[key][clock].append(value)
    return taken


def rows(taken: dict[FileKey, dict[str, list[float]]], reports: dict[str, Report]) -> list[dict[str, Any]]:
    base = taken[FileKey.FP32_ONNX]
    table = []
    for key, times in taken.items():
        ratio = {clock: statistics.median(a / b for a, b in zip(values, base[clock], strict=True)) for clock, values in times.items()}
        report = reports.get(key.value)
        table.append(
            {
                "file": key.value,
                "thread_ms": statistics.median(times["thread"]),
                "wall_ms": statistics.median(times["wall"]),
                "ratio_thread": ratio["thread"],
                "ratio_wall": ratio["wall"],
                "at_most": TARGETS.get(key),
                "snr_db": report and report.snr_db,
                "same_answer_share": report and report.same_answer_share,
            }
        )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60, help="turns each file takes (default: 60)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the twin here and leave it, for `edgeecg models bench`")
    parser.add_argument("--json", action="store_true", help="one JSON object a file")
    options = parser.parse_args()
    excerpt = load_excerpt()
    found = windows([Lead(excerpt.title, excerpt.samples_mv, excerpt.rate_hz)], Input.model_validate(GIVEN))
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        card, reports = make_twin(folder, found)
        try:
            Registry(folder).load(card.name)
        except ModelError as refusal:
            print(f"as a classifier: {refusal}")
        else:
            raise SystemExit("an untrained model was loaded as a classifier")
        table = rows(measure(card, folder, found[0][None, None, None], options.rounds), reports)
    for row in table:
        if options.json:
            print(json.dumps(row))
            continue
        aim = f"at most {row['at_most']}" if row["at_most"] else ""
        times = f"{row['thread_ms']:7.2f} ms of a thread, {row['wall_ms']:7.2f} ms on the wall"
        print(f"{row['file']:12} {times}; against fp32_onnx {row['ratio_thread']:.3f} thread, {row['ratio_wall']:.3f} wall  {aim}")


if __name__ == "__main__":
    main()
