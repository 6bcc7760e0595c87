"""What a part of a net's teaching is worth: the last cycle, in which several windows of a recording are learned from in one loss, or a
start without labels, which the nets that ship do not have.

    EDGEECG_DATA=... PYTHONPATH=training python -m rhythm.worth last-cycle|start --work DIR --folds 0 1 2 3 4

DIR is `rhythm.train`'s; what is finished lies there too. Figures are of the folds named, two at least, without that part and with it: the
layer of recordings is learned from the others of those folds, for a layer learned from the answers of nets of one kind does not fit those of
the other.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common.heard import detector, learn_of
from common.scores import log_softmax
from numpy.typing import NDArray

from rhythm import forest, nets, sequence, whole
from rhythm.fit import CYCLES
from rhythm.together import AF_AT, af_figures, by_recording, f1_gained, logs, nested_told, rule_f1

RESULTS = Path(__file__).with_suffix(".json")
Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

PARTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "last-cycle": ({"cycles": CYCLES[:-1]}, {"cycles": CYCLES}),
    "start": ({"begun": False}, {"begun": True}),
}
"""How nets are taught without a part, and with it."""


def main() -> None:
    """Train the folds' nets, and print figures without the part and with it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--work", type=Path, required=True, help="folder for what is finished")
    parser.add_argument("--folds", type=int, nargs="+", required=True)
    parser.add_argument("--heard-by", metavar="DIGEST", help="learn from what that older detector heard")
    options = parser.parse_args()
    if len(set(options.folds)) < 2:
        parser.error(f"--folds: {options.folds} is not two folds or more: what is learned for one is learned from the others")
    torch.set_num_threads(1)
    if options.heard_by:
        learn_of(options.work, options.heard_by)
    school = nets.school(options.work)
    logits = [np.concatenate(nets.all_out_of_fold(school, of_folds=options.folds, **taught)) for taught in PARTS[options.part]]
    judged, told = np.isin(school.fold_of, options.folds), _told(school)
    without, with_it = (_said(one.astype(np.float64), told, school, judged) for one in logits)
    result: dict[str, Any] = {"folds": options.folds, "recordings": int(judged.sum())}
    result |= {name: compared(without[name], with_it[name], school.labels[judged]) for name in without}
    print(json.dumps(result, indent=1))
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(known | {options.part: result}, indent=1) + "\n")


def _told(school: nets.School) -> dict[str, Floats]:
    """Return what windows are told of beats, by those who had not seen them, for each model that hears it beside the net."""
    work, windows, labels, fold_of = school.work, school.windows, school.labels, school.fold_of
    trees = forest.out_of_fold(work / f"forest-{detector()}", windows, labels, fold_of, forest.all_columns())
    beats = sequence.out_of_fold(work, sequence.minutes(work, school.recordings), labels, fold_of)
    return {"net and tree": trees, "model": nested_told(trees, beats, windows.recording, labels, fold_of)}


def _said(logits: Floats, told: dict[str, Floats], school: nets.School, judged: NDArray[np.bool_]) -> dict[str, Floats]:
    """Return the scores of every judged recording, by the net alone and by each model; of others nothing is known here."""
    rows = school.windows.of(judged)
    of = (np.cumsum(judged) - 1)[school.windows.recording[rows]]
    labels, fold_of = school.labels[judged], school.fold_of[judged]
    said = {"net, mean of windows": by_recording(logits, of, len(labels))}
    said["net"] = whole.out_of_fold([logits], logits, of, labels, fold_of)
    for name, chances in told.items():
        heard = logs(chances[rows])
        said[name] = whole.out_of_fold([logits, heard], heard, of, labels, fold_of)
    return said


def compared(without: Floats, with_it: Floats, truth: Labels) -> dict[str, Any]:
    """Return figures without the part and with it, and what F1 gained, with its interval over recordings."""
    gain, (low, high) = f1_gained(truth, with_it.argmax(1), without.argmax(1))
    return {"without": _figures(without, truth), "with": _figures(with_it, truth), "gain": gain, "low": low, "high": high}


def _figures(scores: Floats, truth: Labels) -> dict[str, float]:
    loss = -float(log_softmax(scores)[np.arange(len(truth)), truth].mean())
    return {"F1": rule_f1(truth, scores.argmax(1)), AF_AT: af_figures(scores, truth)[AF_AT], "log loss": loss}


if __name__ == "__main__":
    main()
