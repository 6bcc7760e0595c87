"""Beats of many more persons: recordings that were called normal, or atrial fibrillation, as a whole.

They teach what an ectopic beat is not: in fibrillation every beat comes early or late. A beat that the detector calls wide is
left out, because it may be one after all. Each normal recording comes a second time, with beats made early (`beat.early`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common.heard import detector
from common.keep import data_root, kept
from numpy.typing import NDArray
from rhythm.recordings import LABELS as RHYTHMS
from rhythm.recordings import reference

from beat.early import hastened
from beat.harvest import LABELS, questions
from edgeecg.io.wfdb import read_record
from edgeecg.models.features.beat import NAMES
from edgeecg_kernels.features_intervals import WIDE

NORMAL_RECORDINGS = 700
"""Of recordings of normal rhythm so many are drawn; of fibrillation all are taken."""
FIRST_BEATS, BEATS = 3, 16
"""Of each recording so many beats of a class are drawn, none of its first few."""
NEAR_S = 0.06
NORMAL, EARLY = LABELS.index("N"), LABELS.index("S")
Rng = np.random.Generator


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Features of beats of recordings, and which class each is of."""

    features: NDArray[np.float32]
    label: NDArray[np.int64]
    recordings: int
    fibrillating: NDArray[np.bool_]
    """Whether the recording is one of atrial fibrillation."""


def settled(work: Path) -> Settled:
    """Return the beats."""
    return kept(work / f"settled-{detector()}.pickle", _harvest)


def _harvest(seed: int = 0) -> Settled:
    rng = np.random.default_rng(seed)
    fibrillating = sorted(name for name, label in reference().items() if RHYTHMS[label] == "A")
    drawn = normal_recordings(rng)
    rows = [_beats(name, rng, early=False) for name in fibrillating]
    rows += [_beats(name, rng, early=early) for early in (False, True) for name in drawn]
    table, n_fibrillating = np.concatenate(rows), sum(map(len, rows[: len(fibrillating)]))
    kept_rows = table[:, 1 + NAMES.index("v_kind")] != WIDE
    narrow, in_fibrillation = table[kept_rows], (np.arange(len(table)) < n_fibrillating)[kept_rows]
    label = narrow[:, 0].astype(np.int64)
    print(f"settled: {np.bincount(label).tolist()} beats of {len(rows)} recordings", flush=True)
    return Settled(narrow[:, 1:], label, len(fibrillating) + len(drawn), in_fibrillation)


def normal_recordings(rng: Rng) -> list[str]:
    """Draw NORMAL_RECORDINGS of normal rhythm."""
    normal = sorted(name for name, label in reference().items() if RHYTHMS[label] == "N")
    return [normal[k] for k in rng.permutation(len(normal))[:NORMAL_RECORDINGS]]


def _beats(name: str, rng: Rng, *, early: bool) -> NDArray[np.float32]:
    """Return rows of a label and features."""
    record = read_record(data_root() / "cinc2017" / name)
    samples, rate_hz = record.lead(0).millivolts(), record.rate_hz
    asked, features, _ = questions(samples, rate_hz)
    label = np.full(len(asked), NORMAL)
    if early and len(asked) > FIRST_BEATS:
        changed, hasty = hastened(samples, np.sort(asked), rate_hz, rng)
        asked, features, _ = questions(changed, rate_hz)
        near = np.abs(asked[:, None] - hasty[None]).min(1, initial=len(samples)) <= NEAR_S * rate_hz
        label = np.where(near, EARLY, NORMAL)
    rows = np.column_stack((label, features.reshape(-1, len(NAMES)))).astype(np.float32)[FIRST_BEATS:]
    kinds = [rng.permutation(rows[rows[:, 0] == kind])[:BEATS] for kind in (NORMAL, EARLY)]
    return np.concatenate(kinds)
