"""The mean QRS of a heart, and where it truly lies in a beat: the beat's R, to a part of a millisecond.

The place is where the beat correlates best with the mean of those before, between samples by a parabola; the mean of all places is
taken to be the detector's own, so that R stays on average where the detector says.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.coupling_state import ECG_BEFORE, ECG_HZ, ECG_LEN, N_FFT, RATE_HZ, REACH
from edgeecg_kernels.fourier import LOG2_LEN, transform

MOST_STEPS = 3
"""Samples of the grid, 4 ms each, by which the detected R may be off."""
ALIKE = 0.75
QRS_SPAN = 32
STEP_MS = RATE_HZ // ECG_HZ
ECG_LOG2 = LOG2_LEN - 2
ECG_FFT = N_FFT // STEP_MS
"""As long in time as the sound's transform, so that its bins are the same frequencies."""
LEVEL_FROM, LEVEL_TO = 10, 22
"""Of the mean QRS: what lies before it."""


@kernel
def _likeness(qrs: Any, ecg: Any, shift: int) -> float:
    """Correlate the mean QRS with the beat `shift` samples later."""
    begin, end = MOST_STEPS, ECG_LEN - MOST_STEPS
    n = end - begin
    mean_x, mean_y = 0.0, 0.0
    for i in range(begin, end):
        mean_x += qrs[i]
        mean_y += float(ecg[i + shift])
    mean_x /= n
    mean_y /= n
    xx, xy, yy = 0.0, 0.0, 0.0
    for i in range(begin, end):
        x, y = qrs[i] - mean_x, float(ecg[i + shift]) - mean_y
        xx += x * x
        xy += x * y
        yy += y * y
    return xy / math.sqrt(xx * yy) if xx > 0.0 and yy > 0.0 else 0.0


@kernel
def is_known(ecg: Any) -> bool:
    """Say whether the beat's ECG has all its samples, and is no flat line."""
    lowest, highest = math.inf, -math.inf
    for i in range(ECG_LEN):
        value = float(ecg[i])
        if not abs(value) < math.inf:
            return False
        lowest = value if value < lowest else lowest
        highest = value if value > highest else highest
    return highest > lowest


@kernel
def place_qrs(s: Any, ecg: Any) -> tuple[float, float]:
    """Return how late the QRS lies, in ms after the detected R, and how much it is like the mean one (1 for the first)."""
    if s["n_qrs"] == 0:
        return 0.0, 1.0
    best, at = -2.0, 0
    for shift in range(-MOST_STEPS, MOST_STEPS + 1):
        like = _likeness(s["qrs"], ecg, shift)
        if like > best:
            best, at = like, shift
    late = float(at)
    if abs(at) < MOST_STEPS:
        before, after = _likeness(s["qrs"], ecg, at - 1), _likeness(s["qrs"], ecg, at + 1)
        bend = before - 2.0 * best + after
        if bend < 0.0:
            late += 0.5 * (before - after) / bend
    return STEP_MS * late, best


@kernel
def learn_qrs(s: Any, p: Any, w: Any, ecg: Any, late_ms: float) -> None:
    """Take the beat into the mean at its own place: as samples, to compare with, and as a spectrum, which a shift does not blur."""
    n = s["n_qrs"]
    share = 1.0 / min(n + 1, QRS_SPAN)
    whole = math.floor(late_ms / STEP_MS)
    part = late_ms / STEP_MS - whole
    qrs = s["qrs"]
    for i in range(ECG_LEN):
        j = i + int(whole)
        x = float(ecg[min(max(j, 0), ECG_LEN - 1)])
        y = float(ecg[min(max(j + 1, 0), ECG_LEN - 1)])
        qrs[i] += share * (x + part * (y - x) - qrs[i])
    s["late"] += share * (late_ms - s["late"])
    s["n_qrs"] = n + 1
    _beat_spectrum(p, w, ecg)
    re, im, mean_re, mean_im = w["qrs_re"], w["qrs_im"], s["qrs_re"], s["qrs_im"]
    for k in range(REACH):
        angle = 2.0 * math.pi * k * late_ms / N_FFT
        c, d = math.cos(angle), math.sin(angle)
        mean_re[k] += share * (re[k] * c - im[k] * d - mean_re[k])
        mean_im[k] += share * (re[k] * d + im[k] * c - mean_im[k])


@kernel
def _beat_spectrum(p: Any, w: Any, ecg: Any) -> None:
    """Write one beat's spectrum, its ends tapered to nothing, R at 0, into qrs_re and qrs_im."""
    re, im = w["re"], w["im"]
    first, last = float(ecg[0]), float(ecg[ECG_LEN - 1])
    for i in range(ECG_FFT):
        re[i] = 0.0
        im[i] = 0.0
    for i in range(ECG_LEN):
        base = first + (last - first) * i / (ECG_LEN - 1)
        re[(i - ECG_BEFORE) % ECG_FFT] = (float(ecg[i]) - base) * math.sqrt(math.sin(math.pi * (i + 0.5) / ECG_LEN))
    transform(p["fourier"], re, im, ECG_LOG2, -1.0)
    for k in range(REACH):
        w["qrs_re"][k] = re[k]
        w["qrs_im"][k] = im[k]


@kernel
def qrs_spectrum(s: Any, w: Any) -> float:
    """Write the mean QRS's spectrum, R at 0, into qrs_re and qrs_im; return its largest power.

    The mean was taken where QRSs lie, which is on average `late` after the beat's R.
    """
    re, im, mean_re, mean_im = w["qrs_re"], w["qrs_im"], s["qrs_re"], s["qrs_im"]
    largest = 0.0
    for k in range(REACH):
        angle = 2.0 * math.pi * k * s["late"] / N_FFT
        c, d = math.cos(angle), math.sin(angle)
        x, y = mean_re[k], mean_im[k]
        re[k] = x * c + y * d
        im[k] = y * c - x * d
        power = x * x + y * y
        if power > largest:
            largest = power
    return largest


@kernel
def r_peak(s: Any) -> float:
    """Return how much later than detected, on average, the R peak of the mean QRS is, in ms: where it is farthest from the level before it."""
    qrs, level = s["qrs"], 0.0
    for i in range(LEVEL_FROM, LEVEL_TO):
        level += qrs[i] / (LEVEL_TO - LEVEL_FROM)
    at = ECG_BEFORE
    for i in range(ECG_BEFORE - MOST_STEPS, ECG_BEFORE + MOST_STEPS + 1):
        if abs(qrs[i] - level) > abs(qrs[at] - level):
            at = i
    before, here, after = abs(qrs[at - 1] - level), abs(qrs[at] - level), abs(qrs[at + 1] - level)
    bend = before - 2.0 * here + after
    part = 0.5 * (before - after) / bend if bend < 0.0 and abs(before - after) < -bend else 0.0
    return float(STEP_MS * (at - ECG_BEFORE + part) + s["late"])
