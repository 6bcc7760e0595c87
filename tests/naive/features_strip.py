"""A window's samples in plain numpy: what the kernels are compared with."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GRID_HZ = 250
EDGES_HZ = (0.0, 0.6, 2.0, 4.0, 6.0, 9.0, 13.0, 18.0, 25.0, 35.0, 48.0, 62.0, 100.0)
LOW_HZ, HIGH_HZ = 0.6, 38.0
BEFORE, AFTER = 80, 110
"""Grid samples of a beat in front of R and behind."""
QRS, P, T = slice(68, 96), slice(20, 66), slice(104, 190)
"""Where in a beat the QRS complex, the P wave and the T wave lie."""
SHAPE_POINTS = 24
POWER = tuple(f"power_{high:g}hz" for high in EDGES_HZ[1:])
WHOLE = (
    *POWER, "size_mv", "kurtosis", "skewness", "crossings", "flattest_second", "loudest_second", "second_spread", "slope_kurtosis",
    "missing", "jump",
)  # fmt: skip
REPEATED = (
    "t_beats", "t_like_mean", "t_like_min", "t_like_spread", "t_unlike_share", "t_noise", "t_qrs_noise", "t_p_noise", "t_t_noise",
    "t_height", "t_up_down", "t_qrs_width", "t_qrs_area", "t_p_height", "t_p_place", "t_p_steady", "t_p_power", "t_t_height",
    "t_t_place", "t_t_area", "t_st", "t_slope", "t_p_like", "t_p_like_spread", "t_gain_spread", "t_widest", "t_odd_distance",
    *(f"t_shape_{k}" for k in range(SHAPE_POINTS)),
)  # fmt: skip
BETWEEN = (
    "f_share", "f_band", "f_peak_hz", "f_peakedness", "f_low", "f_high", "f_size", "f_entropy", "tq_size", "tq_crossings",
)  # fmt: skip
_HZ = np.asarray(np.fft.rfftfreq(2500, 1 / GRID_HZ), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """A window's samples without wander and hiss, and its spectrum."""

    raw: Floats
    clean: Floats
    power: Floats
    hz: Floats
    missing: float
    first: int
    """Where the samples that were there begin."""


def strip(samples_mv: NDArray[np.float32]) -> Strip:
    """Fill what is missing by straight lines, take the straight line between the ends off, and cut the band out."""
    x = samples_mv.astype(np.float64)
    known = np.isfinite(x)
    missing = 1.0 - float(known.mean())
    if missing:
        at = np.arange(len(x))
        x = np.asarray(np.interp(at, at[known], x[known]), np.float64) if known.any() else np.zeros(len(x))
    n = len(x)
    levelled = x - np.linspace(float(x[:25].mean()), float(x[-25:].mean()), n)
    spectrum = np.fft.rfft(levelled)
    hz = _HZ if n == 2500 else np.asarray(np.fft.rfftfreq(n, 1 / GRID_HZ), np.float64)
    band = 1 / (1 + (LOW_HZ / np.maximum(hz, 1e-3)) ** 6) / (1 + (hz / HIGH_HZ) ** 8)
    power = spectrum.real**2 + spectrum.imag**2
    first = int(known.argmax()) if known.any() else n
    clean = np.asarray(np.fft.irfft(spectrum * band, n), np.float64)
    return Strip(x, clean, power, hz, missing, first)


def _logs(power: Floats, hz: Floats, edges: tuple[float, ...]) -> Floats:
    """Share of power between edges, as logarithms."""
    sums = np.add.reduceat(power, np.searchsorted(hz, edges[:-1]))
    sums[-1] -= power[np.searchsorted(hz, edges[-1]) :].sum()
    return np.asarray(np.log((sums + 1e-9) / (sums.sum() + 1e-6)))


def whole(s: Strip) -> Floats:
    """Return WHOLE: the window as it is, beats or none."""
    y = s.clean
    size = float(y.std()) + 1e-6
    z = y / size
    square = z * z
    seconds = np.ptp(y[: len(y) // GRID_HZ * GRID_HZ].reshape(-1, GRID_HZ), axis=1) + 1e-6
    slope = np.diff(z) ** 2
    usual = float(np.median(seconds))
    others = np.array([
        np.log(size), (square * square).mean(), (square * z).mean(), (z[1:] * z[:-1] < 0).mean(), seconds.min() / usual, seconds.max() / usual,
        seconds.std() / seconds.mean(), np.log(max((slope * slope).mean() / (slope.mean() ** 2 + 1e-12), 1e-6)), s.missing,
        np.log(float(np.abs(np.diff(s.raw)).max()) / size + 1e-6),
    ])  # fmt: skip
    return np.concatenate((_logs(s.power, s.hz, EDGES_HZ), others))


def middle(x: Floats) -> Any:
    """Return the median along the first axis: what np.median says of finite numbers, in a fifth of its time."""
    ordered = np.sort(x, axis=0)
    half = len(x) // 2
    return ordered[half] if len(x) % 2 else (ordered[half - 1] + ordered[half]) / 2


def cut(y: Floats, peaks: NDArray[np.int64]) -> Floats:
    """Return the beats that lie in the window whole, one a row."""
    inside = peaks[(peaks >= BEFORE) & (peaks < len(y) - AFTER)]
    return np.asarray(y[inside[:, None] + np.arange(-BEFORE, AFTER)])


def repeated(beats: Floats, typical: Floats) -> Floats:
    """Return REPEATED: the typical beat, and how far the others are from it."""
    n = len(beats)
    up, down = float(typical[QRS].max()), float(typical[QRS].min())
    sign = 1.0 if up >= -down else -1.0
    height = max(up, -down) + 1e-6
    shape = sign * typical / height
    rest = beats - typical
    noise = np.sqrt((rest**2).mean(0)) / height
    centred, own = beats - beats.mean(1, keepdims=True), typical - typical.mean()
    norm = np.sqrt((centred**2).sum(1)) + 1e-9
    like = centred @ own / norm / (np.sqrt((own**2).sum()) + 1e-9)
    gain = np.ptp(beats[:, QRS], axis=1)
    p, t, p_each = shape[P], shape[T], beats[:, P] - beats[:, P].mean(1, keepdims=True)
    p_own = typical[P] - typical[P].mean()
    p_like = p_each @ p_own / (np.sqrt((p_each**2).sum(1)) + 1e-9) / (np.sqrt((p_own**2).sum()) + 1e-9)
    p_line = p - np.linspace(p[0], p[-1], len(p))
    t_line = t - np.linspace(t[0], t[-1], len(t))
    p_at, t_at = int(np.abs(p_line).argmax()), int(np.abs(t_line).argmax())
    wide = (np.abs(beats[:, QRS.start - 12 : QRS.stop + 12]) > 0.35 * gain[:, None]).sum(1)
    odd = np.sqrt((rest**2).mean(1)) / height
    return np.concatenate((
        np.array([
            n, like.mean(), like.min(), like.std(), (like < 0.8).mean(), noise.mean(), noise[QRS].mean(), noise[P].mean(),
            noise[T].mean(), np.log(height), sign * min(up, -down) / height, (np.abs(shape[QRS]) > 0.35).mean(),
            np.abs(shape[QRS]).mean(), p_line[p_at], p_at, np.abs(p_line[p_at]) / (noise[P][p_at] + 1e-3),
            np.log((p_line**2).mean() / ((noise[P] ** 2).mean() + 1e-6) + 1e-6), t_line[t_at], t_at, t_line.mean(),
            shape[98:104].mean() - p[-6:].mean(), np.abs(np.diff(shape[QRS])).max(), p_like.mean(), p_like.std(),
            gain.std() / (gain.mean() + 1e-6), wide.max() / (np.median(wide) + 1), odd.max() / (np.median(odd) + 0.02),
        ]),
        shape[: SHAPE_POINTS * 7].reshape(SHAPE_POINTS, 7).mean(1),
    ))  # fmt: skip


def between(s: Strip, peaks: NDArray[np.int64], typical: Floats | None) -> Floats:
    """Return BETWEEN: what is left when the typical beat is taken off at every R peak, as fibrillating atria leave it."""
    rest = s.clean.copy()
    height = 1.0
    if typical is not None:
        height = float(np.ptp(typical)) + 1e-6
        fade = np.minimum(1.0, np.minimum(np.arange(190), np.arange(190)[::-1]) / 12.0)
        for peak in peaks:
            first, last = max(0, peak - BEFORE), min(len(rest), peak + AFTER)
            rest[first:last] -= (typical * fade)[first - peak + BEFORE : last - peak + BEFORE]
        for peak in peaks:
            rest[max(0, peak - 15) : peak + 20] = 0.0
    spectrum = np.fft.rfft(rest)
    power = spectrum.real**2 + spectrum.imag**2
    low, start, end, high = np.searchsorted(s.hz, (1.0, 4.0, 9.5, 20.0))
    f = power[start:end]
    total = float(power[low:high].sum()) + 1e-9
    share = f / (f.sum() + 1e-12)
    quiet = _quiet(s.clean, peaks)
    return np.array([
        f.sum() / total, np.log(f.sum() / (s.power[start:end].sum() + 1e-9) + 1e-9), s.hz[start + int(f.argmax())],
        share.max() * len(f), power[low:start].sum() / total, power[end:high].sum() / total,
        np.log(float(np.sqrt(f.sum())) / len(rest) / height + 1e-6), -(share * np.log(share + 1e-12)).sum(),
        np.log(float(quiet.std()) / height + 1e-6) if len(quiet) > 10 else np.nan,
        float((np.diff(np.sign(quiet - quiet.mean())) != 0).mean()) if len(quiet) > 10 else np.nan,
    ])  # fmt: skip


def _quiet(y: Floats, peaks: NDArray[np.int64]) -> Floats:
    """Return the samples well after a T wave and well before the next P wave, all in a row."""
    spans = [(first + int(0.62 * (last - first)), last - 20) for first, last in pairwise(peaks.tolist()) if last - first > 80]
    return np.concatenate([y[start:end] for start, end in spans] or [np.zeros(0)])
