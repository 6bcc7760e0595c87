"""CinC 2017's recordings, their labels, and the folds they are dealt to."""

import csv
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common.heard import Heard, detector, hear
from common.keep import data_root, kept
from numpy.typing import NDArray

from edgeecg.io.wfdb import read_record

LABELS = ("N", "A", "O", "~")
FOLDS = 5
TWINS = (("A02656", "A03123"), ("A00227", "A01176"))
"""Recordings that are sample for sample the same: they lie on one side of every split."""


def reference() -> dict[str, int]:
    """Return the third version of the labels: recording to index in LABELS."""
    with (data_root() / "cinc2017" / "REFERENCE-v3.csv").open(newline="") as file:
        return {name: LABELS.index(label) for name, label in csv.reader(file)}


def heard(work: Path) -> list[Heard]:
    """Return every recording as the engine hears it, by name."""
    return kept(work / f"heard-{detector()}.pickle", lambda: [_hear(name) for name in sorted(reference())])


def heard_alike(work: Path, old: str, every: int) -> Iterator[tuple[str, bool]]:
    """Hear every so many recordings again; say of each whether all of it is as an older detector heard it."""
    before: list[Heard] = pickle.loads((work / f"heard-{old}.pickle").read_bytes())  # noqa: S301 our own file
    for one in before[::every]:
        again = _hear(one.name)
        pairs = [(getattr(one, part), getattr(again, part)) for part in ("mv", "beats", "announced_at")]
        yield one.name, one.first_sample == again.first_sample and all(a.tobytes() == b.tobytes() for a, b in pairs)


def _hear(name: str) -> Heard:
    record = read_record(data_root() / "cinc2017" / name)
    return hear(name, record.lead(0).millivolts(), record.rate_hz)


def folds(names: list[str], labels: NDArray[np.int64], seed: int = 7) -> NDArray[np.int64]:
    """Deal recordings to folds, class by class, twins together."""
    fold = np.zeros(len(names), np.int64)
    rng = np.random.default_rng(seed)
    for label in range(len(LABELS)):
        members = np.flatnonzero(labels == label)
        fold[rng.permutation(members)] = np.arange(len(members)) % FOLDS
    place = {name: at for at, name in enumerate(names)}
    for first, second in TWINS:
        if first in place and second in place:
            fold[place[second]] = fold[place[first]]
    return fold
