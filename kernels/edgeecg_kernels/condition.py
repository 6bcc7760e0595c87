"""Condition one ECG lead on the 250 Hz grid: take the baseline and the mains off, and flag what is not ECG.

Baseline: a causal one-pole high-pass at 0.5 Hz. It is computed from means of 5 samples and drawn as a straight line
across the 5 that follow, so it trails by 20-40 ms and has not moved yet when an R wave peaks: no delay, and a QRS
complex keeps its height. It starts at the first sample, so an offset of any size leaves no transient.

Mains: a sinusoid canceller (Widrow et al. 1975, "Adaptive noise cancelling", section on a 60 Hz notch), differing in
that (a) the weights move once in 0.1 s, from a correlation over whole periods of 50 and 60 Hz, not every sample;
(b) the segments that hold a QRS complex do not move them, since their band-passed mean amplitude stands out from the
quietest of the last second; (c) the gain is the square of the share of the segment's energy that the tone explains, a
step in amplitude is thus followed in 0.3 s and noise hardly at all; (d) a second-order loop follows the frequency;
(e) nothing is subtracted until successive segments agree in phase (lag-1 coherence), so none is invented.
Harmonics are left: 100 Hz and more lie outside what the detectors look at.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.condition_state import (
    COSINES,
    COS_FIFTH,
    FLAT_LEN,
    GAINS,
    GROUP_LEN,
    HISTORY_LEN,
    INVALID_MV,
    JUMP_GROUPS,
    JUMP_MV,
    LAGS,
    MAINS_OFFSET_MAX,
    RESEED_LEN,
    SEGMENT_LEN,
    STUCK_LEN,
    STUCK_MV,
    SINES,
    SIN_FIFTH,
    TINY_MV,
    TONE_ENERGY,
    TURNS,
)
from edgeecg_kernels.state import FLAG_BAD, FLAG_FLAT, FLAG_INVALID, FLAG_LEAD_OFF, FLAG_MAINS, FLAG_SATURATED

_OLDEST_GAIN = len(GAINS) - 1
_QUIET_RATIO = 4.0  # a segment with this many times the energy of the quietest holds something other than noise
_SHARE_FAST = 0.75  # ... unless the tone explains this share of it: then the phasor moves fast
_GAIN_FAST = 0.6
_SHARE_MEDIUM = 0.5
_GAIN_MEDIUM = 0.3
_GAIN_SLOW = 0.06
_DRIFT_GAIN = 0.25 / SEGMENT_LEN  # times the gain squared: critical damping
_BUCKET_SEGMENTS = 5
_FAST_STILL_MAX = STUCK_LEN - GROUP_LEN
_MEMORY = 0.88  # of the coherence sums, per pair of segments
_COHERENCE = 0.85
_PAIRS_MIN = 7
_PAIR_LAG_MAX = 3
_ERROR_MEMORY = 0.9
_LOST_RATIO = 0.5
_LOST_SHARE = 0.25
_BLIND_MAX = 50
_PEAK_DECAY = 0.93
_ECG_MIN_MV = 0.15
_ECG_MIN_SHARE = 0.05


@kernel
def condition_reset(s: Any) -> None:
    """Forget everything: the next sample starts the lead anew, after a gap or a restart of its source."""
    s["previous"] = 0.0
    s["held"] = 0.0
    s["still"] = 0
    s["stuck"] = 0
    s["bad"] = RESEED_LEN
    s["clean"] = 0
    s["line"] = 0.0
    s["target"] = 0.0
    s["slope"] = 0.0
    s["sum"] = 0.0
    s["age"] = 0
    s["far"] = 0
    s["quiet"][0] = math.inf
    s["quiet"][1] = math.inf
    _search_again(s)


@kernel
def _search_again(s: Any) -> None:
    s["which"] = -1
    s["marks"] = 0
    s["pairs"] = 0
    s["since"] = 0
    s["lag_sum"] = 0.0
    s["lag_weight"] = 0.0
    s["drift"] = 0.0
    s["error"] = 0.0
    s["blind"] = 0
    s["ecg_peak"] = 0.0
    for f in range(2):
        s["phasor"][f] = 0.0
        s["energy"][f] = 0.0
        for part in range(2):
            s["last"][f, part] = 0.0
            s["product"][f, part] = 0.0
    for k in range(SEGMENT_LEN):
        s["wave"][k] = 0.0


@kernel
def _search(s: Any, p: Any, f: int, real: float, imag: float, lag: int) -> bool:
    """Add a phasor of frequency `f` to its coherence sums; return whether they now show a tone."""
    found = False
    if 0 < lag <= _PAIR_LAG_MAX:
        last_real = s["last"][f, 0]
        last_imag = s["last"][f, 1]
        product_real = _MEMORY * s["product"][f, 0] + (real * last_real + imag * last_imag)
        product_imag = _MEMORY * s["product"][f, 1] + (imag * last_real - real * last_imag)
        energy = _MEMORY * s["energy"][f] + (real * real + imag * imag)
        if energy < TINY_MV:
            energy = product_real = product_imag = 0.0
        s["product"][f, 0] = product_real
        s["product"][f, 1] = product_imag
        s["energy"][f] = energy
        coherent = product_real * product_real + product_imag * product_imag
        loud = (1.0 - _MEMORY) * energy > p["mains_min"] * p["mains_min"]
        found = loud and coherent > _COHERENCE * _COHERENCE * energy * energy
    s["last"][f, 0] = real
    s["last"][f, 1] = imag
    return found and s["pairs"] >= _PAIRS_MIN


@kernel
def _start_tracking(s: Any, f: int) -> None:
    """Take the last phasor and the mean turn between phasors as the tone's, if its frequency can be the mains'."""
    turn = math.atan2(s["product"][f, 1], s["product"][f, 0]) * s["lag_weight"] / s["lag_sum"]
    drift = turn / SEGMENT_LEN
    if abs(drift) > MAINS_OFFSET_MAX:
        return
    real = s["last"][f, 0]
    imag = s["last"][f, 1]
    _search_again(s)
    s["which"] = f
    s["phasor"][0] = real
    s["phasor"][1] = imag
    s["drift"] = drift
    _advance(s, f)


@kernel
def _advance(s: Any, f: int) -> None:
    """Turn the phasor on to the middle of the next segment and draw the wave to be taken off there."""
    drift = s["drift"]
    turn = drift * SEGMENT_LEN
    turn_real = 1.0 - 0.5 * turn * turn
    real = s["phasor"][0] * turn_real - s["phasor"][1] * turn
    imag = s["phasor"][1] * turn_real + s["phasor"][0] * turn
    s["phasor"][0] = real
    s["phasor"][1] = imag
    wave = s["wave"]
    real_slope = -imag * drift
    imag_slope = real * drift
    for k in range(SEGMENT_LEN):
        wave[k] = (real + real_slope * LAGS[k]) * COSINES[f, k] - (imag + imag_slope * LAGS[k]) * SINES[f, k]


@kernel
def _track(s: Any, p: Any, f: int, usable: bool, real: float, imag: float, tone: float, energy: float) -> None:
    """Move the phasor and its drift by what the last segment still held of the tone, or give the tone up."""
    if not usable:
        s["blind"] += 1
        if s["blind"] > _BLIND_MAX:
            _search_again(s)
        else:
            _advance(s, f)
        return
    gain = _GAIN_SLOW
    if tone > _SHARE_MEDIUM * energy:
        gain = _GAIN_MEDIUM
    if tone > _SHARE_FAST * energy:
        gain = _GAIN_FAST
    a = s["phasor"][0] + gain * real
    b = s["phasor"][1] + gain * imag
    s["phasor"][0] = a
    s["phasor"][1] = b
    _advance(s, f)
    power = a * a + b * b
    error = _ERROR_MEMORY * s["error"] + (1.0 - _ERROR_MEMORY) * (real * real + imag * imag)
    s["error"] = error
    s["blind"] = 0
    if power < _LOST_RATIO * error or power < _LOST_SHARE * p["mains_min"] * p["mains_min"]:
        _search_again(s)
        return
    turn = min(max((imag * a - real * b) / power, -1.0), 1.0)
    drift = s["drift"] + _DRIFT_GAIN * gain * gain * turn
    s["drift"] = min(max(drift, -MAINS_OFFSET_MAX), MAINS_OFFSET_MAX)


@kernel
def _lead_off_by_mains(s: Any, p: Any) -> bool:
    """Say whether the mains is huge and nothing like a heart is left beside it."""
    power = s["phasor"][0] * s["phasor"][0] + s["phasor"][1] * s["phasor"][1]
    peak = s["ecg_peak"] * _PEAK_DECAY
    limit = p["lead_off_mains"]
    if power <= limit * limit:
        s["ecg_peak"] = 0.0
        return False
    for k in range(HISTORY_LEN, HISTORY_LEN + SEGMENT_LEN):
        peak = max(peak, abs(s["segment"][k] - s["target"]))
    s["ecg_peak"] = peak
    return peak < max(_ECG_MIN_MV, _ECG_MIN_SHARE * math.sqrt(power))


@kernel
def _end_segment(s: Any, p: Any, index: int, clean: int) -> None:
    """Look for mains in the segment that ends before grid sample `index`, and prepare the wave for the next."""
    x = s["segment"]
    energy = real50 = imag50 = real60 = imag60 = 0.0
    for r in range(5):
        h0 = (x[r + 4] + x[r]) - 2.0 * x[r + 2]
        h1 = (x[r + 9] + x[r + 5]) - 2.0 * x[r + 7]
        h2 = (x[r + 14] + x[r + 10]) - 2.0 * x[r + 12]
        h3 = (x[r + 19] + x[r + 15]) - 2.0 * x[r + 17]
        h4 = (x[r + 24] + x[r + 20]) - 2.0 * x[r + 22]
        energy += ((h0 * h0 + h1 * h1) + (h2 * h2 + h3 * h3)) + h4 * h4
        outer = h1 + h4
        inner = h2 + h3
        mean = h0 + (outer + inner)
        real = h0 + (COS_FIFTH[0] * outer + COS_FIFTH[1] * inner)
        imag = -(SIN_FIFTH[0] * (h1 - h4) + SIN_FIFTH[1] * (h2 - h3))
        real50 += mean * TURNS[r, 0]
        imag50 += mean * TURNS[r, 1]
        real60 += real * TURNS[r, 2] - imag * TURNS[r, 3]
        imag60 += real * TURNS[r, 3] + imag * TURNS[r, 2]
    x[0] = x[SEGMENT_LEN]
    x[1] = x[SEGMENT_LEN + 1]
    x[2] = x[SEGMENT_LEN + 2]
    x[3] = x[SEGMENT_LEN + 3]

    if (index // SEGMENT_LEN) % _BUCKET_SEGMENTS == 0:
        s["quiet"][1] = s["quiet"][0]
        s["quiet"][0] = math.inf
    whole = clean >= SEGMENT_LEN + HISTORY_LEN
    if whole:
        s["quiet"][0] = min(s["quiet"][0], energy)
    calm = energy <= _QUIET_RATIO * min(s["quiet"][0], s["quiet"][1])
    _mains_step(s, p, whole, calm, energy, real50, imag50, real60, imag60)


@kernel
def _mains_step(
    s: Any, p: Any, whole: bool, calm: bool, energy: float, real50: float, imag50: float, real60: float, imag60: float
) -> None:
    """Search or track with one segment's phasors, and set the flags of the next segment's samples."""
    tone50 = TONE_ENERGY[0] * (real50 * real50 + imag50 * imag50)
    tone60 = TONE_ENERGY[1] * (real60 * real60 + imag60 * imag60)
    calm50 = whole and (calm or tone50 > _SHARE_FAST * energy)
    calm60 = whole and (calm or tone60 > _SHARE_FAST * energy)
    which = s["which"]
    if which == 0:
        _track(s, p, 0, calm50, real50, imag50, tone50, energy)
    elif which == 1:
        _track(s, p, 1, calm60, real60, imag60, tone60, energy)
    else:
        lag = s["since"] + 1
        s["since"] = lag
        if calm50 or calm60:
            s["since"] = 0
            if lag <= _PAIR_LAG_MAX:
                s["pairs"] += 1
                s["lag_sum"] = _MEMORY * s["lag_sum"] + lag
                s["lag_weight"] = _MEMORY * s["lag_weight"] + 1.0
            found50 = _search(s, p, 0, real50, imag50, lag)
            found60 = _search(s, p, 1, real60, imag60, lag)
            if found60 and (not found50 or s["energy"][1] > s["energy"][0]):
                _start_tracking(s, 1)
            elif found50:
                _start_tracking(s, 0)
    marks = 0
    if s["which"] >= 0:
        marks = FLAG_MAINS
        if _lead_off_by_mains(s, p):
            marks |= FLAG_LEAD_OFF
    s["marks"] = marks


@kernel
def _fault(p: Any, v: float) -> int:
    """Return the flags of a sample by its value alone."""
    if not abs(v) <= INVALID_MV:
        return FLAG_INVALID
    flag = 0
    if v <= p["rail_low"] or v >= p["rail_high"]:
        flag = FLAG_SATURATED
    if abs(v) >= p["lead_off"]:
        flag |= FLAG_LEAD_OFF
    return flag


@kernel
def condition_block(s: Any, p: Any, x: Any, n: int, first: int, y: Any, flags: Any) -> None:
    """Write the clean signal y[0:n] and flags[0:n] of x[0:n], grid samples in mV of which x[0] is number `first`."""
    low = max(p["rail_low"], -p["lead_off"])
    high = min(p["rail_high"], p["lead_off"])
    still_mv = p["still"]
    previous = s["previous"]
    held = s["held"]
    still = s["still"]
    stuck = s["stuck"]
    bad = s["bad"]
    clean = s["clean"]
    line = s["line"]
    target = s["target"]
    slope = s["slope"]
    total = s["sum"]
    age = s["age"]
    far = s["far"]
    marks = s["marks"]
    segment = s["segment"]
    wave = s["wave"]
    pos = first % SEGMENT_LEN
    k = first % GROUP_LEN
    i = 0
    while 0 <= i < n:  # what the compiler knows not to be negative is not wrapped around
        if k == 0 and pos >= 0 and bad == 0 and still <= _FAST_STILL_MAX and i + GROUP_LEN <= n:
            v0 = float(x[i])
            v1 = float(x[i + 1])
            v2 = float(x[i + 2])
            v3 = float(x[i + 3])
            v4 = float(x[i + 4])
            inside = (low < v0 < high) & (low < v1 < high) & (low < v2 < high) & (low < v3 < high) & (low < v4 < high)
            fast = inside & (abs(v4 - v3) > still_mv)
        else:
            fast = False
        if fast:
            e0 = v0 - wave[pos]
            e1 = v1 - wave[pos + 1]
            e2 = v2 - wave[pos + 2]
            e3 = v3 - wave[pos + 3]
            held = v4 - wave[pos + 4]
            segment[HISTORY_LEN + pos] = e0
            segment[HISTORY_LEN + pos + 1] = e1
            segment[HISTORY_LEN + pos + 2] = e2
            segment[HISTORY_LEN + pos + 3] = e3
            segment[HISTORY_LEN + pos + 4] = held
            y[i] = e0 - line
            y[i + 1] = e1 - (line + slope)
            y[i + 2] = e2 - (line + slope * 2)
            y[i + 3] = e3 - (line + slope * 3)
            y[i + 4] = held - (line + slope * 4)
            for j in range(i, i + GROUP_LEN):
                flags[j] = marks
            total = e0 + e1 + e2 + e3 + held
            previous = v4
            still = 0
            clean += GROUP_LEN
            i += GROUP_LEN
            pos += GROUP_LEN
            k = GROUP_LEN
        else:
            v = float(x[i])
            flag = marks
            if low < v < high:
                held = v - wave[pos]
                if abs(v - previous) <= still_mv:
                    still += 1
                    if still >= STUCK_LEN:
                        if still == STUCK_LEN and abs(held - line) > STUCK_MV:
                            stuck = FLAG_SATURATED
                        flag |= stuck
                        if still >= FLAT_LEN:
                            flag |= FLAG_FLAT
                        if abs(v) < TINY_MV:
                            held = 0.0
                else:
                    still = 0
                    stuck = 0
                previous = v
                clean += 1
            else:
                flag |= _fault(p, v)
                clean = 0
            if flag & FLAG_BAD:
                bad += 1
            else:
                if bad >= RESEED_LEN:
                    line = held
                    target = held
                    slope = 0.0
                    age = 0
                    far = 0
                    total = held * k
                    clean = 0
                bad = 0
            segment[HISTORY_LEN + pos] = held
            y[i] = held - (line + slope * k)
            flags[i] = flag
            total += held
            i += 1
            pos += 1
            k += 1
        if k == GROUP_LEN:
            k = 0
            mean = total * (1.0 / GROUP_LEN)
            total = 0.0
            far = far + 1 if abs(mean - target) > JUMP_MV else 0
            if far == JUMP_GROUPS:
                target = mean
                age = 0
                far = 0
            line = target
            target = target + GAINS[age] * (mean - target)
            if abs(target) < TINY_MV:
                target = 0.0
            slope = (target - line) * (1.0 / GROUP_LEN)
            if age < _OLDEST_GAIN:
                age += 1
            if pos == SEGMENT_LEN:
                pos = 0
                s["target"] = target
                _end_segment(s, p, first + i, clean)
                marks = s["marks"]
    s["previous"] = previous
    s["held"] = held
    s["still"] = still
    s["stuck"] = stuck
    s["bad"] = bad
    s["clean"] = clean
    s["line"] = line
    s["target"] = target
    s["slope"] = slope
    s["sum"] = total
    s["age"] = age
    s["far"] = far


@kernel
def condition(state: Any, params: Any, x: Any, first: int, y: Any, flags: Any) -> int:
    """Condition the block x, grid samples from `first` on, into y and flags; return how many were written."""
    n = len(x)
    condition_block(state[0], params[0], x, n, first, y, flags)
    return n
