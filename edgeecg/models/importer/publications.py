"""What is known of the published nets beside their weights: how their input is prepared, what their answers mean, whose they are."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

RATE_HZ, WINDOW_S = 500.0, 10.0
VERSION = "1"

ECGFOUNDER_LABELS = tuple((files("edgeecg.models.importer") / "ecgfounder_labels.txt").read_text(encoding="utf-8").splitlines())
ON_ONE_LEAD = (
    "NORMAL SINUS RHYTHM",
    "SINUS RHYTHM",
    "SINUS BRADYCARDIA",
    "MARKED SINUS BRADYCARDIA",
    "SINUS TACHYCARDIA",
    "ATRIAL FIBRILLATION",
    "ATRIAL FLUTTER",
    "ECTOPIC ATRIAL RHYTHM",
    "MULTIFOCAL ATRIAL TACHYCARDIA",
    "SUPRAVENTRICULAR TACHYCARDIA",
    "JUNCTIONAL RHYTHM",
    "JUNCTIONAL BRADYCARDIA",
    "IDIOVENTRICULAR RHYTHM",
    "WIDE QRS RHYTHM",
    "WIDE QRS TACHYCARDIA",
    "VENTRICULAR TACHYCARDIA",
    "PREMATURE ATRIAL COMPLEXES",
    "PREMATURE SUPRAVENTRICULAR COMPLEXES",
    "PREMATURE VENTRICULAR COMPLEXES",
    "PREMATURE ECTOPIC COMPLEXES",
    "ATRIAL-PACED RHYTHM",
    "VENTRICULAR-PACED RHYTHM",
    "UNDETERMINED RHYTHM",
)
"""Rhythms and ectopic beats. Axes, hypertrophies, infarcts and changes since an earlier ECG mean nothing on one isolated lead."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What a card says of a family of nets."""

    summary: str
    licence: str
    origin: str
    limits: tuple[str, ...]
    preprocessing: dict[str, Any]
    data: dict[str, Any]
    answers: dict[str, Any]


ECGFOUNDER = Publication(
    summary="ECGFounder on lead I: 150 statements an electrocardiograph prints, each with a probability of its own.",
    licence="Code MIT; the terms of the weights are with their publication and were not read here",
    origin="PKUDigitalHealth/ECGFounder, 1_lead_ECGFounder.pth",
    limits=(
        "No figure of it was measured here: the publication's hold for its own data and its own preprocessing.",
        "It was trained on lead I of resting twelve-lead ECGs at 500 Hz; a wearable's lead is another signal.",
        "Only the labels under `shown` can be the answer: the others are statements about other leads or earlier ECGs.",
        "Its probabilities are not calibrated here; missing samples are interpolated here, and zero in the original.",
    ),
    preprocessing={"notch_hz": 50.0, "notch_q": 30.0, "order": 4, "low_hz": 0.67, "high_hz": 40.0, "median_len": 101},
    data={"name": "Harvard-Emory ECG Database", "use": "training, by its authors", "licence": "its own", "recordings": 10_771_552},
    answers={"task": "window", "labels": ECGFOUNDER_LABELS, "independent": True, "shown": ON_ONE_LEAD},
)

CLEF = Publication(
    summary="CLEF: an encoder of ten seconds of lead I. It has no head: it answers features, to be taught labels.",
    licence="Code Clear BSD; the terms of the weights are with their publication and were not read here",
    origin="Nokia-Bell-Labs/ecg-foundation-model, Zenodo 17572734",
    limits=(
        "No figure of it was measured here.",
        "It is no classifier, and is refused where one is asked for.",
    ),
    preprocessing={"order": 5, "low_hz": 0.67, "high_hz": 40.0},
    data={"name": "MIMIC-IV-ECG", "use": "training, by its authors", "licence": "its own", "note": "161 thousand patients"},
    answers={"task": "features"},
)

PUBLICATIONS = {"ecgfounder": ECGFOUNDER, "clef": CLEF}
