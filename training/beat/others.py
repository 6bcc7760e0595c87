"""Beats of recordings that were called other, where the rhythm itself says what they are: lone early beats in a heart that is otherwise regular.

Nobody marked these beats. But where nearly all intervals of a recording are alike, a beat with the usual complex that comes early, and is
followed by an interval no shorter than usual, is supraventricular; one with another complex that the detector calls wide is ventricular. What came
behind a beat is asked here and never of the model. No model says anything about them, so no fold knows of another.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common.heard import detector
from common.keep import data_root, kept
from numpy.typing import NDArray
from rhythm.recordings import LABELS as RHYTHMS
from rhythm.recordings import reference

from beat.harvest import LABELS, questions
from beat.settled import FIRST_BEATS, Settled
from edgeecg.io.wfdb import read_record
from edgeecg.models.features.beat import NAMES
from edgeecg_kernels.features_intervals import WIDE

LEAST_BEATS = 12
NEAR = 4
"""An interval is compared with the median of so many on either side, too."""
IN_TIME, REGULAR = 0.08, 0.65
"""An interval this near its neighbours' median is in time; so large a share of a recording's has to be."""
EARLY, NO_PAUSE_LOST = 0.84, 0.9
"""Of the median interval: an early beat comes before, and is followed by one no shorter than the other."""
LEAST_RR_S, LEAST_MEDIAN_S = 0.3, 0.4
USUAL, ALIKE, OTHER = 0.97, 0.95, 0.7
"""Correlation with the median complex: of the middle beat of a recording that is used, of a beat with the usual complex, of one with another."""
EVERY_NORMAL = 4
N, S, V = (LABELS.index(name) for name in "NSV")
NOTHING = -1

Floats = NDArray[np.float64]


def others(work: Path) -> Settled:
    """Return the beats."""
    return kept(work / f"others-{detector()}.pickle", _harvest)


def _harvest() -> Settled:
    rows, used = [], 0
    for features, label in _recordings():
        used += 1
        chosen = (label > N) | ((label == N) & (np.arange(len(label)) % EVERY_NORMAL == 0))
        chosen[:FIRST_BEATS] = False
        rows.append(np.column_stack((label, features))[chosen])
    table = np.concatenate(rows).astype(np.float32)
    label = table[:, 0].astype(np.int64)
    print(f"others: {np.bincount(label).tolist()} beats of {used} recordings", flush=True)
    return Settled(table[:, 1:], label, used, np.zeros(len(label), np.bool_))


def _recordings() -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Yield features and labels of the recordings in which a beat is told."""
    for name in sorted(name for name, label in reference().items() if RHYTHMS[label] == "O"):
        record = read_record(data_root() / "cinc2017" / name)
        asked, features, shapes = questions(record.lead(0).millivolts(), record.rate_hz)
        if len(asked) < LEAST_BEATS:
            continue
        order = np.argsort(asked, kind="stable")
        features = features[order]
        label = told(asked[order] / record.rate_hz, shapes[order].astype(np.float64), features[:, NAMES.index("v_kind")] == WIDE)
        if (label > N).any():
            yield features, label


def told(at_s: Floats, shapes: Floats, wide: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return what the rhythm says each beat is, or NOTHING."""
    label, rr = np.full(len(at_s), NOTHING), np.diff(at_s)
    median = float(np.median(rr))
    around = np.array([np.median(rr[max(0, k - NEAR) : k + NEAR + 1]) for k in range(len(rr))])
    in_time = np.abs(rr / around - 1) < IN_TIME
    usual = np.median(shapes, axis=0)
    alike = shapes @ usual / (np.linalg.norm(usual) + 1e-9)
    if in_time.mean() < REGULAR or median < LEAST_MEDIAN_S or np.median(alike) < USUAL:
        return label
    behind = np.append(rr[1:], 0.0) > NO_PAUSE_LOST * median
    early = (rr < EARLY * median) & behind
    narrow = (alike[1:] > ALIKE) & ~wide[1:]
    label[1:][in_time & narrow] = N
    label[1:][early & narrow & (rr > LEAST_RR_S)] = S
    label[1:][early & (alike[1:] < OTHER) & wide[1:]] = V
    return label
