"""From the sums to the kernel: the aligned halves placed, joined, freed of what does not repeat, and divided by the QRS.

Place: an aligned mean has no place of its own; the lags' robust middle says where it belongs (a Frechet condition). Join: each sound's half is aligned as far as
alignment explains beats that had no part in it, and that of S2 only as far as it makes it stronger; else it is the plain mean. Free: where the means of odd and even beats do not
agree, the mean is mostly noise and is scaled down by their cross power (the Wiener gain of two looks). Divide: Tikhonov,
H = conj(E) P / (|E|^2 + lambda max |E|^2), over the bins that the ECG's grid can hold.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.coupling_plan import first_sample
from edgeecg_kernels.coupling_qrs import qrs_spectrum
from edgeecg_kernels.coupling_sound import smooth_energy
from edgeecg_kernels.coupling_state import BEFORE, KERNEL_LEN, LOW_BIN, N_FFT, PLAIN, REACH, RING, S1, S2, SPANS, WIDTHS, WINDOW
from edgeecg_kernels.fourier import LOG2_LEN, transform

FADE_MS = 8.0
AGREE_MS = 40
MIDDLE_MS, MIDDLE_TURNS = 60, 6
"""To either side of a sound's centre: where its energy's middle is looked for."""
WORTH = (3.0, 8.0)
"""So many times as strong alignment must make what odd and even beats share of S2 to be taken at all, and to be taken alone."""


@kernel
def stronger(s: Any, sound: int) -> float:
    """Return how many times as strong alignment makes what odd and even beats share of a sound: nats of evidence hang on the noise, this does not."""
    begin, moved_by = first_sample(s, sound), math.floor(s["offset"][sound] + 0.5)
    plain, aligned = 0.0, 0.0
    for i in range(begin, begin + WIDTHS[sound]):
        plain += s["plain"][0][i] * s["plain"][1][i]
        aligned += s["aligned"][sound][0][i - moved_by] * s["aligned"][sound][1][i - moved_by]
    plain *= s["weight"][sound][0] * s["weight"][sound][1]
    aligned *= s["plain_weight"][0] * s["plain_weight"][1]
    if plain > 0.0:
        return float(aligned / plain)
    return math.inf if aligned > 0.0 else 0.0


@kernel
def share_aligned(s: Any, p: Any, sound: int) -> float:
    """Return how far the sound's half is the aligned mean: by what the aligned template won on beats that it had not seen."""
    if p["method"] == PLAIN or not s["weight"][sound][0] > 0.0 or not s["weight"][sound][1] > 0.0:
        return 0.0
    total, weight = 0.0, 0.0
    for k in range(RING):
        total += s["ring_weight"][k][sound] * s["ring_gain"][k][sound]
        weight += s["ring_weight"][k][sound]
    won = total / weight if weight > 0.0 else 0.0
    share = float(min(max(won / p["trust"], 0.0), 1.0))
    if sound == S2:
        share *= min(max((stronger(s, sound) - WORTH[0]) / (WORTH[1] - WORTH[0]), 0.0), 1.0)
    return share


@kernel
def _set_fade(s: Any, fade: Any) -> None:
    """Write S1's share of each sample: the halves change over at mid-systole."""
    middle = 0.5 * (s["centre"][S1] + s["centre"][S2]) + BEFORE
    for i in range(WINDOW):
        fade[i] = 1.0 / (1.0 + math.exp(min((i - middle) / FADE_MS, 500.0)))


@kernel
def join(s: Any, w: Any, p: Any, row: Any) -> None:
    """Write the means of odd and of even beats into parts, each half from its own sound."""
    parts, fade, half = w["parts"], w["fade"], w["smooth"]
    _set_fade(s, fade)
    for i in range(WINDOW):
        parts[0][i] = 0.0
        parts[1][i] = 0.0
    for sound in range(2):
        aligned = share_aligned(s, p, sound)
        moved_by = s["offset"][sound] if aligned > 0.0 else 0.0
        shift = math.floor(moved_by)
        u = moved_by - shift
        w3 = 0.5 * u * u * (u - 1.0)  # Catmull-Rom: the sample wanted lies u before the one at i - shift
        w2 = 0.5 * u * (1.0 + u * (4.0 - 3.0 * u))
        w1 = 1.0 + 0.5 * u * u * (3.0 * u - 5.0)
        w0 = 1.0 - w1 - w2 - w3
        row["aligned"][sound] = aligned
        first, last = SPANS[sound]
        for parity in range(2):
            part, plain, moved = parts[parity], s["plain"][parity], s["aligned"][sound][parity]
            weight = s["plain_weight"][parity]
            scale = (1.0 - aligned) / weight if weight > 0.0 else 0.0
            moved_scale = aligned / s["weight"][sound][parity] if aligned > 0.0 else 0.0
            for i in range(first, last):
                half[i] = scale * plain[i]
            begin, end = max(first, first + 2 + shift), min(last, last - 1 + shift)
            ahead, here = moved[begin - shift + 1 :], moved[begin - shift :]
            behind, far = moved[begin - shift - 1 :], moved[begin - shift - 2 :]
            known = half[begin:]
            for i in range(end - begin):
                known[i] += moved_scale * (w0 * ahead[i] + w1 * here[i] + w2 * behind[i] + w3 * far[i])
            for i in range(first, last):
                part[i] += (fade[i] if sound == S1 else 1.0 - fade[i]) * half[i]
    total = s["plain_weight"][0] + s["plain_weight"][1]
    if total > 0.0:
        for parity in range(2):
            share = 2.0 * s["plain_weight"][parity] / total
            for i in range(WINDOW):
                parts[parity][i] *= share  # so that their mean is the mean of all beats


@kernel
def agreement(s: Any, w: Any, sound: int) -> float:
    """Correlate odd with even beats in the sound's window."""
    begin = first_sample(s, sound)
    xx, xy, yy = 0.0, 0.0, 0.0
    for i in range(begin, begin + WIDTHS[sound]):
        x, y = w["parts"][0][i], w["parts"][1][i]
        xx += x * x
        xy += x * y
        yy += y * y
    return xy / math.sqrt(xx * yy) if xx > 0.0 and yy > 0.0 else 0.0


@kernel
def free(w: Any, shrink: int) -> None:
    """Write the mean of both parts into mean[0], scaled down where they do not agree."""
    even, odd, mean, cross = w["parts"][0], w["parts"][1], w["mean"][0], w["smooth"]
    for i in range(WINDOW):
        mean[i] = 0.5 * (even[i] + odd[i])
    if shrink == 0:
        return
    smooth_energy(even, odd, AGREE_MS, w["running"], cross)
    power = w["mean"][1]
    smooth_energy(mean, mean, AGREE_MS, w["running"], power)
    for i in range(WINDOW):
        gain = cross[i] / power[i] if power[i] > 0.0 else 0.0
        mean[i] *= min(max(gain, 0.0), 1.0)


@kernel
def _halve(w: Any) -> None:
    """Put S1's half of the mean into re and S2's into im, R at 0."""
    re, im, mean, fade = w["re"], w["im"], w["mean"][0], w["fade"]
    for i in range(N_FFT):
        re[i] = 0.0
        im[i] = 0.0
    for i in range(WINDOW):
        at = (i - BEFORE) % N_FFT
        re[at] = fade[i] * mean[i]
        im[at] = mean[i] - re[at]


@kernel
def deconvolve(s: Any, w: Any, p: Any, row: Any) -> None:
    """Divide the mean by the QRS: the smoothed kernel, and the beat's own, its halves moved by its lags and as loud as they were."""
    _halve(w)
    re, im = w["re"], w["im"]
    transform(p["fourier"], re, im, LOG2_LEN, -1.0)
    ridge = p["ridge"] * qrs_spectrum(s, w)
    smooth_re, smooth_im, all_re, all_im = w["qrs_re"], w["qrs_im"], w["hold_re"], w["hold_im"]
    for k in range(N_FFT):
        all_re[k] = 0.0
        all_im[k] = 0.0
    level1, level2 = row["level"][S1], row["level"][S2]
    ms1, ms2 = row["lag_ms"][S1], row["lag_ms"][S2]
    for k in range(LOW_BIN, REACH if ridge > 0.0 else LOW_BIN):
        e_re, e_im = smooth_re[k], smooth_im[k]
        scale = 1.0 / ((e_re * e_re + e_im * e_im + ridge) * N_FFT)
        a_re, a_im = 0.5 * (re[k] + re[N_FFT - k]), 0.5 * (im[k] - im[N_FFT - k])  # of S1's half
        b_re, b_im = 0.5 * (im[k] + im[N_FFT - k]), 0.5 * (re[N_FFT - k] - re[k])  # of S2's
        turn1, turn2 = 2.0 * math.pi * k * ms1 / N_FFT, 2.0 * math.pi * k * ms2 / N_FFT
        c1, s1 = level1 * math.cos(turn1), level1 * math.sin(turn1)
        c2, s2 = level2 * math.cos(turn2), level2 * math.sin(turn2)
        x_re, x_im = a_re + b_re, a_im + b_im
        y_re = a_re * c1 + a_im * s1 + b_re * c2 + b_im * s2
        y_im = a_im * c1 - a_re * s1 + b_im * c2 - b_re * s2
        h_re, h_im = (e_re * x_re + e_im * x_im) * scale, (e_re * x_im - e_im * x_re) * scale
        g_re, g_im = (e_re * y_re + e_im * y_im) * scale, (e_re * y_im - e_im * y_re) * scale
        all_re[k] = h_re - g_im
        all_im[k] = h_im + g_re
        all_re[N_FFT - k] = h_re + g_im
        all_im[N_FFT - k] = g_re - h_im
    transform(p["fourier"], all_re, all_im, LOG2_LEN, 1.0)
    for i in range(KERNEL_LEN):
        row["smoothed"][i] = all_re[i]
        row["kernel"][i] = all_im[i]


@kernel
def middle_of_energy(x: Any, about_ms: float) -> float:
    """Return where the middle of a beat's energy lies near a place, under a bell about that middle itself; NaN: no energy."""
    middle = about_ms + BEFORE
    for _ in range(MIDDLE_TURNS):
        energy, moment = 0.0, 0.0
        centre = math.floor(middle + 0.5)
        for i in range(max(0, centre - MIDDLE_MS), min(WINDOW, centre + MIDDLE_MS + 1)):
            bell = math.cos(0.5 * math.pi * (i - middle) / (MIDDLE_MS + 1))
            value = bell * x[i] * x[i]
            energy += value
            moment += value * i
        if not energy > 0.0:
            return math.nan
        middle = moment / energy
    return middle - BEFORE
