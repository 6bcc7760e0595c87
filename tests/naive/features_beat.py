"""The features of the beat tree in plain numpy: what the kernel is compared with."""

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.features.beat import BEFORE_S, NAMES
from tests.naive.features_intervals import order, scatter
from tests.naive.features_onset import N_ONSET, onset_of
from tests.naive.features_strip import AFTER, BEFORE, GRID_HZ, QRS, P, T, cut, middle, strip

Floats = NDArray[np.float64]

SHAPE_POINTS, STEP = 19, 10
N_RHYTHM, N_VERDICT, N_AGAINST = 20, 13, 25
EARLY, NEAR, WIDE = 0.85, 0.9, 2


def beat_features(samples_mv: NDArray[np.float32], beats: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return NAMES of the beat whose R peak lies BEFORE_S into the window."""
    told = beats.astype(np.float64)
    s = strip(samples_mv)
    at = round(BEFORE_S * GRID_HZ)
    near = np.abs(told[:, 0] - BEFORE_S)
    this = int(near.argmin()) if len(told) and near.min() <= 0.02 else -1
    onset = onset_of(np.diff(told[: this + 1, 0])) if this >= 0 else np.full(N_ONSET, np.nan)
    if this < 0:
        rhythm, verdict = np.full(N_RHYTHM + 39, np.nan), np.full(N_VERDICT, np.nan)
    else:
        rhythm, verdict = _rhythm(told, this), _verdict(told, this)
    past = told[: max(this, 0)]
    peaks = np.round(past[:, 0] * GRID_HZ).astype(np.int64)
    there = (peaks - BEFORE >= s.first) & (peaks < at)
    narrow = there & (past[:, 2] != WIDE)
    beat = s.clean[at - BEFORE : at + AFTER]
    height = float(np.ptp(beat[QRS])) + 1e-6
    before = cut(s.clean, peaks[narrow if narrow.sum() >= 2 else there])
    typical = middle(before) if len(before) else np.full(BEFORE + AFTER, np.nan)
    against = _against(beat, before, typical, s.clean, at) if len(before) else np.full(N_AGAINST, np.nan)
    scale = float(np.ptp(typical[QRS])) + 1e-6
    shape = (beat / height).reshape(SHAPE_POINTS, STEP).mean(1)
    off = ((beat - typical) / scale).reshape(SHAPE_POINTS, STEP).mean(1)
    values = np.concatenate((rhythm, verdict, _own(beat, height), against, shape, off, onset)).astype(np.float32)
    assert len(values) == len(NAMES)
    return values


def _rhythm(told: Floats, this: int) -> Floats:
    """How early this beat is for this heart, and what the minute before was like."""
    rr = np.diff(told[: this + 1, 0])
    n = len(rr)
    own = np.full(N_RHYTHM, np.nan)
    own[19] = n
    minute = np.full(39, np.nan)
    after = told[this + 1, 0] - told[this, 0] if this + 1 < len(told) else np.nan
    if n:
        minute = np.concatenate((scatter(rr[:-1]), order(rr[:-1])))
        own[[0, 16]] = rr[-1], after
    if n > 1:
        own[[1, 5]] = rr[-2], rr[-1] / rr[-2]
    if n > 2:
        last, before, usual = rr[-1], rr[:-1], minute[2]
        recent = before[-8:]
        normal = before[(np.abs(before - usual) < 0.2 * usual) & (told[1:this, 2] != WIDE)][-4:]
        norm = normal.mean() if len(normal) else np.median(recent)
        kept = minute[14] * usual
        own[[2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18]] = (
            rr[-3], last / np.median(recent), last / usual, last / before[-6:].max(), last / before[-6:].min(), last / norm,
            rr[-2] / usual, rr[-2] / norm, recent.std() / np.median(recent), (last - usual) / (kept + 0.01), (last - norm) / (kept + 0.01),
            minute[3] / usual, (before < EARLY * usual).mean(), (last + after) / (2 * norm),
            abs(last - rr[-3]) / (abs(last - rr[-2]) + 0.02),
        )  # fmt: skip
    return np.concatenate((own, minute))


def _verdict(told: Floats, this: int) -> Floats:
    """What the engine said of this beat, and against those before."""
    sure, kind, width, early, distance, height = told[this, 1:]
    if not this:
        return np.array([sure, kind, width, early, distance, height] + [np.nan] * 7)
    past = told[:this]
    usual = middle(past)
    return np.array([
        sure, kind, width, early, distance, height, width / (usual[3] + 1.0), distance / (usual[5] + 0.02),
        height / (usual[6] + 1e-3), (past[:, 2] == WIDE).mean(), (past[-8:, 2] == WIDE).mean(), past[-1, 2], past[-1, 4],
    ])  # fmt: skip


def _own(beat: Floats, height: float) -> Floats:
    """The beat by itself, in units of its QRS."""
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


def _against(beat: Floats, before: Floats, typical: Floats, y: Floats, at: int) -> Floats:
    """The beat beside the typical one of those before, and beside the one of them most like it."""
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
        usual.std(), float(_like(pair[1:], beat)[0]), qrs_like.max(), p_rest, *_p_elsewhere(y, at, typical),
    ])  # fmt: skip


def _shift(qrs: Floats, typical: Floats) -> float:
    """Where the QRS lies best on the typical one, in grid samples."""
    own = qrs - qrs.mean()
    scores = [float(own @ typical[QRS.start + k : QRS.stop + k]) for k in range(-8, 9, 2)]
    return float(2 * int(np.argmax(scores)) - 8)


def _p_elsewhere(y: Floats, at: int, typical: Floats) -> tuple[float, float]:
    """The typical P wave a little earlier and later than usual: how like it the best place is, and where."""
    lags = range(-15, 16, 3)
    likes = [float(_like(y[None, at - BEFORE + P.start + k : at - BEFORE + P.stop + k], typical[P])[0]) for k in lags]
    return max(likes), float(lags[int(np.argmax(likes))])
