"""S1 and S2 of one beat: two stretches of sound after its R peak, the likeliest by place, length and energy.

A duration-dependent model after Schmidt et al., Physiol. Meas. 31 (2010) 513-529, section 2.4: states of explicit length in
a fixed order, S1, systole, S2, diastole, the likeliest course found exactly. Differences: anchored at the R peak, as in
Springer et al., IEEE Trans. Biomed. Eng. 63 (2016) 822-832, section III, so one beat is searched at a time and S1 and S2
have a normal prior of their place after R (S1 65 ms; S2 390 ms times the root of the RR interval over 0.85 s, both
narrowed by what this heart's sounds did); a frame speaks for sound or quiet by the log of its energy between the levels of
both, limited, so that no knock outshouts the rest; and what lies outside S1 and S2 is one level, so sums over prefixes do.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.sound_quality import FLOOR, sort_values
from edgeecg_kernels.sound_state import BEFORE, FRAME, FRAMES

S1_MS, S1_SD = 65.0, 30.0
S2_MS, S2_SD = 390.0, 45.0
S2_RR_MS = 850.0
LEAST_SD = 10.0
"""A heart that is known may still do this."""
KNOWN = 4
"""Beats after which the priors are its own."""
S1_LEN, S1_LEN_SD = 22.0, 5.0
S2_LEN, S2_LEN_SD = 19.0, 5.0
"""Lengths in frames of five milliseconds."""
LEN_LOW, LEN_HIGH = 8, 36
S1_FROM, S1_TO = (BEFORE - 20) // FRAME, (BEFORE + 150) // FRAME
S2_FROM, S2_TO = (BEFORE + 160) // FRAME, (BEFORE + 620) // FRAME
LEAST_SYSTOLE = 12
DEEPEST = 5.0
"""Nepers below the loud level that quiet may be: in a silent room the faintest end of a sound would count as sound."""
QUIET_RANK = 4
"""One in so many frames is as quiet as quiet is."""
TOP_RANK = 16
FRAMES_A_FACT = 5.0
"""Frames next to each other say nearly the same: so many count as one."""
MOST_A_FACT = 3.0
NONE = -1e18


@kernel
def frame_energies(x: Any, energy: Any, smooth: Any) -> None:
    """Fill in the mean squares of the window's frames, and the same smoothed over 25 ms (1, 2, 3, 2, 1)."""
    for f in range(FRAMES):
        total = 0.0
        for i in range(f * FRAME, f * FRAME + FRAME):
            total += x[i] * x[i]
        energy[f] = total / FRAME
    for f in range(FRAMES):
        total, weight = 3.0 * energy[f], 3.0
        for k in range(1, 3):
            if f >= k:
                total += (3.0 - k) * energy[f - k]
                weight += 3.0 - k
            if f + k < FRAMES:
                total += (3.0 - k) * energy[f + k]
                weight += 3.0 - k
        smooth[f] = total / weight


@kernel
def levels(s: Any, beat: Any, work: Any) -> float:
    """Return the log of the quiet level; `beat` is told how far the sounds stand above it."""
    smooth, values = work["smooth"], work["sorted"]
    for f in range(FRAMES):
        values[f] = smooth[f]
    sort_values(values, FRAMES)
    quiet = math.log(values[FRAMES // QUIET_RANK] + FLOOR)
    top = math.log(values[FRAMES - FRAMES // TOP_RANK] + FLOOR)
    if s["heard"] >= KNOWN:
        top = max(quiet, min(top + 1.0, s["loud_log"]))
    quiet = max(quiet, top - DEEPEST)
    beat["contrast"] = top - quiet
    return quiet


@kernel
def _fill_gains(beat: Any, quiet: float, work: Any) -> None:
    """Sum up from the window's beginning what frames say for sound, minus what they say against it."""
    contrast = beat["contrast"]
    half = max(0.5 * contrast, 0.35)
    middle = quiet + half
    weight = min(0.5 * contrast * contrast, MOST_A_FACT) / FRAMES_A_FACT
    total = 0.0
    work["gain"][0] = 0.0
    for f in range(FRAMES):
        stands = (math.log(work["smooth"][f] + FLOOR) - middle) / half
        total += 2.0 * weight * min(1.0, max(-1.0, stands))
        work["gain"][f + 1] = total


@kernel
def _minus_half_square(value: float, mean: float, sd: float) -> float:
    return -0.5 * ((value - mean) / sd) * ((value - mean) / sd)


@kernel
def _best(gain: Any, begin: int, end: int, place_ms: float, place_sd: float, length: float, length_sd: float) -> tuple[float, int, int]:
    """Return the best (score, onset, end) of a sound that begins in begin..end."""
    best, best_on, best_off = NONE, -1, -1
    for on in range(begin, end):
        for off in range(on + LEN_LOW, min(on + LEN_HIGH, FRAMES) + 1):
            middle_ms = 0.5 * FRAME * float(on + off) - BEFORE
            score = gain[off] - gain[on]
            score += _minus_half_square(middle_ms, place_ms, place_sd) + _minus_half_square(float(off - on), length, length_sd)
            if score > best:
                best, best_on, best_off = score, on, off
    return best, best_on, best_off


@kernel
def _centroid(smooth: Any, quiet: float, on: int, off: int) -> float:
    """Return the centroid of the energy above the quiet level, as a place in the window."""
    floor = math.exp(quiet)
    total = moment = 0.0
    for f in range(max(0, on - 2), min(FRAMES, off + 2)):
        above = max(0.0, smooth[f] - floor)
        total += above
        moment += above * (float(f) * FRAME + 0.5 * (FRAME - 1))
    return moment / total if total > 0.0 else 0.5 * FRAME * float(on + off)


@kernel
def s2_scale(rr_ms: float) -> float:
    """Return how much later than at an RR of 0.85 s S2 comes; an unknown interval is taken as that."""
    return math.sqrt(min(max(rr_ms, 300.0), 2000.0) / S2_RR_MS) if rr_ms > 0.0 else 1.0


@kernel
def find_sounds(s: Any, beat: Any, work: Any) -> tuple[float, float]:
    """Fill in where S1 and S2 are in the window work["x"]; return how much speaks for each, in nats."""
    frame_energies(work["x"], work["energy"], work["smooth"])
    quiet = levels(s, beat, work)
    _fill_gains(beat, quiet, work)
    known = s["heard"] >= KNOWN
    s1_ms, s2_ms = (s["s1_mean"], s["s2_mean"]) if known else (S1_MS, S2_MS)
    s1_sd, s2_sd = (math.sqrt(s["s1_var"]) + LEAST_SD, math.sqrt(s["s2_var"]) + LEAST_SD) if known else (S1_SD, S2_SD)
    scale = s2_scale(beat["rr_ms"])
    s1, on1, off1 = _best(work["gain"], S1_FROM, S1_TO, s1_ms, min(s1_sd, S1_SD), S1_LEN, S1_LEN_SD)
    begin = max(S2_FROM, off1 + LEAST_SYSTOLE)
    s2, on2, off2 = _best(work["gain"], begin, S2_TO, s2_ms * scale, min(s2_sd, S2_SD), S2_LEN, S2_LEN_SD)
    beat["s1_on"], beat["s1_off"] = on1 * FRAME, off1 * FRAME
    beat["s2_on"], beat["s2_off"] = on2 * FRAME, off2 * FRAME
    beat["s1_at"] = _centroid(work["smooth"], quiet, on1, off1)
    beat["s2_at"] = _centroid(work["smooth"], quiet, on2, off2)
    return s1, s2
