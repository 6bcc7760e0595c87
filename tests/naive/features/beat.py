"""The features of the beat tree: one R peak, what came before it, and what little of it follows within the window.

The window begins BEFORE_S before the R peak it is about; the beats before serve as this heart's own measure. Nothing is
assumed to be there: at the start of a stream the past is missing, and a tree reads NaN as missing.
"""

import numpy as np
from numpy.typing import NDArray

from tests.naive.features.strip import AFTER, BEFORE, GRID_HZ, QRS, P, T, cut, middle, strip

Floats = NDArray[np.float64]

BEFORE_S = 9.6
SHAPE_POINTS = 19
STEP = 10
RHYTHM = (
    "rr", "rr_before", "rr_third", "rr_to_median", "rr_to_before", "rr_to_longest", "rr_before_to_median", "rr_spread", "rr_kept_spread",
    "rr_surprise", "rr_least", "rr_early_share", "rr_next_known", "rr_alternates", "n_before",
)  # fmt: skip
VERDICT = (
    "v_confidence", "v_kind", "v_width", "v_prematurity", "v_distance", "v_height", "v_width_to_usual", "v_distance_to_usual",
    "v_height_to_usual", "v_wide_before", "v_last_kind", "v_last_prematurity",
)  # fmt: skip
OWN = (
    "o_up", "o_down", "o_width_35", "o_width_50", "o_area", "o_slope_up", "o_slope_down", "o_p_height", "o_p_place", "o_p_area",
    "o_t_height", "o_t_place", "o_t_area", "o_st", "o_before", "o_noise", "o_centre", "o_turns",
)  # fmt: skip
AGAINST = (
    "a_like", "a_qrs_like", "a_p_like", "a_t_like", "a_qrs_gain", "a_p_gain", "a_t_gain", "a_far", "a_qrs_far", "a_p_far", "a_t_far",
    "a_width", "a_area", "a_slope", "a_shift", "a_nearest", "a_near_share", "a_second", "a_median_like", "a_usual_spread", "a_last_like",
    "a_qrs_nearest", "a_p_steady",
)  # fmt: skip
NAMES = (*RHYTHM, *VERDICT, *OWN, *AGAINST, *(f"shape_{k}" for k in range(SHAPE_POINTS)), *(f"off_{k}" for k in range(SHAPE_POINTS)))
EARLY = 0.85
NEAR = 0.9


def beat_features(samples_mv: NDArray[np.float32], beats: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return NAMES of the beat whose R peak lies BEFORE_S into the window."""
    told = beats.astype(np.float64)
    s = strip(samples_mv)
    at = round(BEFORE_S * GRID_HZ)
    offsets = told[:, 0] - BEFORE_S
    this = int(np.abs(offsets).argmin()) if len(told) else -1
    if this < 0 or abs(offsets[this]) > 0.02:
        rhythm, verdict = np.full(len(RHYTHM), np.nan), np.full(len(VERDICT), np.nan)
        past = np.zeros(0, np.int64)
    else:
        rhythm, verdict = _rhythm(offsets, this), _verdict(told, this)
        past = np.round(told[:this, 0] * GRID_HZ).astype(np.int64)
        past = past[past - BEFORE >= s.first]
    beat = s.clean[at - BEFORE : at + AFTER]
    height = float(np.ptp(beat[QRS])) + 1e-6
    own = _own(beat, height)
    before = cut(s.clean, past)
    typical = middle(before) if len(before) else np.full(BEFORE + AFTER, np.nan)
    against = _against(beat, before, typical) if len(before) else np.full(len(AGAINST), np.nan)
    scale = float(np.ptp(typical[QRS])) + 1e-6
    shape = (beat / height).reshape(SHAPE_POINTS, STEP).mean(1)
    off = ((beat - typical) / scale).reshape(SHAPE_POINTS, STEP).mean(1)
    return np.concatenate((rhythm, verdict, own, against, shape, off)).astype(np.float32)


def _rhythm(offsets: Floats, this: int) -> Floats:
    """Return RHYTHM: how early this beat is for this heart, as it beats just now."""
    rr = np.diff(offsets[: this + 1])
    n = len(rr)
    if n < 1:
        return np.array([np.nan] * (len(RHYTHM) - 1) + [n])
    last, before = rr[-1], rr[:-1]
    after = offsets[this + 1] if this + 1 < len(offsets) else np.nan
    if n < 3:
        known = rr[-2] if n > 1 else np.nan
        return np.array([last, known, np.nan, np.nan, last / known, *[np.nan] * 7, after, np.nan, n])
    median = float(middle(before))
    kept = before[np.abs(before - median) < 0.2 * median]
    spread = float(kept.std()) if len(kept) > 1 else float("nan")
    return np.array([
        last, rr[-2], rr[-3], last / median, last / rr[-2], last / before[-6:].max(), rr[-2] / median, before.std() / median,
        spread / median, (last - median) / (spread + 0.01), before.min() / median, (before < EARLY * median).mean(), after,
        np.abs(last - rr[-3]) / (np.abs(last - rr[-2]) + 0.02), n,
    ])  # fmt: skip


def _verdict(told: Floats, this: int) -> Floats:
    """Return VERDICT: what the engine said of this beat, and against those before."""
    _, sure, kind, width, early, distance, height = told[this]
    if not this:
        return np.array([sure, kind, width, early, distance, height] + [np.nan] * 6)
    past = told[:this]
    usual = middle(past)
    return np.array([
        sure, kind, width, early, distance, height, width / (usual[3] + 1.0), distance / (usual[5] + 0.02),
        height / (usual[6] + 1e-3), (past[:, 2] == 2).mean(), past[-1, 2], past[-1, 4],
    ])  # fmt: skip


def _own(beat: Floats, height: float) -> Floats:
    """Return OWN: the beat by itself, in units of its QRS."""
    y = beat / height
    qrs, slope = y[QRS], np.diff(y[QRS])
    base = float(middle(y[P]))
    near = np.abs(y[QRS.start - 20 : QRS.stop + 20] - base)
    p = y[P] - np.linspace(y[P.start], y[P.stop - 1], P.stop - P.start)
    t = y[T] - base
    p_at, t_at = int(np.abs(p).argmax()), int(np.abs(t).argmax())
    weight = np.abs(qrs - base)
    return np.array([
        qrs.max() - base, qrs.min() - base, (near > 0.35).sum(), (near > 0.5).sum(), near.sum(), slope.max(), slope.min(), p[p_at], p_at,
        p.mean(), t[t_at], t_at, t.mean(), y[98:104].mean() - base, base, np.abs(np.diff(y[P])).mean(),
        (weight * np.arange(len(qrs))).sum() / (weight.sum() + 1e-9), (np.diff(np.sign(slope)) != 0).sum(),
    ])  # fmt: skip


def _like(beats: Floats, beat: Floats) -> Floats:
    """Correlate each row with a beat."""
    rows, own = beats - beats.mean(1, keepdims=True), beat - beat.mean()
    return np.asarray(rows @ own / (np.sqrt((rows**2).sum(1) * (own @ own)) + 1e-9))


def _against(beat: Floats, before: Floats, typical: Floats) -> Floats:
    """Return AGAINST: the beat beside the typical one of those before, and beside the one of them most like it."""
    scale = float(np.ptp(typical[QRS])) + 1e-6
    pair = np.stack((typical, before[-1]))
    far = (beat - typical) / scale
    like, qrs_like, usual = _like(before, beat), _like(before[:, QRS], beat[QRS]), _like(before, typical)
    ordered = np.sort(like)
    gains = [float(np.log((np.ptp(beat[part]) + 0.01 * scale) / (np.ptp(typical[part]) + 0.01 * scale))) for part in (QRS, P, T)]
    p_rest = np.sqrt(((before[:, P] - typical[P]) ** 2).mean()) / (float(typical[P].std()) + 0.01 * scale)
    width, own_width = ((np.abs(y[48:116] - middle(y[P])) > 0.35 * (np.ptp(y[QRS]) + 1e-9)).sum() for y in (typical, beat))
    return np.array([
        *(float(_like(pair[:1, part], beat[part])[0]) for part in (slice(None), QRS, P, T)), *gains,
        *(float(np.sqrt((far[part] ** 2).mean())) for part in (slice(None), QRS, P, T)), own_width / (width + 1.0),
        np.log((np.abs(beat[48:116]).sum() + 1e-6) / (np.abs(typical[48:116]).sum() + 1e-6)),
        np.log((np.abs(np.diff(beat[QRS])).max() + 1e-6) / (np.abs(np.diff(typical[QRS])).max() + 1e-6)),
        _shift(beat[QRS], typical), ordered[-1], (like > NEAR).mean(), ordered[-2] if len(ordered) > 1 else np.nan, middle(like),
        usual.std(), float(_like(pair[1:], beat)[0]), qrs_like.max(), p_rest,
    ])  # fmt: skip


def _shift(qrs: Floats, typical: Floats) -> float:
    """Where the QRS lies best on the typical one, in grid samples."""
    own = qrs - qrs.mean()
    scores = [float(own @ typical[QRS.start + k : QRS.stop + k]) for k in range(-8, 9, 2)]
    return float(2 * int(np.argmax(scores)) - 8)
