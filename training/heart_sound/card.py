"""What the heart-sound model's card says, out of what was measured."""

from typing import Any

from common.cards import DATA_LICENCE, LICENCE, NOT_A_DEVICE, metric

from edgeecg.models.features.heart_sound import NAMES, SENSES, SOUND_HZ, WINDOW_S
from heart_sound.judge import FOLDS
from heart_sound.recordings import HOP_S, LABELS

KINDS = {
    "by recording": "cinc2016 training-a, {splits} times 5 held-out folds, by recording",
    "look-alikes together": "cinc2016 training-a, {splits} times 5 held-out folds, recordings with ECG beats alike on one side",
}
LIMITS = (
    "Short of its mark, an MCC of 0.80; the figures in this card are what it reaches.",
    "The set holds several recordings of some people and does not say which: by recording, a person may be on both sides.",
    "An ECG's beat is nearly a fingerprint: most of what the ECG adds is gone where recordings with like beats stay on one side.",
    "Trained on 241 recordings of one study, 71 % abnormal, mostly mitral valve prolapse: it knows these recorders and no other.",
    "Coupling adds nothing, by any of three estimators, nor at a third or a tenth of a sense's weight; the model does not use it.",
    "Live it is asked every five seconds about the last ten; its figures are of whole recordings, half a minute of such windows.",
    "A probability is of this set's mix of normal and abnormal, about a threshold chosen for the MCC, not for screening.",
    NOT_A_DEVICE,
)


def describe(version: str, result: dict[str, Any], answered: float, quantization: dict[str, Any], kept: int) -> dict[str, Any]:
    """Return the card's table, but for files and golden answers."""
    return {
        "name": "heart-sound",
        "version": version,
        "summary": "A recording of one lead and the heart's sound: normal or abnormal.",
        "architecture": f"mean of {len(SENSES) + 1} kernel machines, all senses and all but one, a Gaussian kernel a sense, {kept} windows, on features in time with the beats",
        "task": "window",
        "labels": list(LABELS),
        "label_names": ["normal", "abnormal"],
        "licence": LICENCE,
        "origin": "PYTHONPATH=training python -m heart_sound.train --work DIR --write",
        "limits": list(LIMITS),
        "input": {"rate_hz": 250.0, "window_s": WINDOW_S, "hop_s": HOP_S, "deadline_s": 2.0, "beats_s": WINDOW_S},
        "hearing": {
            "sound_hz": float(SOUND_HZ),
            "features": "heart-sound",
            "features_version": 2,
            "features_len": len(NAMES),
            "senses": list(SENSES),
        },
        "calibration": {
            "temperature": round(result["temperature"], 4),
            "abstain_below": answered,
            "fitted_on": "answers about recordings of held-out folds",
        },
        "data": [
            {
                "name": "cinc2016 training-a",
                "use": "training and, by folds, measuring",
                "licence": DATA_LICENCE,
                "origin": "PhysioNet/CinC Challenge 2016, training set A: sound and ECG together",
                "recordings": result["recordings"],
                "windows": result["windows"],
                "note": f"{result['abnormal']} abnormal; two more recordings have no window whose sound repeats with the heart",
            }
        ],
        "split": {
            "method": f"{result['splits']} times five folds by class; the threshold from the other folds' answers",
            "by": "recording; and again with recordings whose ECG's beats look alike on one side",
            "folds": FOLDS,
            "note": "some forty forms of machine, kernel and features were compared on these same recordings, so the figures flatter: "
            "a choice of senses among twelve, made within each fold, had an MCC of 0.758 by recording and 0.581 with look-alikes together",
        },
        "metrics": [*_metrics(result)],
        "quantization": quantization,
    }


def _metrics(result: dict[str, Any]) -> list[dict[str, Any]]:
    rows, n = [], result["recordings"]
    for kind, text in KINDS.items():
        on = text.format(splits=result["splits"])
        for name, figures in result[kind].items():
            of = "model" if name == "ECG + PCG" else name
            rows += [metric(figure, figures[figure][0], tuple(figures[figure][1:]), on, n, of) for figure in ("MCC", "AUC")]
            if name.count("+") > 1:
                rows.append(metric("MCC gained by coupling", figures["gain"][0], tuple(figures["gain"][1:]), on, n, of))
    sure = result["answered"]
    on = KINDS["by recording"].format(splits=result["splits"])
    rows.append(metric("share answered", sure["share"], None, on, n, "where the model does not abstain"))
    rows.append(metric("MCC", sure["MCC"], None, on, n, "where the model does not abstain"))
    return rows
