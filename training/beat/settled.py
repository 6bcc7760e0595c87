"""Beats of many more persons that are hardly ever ectopic: recordings that were called normal, or atrial fibrillation, as a whole.

They teach what an ectopic beat is not: in fibrillation every beat comes early or late. A beat that the detector calls wide is
left out, because it may be one after all.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common.heard import detector
from common.keep import data_root, kept
from numpy.typing import NDArray
from rhythm.recordings import LABELS, reference

from beat.harvest import questions
from edgeecg.io.wfdb import read_record
from edgeecg.models.features.beat import NAMES
from edgeecg_kernels.features_intervals import WIDE

NORMAL_RECORDINGS = 700
"""Of recordings of normal rhythm so many are drawn; of fibrillation all are taken."""
FIRST_BEATS, BEATS = 3, 16
"""Of each recording so many beats are drawn, none of its first few."""


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Features of beats, all of them normal."""

    features: NDArray[np.float32]
    recordings: int


def settled(work: Path) -> Settled:
    """Return the beats."""
    return kept(work / f"settled-{detector()}.pickle", _harvest)


def _harvest(seed: int = 0) -> Settled:
    rng = np.random.default_rng(seed)
    of = reference()
    normal, fibrillating = (sorted(name for name, label in of.items() if LABELS[label] == kind) for kind in "NA")
    drawn = [normal[k] for k in rng.permutation(len(normal))[:NORMAL_RECORDINGS]]
    rows = [_beats(name, rng) for name in (*fibrillating, *drawn)]
    features = np.concatenate(rows)
    print(f"settled: {len(features)} beats of {len(rows)} recordings", flush=True)
    return Settled(features[features[:, NAMES.index("v_kind")] != WIDE], len(rows))


def _beats(name: str, rng: np.random.Generator) -> NDArray[np.float32]:
    record = read_record(data_root() / "cinc2017" / name)
    _, features = questions(record.lead(0).millivolts(), record.rate_hz)
    later = features.reshape(-1, len(NAMES))[FIRST_BEATS:]
    return later[np.sort(rng.permutation(len(later))[:BEATS])]
