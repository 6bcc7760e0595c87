"""Make the rhythm model and say how good it is. One command, seeded, resumable.

    EDGEECG_DATA=... PYTHONPATH=training python -m rhythm.train --work DIR [--write]

Everything is judged by recordings that were not learned from: nets and forests by five folds of recordings; weight and
temperature of the fusion, and how a recording follows from its windows, by the other folds' answers. What ships is learned
from all. What is finished lies in DIR.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from common import cards
from common.carry import carry, heard_by
from common.heard import detector, learn_of
from common.keep import kept
from common.scores import confusion, f1_each, fit_temperature, interval, log_softmax
from common.trees import graph
from net1d.export import weights
from numpy.typing import NDArray

from edgeecg.models.features.rhythm import INTERVALS_ONLY, NAMES
from edgeecg.models.quantize import METHOD
from rhythm import control, files, forest, nets, sequence, told, whole
from rhythm.card import describe
from rhythm.fit import CYCLES, fresh
from rhythm.recordings import FOLDS, LABELS, heard_alike
from rhythm.together import AF_AT, af_figures, by_recording, choose, choose_share, f1_gained, fused, logs, nested, nested_told, rule_f1

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

VERSION = "1.0"
HERE = Path(__file__).parent
TWIN_FOLDS = (1, 4)
"""Of these the net is also quantized and asked about its held-out recordings."""
ABSTAINED = 0.05
"""The share of windows, those it is least sure of, that the model has no answer to."""


def main() -> None:
    """Train, judge, and with --write put the files, the card and the figures where they ship."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, required=True, help="folder for what is finished")
    parser.add_argument("--write", action="store_true", help="write models_onnx/ and training/rhythm/crossval.json")
    parser.add_argument(
        "--carry", metavar="DIGEST", help="first carry over what was made of that detector's beats, if this one's are the same"
    )
    parser.add_argument("--every", type=int, default=1, help="of what --carry compares, every so many recordings")
    parser.add_argument("--heard-by", metavar="DIGEST", help="learn from what that older detector heard; the card names it")
    options = parser.parse_args()
    torch.set_num_threads(1)
    work: Path = options.work
    (work / "net").mkdir(parents=True, exist_ok=True)
    if options.heard_by:
        learn_of(work, options.heard_by)
    if options.carry:
        carry(work, options.carry, heard_alike(work, options.carry, options.every))
    school = nets.school(work)
    labels, fold_of = school.labels, school.fold_of
    answers = _answers(school)
    result = judge(answers, labels, fold_of)
    result["twins"] = [_twins(school, answers, fold) for fold in TWIN_FOLDS]
    print(json.dumps(result, indent=1), flush=True)
    if options.write:
        ship(school, result)
        (HERE / "crossval.json").write_text(json.dumps(result, indent=1) + "\n")
        _keep_answers([one.name for one in school.recordings], fold_of, answers, labels)


def _answers(school: nets.School) -> dict[str, Floats]:
    """Return what nets, forests and controls say of windows they have not seen, and whose the windows are."""
    work, windows, labels, fold_of = school.work, school.windows, school.labels, school.fold_of
    logits = np.concatenate(nets.all_out_of_fold(school)).astype(np.float64)
    trees = forest.out_of_fold(work / f"forest-{detector()}", windows, labels, fold_of, forest.all_columns())
    intervals = forest.out_of_fold(work / f"forest_rr-{detector()}", windows, labels, fold_of, forest.columns_of(INTERVALS_ONLY))
    random, random_of = kept(work / "random.pickle", lambda: control.random_encoder(school.recordings, labels, fold_of))
    beats = sequence.out_of_fold(work, sequence.minutes(work, school.recordings), labels, fold_of)
    mixed = nested_told(trees, beats, windows.recording, labels, fold_of)
    return {
        "net": logits,
        "told": mixed,
        "tree": trees,
        "beats": beats,
        "rr": intervals,
        "of": windows.recording,
        "random": random,
        "random_of": random_of,
    }


def judge(answers: dict[str, Floats], labels: Labels, fold_of: Labels) -> dict[str, Any]:
    """Return figures by recording and by window, with intervals, and what ships of the fusion."""
    of, n = answers["of"].astype(np.int64), len(labels)
    scores = {
        "fusion": nested(answers["net"], answers["told"], of, labels, fold_of),
        "net": answers["net"],
        "told": logs(answers["told"]),
        "tree": logs(answers["tree"]),
        "beats": answers["beats"],
        "net and tree": nested(answers["net"], answers["tree"], of, labels, fold_of),
        "tree on intervals": logs(answers["rr"]),
    }
    voices = {name: [score] for name, score in scores.items()}
    voices |= {"fusion": [scores["net"], scores["told"]], "net and tree": [scores["net"], scores["tree"]]}
    result: dict[str, Any] = {}
    for name, score in scores.items():
        together, means = whole.out_of_fold(voices[name], voices[name][-1], of, labels, fold_of), by_recording(score, of, n)
        result[name] = _figures(together, labels, fold_of) | _by_window(score, of, labels) | _gain(together, means, labels)
    result["mean of windows"] = _figures(by_recording(scores["fusion"], of, n), labels, fold_of)
    random_of = answers["random_of"].astype(np.int64)
    result["random encoder"] = _figures(by_recording(answers["random"], random_of, n), labels, fold_of)
    mix = choose(answers["net"], answers["told"], of, labels, np.ones(n, np.bool_))
    share = choose_share(answers["tree"], answers["beats"], labels[of])
    chosen = {"net_weight": mix.net_weight, "net_temperature": mix.net_temperature, "share of the net of beats": share}
    result["shipped"] = chosen | _certainty(scores["fusion"], labels[of])
    result["recording"] = _certainty(whole.out_of_fold(voices["fusion"], scores["told"], of, labels, fold_of), labels)
    layer = whole.learn(whole.summaries(voices["fusion"], scores["told"], of, n), labels)
    result["layer"] = {"weights": layer.weights.tolist(), "bias": layer.bias.tolist()}
    return result


def _figures(means: Floats, labels: Labels, fold_of: Labels) -> dict[str, Any]:
    said = means.argmax(1)
    low, high = interval(lambda rows: rule_f1(labels[rows], said[rows]), len(labels))
    counts = confusion(labels, said, len(LABELS))
    is_af = np.flatnonzero(labels == LABELS.index("A"))
    af = af_figures(means, labels)
    others = np.flatnonzero(labels != LABELS.index("A"))
    span = interval(lambda rows: af_figures(means[(m := _redrawn(is_af, others, rows))], labels[m])[AF_AT], len(labels), rounds=400)
    return {
        "F1": rule_f1(labels, said),
        "F1 interval": [low, high],
        "F1 of N, A, O, ~": f1_each(counts).tolist(),
        "F1 by fold": [rule_f1(labels[fold_of == k], said[fold_of == k]) for k in range(FOLDS)],
        **af,
        f"{AF_AT} interval": list(span),
        "confusion": counts.tolist(),
    }


def _gain(together: Floats, means: Floats, labels: Labels) -> dict[str, Any]:
    """Return what is gained over the mean of the windows' scores, recording by recording."""
    gain, span = f1_gained(labels, together.argmax(1), means.argmax(1))
    return {"F1 less that of means": gain, "F1 less that of means interval": list(span)}


def _by_window(scores: Floats, of: Labels, labels: Labels) -> dict[str, Any]:
    """Return F1 over single windows; its interval redraws recordings, because a recording's windows tell the same."""
    k = len(LABELS)
    counts = np.zeros((len(labels), k * k), np.int64)
    np.add.at(counts, (of, labels[of] * k + scores.argmax(1)), 1)

    def f1(rows: Labels) -> float:
        return float(f1_each(counts[rows].sum(0).reshape(k, k))[:3].mean())

    return {"F1 by window": f1(np.arange(len(labels))), "F1 by window interval": list(interval(f1, len(labels), rounds=500))}


def _redrawn(is_af: Labels, others: Labels, rows: Labels) -> Labels:
    """Turn drawn row numbers into as many of either kind as there are."""
    return np.concatenate((is_af[rows[: len(is_af)] % len(is_af)], others[rows[len(is_af) :] % len(others)]))


def _certainty(scores: Floats, truth: Labels) -> dict[str, float]:
    """Fit the temperature to windows, and find under which probability the model had better say nothing."""
    temperature = fit_temperature(scores, truth)
    chance = np.exp(log_softmax(scores / temperature))
    top, right = chance.max(1), chance.argmax(1) == truth
    limit = float(np.quantile(top, ABSTAINED))
    return {
        "temperature": temperature,
        "abstain_below": limit,
        "right where it answers": float(right[top >= limit].mean()),
        "right where it abstains": float(right[top < limit].mean()),
        "calibration error": _calibration_error(top, right),
    }


def _calibration_error(top: Floats, right: NDArray[np.bool_], bins: int = 15) -> float:
    at = np.minimum((top * bins).astype(int), bins - 1)
    size = np.bincount(at, minlength=bins)
    gap = np.abs(np.bincount(at, top, bins) - np.bincount(at, right, bins))
    return float(gap[size > 0].sum() / len(top))


def _twins(school: nets.School, answers: dict[str, Floats], fold: int) -> dict[str, float]:
    """Quantize a fold's net and ask it about the recordings it has not seen."""
    work, labels = school.work, school.labels

    def make() -> files.Twins:
        net = fresh()
        state = torch.load(work / "net" / f"fold{fold}-{len(CYCLES) - 1}.pt", weights_only=True)
        net.load_state_dict(state["mean"])
        fp32, int8 = work / f"fold{fold}.fp32.onnx", work / f"fold{fold}.int8.onnx"
        files.write_float(weights(net.eval()), fp32)
        learned = [one for one, k in zip(school.recordings, school.fold_of, strict=True) if k != fold]
        files.in_eight_bits(fp32, files.some_windows(learned, files.CALIBRATION), int8)
        held, of = np.flatnonzero(school.fold_of == fold), answers["of"].astype(np.int64)
        beside = [answers["told"][of == k] for k in held]
        others = school.fold_of != fold
        mix = choose(answers["net"], answers["told"], of, labels, others)
        spoken = logs(answers["told"])
        summaries = whole.summaries([answers["net"], spoken], spoken, of, len(labels))
        layer = whole.learn(summaries[others], labels[others])
        return files.compared(fp32, int8, [school.recordings[k] for k in held], labels[held], beside, mix, layer)

    twins = kept(work / f"twins_apart{fold}-{len(CYCLES)}-{detector()}.pickle", make)
    return {
        "F1 in float": twins.f1_float,
        "F1 in int8": twins.f1_int8,
        "same answer": twins.same_answer_share,
        "same answer of net and tree": twins.same_fused_share,
        "windows": twins.windows,
    }


def ship(school: nets.School, result: dict[str, Any]) -> None:
    """Write the files and the card."""
    recordings, labels, table = school.recordings, school.labels, school.windows
    stem = cards.SHIPPED / f"rhythm-{VERSION}"
    cards.SHIPPED.mkdir(exist_ok=True)
    paths = {key: Path(f"{stem}.{ending}") for key, ending in ENDINGS.items()}
    files.write_float(nets.shipped(school), paths["fp32_onnx"])
    windows = files.some_windows(recordings, files.CALIBRATION + files.JUDGED)
    report = files.write_int8(paths["fp32_onnx"], paths["int8_onnx"], windows, by_layer=True)
    tflite = files.write_tflite(paths["fp32_onnx"], paths["int8_tflite"], windows)
    print(f"TFLite int8: {tflite.snr_db:.1f} dB, fp32's answer in {tflite.same_answer_share} of {tflite.judged} windows", flush=True)
    grown = kept(
        school.work / f"forest-{detector()}.pickle", lambda: forest.fit(table, labels, np.ones(len(labels), np.bool_), forest.all_columns())
    )
    told_by = sequence.shipped(school.work, sequence.minutes(school.work, recordings), labels)
    onnx.save(told.graph(graph(grown, len(NAMES)), len(NAMES), told_by, result["shipped"]["share of the net of beats"]), paths["tree_onnx"])
    quantization = {
        "method": METHOD,
        "windows": report.windows,
        "float_layers": list(report.float_layers),
        "snr_db": round(report.snr_db, 1),
        "same_answer_share": round(report.same_answer_share or 0.0, 4),
        "score_change": round(float(np.mean([twin["F1 in int8"] - twin["F1 in float"] for twin in result["twins"]])), 4),
        "layers": [{"name": layer.name, "snr_db": layer.snr_db} for layer in report.layers],
    }
    card = describe(VERSION, result, labels, table.features, quantization, heard_by(school.work))
    print(cards.finish(card, cards.SHIPPED, list(paths.items())))


ENDINGS = {"fp32_onnx": "fp32.onnx", "int8_onnx": "int8.onnx", "int8_tflite": "int8.tflite", "tree_onnx": "tree.onnx"}


def _keep_answers(names: list[str], fold_of: Labels, answers: dict[str, Floats], labels: Labels) -> None:
    """Keep what was said of each recording by those who had not seen it."""
    of, n = answers["of"].astype(np.int64), len(labels)
    means = {key: by_recording(answers[key] if key == "net" else logs(answers[key]), of, n) for key in ("net", "told", "tree", "rr")}
    packed = {key: value.astype(np.float16) for key, value in means.items()}
    np.savez_compressed(
        HERE / "out_of_fold.npz", name=np.array(names), fold=fold_of.astype(np.int8), label=labels.astype(np.int8), **packed
    )


__all__ = ["fused", "judge", "main", "ship"]

if __name__ == "__main__":
    main()
