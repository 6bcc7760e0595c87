"""The control every encoder has to beat: the same net with its weights as they were drawn, under a trained linear head."""

import numpy as np
import torch
from common.heard import Heard
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rhythm.fit import ASK_EVERY_S, fresh
from rhythm.recordings import FOLDS
from rhythm.window import prepared, whole

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

SETTLING = 40
"""Recordings whose windows set the batch norm's statistics, so that every layer gets numbers of unit size."""


@torch.no_grad()
def random_features(recordings: list[Heard], every_s: int, seed: int = 5) -> tuple[NDArray[np.float32], Labels]:
    """Return what an untaught encoder says of windows, and whose they are."""
    torch.manual_seed(seed)
    net = fresh()
    net.train()
    for _ in range(30):
        net(torch.from_numpy(_windows(recordings[:: max(1, len(recordings) // SETTLING)], 10)))
    net.eval()
    rows, owners = [], []
    for number, heard in enumerate(recordings):
        x = torch.from_numpy(_windows([heard], every_s))
        rows.append(net.features(x).mean(-1).numpy())
        owners += [number] * len(x)
    return np.concatenate(rows), np.array(owners)


def _windows(recordings: list[Heard], every_s: int) -> NDArray[np.float32]:
    steps = [whole(heard.window(step)) for heard in recordings for step in range(0, heard.n_windows, every_s)]
    return prepared(np.stack(steps))[:, None]


def random_encoder(recordings: list[Heard], labels: Labels, fold_of: Labels, every_s: int = 5 * ASK_EVERY_S) -> tuple[Floats, Labels]:
    """Return log-probabilities of windows, each by a head that did not see its recording."""
    x, owner = random_features(recordings, every_s)
    scores = np.zeros((len(x), len(np.unique(labels))))
    for fold in range(FOLDS):
        held = fold_of[owner] == fold
        head = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=300))
        head.fit(x[~held], labels[owner[~held]])
        scores[held] = head.predict_log_proba(x[held])
    return scores, owner
