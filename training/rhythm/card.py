"""What the rhythm model's card says, out of what was measured."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from common.cards import DATA_LICENCE, LICENCE, NOT_A_DEVICE, metric, usual
from numpy.typing import NDArray

from edgeecg.models.features.rhythm import NAMES
from edgeecg_kernels.features_sequence import N_SEQUENCE
from rhythm.forest import BEATS_S
from rhythm.recordings import FOLDS, LABELS, TWINS
from rhythm.together import AF_AT
from rhythm.whole import MOST_WINDOWS
from rhythm.window import HIGH_HZ, LOW_HZ, ORDER, RATE_HZ

HELD = "cinc2017, held-out folds, by recording"
HELD_WINDOWS = "cinc2017, held-out folds, by window of 10 s"
HELD_INT8 = "cinc2017, held-out folds 1 and 4, a window every 4 s"
ABLATION = Path(__file__).parent / "ablation.json"
"""What `rhythm.ablation` found."""
WORTH = Path(__file__).parent / "worth.json"
"""What `rhythm.worth` found."""
PARTS = {
    "last-cycle": "F1 with the last cycle less F1 without",
    "start": "F1 begun without labels, all cycles after, less F1 begun from nothing",
}
MODELS = {
    "fusion": "model",
    "mean of windows": "control: the mean of windows' scores",
    "net": "the net alone",
    "net and tree": "control: without the net of beats",
    "told": "what is told of beats alone: trees and net of beats",
    "tree": "the trees alone",
    "beats": "the net of beats alone",
    "tree on intervals": "control: a tree on RR intervals alone",
    "random encoder": "control: the net as it was drawn, under a trained linear head",
}
LIMITS = (
    "Trained on 6,718 short recordings of one handheld device, lead I, and on no other lead or device.",
    "A window says what its whole recording was labelled; a rhythm that changes within a recording was not marked.",
    "Recordings carry no person: one person's may lie in several folds, so the figures may flatter.",
    "The specificity of 0.97 is read off the same answers; a limit taken over from other data will miss it.",
    "'Other' is a mixture of rhythms, and the class it most often misses: a fifth of it is called normal.",
    "Recordings last 9 to 61 s, so what it makes of a whole minute of beats rests on the few that do.",
    "The net's last three cycles of training were each added after a look at the same folds: its figures flatter a little.",
    "In the last two cycles the net is taught by itself and by trees, none of which saw the recordings it is judged by.",
    (
        "What a recording follows from (each label's mean and largest over its windows, by net and by beats, and what the last one's beats say) "
        "was chosen on the same folds, out of some fifty forms and penalties, most within 0.006: its figures flatter a little."
    ),
    "It was learned from answers of nets and trees that had learned from the fold it is judged by, though never of their own recordings.",
    "Of some ten forms and teachings of the net of beats, compared on the same folds, it is the best: its gain flatters a little.",
    "Its F1 by recording is at the upper end of what repeats of its teaching gave, with other forests or nets: 0.854 to 0.858.",
    "A recording longer than a minute is taken as minutes, whose answers are averaged: no long recording was there to judge that by.",
    NOT_A_DEVICE,
)


def describe(
    version: str, result: dict[str, Any], labels: NDArray[np.int64], features: NDArray[np.float32], quantization: dict[str, Any], heard: str
) -> dict[str, Any]:
    """Return the card's table, but for files and golden answers."""
    chosen, n_windows = result["shipped"], len(features)
    return {
        "name": "rhythm",
        "version": version,
        "summary": "Ten seconds of one lead: normal rhythm, atrial fibrillation, another rhythm, or too noisy to say.",
        "architecture": (
            "CLEF-small architecture (Net1D), trained here, not the published weights; fused with boosted trees on beats and shape "
            "and a small net on the minute's beats in their order"
        ),
        "task": "window",
        "labels": list(LABELS),
        "label_names": ["normal rhythm", "atrial fibrillation", "other rhythm", "noise"],
        "licence": LICENCE,
        "origin": "PYTHONPATH=training python -m rhythm.train --work DIR --write",
        "limits": list(LIMITS),
        "input": {
            "rate_hz": float(RATE_HZ),
            "window_s": 10.0,
            "beats_s": BEATS_S,
            "preprocessing": {"order": ORDER, "low_hz": LOW_HZ, "high_hz": HIGH_HZ},
        },
        "fusion": {
            "net_weight": chosen["net_weight"],
            "net_temperature": round(chosen["net_temperature"], 4),
            "features": "rhythm",
            "features_version": 3,
            "features_len": len(NAMES) + N_SEQUENCE,
            "typical": usual(features),
        },
        "calibration": {
            "temperature": round(chosen["temperature"], 4),
            "abstain_below": round(chosen["abstain_below"], 4),
            "fitted_on": "answers to windows of held-out folds",
        },
        "recording": _recording(result),
        "data": [
            {
                "name": "cinc2017",
                "use": "training and, by folds, measuring",
                "licence": DATA_LICENCE,
                "origin": "PhysioNet/CinC Challenge 2017, training set, labels v3",
                "recordings": len(labels),
                "windows": n_windows,
                "note": f"N, A, O, ~: {', '.join(map(str, np.bincount(labels).tolist()))}; {heard}",
            }
        ],
        "split": {
            "method": "folds by class, identical recordings together; fusion, and a recording out of its windows, from the other folds",
            "by": "recording",
            "folds": FOLDS,
            "seed": 7,
            "note": "identical: " + "; ".join(" = ".join(pair) for pair in TWINS),
        },
        "metrics": _metrics(result, len(labels), n_windows),
        "quantization": quantization,
    }


def _recording(result: dict[str, Any]) -> dict[str, Any]:
    """Return how a recording follows from its windows: the layer's columns are means, then largest, net's and graph's, then last words."""
    layer, n = result["layer"], 2 * len(LABELS)
    return {
        "windows": MOST_WINDOWS,
        "bias": [round(value, 5) for value in layer["bias"]],
        "mean": [[round(value, 5) for value in row[:n]] for row in layer["weights"]],
        "most": [[round(value, 5) for value in row[n : 2 * n]] for row in layer["weights"]],
        "last": [[round(value, 5) for value in row[2 * n :]] for row in layer["weights"]],
        "abstain_below": round(result["recording"]["abstain_below"], 4),
        "fitted_on": "answers to recordings of held-out folds",
    }


def _metrics(result: dict[str, Any], n: int, n_windows: int) -> list[dict[str, Any]]:
    rows = []
    for name, of in MODELS.items():
        figures = result[name]
        rows.append(metric("F1, mean of N, A, O", figures["F1"], tuple(figures["F1 interval"]), HELD, n, of))
        rows.append(metric(AF_AT, figures[AF_AT], tuple(figures[f"{AF_AT} interval"]), HELD, n, of))
        if "F1 less that of means" in figures:
            span = tuple(figures["F1 less that of means interval"])
            rows.append(metric("F1 less that of the mean of windows", figures["F1 less that of means"], span, HELD, n, of))
        if "F1 by window" in figures:
            rows.append(
                metric("F1, mean of N, A, O", figures["F1 by window"], tuple(figures["F1 by window interval"]), HELD_WINDOWS, n_windows, of)
            )
    for of, name in (("net and tree in eight bits", "same answer of net and tree"), ("the net alone in eight bits", "same answer")):
        windows = [twin["windows"] for twin in result["twins"]]
        share = float(np.average([twin[name] for twin in result["twins"]], weights=windows))
        rows.append(metric("share of float's answers", share, None, HELD_INT8, int(sum(windows)), of))
    found = json.loads(ABLATION.read_text())
    on = f"cinc2017, held-out fold {found['fold']}, by recording, after {found['epochs']} epochs, one seed"
    for name, what in (("star", "F1 with STAR less F1 without"), ("pretrained", "F1 from a body taught without labels less F1 from none")):
        one = found[name]
        rows.append(metric(what, one["difference"], (one["low"], one["high"]), on, found["recordings"], "ablation"))
    worth = json.loads(WORTH.read_text())
    for part, what in PARTS.items():
        for name, of in (("model", "ablation"), ("net", "ablation of the net alone")):
            one = worth[part][name]
            rows.append(metric(what, one["gain"], (one["low"], one["high"]), HELD, worth[part]["recordings"], of))
    return rows
