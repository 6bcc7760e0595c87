"""The sound around one beat: checked, band-passed without phase, whitened by running diastole, its knocks held down.

Zero phase is exact here, for the window is whole when the beat is looked at: gains are put on its spectrum, which also turns it by
the part of a millisecond between the detected R and the QRS's own place. Diastole is the stretch before R that holds neither sound;
its spectrum (Welch 1967, one tapered segment a beat) is averaged over beats, each new one held to `MOST_NOISE` of what is known.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.coupling_state import (
    CLIPPED,
    HIGH_BIN,
    LOW_BIN,
    MISSING,
    N_FFT,
    NO_SOUND,
    NOISE_BINS,
    NOISE_LEN,
    OK,
    POSTS,
    RING,
    STEP,
    WINDOW,
)
from edgeecg_kernels.fourier import LOG2_LEN, transform

NOISE_LOG2 = 7
NOISE_SPAN = 32
MOST_NOISE = 8.0
NOISE_FLOOR = 0.05
"""Of the band's mean level: so much quieter than that no part of the spectrum is taken to be."""
RAIL, RAIL_SAMPLES = 0.98, 28
SMOOTH_MS = 60
KNOCK = 4.0
"""So many times the energy that is usual at its place may a stretch of a beat have."""


@kernel
def check(pcg: Any) -> int:
    """Say whether the sound can be used: OK, or what is wrong with it."""
    lowest, highest = math.inf, -math.inf
    for i in range(WINDOW):
        value = float(pcg[i])
        if not abs(value) < math.inf:
            return MISSING
        if value < lowest:
            lowest = value
        if value > highest:
            highest = value
    middle, half = 0.5 * (highest + lowest), 0.5 * (highest - lowest)
    if not half > 1e-9 * abs(middle):
        return NO_SOUND
    at_rails = 0
    for i in range(WINDOW):
        if abs(float(pcg[i]) - middle) >= RAIL * half:
            at_rails += 1
    return CLIPPED if at_rails > RAIL_SAMPLES else OK


@kernel
def _go_back(p: Any, w: Any, late_ms: float, noise: Any, noise_scale: float, x: Any, white: Any) -> None:
    """Put the band's gain on the spectrum in hold, turn it by late_ms, and go back in time: to x as it is, to `white` whitened.

    Both are real, so one transform of x + i white does.
    """
    re, im, cos, sin, band = w["re"], w["im"], w["hold_re"], w["hold_im"], p["band"]
    for k in range(N_FFT):
        re[k] = 0.0
        im[k] = 0.0
    for k in range(LOW_BIN, HIGH_BIN):
        at = k * NOISE_LEN / N_FFT
        j = int(at)
        level = noise[j] + (at - j) * (noise[j + 1] - noise[j])
        flat = 1.0 / math.sqrt(level * noise_scale + NOISE_FLOOR)
        angle = 2.0 * math.pi * k * late_ms / N_FFT
        c, s = math.cos(angle), math.sin(angle)
        gain = band[k] / N_FFT
        x_re, x_im = gain * (cos[k] * c - sin[k] * s), gain * (cos[k] * s + sin[k] * c)
        re[k] = x_re - flat * x_im
        im[k] = x_im + flat * x_re
        re[N_FFT - k] = x_re + flat * x_im
        im[N_FFT - k] = flat * x_re - x_im
    transform(p["fourier"], re, im, LOG2_LEN, 1.0)
    for i in range(WINDOW):
        x[i] = re[i]
        white[i] = im[i]


@kernel
def _hear_diastole(s: Any, p: Any, w: Any, x: Any) -> None:
    """Take the stretch before R into the running spectrum of diastole."""
    re, im, taper, noise = w["re"], w["im"], p["noise_taper"], s["noise"]
    for i in range(NOISE_LEN):
        re[i] = taper[i] * float(x[i])
        im[i] = 0.0
    transform(p["fourier"], re, im, NOISE_LOG2, -1.0)
    n = s["n_noise"]
    share = 1.0 / min(n + 1, NOISE_SPAN)
    for k in range(NOISE_BINS):
        power = re[k] * re[k] + im[k] * im[k]
        known = noise[k]
        if n >= 4 and power > MOST_NOISE * known:
            power = MOST_NOISE * known
        noise[k] += share * (power - known)
    s["n_noise"] = n + 1


@kernel
def _noise_scale(s: Any) -> float:
    """Return one over the band's mean noise level, geometric; 0 where nothing was heard."""
    total, count = 0.0, 0
    for k in range(4, 20):
        if s["noise"][k] <= 0.0:
            return 0.0
        total += math.log(s["noise"][k])
        count += 1
    return math.exp(-total / count)


@kernel
def smooth_energy(x: Any, y: Any, width: int, running: Any, out: Any) -> None:
    """Write the mean of x y over `width` ms about each sample, of the samples there are."""
    running[0] = 0.0
    for i in range(WINDOW):
        running[i + 1] = running[i] + (1.0 * float(x[i])) * float(y[i])  # float() of a float32 is no float64 when compiled
    half = width // 2
    for i in range(WINDOW):
        begin, end = max(0, i - half), min(WINDOW, i + half + 1)
        out[i] = (running[end] - running[begin]) / (end - begin)


@kernel
def _hold_knocks_down(s: Any, w: Any, slot: int) -> None:
    """Scale down what is far louder than the other beats at its place; note the beat's energy, as shares of its mean."""
    x, white, smooth = s["ring_x"][slot], s["ring_w"][slot], w["smooth"]
    smooth_energy(white, white, SMOOTH_MS, w["running"], smooth)
    level = 0.0
    for i in range(POSTS):
        level += smooth[i * STEP]
    level = max(level / POSTS, 1e-300)
    known, usual = min(s["n_beats"], RING - 1), w["score"]
    for i in range(POSTS):
        usual[i] = 0.0
    for k in range(RING):
        if k != slot:
            energy = s["ring_energy"][k]
            for i in range(POSTS):
                usual[i] += float(energy[i])
    for i in range(POSTS):
        share = smooth[i * STEP] / level
        if known >= 4 and share > KNOCK * usual[i] / known:
            held = KNOCK * usual[i] / known
            scale = math.sqrt(held / share)
            for j in range(i * STEP, (i + 1) * STEP):
                x[j] = scale * float(x[j])
                white[j] = scale * float(white[j])
            share = held
        s["ring_energy"][slot][i] = share


@kernel
def take_sound(s: Any, p: Any, w: Any, pcg: Any, late_ms: float, slot: int) -> None:
    """Put a checked beat into the ring: band-passed, and whitened too."""
    mean = 0.0
    for i in range(WINDOW):
        mean += float(pcg[i])
    mean /= WINDOW
    re, im, edge = w["hold_re"], w["hold_im"], p["edge"]
    for i in range(N_FFT):
        re[i] = edge[i] * (float(pcg[i]) - mean) if i < WINDOW else 0.0
        im[i] = 0.0
    transform(p["fourier"], re, im, LOG2_LEN, -1.0)
    _go_back(p, w, late_ms, s["noise"], _noise_scale(s), s["ring_x"][slot], s["ring_w"][slot])
    _hear_diastole(s, p, w, s["ring_x"][slot])
    _hold_knocks_down(s, w, slot)
