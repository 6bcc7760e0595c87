"""Find 50 or 60 Hz mains in one lead, follow it, and draw the wave that `condition` takes off.

A sinusoid canceller (Widrow et al. 1975, "Adaptive noise cancelling", its section on a 60 Hz notch) that differs so:
(a) the weights move once in 0.1 s, from a correlation over whole periods of 50 and 60 Hz, not at every sample;
(b) segments that hold a QRS complex do not move them: their band-passed energy stands out from the quietest's;
(c) the gain grows with the share of the segment's energy that the tone explains, so a step in amplitude is followed
in half a second and noise hardly at all; (d) a second-order loop follows the frequency; (e) nothing is taken off
until successive segments agree in phase (coherence over a lag of one), so none is invented.
Harmonics are left: 100 Hz and more lie outside what the detectors look at.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel, part
from edgeecg_kernels.condition_state import (
    COS_FIFTH,
    COSINES,
    HISTORY_LEN,
    LAGS,
    MAINS_OFFSET_MAX,
    MAINS_RING,
    NOT_YET,
    PAIR_LAG_MAX,
    SEGMENT_LEN,
    SIN_FIFTH,
    SINES,
    TINY_MV,
    TONE_ENERGY,
    TURNS,
)
from edgeecg_kernels.four import four, lane, of, spread
from edgeecg_kernels.state import FLAG_LEAD_OFF, FLAG_MAINS, GRID_HZ

_QUIET_RATIO = 4.0  # a segment with this many times the energy of the quietest holds something other than noise ...
_SHARE_FAST = 0.75  # ... unless the tone explains this share of it: then the phasor moves fast
_GAIN_FAST = 0.6
_SHARE_MEDIUM = 0.5
_GAIN_MEDIUM = 0.3
_GAIN_SLOW = 0.12
_DRIFT_GAIN = 0.25 / SEGMENT_LEN  # times the gain squared: critical damping
_BUCKET_SEGMENTS = 5  # the quietest segment is looked for in this half second and the last
_MEMORY = 0.88  # of the coherence sums, a pair of segments
_COHERENCE = 0.85
_PAIRS_MIN = 6
_ERROR_MEMORY = 0.9
_LOST_RATIO = 0.5  # a tone with less power than this many times its error's is no tone
_LOST_SHARE = 0.25  # of the least power that is searched for
_BLIND_MAX = 50  # segments, 5 s, without evidence: where the phase is now nobody knows
_ECG_MIN_MV = 0.15  # what beside a huge mains passes for an ECG: this much ...
_ECG_MIN_SHARE = 0.05  # ... and this share of the mains
_SILENT_MAX = 30  # segments, 3 s: a slow heart rests that long


@kernel
def mains_reset(s: Any) -> None:
    """Forget the tone and start to search."""
    s["which"] = -1
    s["marks"] = 0
    s["pairs"] = 0
    s["since"] = PAIR_LAG_MAX
    s["lag_sum"] = 0.0
    s["lag_weight"] = 0.0
    s["drift"] = 0.0
    s["error"] = 0.0
    s["blind"] = 0
    s["silent"] = 0
    for f in range(2):
        s["phasor"][f] = 0.0
        s["energy"][f] = 0.0
        for component in range(2):
            s["last"][f, component] = 0.0
            s["product"][f, component] = 0.0
    for k in range(SEGMENT_LEN):
        s["wave"][k] = 0.0


@kernel
def _within(value: float, limit: float) -> float:
    if value > limit:
        return limit
    return -limit if value < -limit else value


@kernel
def _search(s: Any, p: Any, f: int, real: float, imag: float, lag: int) -> bool:
    """Add a phasor of frequency `f` to its coherence sums; return whether they now show a tone."""
    found = False
    if 0 < lag <= PAIR_LAG_MAX:
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
    mains_reset(s)
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
            mains_reset(s)
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
        mains_reset(s)
        return
    turn = _within((imag * a - real * b) / power, 1.0)
    drift = s["drift"] + _DRIFT_GAIN * gain * gain * turn
    s["drift"] = _within(drift, MAINS_OFFSET_MAX)


@kernel
def _lead_off_by_mains(s: Any, p: Any) -> bool:
    """Say whether the mains is huge and nothing like a heart has been beside it for a while."""
    power = s["phasor"][0] * s["phasor"][0] + s["phasor"][1] * s["phasor"][1]
    limit = p["lead_off_mains"]
    if power <= limit * limit:
        s["silent"] = 0
        return False
    least = _ECG_MIN_SHARE * math.sqrt(power)
    if least < _ECG_MIN_MV:
        least = _ECG_MIN_MV
    s["silent"] += 1
    for k in range(HISTORY_LEN, HISTORY_LEN + SEGMENT_LEN):
        if abs(s["segment"][k] - s["target"]) > least:
            s["silent"] = 0
    return bool(s["silent"] > _SILENT_MAX)


@part
def _bins(h0: Any, h1: Any, h2: Any, h3: Any, h4: Any, cosines: Any, sines: Any, turns: Any) -> Any:
    """Return the energy of every fifth sample and what their transform adds to the phasors; of one five, or of four."""
    energy = ((h0 * h0 + h1 * h1) + (h2 * h2 + h3 * h3)) + h4 * h4
    outer, inner = h1 + h4, h2 + h3
    mean = h0 + (outer + inner)
    real = h0 + (cosines[0] * outer + cosines[1] * inner)
    minus_imag = sines[0] * (h1 - h4) + sines[1] * (h2 - h3)
    real60, imag60 = real * turns[2] + minus_imag * turns[3], real * turns[3] - minus_imag * turns[2]
    return energy, mean * turns[0], mean * turns[1], real60, imag60


@part
def _fours_of_turns(k: int) -> Any:
    return of(TURNS[0, k], TURNS[1, k], TURNS[2, k], TURNS[3, k])


@part
def _curved(x: Any, k: int) -> Any:
    """Return the band-passed samples that begin at x[k], four of them."""
    return (four(x, k + 4) + four(x, k)) - spread(2.0) * four(x, k + 2)


@part
def _curve(x: Any, k: int) -> float:
    return (x[k + 4] + x[k]) - 2.0 * x[k + 2]  # type: ignore[no-any-return]


@part
def _in_turn(v: Any, last: float) -> float:
    return 0.0 + lane(v, 0) + lane(v, 1) + lane(v, 2) + lane(v, 3) + last


@part
def _phasors(x: Any) -> tuple[float, float, float, float, float]:
    """Return the band-passed segment's energy and its phasors at 50 and 60 Hz: five transforms of five, four of them at once."""
    cosines, sines = (spread(COS_FIFTH[0]), spread(COS_FIFTH[1])), (spread(SIN_FIFTH[0]), spread(SIN_FIFTH[1]))
    turns = _fours_of_turns(0), _fours_of_turns(1), _fours_of_turns(2), _fours_of_turns(3)
    v = _bins(_curved(x, 0), _curved(x, 5), _curved(x, 10), _curved(x, 15), _curved(x, 20), cosines, sines, turns)
    turn = TURNS[4, 0], TURNS[4, 1], TURNS[4, 2], TURNS[4, 3]
    w = _bins(_curve(x, 4), _curve(x, 9), _curve(x, 14), _curve(x, 19), _curve(x, 24), COS_FIFTH, SIN_FIFTH, turn)
    return _in_turn(v[0], w[0]), _in_turn(v[1], w[1]), _in_turn(v[2], w[2]), _in_turn(v[3], w[3]), _in_turn(v[4], w[4])


@kernel
def mains_segment(s: Any, p: Any, index: int, clean: int) -> None:
    """Look for mains in the segment that ends before grid sample `index`, and prepare the wave for the next."""
    x = s["segment"]
    energy, real50, imag50, real60, imag60 = _phasors(x)
    x[0] = x[SEGMENT_LEN]
    x[1] = x[SEGMENT_LEN + 1]
    x[2] = x[SEGMENT_LEN + 2]
    x[3] = x[SEGMENT_LEN + 3]

    if (index // SEGMENT_LEN) % _BUCKET_SEGMENTS == 0:
        s["quiet"][1] = s["quiet"][0]
        s["quiet"][0] = NOT_YET
    whole = clean >= SEGMENT_LEN + HISTORY_LEN
    if whole:
        if energy < s["quiet"][0]:
            s["quiet"][0] = energy
    quietest = s["quiet"][0] if s["quiet"][0] < s["quiet"][1] else s["quiet"][1]
    calm = energy <= _QUIET_RATIO * quietest
    _mains_step(s, p, index, whole, calm, energy, real50, imag50, real60, imag60)


@kernel
def _mains_step(
    s: Any, p: Any, index: int, whole: bool, calm: bool, energy: float, real50: float, imag50: float, real60: float, imag60: float
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
            if lag <= PAIR_LAG_MAX:
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
    if index % GRID_HZ == 0:
        power = s["phasor"][0] * s["phasor"][0] + s["phasor"][1] * s["phasor"][1]
        s["mains_mv"][(index // GRID_HZ - 1) % MAINS_RING] = math.sqrt(power)
