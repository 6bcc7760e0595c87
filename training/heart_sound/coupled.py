"""What the three estimators of coupling say by a window's end, as features: the kernel's shape, the delays, how sure they are."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from common.heard import hear
from numpy.typing import NDArray

from edgeecg.stages.coupling import regrid
from edgeecg_kernels.coupling import couple_beats, couple_reset
from edgeecg_kernels.coupling_state import COUPLING_ROW, COUPLING_WORK, HARD, OK, PLAIN, SOFT, coupling_params, coupling_state
from edgeecg_kernels.state import GRID_HZ

METHODS = {"deconvolution": PLAIN, "aligned": HARD, "nmcse": SOFT}
SOUND_HZ = 1000
AFTER_S = 0.72
"""A beat's coupling is known this long after its R peak."""
WIDE = 2
"""A beat's kind that teaches coupling nothing."""
BIN_MS, N_BINS = 20, 30
EDGES_HZ = (20, 30, 40, 55, 75, 100, 130, 165)
N_FEATURES = N_BINS + len(EDGES_HZ) - 1 + 15


@dataclass(frozen=True, slots=True, eq=False)
class Coupled:
    """One recording's beats, and a row of each estimator for each."""

    peaks_s: NDArray[np.float64]
    rows: dict[str, NDArray[Any]]

    def at(self, method: str, end_s: float) -> NDArray[np.float32]:
        """Return what was known by then: of the last beat that had a kernel; NaN where none had."""
        rows = self.rows[method]
        known = np.flatnonzero((self.peaks_s + AFTER_S <= end_s) & (rows["reason"] == OK))
        return features_of(rows[known[-1]]) if len(known) else np.full(N_FEATURES, np.nan, np.float32)


def coupled(ecg_mv: NDArray[np.float64], ecg_rate_hz: float, pcg: NDArray[np.float64], pcg_rate_hz: float) -> Coupled:
    """Run a recording's beats through each estimator, causally."""
    heard = hear("recording", ecg_mv, ecg_rate_hz)
    sound = regrid(pcg, pcg_rate_hz, SOUND_HZ)
    beats = np.sort(heard.beats, order="sample")
    peaks_s = beats["sample"] / ecg_rate_hz
    at = np.round((peaks_s - heard.first_sample / ecg_rate_hz) * GRID_HZ).astype(np.int64)
    shift = round(heard.first_sample / ecg_rate_hz * SOUND_HZ)
    rr_s = np.diff(peaks_s, prepend=peaks_s[:1])
    usual = beats["morphology"] != WIDE
    rows = {}
    for name, method in METHODS.items():
        state, work = coupling_state(), np.zeros(1, COUPLING_WORK)
        couple_reset(state)
        rows[name] = np.zeros(len(at), COUPLING_ROW)
        couple_beats(state, coupling_params(method), work, sound[shift:].copy(), heard.mv.astype(np.float64), at, rr_s, usual, rows[name])
    return Coupled(peaks_s, rows)


def features_of(row: Any) -> NDArray[np.float32]:
    """Return the kernel's energy in time and frequency, of its own whole, and what was said of the beat."""
    kernel = row["smoothed"][: BIN_MS * N_BINS]
    energy = kernel * kernel
    total = float(energy.mean()) + 1e-30
    shape = np.log(energy.reshape(N_BINS, BIN_MS).mean(1) / total + 1e-4)
    power, hz = np.abs(np.fft.rfft(kernel)) ** 2, np.fft.rfftfreq(len(kernel), 1 / SOUND_HZ)
    bands = np.array([power[(hz >= low) & (hz < high)].sum() for low, high in pairwise(EDGES_HZ)])
    said = (
        row["delay_ms"], row["delay_sd_ms"], row["s1_s2_ms"], row["s1_s2_sd_ms"], row["cost"], row["confidence"], *row["agreement"],
        *row["centre_ms"], *row["jitter_ms"], *row["aligned"], np.log(row["level"][1] / row["level"][0]) if row["level"].min() > 0 else np.nan,
    )  # fmt: skip
    return np.concatenate((shape, np.log(bands / (bands.sum() + 1e-30) + 1e-4), said)).astype(np.float32)
