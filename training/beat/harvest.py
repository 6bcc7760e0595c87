"""MIT-BIH's beats as the engine finds them: features of each, and what the annotators say it is."""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common.heard import detector
from common.keep import data_root, kept
from numpy.typing import NDArray

from edgeecg.evals.ec57 import truth_of
from edgeecg.evals.pairing import UNPAIRED, WINDOW_S, pair
from edgeecg.facts import ModelFacts, StreamFacts
from edgeecg.io.wfdb import Annotations, read_annotations, read_record
from edgeecg.models.classifier import beats_of
from edgeecg.models.features.beat import BEFORE_S, beat_features
from edgeecg.models.memory import shape_of
from edgeecg.models.windows import run
from edgeecg.types import WindowReady
from edgeecg_kernels.state import GRID_HZ

LABELS = ("N", "S", "V", "F", "Q")
AAMI = {**dict.fromkeys("NLRejB", 0), **dict.fromkeys("AaJSn", 1), **dict.fromkeys("VEr", 2), "F": 3, **dict.fromkeys("/fQ?", 4)}
"""EC57's five classes."""
RHYTHM_NOTE, ATRIAL = "+", ("(AFIB", "(AFL")
SAME_PERSON = {"202": "201"}
PACED = ("102", "107")
AFTER_S = 0.6
ANSWER_S = 1.0
"""An answer comes within this of the R peak, or counts as none."""
MODEL = ModelFacts(
    name="beat",
    sha256="0" * 64,
    labels=LABELS,
    window_s=BEFORE_S + AFTER_S,
    before_s=BEFORE_S,
    beats_s=60.0,
    deadline_s=ANSWER_S - AFTER_S,
    max_missing_share=1.0,
)


@dataclass(frozen=True, slots=True)
class View:
    """How a record is looked at: one of its leads, as it is or turned over."""

    lead: int = 0
    gain: float = 1.0

    @property
    def suffix(self) -> str:
        """Tell the views of a record apart, in file names."""
        return "" if self == FIRST_LEAD else f"-lead{self.lead}{'-inverted' if self.gain < 0 else ''}"


FIRST_LEAD = View()
OTHER_VIEWS = (View(0, -1.0), View(1))
"""Of these a model learns too, and is never judged: persons are few, and every lead is another heart's worth of shapes."""


@dataclass(frozen=True, slots=True, eq=False)
class Harvest:
    """One record: what the engine asked about, and every annotated beat with the question that is its own, or none."""

    name: str
    person: str
    features: NDArray[np.float32]
    label: NDArray[np.int64]
    """Of each question: its beat's class, or -1 where the annotators saw no beat."""
    truth: NDArray[np.int64]
    """The class of every annotated beat."""
    asked: NDArray[np.int64]
    """Of every annotated beat: the number of its question, or -1."""
    shape: NDArray[np.float32]
    """Of each question: how its complex looks, for the model's memory."""
    fibrillating: NDArray[np.bool_]
    """Of each question: whether the annotators call the rhythm there fibrillation or flutter of the atria."""


def harvests(work: Path, view: View = FIRST_LEAD) -> list[Harvest]:
    """Return every record but the paced ones."""
    names = [header.stem for header in sorted((data_root() / "mitdb").glob("*.hea")) if header.stem not in PACED]
    return [kept(work / f"beats-{name}{view.suffix}-{detector()}.pickle", lambda name=name: harvest(name, view)) for name in names]


def heard_alike(work: Path, old: str, every: int) -> Iterator[tuple[str, bool]]:
    """Harvest every so many records again; say of each whether all of it is as with an older detector."""
    for path in sorted(work.glob(f"beats-???-{old}.pickle"))[::every]:
        before: Harvest = pickle.loads(path.read_bytes())  # noqa: S301 our own file
        again = harvest(before.name, FIRST_LEAD)
        pairs = [(getattr(before, part), getattr(again, part)) for part in ("features", "label", "truth", "asked", "shape", "fibrillating")]
        yield before.name, all(a.tobytes() == b.tobytes() for a, b in pairs)


def harvest(name: str, view: View) -> Harvest:
    """Run a lead of a record through the engine, and pair what it asks about with the annotations."""
    folder = data_root() / "mitdb"
    record, annotations = read_record(folder / name), read_annotations(folder / f"{name}.atr")
    asked, features, shapes = questions(view.gain * record.lead(view.lead).millivolts(), record.rate_hz)
    truth = truth_of(annotations)
    order = np.argsort(asked, kind="stable")
    order = order[truth.outside_vf(asked[order])]
    asked, features, shapes = asked[order], features[order], shapes[order]
    pairing = pair(truth.beats, asked, int(WINDOW_S * record.rate_hz))
    symbols = dict(zip(annotations.samples.tolist(), annotations.symbols.tolist(), strict=True))
    classes = np.array([AAMI[symbols[sample]] for sample in truth.beats.tolist()], np.int64)
    match = np.where(pairing.match == UNPAIRED, -1, pairing.match)
    label = np.full(len(asked), -1, np.int64)
    label[match[match >= 0]] = classes[match >= 0]
    print(f"{name}{view.suffix}: {len(asked)} questions, {len(classes)} beats, {(match < 0).sum()} without one", flush=True)
    return Harvest(name, SAME_PERSON.get(name, name), features, label, classes, match, shapes, fibrillating(annotations, asked))


def fibrillating(annotations: Annotations, samples: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say of each sample whether the rhythm that was noted last before it is fibrillation or flutter of the atria."""
    notes = np.flatnonzero(annotations.symbols == RHYTHM_NOTE)
    atrial = np.array([False] + [annotations.aux[k].rstrip("\0") in ATRIAL for k in notes.tolist()])
    return np.asarray(atrial[np.searchsorted(annotations.samples[notes], samples, side="right")])


def questions(samples_mv: NDArray[np.float64], rate_hz: float) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return the R peaks the engine asks about in time, the features of each, and its shape."""
    asked, rows, shapes = [], [], []
    for event in run(samples_mv, StreamFacts(name="samples", rate_hz=rate_hz), MODEL):
        if isinstance(event, WindowReady):
            asked.append(event.beat_sample)
            samples = np.frombuffer(event.samples_mv, "<f4")
            rows.append(beat_features(samples, beats_of(event)))
            shapes.append(shape_of(samples, round(BEFORE_S * GRID_HZ)))
    return np.array(asked, np.int64), np.array(rows), np.array(shapes, np.float32)
