"""Every second of sound: can heart sounds be made out in it, and if not, why.

No paper. Heart sounds are short and what lies between them is quiet, so the energy of twenty milliseconds, sorted, says
how far they stand out: the log of the ninth decile over the first quartile. Its place on a logistic curve is the chance
that a second's sounds are found, set by hand on simulated hearts. What is missing, clipped or cut out takes
from it in proportion.
"""

import math
from typing import Any

import numpy as np

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.sound_state import LOBE, RING, SOUND_CLIPPED, SOUND_CUT, SOUND_HZ, SOUND_MISSING
from edgeecg_kernels.state import KIND_QUALITY

PIECE = 20
PIECES = SOUND_HZ // PIECE
FLOOR = 1e-30
CONTRAST_MIDDLE, CONTRAST_SCALE = 2.6, 0.45
"""Of the logistic curve, in nepers of energy."""
GOOD = 0.5
MOST_BAD = 0.1
MOST_CLIPPED = 0.004
MOST_CUT = 0.03
QUIET = 0.02
"""Of the usual RMS: quieter than this, nothing is heard."""
DRIFT = 30.0
"""Times the RMS: a level that goes so far in a second drifts."""
TYPICAL_SHARE = 1 / 16
# Why a second is not good: as `edgeecg.types.QualityReason`.
Q_FINE, Q_MISSING, Q_SILENT, Q_CLIPPED, Q_KNOCK, Q_TALK, Q_DRIFT = 0, 5, 6, 7, 8, 9, 10


@kernel
def sort_values(values: Any, n: int) -> None:
    """Sort few values, ascending, in place."""
    for i in range(1, n):
        value = values[i]
        j = i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


@kernel
def is_silent(s: Any, mean_square: float) -> bool:
    """Tell whether this is too quiet to be anything."""
    typical = s["typical"]
    return bool(mean_square <= FLOOR or mean_square < QUIET * QUIET * typical * typical)


@kernel
def _count(s: Any, start: int, bit: int) -> int:
    count = 0
    for g in range(start, start + SOUND_HZ):
        if int(s["bad"][g % RING]) & bit:
            count += 1
    return count


@kernel
def _contrast(s: Any, start: int, values: Any) -> float:
    n = 0
    for piece in range(PIECES):
        total, used = 0.0, 0
        for i in range(PIECE):
            place = (start + piece * PIECE + i) % RING
            if int(s["bad"][place]) & (SOUND_MISSING | SOUND_CUT):
                continue
            value = np.float64(s["narrow"][place])
            total += value * value
            used += 1
        if used > PIECE // 2:
            values[n] = total / float(used)
            n += 1
    if n < PIECES // 2:
        return 0.0
    sort_values(values, n)
    return math.log((values[n * 9 // 10] + FLOOR) / (values[n // 4] + FLOOR))


@kernel
def _reason(s: Any, missing: int, clipped: int, cut: int, rms: float, silent: bool, index: float) -> int:
    if missing > MOST_BAD * SOUND_HZ:
        return Q_MISSING
    if silent:
        return Q_SILENT
    if clipped > MOST_CLIPPED * SOUND_HZ:
        return Q_CLIPPED
    if abs(s["step"]) > DRIFT * rms:
        return Q_DRIFT
    if cut > MOST_CUT * SOUND_HZ:
        return Q_KNOCK
    return Q_FINE if index >= GOOD else Q_TALK


@kernel
def sound_second(s: Any, work: Any, lead: int, out: Any, n_out: int) -> int:
    """Rate the next second, all of which is in the ring: a row about its first grid sample."""
    start = s["next_second"] * SOUND_HZ
    s["next_second"] += 1
    missing, clipped, cut = _count(s, start, SOUND_MISSING), _count(s, start, SOUND_CLIPPED), _count(s, start, SOUND_CUT)
    energy = 0.0
    for g in range(start, start + SOUND_HZ):
        value = np.float64(s["wide"][g % RING])
        energy += value * value
    mean_square = energy / SOUND_HZ
    rms = math.sqrt(mean_square)
    silent = is_silent(s, mean_square)
    contrast = _contrast(s, start, work["sorted"])
    spoilt = min(1.0, float(missing) / SOUND_HZ + 10.0 * float(clipped) / SOUND_HZ + 2.0 * float(cut) / SOUND_HZ)
    index = 0.0 if silent else (1.0 - spoilt) / (1.0 + math.exp((CONTRAST_MIDDLE - contrast) / CONTRAST_SCALE))
    reason = _reason(s, missing, clipped, cut, rms, silent, index)
    if reason == Q_FINE:
        s["typical"] = rms if s["typical"] == 0.0 else s["typical"] + TYPICAL_SHARE * (rms - s["typical"])
    row = out[n_out]
    row["kind"] = KIND_QUALITY
    row["lead"] = lead
    row["sample"] = start
    row["known_at"] = start + SOUND_HZ - 1 + LOBE
    row["value"][0] = index
    row["value"][1] = 1.0 if reason == Q_FINE else 0.0
    row["value"][2] = float(reason)
    row["value"][3] = float(missing + clipped) / SOUND_HZ
    row["value"][4] = rms
    row["value"][5] = 0.0
    row["value"][6] = contrast
    row["value"][7] = 0.0
    return n_out + 1
