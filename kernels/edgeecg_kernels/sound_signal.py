"""From samples of a microphone to two bands of clean sound in a ring, with what is missing, clipped and cut marked.

Spikes are cut out as in Schmidt et al., Physiol. Meas. 31 (2010), section 2.2: a half-wave whose peak is above three times
the median of the loudest samples of stretches of the signal is set to zero, from the zero crossing before it to the one
after. Differences: causal, so the median is of the eight seconds before; stretches of a second, because half a second
of a slow heart may hold no sound; and every half-wave above is cut, not the highest first.

Clipping is seen without knowing the converter: three equal values in a row at the extreme of what came lately.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.sound_filter import keep_tail, symmetric_fir
from edgeecg_kernels.sound_state import AHEAD, HALF, LOBE, LOUD, RING, SOUND_CLIPPED, SOUND_CUT, SOUND_HZ, SOUND_MISSING, TAIL

LARGEST = 1e9
"""Beyond this a sample is no sound."""
SPIKE = 3.0
LEAST_LOUD = 3
"""Seconds heard before spikes are cut."""
_CLIP_FORGET = 1e-5


@kernel
def signal_start(s: Any) -> None:
    """Begin with nothing heard."""
    for g in range(RING):
        s["bad"][g] = 0
    s["limit"] = 0.0
    s["n_loud"] = 0


@kernel
def signal_reset(s: Any, skipped_from: int, first: int) -> None:
    """Go on at grid sample `first`; what lies before it, from `skipped_from` on, is missing."""
    s["fresh"] = 1
    s["base"] = s["held"] = 0.0
    for i in range(TAIL):
        s["tail"][i] = 0.0
    s["clip_seen"] = s["clip_run"] = 0
    s["lobe"] = first - HALF
    s["positive"] = 0
    s["cutting"] = 0
    s["loud_now"] = 0.0
    s["level_n"] = s["n_levels"] = 0
    s["level_sum"] = s["level"] = s["step"] = 0.0
    for g in range(max(skipped_from, first - RING + AHEAD), first):
        s["plain"][g % RING] = 0.0
        s["narrow"][g % RING] = 0.0
        s["wide"][g % RING] = 0.0
        s["bad"][g % RING] = SOUND_MISSING
    for g in range(first, first + AHEAD):
        s["bad"][g % RING] = 0


@kernel
def see_clipping(s: Any, p: Any, rate: Any, x: Any, start: int, stride: int, n: int, first_input: int) -> None:
    """Look for flat tops in n samples as they came, and mark the grid samples they become."""
    low, high, last, run = s["clip_low"], s["clip_high"], s["clip_last"], s["clip_run"]
    for i in range(n):
        value = float(x[start + i * stride])
        if not -LARGEST < value < LARGEST:
            run = 0
            continue
        if s["clip_seen"] == 0:
            s["clip_seen"] = 1
            low = high = value
        run = run + 1 if value == last else 1
        last = value
        fade = _CLIP_FORGET * (high - low)
        low = min(value, low + fade)
        high = max(value, high - fade)
        flat_top = run >= 3 and high > low and (value >= high or value <= low)
        if flat_top or value <= p["rail_low"] or value >= p["rail_high"]:
            at = (first_input + i) * rate["up"] // rate["down"]
            for g in range(at - 1, at + 2):
                s["bad"][g % RING] |= SOUND_CLIPPED
    s["clip_low"], s["clip_high"], s["clip_last"], s["clip_run"] = low, high, last, run


@kernel
def _learn_loudness(s: Any) -> None:
    """A second is over: remember its loudest sample; the limit follows the median."""
    loud = s["loud"]
    loud[s["n_loud"] % LOUD] = s["loud_now"]
    s["n_loud"] += 1
    s["loud_now"] = 0.0
    known = min(s["n_loud"], LOUD)
    if known < LEAST_LOUD:
        return
    for i in range(known):  # the value that has as many below as above, found by counting: they are eight
        below = 0
        for j in range(known):
            if loud[j] < loud[i] or (loud[j] == loud[i] and j < i):
                below += 1
        if below == known // 2:
            s["limit"] = SPIKE * loud[i]


@kernel
def _cut(s: Any, g: int) -> None:
    s["narrow"][g % RING] = 0.0
    s["wide"][g % RING] = 0.0
    s["bad"][g % RING] |= SOUND_CUT


@kernel
def _store(s: Any, work: Any, n: int, first: int) -> None:
    """Put both bands into the ring, without the half-waves of the wide one that are too loud; some of one may lie there already."""
    narrow, wide = work["narrow"], work["wide"]
    for i in range(n):
        at, value = first + i, wide[i]
        positive = 1 if value > 0.0 else 0
        if positive != s["positive"] or at - s["lobe"] >= LOBE:
            s["positive"] = positive
            s["lobe"] = at
            s["cutting"] = 0
        size = abs(value)
        s["loud_now"] = max(s["loud_now"], size)
        if 0.0 < s["limit"] < size and s["cutting"] == 0:
            s["cutting"] = 1
            for g in range(s["lobe"], at):
                _cut(s, g)
        if s["cutting"] == 1:
            _cut(s, at)
        else:
            s["narrow"][at % RING] = narrow[i]
            s["wide"][at % RING] = value
        if (at + 1) % SOUND_HZ == 0:
            _learn_loudness(s)


@kernel
def _learn_level(s: Any) -> None:
    """A second is over: how far the sensor's level went since the one before."""
    mean = s["level_sum"] / float(s["level_n"])
    s["step"] = mean - s["level"] if s["n_levels"] > 0 else 0.0
    s["level"] = mean
    s["n_levels"] += 1
    s["level_sum"] = 0.0
    s["level_n"] = 0


@kernel
def sound_signal(s: Any, fir: Any, scale: float, zero: float, raw: Any, n: int, first: int, work: Any) -> None:
    """Take grid samples first..first+n-1 as the resampler made them; the bands are known up to HALF before the last."""
    line = work["line"]
    for i in range(n):
        value = (raw[i] - zero) * scale
        place = (first + i) % RING
        s["bad"][(first + i + AHEAD) % RING] = 0
        if math.isfinite(value) and abs(value) < LARGEST:
            if s["fresh"] == 1:
                s["fresh"] = 0
                s["base"] = value
            s["held"] = value - s["base"]
            s["level_sum"] += s["held"]
            s["level_n"] += 1
            s["plain"][place] = s["held"]
        else:
            s["bad"][place] |= SOUND_MISSING
            s["plain"][place] = 0.0
        line[TAIL + i] = s["held"]
        if (first + i + 1) % SOUND_HZ == 0 and s["level_n"] > 0:
            _learn_level(s)
    for i in range(TAIL):
        line[i] = s["tail"][i]
    symmetric_fir(fir[0], line, n, work["narrow"])
    symmetric_fir(fir[1], line, n, work["wide"])
    keep_tail(line, n, s["tail"])
    _store(s, work, n, first - HALF)
