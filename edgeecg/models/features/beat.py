"""The features of the beat tree: one R peak, what came before it, and what little of it follows within the window.

The window begins BEFORE_S before the R peak it is about; the beats of the minute before serve as this heart's own measure.
"""

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.models.features.intervals import ORDER, SCATTER
from edgeecg.models.features.strip import GRID_HZ, strip
from edgeecg.models.features.told import told
from edgeecg_kernels.features_beat import MOST_BEATS, ROOM, SHAPE_POINTS
from edgeecg_kernels.features_beat import beat_features as _features
from edgeecg_kernels.features_intervals import CELLS
from edgeecg_kernels.features_strip import AFTER

BEFORE_S = 9.4
AFTER_S = AFTER / GRID_HZ
RHYTHM = (
    "rr", "rr_before", "rr_third", "rr_to_recent", "rr_to_minute", "rr_to_before", "rr_to_longest", "rr_to_shortest", "rr_to_normal",
    "rr_before_to_minute", "rr_before_to_normal", "rr_recent_spread", "rr_surprise", "rr_normal_surprise", "rr_least_to_minute",
    "rr_early_share", "rr_next", "rr_pair", "rr_alternates", "n_before",
)  # fmt: skip
VERDICT = (
    "v_confidence", "v_kind", "v_width", "v_prematurity", "v_distance", "v_height", "v_width_to_usual", "v_distance_to_usual",
    "v_height_to_usual", "v_wide_before", "v_wide_recently", "v_last_kind", "v_last_prematurity",
)  # fmt: skip
OWN = (
    "o_up", "o_down", "o_width_35", "o_width_50", "o_area", "o_slope_up", "o_slope_down", "o_p_height", "o_p_place", "o_p_area",
    "o_t_height", "o_t_place", "o_t_area", "o_st", "o_before", "o_noise", "o_centre", "o_turns",
)  # fmt: skip
AGAINST = (
    "a_like", "a_qrs_like", "a_p_like", "a_t_like", "a_qrs_gain", "a_p_gain", "a_t_gain", "a_far", "a_qrs_far", "a_p_far", "a_t_far",
    "a_width", "a_area", "a_slope", "a_shift", "a_nearest", "a_near_share", "a_second", "a_median_like", "a_usual_spread", "a_last_like",
    "a_qrs_nearest", "a_p_steady", "a_p_best", "a_p_best_place",
)  # fmt: skip
ONSET = (
    "run_n", "run_s", "run_spread", "run_to_before", "run_step", "run_break", "rr_halves", "rr_to_slowest", "rr_to_slow", "rr_to_fast",
    "rr_to_fastest", "rr_breaks",
)  # fmt: skip
MINUTE = tuple(f"minute_{name}" for name in (*SCATTER, *ORDER))
NAMES = (
    *RHYTHM, *MINUTE, *VERDICT, *OWN, *AGAINST,
    *(f"shape_{k}" for k in range(SHAPE_POINTS)), *(f"off_{k}" for k in range(SHAPE_POINTS)), *ONSET,
)  # fmt: skip


def beat_features(samples_mv: NDArray[np.float32], beats: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return NAMES of the beat whose R peak lies BEFORE_S into the window."""
    at = round(BEFORE_S * GRID_HZ)
    if len(samples_mv) < at + AFTER:
        raise InputError("window", f"{len(samples_mv)} samples", f"the {at + AFTER} or more that a beat and what comes before it take")
    rows, s, out = told(beats), strip(samples_mv), np.empty(len(NAMES))
    chosen, cells, scratch = np.empty(MOST_BEATS, np.int64), np.empty(CELLS * CELLS, np.int64), np.empty((5, ROOM))
    _features(rows, s.clean, s.first, at, BEFORE_S, chosen, cells, scratch, out)
    return out.astype(np.float32)
