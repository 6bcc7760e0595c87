"""A beat and its sounds: cut the window out of the ring, find the sounds, rate them, learn from them, report.

No paper for the rating: what speaks for a sound in nats goes through a logistic curve set by hand on simulated hearts,
and is lowered by what spoils the window. What this heart's sounds usually do (place, loudness) is
learned from beats that are believed, an eighth of the way each. A running profile of energy against the time since R
tells sounds that keep another time than this heart's: they are loud before R or late in diastole, or nowhere at all.
"""

import math
from typing import Any

import numpy as np

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.sound_murmur import murmur_bands
from edgeecg_kernels.sound_quality import DRIFT, FLOOR, is_silent
from edgeecg_kernels.sound_segment import KNOWN, S1_MS, S1_SD, S2_MS, S2_SD, find_sounds, s2_scale
from edgeecg_kernels.sound_state import (
    AFTER,
    BEAT,
    BEFORE,
    BIN,
    BINS,
    CLIPPED,
    CLOCK,
    FINE,
    FRAME,
    KNOCK,
    LEARNING,
    MISSING,
    RING,
    SILENT,
    SOUND_CLIPPED,
    SOUND_CUT,
    SOUND_MISSING,
    TALK,
    WINDOW,
)
from edgeecg_kernels.sound_state import (
    DRIFT as DRIFTS,
)

SCORE_MIDDLE, SCORE_SCALE = 2.0, 1.5
"""Of the logistic curve, in nats."""
BELIEVED = 0.5
SURE = 0.9
DOUBTED = 0.45
"""The most that is given where there is a reason to doubt."""
LEARN = 1 / 8
LOOKED_FROM, LOOKED_TO = BEFORE - 60, BEFORE + 600
"""What a beat's sounds may be in: what is missing outside harms nothing."""
MOST_MISSING, MOST_CLIPPED, MOST_CUT = 0.05, 0.02, 0.04
NEAR = 40
"""Milliseconds: the end of a knock that is not loud enough to be cut out."""
MARGIN = 10
"""Milliseconds on either side of a sound that belong to neither."""
PROFILE_KNOWN = 8
PROFILE_ODD, PROFILE_STANDS = 0.8, 2.0
"""Of the loudest where the heart sounds, and times the mean: noise is as loud everywhere."""
S1_EARLIEST, S1_LATEST = 15.0, 135.0
"""Milliseconds after R between which the middle of a heart's S1 lies."""
SLOW, QUICK = 1 / 16, 1 / 4
WANDERS_MS = 25.0
"""How far two means of S1's place, of some sixteen beats and of some four, may lie apart: clocks that drift drive them apart."""
LOUD_MS = 20


@kernel
def cut_window(s: Any, at: int, x: Any, ring: Any) -> None:
    """Copy a band around grid sample `at` out of the ring; what is missing is 0."""
    begin = at - BEFORE
    for i in range(WINDOW):
        place = (begin + i) % RING
        x[i] = 0.0 if int(s["bad"][place]) & SOUND_MISSING else np.float64(ring[place])


@kernel
def _count_marks(s: Any, at: int, beat: Any) -> None:
    missing = clipped = cut = 0
    for i in range(LOOKED_FROM, LOOKED_TO):
        mark = int(s["bad"][(at - BEFORE + i) % RING])
        if mark & SOUND_MISSING:
            missing += 1
        if mark & SOUND_CLIPPED:
            clipped += 1
        if mark & SOUND_CUT:
            cut += 1
    beat["missing"], beat["clipped"], beat["cut"] = missing, clipped, cut


@kernel
def _cut_near(s: Any, at: int, begin: int, end: int) -> bool:
    """Tell whether something was cut out of or near a sound: what is left of it is not to be trusted."""
    for i in range(begin - NEAR, end + NEAR):
        if int(s["bad"][(at - BEFORE + i) % RING]) & SOUND_CUT:
            return True
    return False


@kernel
def _mean_square(x: Any, begin: int, end: int) -> float:
    total = 0.0
    for i in range(begin, end):
        total += x[i] * x[i]
    return total / float(max(1, end - begin))


@kernel
def _loudest_rms(x: Any, begin: int, end: int) -> float:
    total = best = 0.0
    for i in range(begin, end):
        total += x[i] * x[i]
        if i - begin >= LOUD_MS:
            total -= x[i - LOUD_MS] * x[i - LOUD_MS]
        best = max(best, total)
    return math.sqrt(best / LOUD_MS)


@kernel
def _measure(beat: Any, work: Any) -> None:
    """Loudness of the sounds and of what lies between them; work["x"] holds the wide band."""
    x, values = work["x"], work["w"]
    on1, off1, on2, off2 = beat["s1_on"], beat["s1_off"], beat["s2_on"], beat["s2_off"]
    beat["amplitude_s1"] = _loudest_rms(x, on1, off1)
    beat["amplitude_s2"] = _loudest_rms(x, on2, off2)
    beat["loudness"] = 0.5 * (_mean_square(x, on1, off1) + _mean_square(x, on2, off2))
    beat["systole_ms"] = float(on2 - off1)
    if not murmur_bands(x, off1 + MARGIN, on2 - MARGIN, values, beat["systole"]):
        beat["systole"][0] = -1.0
    rest = WINDOW if beat["rr_ms"] <= 0.0 else min(WINDOW, BEFORE + int(beat["rr_ms"]) - 2 * MARGIN)
    beat["diastole_ms"] = float(max(0, rest - off2))
    if not murmur_bands(x, off2 + MARGIN, rest, values, beat["diastole"]):
        beat["diastole"][0] = -1.0


@kernel
def _profile_bin(ms: float) -> int:
    return min(BINS - 1, max(0, int((ms + BEFORE) / BIN)))


@kernel
def _loudest_bin(profile: Any, begin_ms: float, end_ms: float) -> float:
    best = 0.0
    for b in range(_profile_bin(begin_ms), _profile_bin(end_ms) + 1):
        best = max(best, profile[b])
    return best


@kernel
def _learn_profile(s: Any, beat: Any, work: Any) -> None:
    """Add the beat's energy, as a share of its whole, to the profile."""
    energy, profile = work["energy"], s["profile"]
    n, total = BIN // FRAME, 0.0
    for f in range(BINS * n):
        total += energy[f]
    if total <= FLOOR or beat["missing"] > 0 or beat["cut"] > 0:
        return
    s["n_profile"] += 1
    share = 1.0 / float(min(s["n_profile"], 12))
    for b in range(BINS):
        own = 0.0
        for f in range(b * n, b * n + n):
            own += energy[f]
        profile[b] += share * (BINS * own / total - profile[b])


@kernel
def keeps_other_time(s: Any, beat: Any) -> bool:
    """Tell whether what is heard is loudest where this heart makes no sound."""
    if s["n_profile"] < PROFILE_KNOWN:
        return False
    profile, rr_ms = s["profile"], beat["rr_ms"]
    s2_ms = S2_MS * s2_scale(rr_ms)
    within = max(_loudest_bin(profile, 0.0, 140.0), _loudest_bin(profile, s2_ms - 90.0, s2_ms + 90.0))
    last_ms = min(float(AFTER), rr_ms - 120.0) if rr_ms > 0.0 else 0.0
    outside = 0.0
    if rr_ms <= 0.0 or s2_ms + 160.0 < rr_ms - 260.0:
        outside = _loudest_bin(profile, -240.0, -80.0)
    if s2_ms + 150.0 < last_ms:
        outside = max(outside, _loudest_bin(profile, s2_ms + 150.0, last_ms))
    return bool(outside > PROFILE_ODD * within and outside > PROFILE_STANDS)


@kernel
def _wanders(s: Any, beat: Any) -> bool:
    """Follow S1's place, of all beats whose S1 stands out, and tell whether it goes away."""
    s1_ms = beat["s1_at"] - BEFORE - beat["r_ms"]
    if s["n_followed"] == 0:
        s["s1_slow"] = s["s1_quick"] = s1_ms
    s["n_followed"] += 1
    s["s1_slow"] += SLOW * (s1_ms - s["s1_slow"])
    s["s1_quick"] += QUICK * (s1_ms - s["s1_quick"])
    return bool(abs(s["s1_quick"] - s["s1_slow"]) > WANDERS_MS)


@kernel
def _reason(s: Any, beat: Any, silent: bool, other_time: bool, rms: float) -> int:
    looked = float(LOOKED_TO - LOOKED_FROM)
    if beat["missing"] > MOST_MISSING * looked:
        return MISSING
    if silent:
        return SILENT
    if beat["clipped"] > MOST_CLIPPED * looked:
        return CLIPPED
    if beat["sure"] == 0 or other_time:
        return CLOCK
    near = _cut_near(s, beat["at"], beat["s1_on"], beat["s1_off"]) or _cut_near(s, beat["at"], beat["s2_on"], beat["s2_off"])
    if beat["cut"] > MOST_CUT * looked or near:
        return KNOCK
    if 0.0 < beat["rr_ms"] < 250.0 or beat["beat_confidence"] < BELIEVED:
        return BEAT
    if abs(s["step"]) > DRIFT * rms:
        return DRIFTS
    if beat["confidence"] < BELIEVED:
        return TALK if s["heard"] >= KNOWN else LEARNING
    return FINE


@kernel
def _believe(score: float) -> float:
    return 1.0 / (1.0 + math.exp(min(50.0, (SCORE_MIDDLE - score) / SCORE_SCALE)))


@kernel
def _learn(s: Any, beat: Any, energy: Any) -> None:
    """Follow what this heart's sounds do."""
    s1_ms, s2_ms = beat["s1_at"] - BEFORE, (beat["s2_at"] - BEFORE) / s2_scale(beat["rr_ms"])
    total, frames = 0.0, 0
    for f in range(beat["s1_on"] // FRAME, beat["s1_off"] // FRAME):
        total += energy[f]
        frames += 1
    for f in range(beat["s2_on"] // FRAME, beat["s2_off"] // FRAME):
        total += energy[f]
        frames += 1
    loud_log = math.log(total / float(frames) + FLOOR)
    if s["heard"] == 0:
        s["s1_mean"], s["s1_var"] = 0.5 * (s1_ms + S1_MS), S1_SD * S1_SD
        s["s2_mean"], s["s2_var"] = 0.5 * (s2_ms + S2_MS), S2_SD * S2_SD
        s["loud_log"] = loud_log
    s["heard"] += 1
    share = max(LEARN, 1.0 / float(s["heard"] + 1))
    for name_s1 in range(2):
        value = s1_ms if name_s1 == 0 else s2_ms
        mean = s["s1_mean"] if name_s1 == 0 else s["s2_mean"]
        var = s["s1_var"] if name_s1 == 0 else s["s2_var"]
        away = value - mean
        mean += share * away
        var += share * (away * away - var)
        if name_s1 == 0:
            s["s1_mean"], s["s1_var"] = mean, var
        else:
            s["s2_mean"], s["s2_var"] = mean, var
    s["loud_log"] += share * (loud_log - s["loud_log"])


@kernel
def decide_beat(s: Any, beat: Any, work: Any) -> None:
    """Fill in all that is known of the sounds of s["beat"], which is placed; work["x"] holds its narrow window afterwards."""
    at = beat["at"]
    _count_marks(s, at, beat)
    cut_window(s, at, work["x"], s["narrow"])
    s1, s2 = find_sounds(s, beat, work)
    mean_square = _mean_square(work["x"], LOOKED_FROM, LOOKED_TO)
    silent = is_silent(s, mean_square)
    _learn_profile(s, beat, work)
    other_time = keeps_other_time(s, beat)
    if _believe(s1) >= SURE and not silent and beat["missing"] == 0 and beat["cut"] == 0:
        other_time = _wanders(s, beat) or other_time
    if not S1_EARLIEST <= beat["s1_at"] - BEFORE - beat["r_ms"] <= S1_LATEST and _believe(s1) >= BELIEVED:
        other_time = True
    looked = float(LOOKED_TO - LOOKED_FROM)
    spoilt = float(beat["missing"]) / looked + 5.0 * float(beat["clipped"]) / looked + float(beat["cut"]) / looked
    whole = max(0.0, 1.0 - 2.0 * spoilt)
    if silent or other_time or beat["sure"] == 0:
        whole *= 0.1
    beat["conf_s1"], beat["conf_s2"] = whole * _believe(s1), whole * _believe(s2)
    beat["confidence"] = min(beat["conf_s1"], beat["conf_s2"])
    beat["reason"] = _reason(s, beat, silent, other_time, math.sqrt(mean_square))
    if beat["reason"] == FINE:
        _learn(s, beat, work["energy"])
    else:
        beat["conf_s1"], beat["conf_s2"] = min(DOUBTED, beat["conf_s1"]), min(DOUBTED, beat["conf_s2"])
        beat["confidence"] = min(beat["conf_s1"], beat["conf_s2"])
    beat["heard"] = s["heard"]
    cut_window(s, at, work["x"], s["wide"])
    _measure(beat, work)
    cut_window(s, at, work["x"], s["narrow"])
