"""Intervals in plain numpy: what the kernels are compared with."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SCATTER = (
    "rr_n", "rr_mean", "rr_median", "rr_min", "rr_max", "rr_cv", "rr_mad", "rr_iqr", "rr_range", "rr_skew", "rr_first_last",
    "rr_last", "rr_short", "rr_long", "rr_kept_cv", "rr_kept_range", "rr_kept_share",
)  # fmt: skip
ORDER = (
    "drr_rms", "drr_median", "drr_max", "drr_over_20ms", "drr_over_50ms", "drr_over_100ms", "sd_ratio", "turning", "lag1", "lag2",
    "same_as_before_last", "compensated", "early_then_late", "entropy", "cosen", "lorenz_empty", "lorenz_origin", "lorenz_evidence",
    "kept_drr_rms", "kept_drr_median", "kept_lag1", "ranks",
)  # fmt: skip
KEPT = 0.2
"""An interval this far from the median, as a share of it, is left out of what is called kept."""


def scatter(rr: Floats) -> Floats:
    """Return SCATTER: mean, spread and outliers of the intervals, in any order."""
    if len(rr) < 2:
        only = rr[0] if len(rr) else np.nan
        return np.array([len(rr), only, only] + [np.nan] * (len(SCATTER) - 3))
    ordered = np.sort(rr)
    n = len(rr)
    mean, median = rr.mean(), ordered[n // 2] if n % 2 else 0.5 * (ordered[n // 2 - 1] + ordered[n // 2])
    away = rr - median
    spread = float(np.sqrt(((rr - mean) ** 2).mean()))
    kept = rr[np.abs(away) < KEPT * median]
    kept_mean = kept.mean() if len(kept) else np.nan
    return np.array([
        n, mean, median, ordered[0], ordered[-1], spread / mean, np.median(np.abs(away)) / median,
        (ordered[(3 * n) // 4] - ordered[n // 4]) / median, (ordered[-1] - ordered[0]) / median,
        ((rr - mean) ** 3).mean() / (spread**3 + 1e-9), rr[0] / rr[-1], rr[-1] / median,
        (rr < 0.85 * median).mean(), (rr > 1.15 * median).mean(),
        np.sqrt(((kept - kept_mean) ** 2).mean()) / median if len(kept) else np.nan,
        (kept.max() - kept.min()) / median if len(kept) else np.nan, len(kept) / n,
    ])  # fmt: skip


def order(rr: Floats) -> Floats:
    """Return ORDER: what follows what."""
    if len(rr) < 4:
        return np.full(len(ORDER), np.nan)
    median = float(np.median(rr))
    z = rr / median - 1.0
    step = np.diff(rr)
    size = np.abs(step)
    centred = z - z.mean()
    power = float((centred**2).sum()) + 1e-9
    turns = (step[1:] * step[:-1] < 0).mean()
    longer = np.sqrt(2 * rr.var() - 0.5 * step.var()) if 2 * rr.var() > 0.5 * step.var() else 0.0
    early = z[:-1] < -0.12
    near = np.abs(z) < KEPT
    kept = step[near[1:] & near[:-1]]
    kept_z = centred[near]
    return np.array([
        np.sqrt((step**2).mean()) / median, np.median(size) / median, size.max() / median,
        (size > 0.02).mean(), (size > 0.05).mean(), (size > 0.10).mean(),
        np.sqrt(step.var() / 2) / (longer + 1e-3), turns,
        float((centred[1:] * centred[:-1]).sum()) / power, float((centred[2:] * centred[:-2]).sum()) / power,
        float(np.abs(rr[2:] - rr[:-2]).mean() / (size.mean() + 1e-3)),
        float(np.abs(z[1:] + z[:-1])[early].min()) if early.any() else np.nan, float((early & (z[1:] > 0.05)).mean()),
        _entropy(z), _cosen(rr), *_lorenz(step),
        np.sqrt((kept**2).mean()) / median if len(kept) else np.nan, np.median(np.abs(kept)) / median if len(kept) else np.nan,
        float((kept_z[1:] * kept_z[:-1]).sum()) / (float((kept_z**2).sum()) + 1e-9),
        float(np.unique(np.round(rr / 0.03)).size / len(rr)),
    ])  # fmt: skip


def _entropy(z: Floats) -> float:
    """Shannon's entropy of the intervals in bins of 5 % of their median, against the most it could be."""
    counts = np.bincount(np.clip(np.round(z / 0.05) + 20, 0, 40).astype(np.int64), minlength=41)
    share = counts[counts > 0] / len(z)
    return float(-(share * np.log(share)).sum() / np.log(len(z)))


def _cosen(rr: Floats, tolerance_s: float = 0.03) -> float:
    """Coefficient of sample entropy for short records (Lake & Moorman 2011): m = 1, less log of the mean interval.

    The tolerance doubles until five pairs match; where they never do, it stands at what would have been tried next. The
    counts get half a match more, so that none is infinite.
    """
    apart = np.abs(rr[:, None] - rr[None, :])
    n = len(rr) - 1
    upper = np.triu_indices(n, 1)
    first, after = apart[:-1, :-1][upper], apart[1:, 1:][upper]
    near, longer = first < tolerance_s, 0
    for _ in range(4):
        near = first < tolerance_s
        longer = int((near & (after < tolerance_s)).sum())
        if longer >= 5:
            break
        tolerance_s *= 2
    entropy = np.log((int(near.sum()) + 0.5) / (longer + 0.5))
    return float(entropy + np.log(2 * tolerance_s) - np.log(rr.mean()))


def _lorenz(step: Floats) -> tuple[float, float, float]:
    """Cells of 40 ms that successive differences visit (Sarkar et al. 2008): share of all visits, visits at rest, evidence of AF."""
    at = np.clip(np.round(step / 0.04) + 15, 0, 30).astype(np.int64)
    cells = at[1:] * 31 + at[:-1]
    visited = np.unique(cells).size
    rest = float((np.abs(step[1:]) < 0.02).sum() + (np.abs(step[:-1]) < 0.02).sum()) / (2 * len(cells))
    return visited / len(cells), rest, float(visited / len(cells) - rest)
