"""What the last cycle is worth, in which several windows of a recording are learned from in one loss.

    EDGEECG_DATA=... PYTHONPATH=training python -m rhythm.several --work DIR --folds 0 1 2 3 4

DIR is `rhythm.train`'s; what is finished lies there too. Figures are of the folds named, two at least, before that cycle
and after: the layer of recordings is learned from the others of those folds, for a layer learned from the answers of nets of one
kind does not fit those of the other.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from common.heard import detector, learn_of
from common.scores import interval
from numpy.typing import NDArray

from rhythm import forest, nets, whole
from rhythm.fit import CYCLES
from rhythm.together import AF, by_recording, logs, rule_f1

HERE = Path(__file__).parent
Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


def main() -> None:
    """Train the folds' nets, and print figures before and after."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
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
    before, after = (nets.all_out_of_fold(school, cycles, options.folds) for cycles in (CYCLES[:-1], CYCLES))
    trees = forest.out_of_fold(options.work / f"forest-{detector()}", school.windows, school.labels, school.fold_of, forest.all_columns())
    judged = np.isin(school.fold_of, options.folds)
    both = [_said(np.concatenate(logits).astype(np.float64), trees, school, judged) for logits in (before, after)]
    result = {name: compared(both[0][name], both[1][name], school.labels[judged]) for name in both[0]}
    print(json.dumps(result, indent=1))
    told = {"folds": options.folds, "recordings": int(judged.sum()), "epochs": CYCLES[-1].epochs, **result}
    (HERE / "several.json").write_text(json.dumps(told, indent=1) + "\n")


def _said(logits: Floats, trees: Floats, school: nets.School, judged: NDArray[np.bool_]) -> dict[str, Labels]:
    """Return the label of every judged recording, by the net alone and together with the trees; of others nothing is known here."""
    rows = school.windows.of(judged)
    of = (np.cumsum(judged) - 1)[school.windows.recording[rows]]
    told, labels, fold_of = logs(trees[rows]), school.labels[judged], school.fold_of[judged]
    said = {"net, mean of windows": by_recording(logits, of, len(labels))}
    said["net"] = whole.out_of_fold([logits], logits, of, labels, fold_of)
    said["fusion"] = whole.out_of_fold([logits, told], told, of, labels, fold_of)
    return {name: scores.argmax(1) for name, scores in said.items()}


def compared(before: Labels, after: Labels, truth: Labels) -> dict[str, float]:
    """Return F1 before and after, and what was gained, with its interval over recordings."""

    def gain(rows: Labels) -> float:
        return rule_f1(truth[rows], after[rows]) - rule_f1(truth[rows], before[rows])

    low, high = interval(gain, len(truth))
    is_af = truth == AF
    return {
        "before": rule_f1(truth, before),
        "after": rule_f1(truth, after),
        "gain": rule_f1(truth, after) - rule_f1(truth, before),
        "low": low,
        "high": high,
        "AF found before": float((before == AF)[is_af].mean()),
        "AF found after": float((after == AF)[is_af].mean()),
    }


if __name__ == "__main__":
    main()
