"""CinC 2016's recordings with ECG and sound, as windows out of the engine: the features of each, and what coupling says in it."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common.keep import data_root, kept
from numpy.typing import NDArray

from edgeecg.facts import ModelFacts, StreamFacts
from edgeecg.io.wav import read_wav
from edgeecg.io.wfdb import read_record
from edgeecg.models.classifier import HeardFeatures
from edgeecg.models.features.heart_sound import NAMES, SOUND_HZ, WINDOW_S, heart_sound_features, unheard
from edgeecg.models.hearing import HeardWindow, heard_windows
from edgeecg.models.windows import STREAM
from heart_sound.coupled import METHODS, Coupled, coupled

LABELS = ("normal", "abnormal")
FOLDER = Path("cinc2016") / "training-a"
HOP_S = 5.0
HEARS = HeardFeatures(heart_sound_features, unheard)
MODEL = ModelFacts(
    name="heart-sound", sha256="0" * 64, labels=LABELS, window_s=WINDOW_S, hop_s=HOP_S, beats_s=WINDOW_S, deadline_s=2.0, sound_hz=SOUND_HZ
)


@dataclass(frozen=True, slots=True, eq=False)
class Harvest:
    """One recording: a row of features a window, and what each estimator of coupling knew by the window's end."""

    name: str
    label: int
    features: NDArray[np.float32]
    coupling: dict[str, NDArray[np.float32]]
    faults: tuple[str, ...]
    """What made windows unfit to be answered; they have no row."""


def reference() -> dict[str, int]:
    """Return the recordings with both signals, each with its index in LABELS."""
    with (data_root() / FOLDER / "REFERENCE.csv").open(newline="") as file:
        return {name: int(label == "1") for name, label in csv.reader(file)}


def harvests(work: Path) -> list[Harvest]:
    """Return every recording, by name."""
    return [
        kept(work / f"{name}.pickle", lambda name=name, label=label: harvest(name, label)) for name, label in sorted(reference().items())
    ]


def harvest(name: str, label: int) -> Harvest:
    """Run one recording through the engine."""
    folder = data_root() / FOLDER
    ecg, pcg = read_record(folder / name), read_wav(folder / f"{name}.wav")
    stream = StreamFacts(name=STREAM, rate_hz=ecg.rate_hz)
    lead, sound = ecg.lead("ECG").millivolts(), pcg.lead(0).physical()
    windows = list(heard_windows(lead, stream, sound, pcg.rate_hz, MODEL, HEARS))
    fit = [one for one in windows if not one.fault]
    features = np.array([one.features for one in fit]).reshape(-1, len(NAMES))
    heard: Coupled = coupled(lead, ecg.rate_hz, sound, pcg.rate_hz)
    by_end = {method: np.array([heard.at(method, _end_s(one, pcg.rate_hz)) for one in fit]) for method in METHODS}
    faults = tuple(one.fault for one in windows if one.fault)
    print(f"{name}: {LABELS[label]}, {len(fit)} of {len(windows)} windows", flush=True)
    return Harvest(name, label, features, by_end, faults)


def _end_s(one: HeardWindow, rate_hz: float) -> float:
    return one.window.start_sample / rate_hz + WINDOW_S
