"""Make the heart-sound model and say how good it is. One command, seeded, resumable.

    EDGEECG_DATA=... PYTHONPATH=training python -m heart_sound.train --work DIR [--write]

Splits are by recording; in a second set of splits recordings whose ECG's beats look alike lie on one side. The model is made of ECG and
sound; what coupling would add is measured with it, for each estimator.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from common import cards
from common.keep import kept
from common.scores import fit_temperature
from numpy.typing import NDArray

from edgeecg.errors import ModelError
from edgeecg.models.features.heart_sound import SENSES
from edgeecg.models.quantize import Report, faults, quantize
from heart_sound import judge
from heart_sound.card import describe
from heart_sound.graph import graph
from heart_sound.judge import Judged, Table
from heart_sound.machine import Floats, Machine, Views, learn, prepare
from heart_sound.recordings import harvests

VERSION = "1.0"
HERE = Path(__file__).parent
MODEL = "ECG + PCG"
ANSWERED = 0.65
"""A calibrated probability under this is no answer."""


def main() -> None:
    """Train, judge, and with --write put the files, the card and the figures where they ship."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, required=True, help="folder for what is finished")
    parser.add_argument("--write", action="store_true", help="write models_onnx/ and training/heart_sound/crossval.json")
    options = parser.parse_args()
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    data = judge.table(harvests(work))
    apart = kept(work / "by_recording.pickle", lambda: judge.judged(data, lookalikes=False))
    together = kept(work / "by_lookalike.pickle", lambda: judge.judged(data, lookalikes=True))
    result = kept(work / "result.pickle", lambda: measured(data, apart, together))
    result["int8"] = kept(work / "int8.pickle", lambda: quantized(data, result["threshold"], work))
    print(json.dumps(result, indent=1), flush=True)
    if options.write:
        ship(data, result)
        (HERE / "crossval.json").write_text(json.dumps(result, indent=1) + "\n")


def measured(data: Table, apart: dict[str, Judged], together: dict[str, Judged]) -> dict[str, Any]:
    """Return all figures, and what of them the model needs: threshold and temperature."""
    scores, truth = apart[MODEL].scores, data.label
    threshold = float(np.median([judge.threshold(truth, one) for one in scores]))
    log_p = np.concatenate([logits(one - threshold) for one in scores])
    temperature = fit_temperature(log_p, np.tile(truth, len(scores)), np.exp(np.linspace(-3, 1.5, 181)))
    return {
        "recordings": len(truth),
        "abnormal": int(truth.sum()),
        "windows": len(data.recording),
        "lookalikes": len(set(data.lookalike.tolist())),
        "splits": len(scores),
        "threshold": threshold,
        "temperature": temperature,
        "by recording": judge.figures(truth, apart),
        "look-alikes together": judge.figures(truth, together),
        "answered": answered(truth, apart[MODEL], threshold, temperature),
    }


def logits(score: Floats) -> Floats:
    """Return the logits of normal and abnormal that a score stands for."""
    return np.stack((-score / 2, score / 2), axis=1)


def answered(truth: NDArray[np.int64], one: Judged, threshold: float, temperature: float) -> dict[str, float]:
    """Return how many recordings are answered, and how well, where the model abstains under ANSWERED."""
    sure = 1 / (1 + np.exp(-np.abs(one.scores - threshold) / temperature)) >= ANSWERED
    each = [judge.mcc(truth[k], said[k]) for said, k in zip(one.said, sure, strict=True)]
    left = [float((said[~k] == truth[~k]).mean()) for said, k in zip(one.said, sure, strict=True)]
    return {"share": float(sure.mean()), "MCC": float(np.mean(each)), "right where it abstains": float(np.mean(left))}


def learned(data: Table, recordings: NDArray[np.bool_]) -> Machine:
    """Fit the machine that ships, or one like it, on some recordings."""
    mask, label, recording = data.taken(recordings)
    return learn({name: prepare(data.views[name][mask], judge.NARROW.get(name, 1.0)) for name in SENSES}, label, recording)


def rows(views: Views) -> NDArray[np.float32]:
    """Return what the net reads, window by window; what is missing is usual."""
    x = np.concatenate([views[name] for name in SENSES], axis=1)
    return np.asarray(np.where(np.isfinite(x), x, np.nan_to_num(np.nanmedian(x, axis=0))), np.float32)


def quantized(data: Table, threshold: float, work: Path) -> dict[str, Any]:
    """Judge int8 on each fold's held-out windows, by machines that have not seen them."""
    fold = judge.splits(data, 0, lookalikes=False)
    x, same, scores = rows(data.views), [], {"fp32": np.zeros(len(data.label)), "int8": np.zeros(len(data.label))}
    for held in range(judge.FOLDS):
        mask = data.taken(fold != held)[0]
        paths = {key: work / f"fold.{key}.onnx" for key in scores}
        onnx.save(graph(learned(data, fold != held), threshold), paths["fp32"])
        quantize(paths["fp32"], x[mask], paths["int8"], convs_only=True, float_outputs=True, by_layer=False)
        said = {key: asked(path, x[~mask]) for key, path in paths.items()}
        same.append((said["fp32"] > 0) == (said["int8"] > 0))
        for key, one in said.items():
            scores[key] += judge.by_recording(one, data.recording[~mask], len(data.label))
    each = {key: judge.mcc(data.label, (one > 0).astype(np.int64)) for key, one in scores.items()}
    return {"same_answer_share": float(np.concatenate(same).mean()), "score_change": each["int8"] - each["fp32"]}


def asked(path: Path, x: NDArray[np.float32]) -> Floats:
    """Return a graph's score of each window."""
    session = onnx_session(path)
    return np.array([np.diff(session.run(["logits"], {"features": row[None, None, None]})[0][0])[0] for row in x], np.float64)


def onnx_session(path: Path) -> Any:
    """Open a graph on one thread."""
    import onnxruntime as ort  # noqa: PLC0415

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def ship(data: Table, result: dict[str, Any]) -> None:
    """Fit the machine on every recording, quantize it, and write both with their card."""
    cards.SHIPPED.mkdir(exist_ok=True)
    machine = learned(data, np.ones(len(data.label), bool))
    x = rows(data.views)
    paths = {key: cards.SHIPPED / f"heart-sound-{VERSION}.{key}.onnx" for key in ("fp32", "int8")}
    onnx.save(graph(machine, result["threshold"]), paths["fp32"])
    report = quantize(paths["fp32"], x, paths["int8"], convs_only=True, float_outputs=True, by_layer=False)
    unseen = replace(report, same_answer_share=result["int8"]["same_answer_share"])
    if wrong := list(faults(unseen, score_change=result["int8"]["score_change"])):
        raise ModelError(*wrong)
    table = describe(VERSION, result, ANSWERED, quantization(unseen, result["int8"]["score_change"]), len(data.recording))
    print(cards.finish(table, cards.SHIPPED, [("fp32_onnx", paths["fp32"]), ("int8_onnx", paths["int8"])]))


def quantization(report: Report, score_change: float) -> dict[str, Any]:
    """Return what the card says of int8: how it was made, and how it did on windows the machine had not seen."""
    return {
        "method": "static QDQ, of the comparison with the kept windows: features uint8, kept windows int8, what they give in float",
        "windows": report.windows,
        "snr_db": round(report.snr_db, 1),
        "same_answer_share": round(report.same_answer_share or 0.0, 4),
        "score_change": round(score_change, 4),
    }


if __name__ == "__main__":
    main()
