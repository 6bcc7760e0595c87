"""Make the beat model and say how good it is. One command, seeded, resumable.

    EDGEECG_DATA=... PYTHONPATH=training python -m beat.train --work DIR [--write]

Folds are by person; the paced 102 and 107 are left out. Beats are those the engine finds and asks about in time: an
annotated beat nobody was asked about counts against its class, and an answer where no beat is against the class it names.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from common import cards
from common.cards import metric
from common.carry import carry, heard_by
from common.heard import detector, learn_of
from common.keep import kept
from common.scores import fit_temperature
from common.trees import ensemble
from numpy.typing import NDArray

from beat import judge
from beat.course import BESIDE
from beat.harvest import AFTER_S, ANSWER_S, LABELS, MODEL, OTHER_VIEWS, PACED, Harvest, harvests, heard_alike
from beat.others import others
from beat.settled import settled
from beat.wide import wide
from edgeecg.models.card import Course
from edgeecg.models.features.beat import BEFORE_S, NAMES
from edgeecg_kernels._jit import source_digest

VERSION = "1.0"
HERE = Path(__file__).parent
ABSTAIN_BELOW = 0.5
"""Less likely right than wrong, after calibration."""
LIMITS = (
    "S and V meet their marks (75 / 70 and 93 / 95: sensitivity / predictivity in percent) by a hair, on 22 persons; no alarm may rest on it alone.",
    "Trained on 23 half-hour records of 22 persons, the first lead, mostly MLII; what it makes of another lead is not known.",
    "S rests on few persons, on beats made early in recordings of normal rhythm, and on early ones that only their rhythm tells; aberrant ones are called V.",
    "Where the last minutes fibrillated hardly a beat is called S, early or not; fast beats of a flutter that nothing came before are called S.",
    "PPV is EC57's: F or Q called V, and Q called S, count neither way; 'PPV, all counted' counts them against.",
    "A slow ventricular escape rhythm, which one record holds, is called normal; so are some runs of early beats after their first ones.",
    "What it says of a beat depends on the earlier beats of the stream that it was asked about: a stream that begins anew has none.",
    "F is never answered: it is learned as Q, of which there are too few beats to rely on.",
    "Paced rhythm was left out: it has no class of its own here.",
    "A beat that the engine finds only by searching back is not asked about, and has no class.",
    cards.NOT_A_DEVICE,
)

Floats = NDArray[np.float64]


def main() -> None:
    """Train, judge, and with --write put the file, the card and the figures where they ship."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, required=True, help="folder for what is finished")
    parser.add_argument("--write", action="store_true", help="write models_onnx/ and training/beat/crossval.json")
    parser.add_argument(
        "--carry", metavar="DIGEST", help="first carry over what was made of that detector's beats, if this one's are the same"
    )
    parser.add_argument("--heard-by", metavar="DIGEST", help="learn from what that older detector heard; the card names it")
    parser.add_argument("--every", type=int, default=1, help="of what --carry compares, every so many recordings")
    options = parser.parse_args()
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    if options.heard_by:
        learn_of(work, options.heard_by, "settled", "others")
    if options.carry:
        carry(work, options.carry, heard_alike(work, options.carry, options.every))
    records = harvests(work)
    views = [record for view in OTHER_VIEWS for record in harvests(work, view)]
    lessons = judge.Lessons(records, views, settled(work), others(work), wide(work))
    answers = kept(work / f"answers-{detector()}.pickle", lambda: judge.cross_validated(lessons))
    told, manner, course = judge.nested(records, answers)
    result = judged(records, told) | {"without memory": judged(records, judge.nested(records, answers, alone=True)[0])["figures"]}
    print(json.dumps(result, indent=1), flush=True)
    if options.write:
        ship(lessons, manner, course, result, heard_by(work))
        (HERE / "crossval.json").write_text(json.dumps(result, indent=1) + "\n")


def judged(records: list[Harvest], answers: list[Floats]) -> dict[str, Any]:
    """Return figures over all records and each record's counts; answers are log-probabilities."""
    each = [judge.judged(record, log_p) for record, log_p in zip(records, answers, strict=True)]
    scores = np.concatenate(answers)
    truth = np.concatenate([record.label for record in records])
    counts = np.sum([one.counts for one in each], axis=0)
    return {
        "figures": judge.figures(each),
        "beats": int(counts[: len(LABELS)].sum()),
        "missed": int(counts[: len(LABELS), len(LABELS)].sum()),
        "temperature": fit_temperature(scores[truth >= 0], truth[truth >= 0]),
        "confusion": counts.tolist(),
        "records": {one.name: one.counts.tolist() for one in each},
    }


def ship(lessons: judge.Lessons, manner: judge.Manner, course: Course, result: dict[str, Any], heard: str) -> None:
    """Grow the forest on every record, and write it with its card."""
    cards.SHIPPED.mkdir(exist_ok=True)
    forest = lessons.forest(lambda _: True)
    path = cards.SHIPPED / f"beat-{VERSION}.tree.onnx"
    onnx.save(ensemble(forest.trees, forest.baseline, len(NAMES), judge.FOLD), path)
    features = np.concatenate([record.features for record in lessons.records])
    print(cards.finish(describe(lessons, manner, course, result, features, heard), cards.SHIPPED, [("tree_onnx", path)]))


def describe(
    lessons: judge.Lessons, manner: judge.Manner, course: Course, result: dict[str, Any], features: NDArray[np.float32], heard: str
) -> dict[str, Any]:
    """Return the card's table, but for files and golden answers."""
    on = "mitdb, 23 records, held-out persons, beats as the engine finds them"
    figures = result["figures"].items()
    return {
        "name": "beat",
        "version": VERSION,
        "summary": "Each beat normal, supraventricular, ventricular, fusion or unknown, within a second of its R peak.",
        "architecture": "boosted trees on the beat's shape beside the ten seconds before it, and its time beside the minute before it; what they said of this heart's last 300 beats of the same shape, and of the course of its rhythm",
        "task": "beat",
        "labels": list(LABELS),
        "label_names": ["normal", "supraventricular ectopic", "ventricular ectopic", "fusion", "unknown"],
        "licence": cards.LICENCE,
        "origin": "PYTHONPATH=training python -m beat.train --work DIR --write",
        "limits": list(LIMITS),
        "input": {
            "rate_hz": 250.0,
            "window_s": MODEL.window_s,
            "before_s": BEFORE_S,
            "beats_s": MODEL.beats_s,
            "deadline_s": round(ANSWER_S - AFTER_S, 3),
            "max_missing_share": MODEL.max_missing_share,
        },
        "fusion": {
            "net_weight": 0.0,
            "features": "beat",
            "features_version": 3,
            "features_len": len(NAMES),
            "typical": cards.usual(features),
            "beside": [BESIDE],
        },
        "memory": {
            "beats": judge.MOST_BEATS,
            "alike": judge.ALIKE,
            "usual": "N",
            "lean": manner.lean.tolist(),
            "weight": manner.weights.tolist(),
            "course": course.model_dump(),
            "fitted_on": "answers about held-out persons",
        },
        "calibration": {
            "temperature": round(result["temperature"], 4),
            "abstain_below": ABSTAIN_BELOW,
            "fitted_on": "answers about held-out persons",
        },
        "data": [
            {
                "name": "mitdb",
                "use": "training and, by folds, measuring",
                "licence": cards.DATA_LICENCE,
                "origin": "MIT-BIH Arrhythmia Database, first lead",
                "recordings": len(lessons.records),
                "windows": len(features),
                "note": f"{heard}; learned from turned over, and from the second lead, too",
            },
            {
                "name": "cinc2017",
                "use": "training: beats of recordings that are normal or fibrillating as a whole; those made early in normal ones as S",
                "licence": cards.DATA_LICENCE,
                "origin": "PhysioNet/CinC Challenge 2017, training set, labels v3",
                "recordings": lessons.settled.recordings,
                "windows": len(lessons.settled.features),
                "note": "beats that the detector calls wide are left out",
            },
            {
                "name": "cinc2017",
                "use": "training: beats of recordings of other rhythms that are nearly regular; the rhythm says which are N, S and V",
                "licence": cards.DATA_LICENCE,
                "origin": "PhysioNet/CinC Challenge 2017, training set, labels v3",
                "recordings": lessons.others.recordings,
                "windows": len(lessons.others.features),
                "note": "nobody marked these beats",
            },
            {
                "name": "cinc2017",
                "use": "training: beats made early and wide in normal ones: as S behind a P wave and begun as usual, as V with neither",
                "licence": cards.DATA_LICENCE,
                "origin": "PhysioNet/CinC Challenge 2017, training set, labels v3",
                "recordings": lessons.wide.recordings,
                "windows": len(lessons.wide.features),
                "note": f"beats by the detector with sources {source_digest('qrs')}",
            },
        ],
        "split": {
            "method": "folds by person",
            "by": "person: 201 and 202 are one",
            "folds": judge.FOLDS,
            "seed": 3,
            "left_out": list(PACED),
            "note": "what is learned from beside the records, sets of features, pruning, what is alike, the weight of it, how a course goes on and by what a lean is chosen were compared on these same folds; leans and how much the course counts from the other folds",
        },
        "metrics": [metric(name, value, (low, high), on, result["beats"]) for name, (value, low, high) in figures],
    }


if __name__ == "__main__":
    main()
