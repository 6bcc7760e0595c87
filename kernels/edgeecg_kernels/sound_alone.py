"""Heart sounds without an ECG: the likeliest course of S1, systole, S2 and diastole through a whole recording.

The duration-dependent hidden Markov model of Schmidt et al., Physiol. Meas. 31 (2010) 513-529, section 2.4, with the
durations of section 2.4.1: those of S1 and S2 as they are in man, that of the heart cycle and of systole from the
autocorrelation of the envelope. Differences: heart cycle and systole are taken anew every two seconds from the six around;
what a frame speaks for is the log of its energy between the quiet and the loud level around it, limited, instead of a trained
distribution; what follows the last whole sound is left out.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel

FRAME_MS = 10
STATES = 4
S1, SYSTOLE, S2, DIASTOLE = 0, 1, 2, 3
NEAR, HOP = 300, 200
"""Frames on either side that a place's cycle is read from, and from one reading to the next."""
LAG_LOW, LAG_HIGH = 33, 160
"""Frames of a heart cycle: 180 to 38 a minute."""
SYSTOLE_LOW, SYSTOLE_HIGH = 18, 48
S1_FRAMES, S2_FRAMES, SOUND_SD = 11.0, 9.5, 2.5
MOST_SOUND = 20
PREFERRED, PREFERRED_WIDTH = 85.0, 0.5
"""The cycle to be preferred where two are as good, and how strongly, in octaves of e."""
SYSTOLE_SD = 3.5
DIASTOLE_SHARE, DIASTOLE_SD = 0.12, 6.0
NONE = -1e18


@kernel
def autocorrelation(y: Any, begin: int, end: int, lag: int) -> float:
    """Return the correlation of y[begin:end] with itself `lag` later; y has no mean worth taking off."""
    total = here = there = 0.0
    for i in range(begin, end - lag):
        total += y[i] * y[i + lag]
        here += y[i] * y[i]
        there += y[i + lag] * y[i + lag]
    scale = math.sqrt(here * there)
    return total / scale if scale > 0.0 else 0.0


@kernel
def cycle_at(y: Any, n: int, centre: int) -> tuple[int, int, float]:
    """Return the heart cycle and the interval from S1 to S2 around a frame, in frames, and how periodic it is there."""
    begin, end = max(0, centre - NEAR), min(n, centre + NEAR)
    best, cycle, strength = NONE, LAG_LOW, 0.0
    for lag in range(LAG_LOW, min(LAG_HIGH, (end - begin) // 2) + 1):
        r = autocorrelation(y, begin, end, lag)
        octaves = math.log(float(lag) / PREFERRED) / PREFERRED_WIDTH
        score = r - 0.05 * octaves * octaves
        if score > best:
            best, cycle, strength = score, lag, r
    best, systole = NONE, SYSTOLE_LOW
    usual = 32.5 * math.sqrt(float(cycle) / PREFERRED)
    for lag in range(SYSTOLE_LOW, min(SYSTOLE_HIGH, cycle * 6 // 10) + 1):
        away = (float(lag) - usual) / 6.0
        score = autocorrelation(y, begin, end, lag) - 0.1 * away * away
        if score > best:
            best, systole = score, lag
    return cycle, systole, strength


@kernel
def _square(value: float, mean: float, sd: float) -> float:
    return -0.5 * ((value - mean) / sd) * ((value - mean) / sd)


@kernel
def duration_score(state: int, length: int, cycle: float, systole: float) -> float:
    """Return the log of how usual a length is for a state, but for a constant."""
    if state == S1:
        return _square(float(length), S1_FRAMES, SOUND_SD)
    if state == S2:
        return _square(float(length), S2_FRAMES, SOUND_SD)
    half = 0.5 * (S1_FRAMES + S2_FRAMES)
    if state == SYSTOLE:
        return _square(float(length), max(4.0, systole - half), SYSTOLE_SD)
    return _square(float(length), max(4.0, cycle - systole - half), DIASTOLE_SD + DIASTOLE_SHARE * cycle)


@kernel
def _longest(state: int, cycle: int) -> int:
    if state in (S1, S2):
        return MOST_SOUND
    return SYSTOLE_HIGH if state == SYSTOLE else min(LAG_HIGH, 3 * cycle // 2)


@kernel
def likeliest_course(gains: Any, n: int, cycles: Any, systoles: Any, score: Any, length: Any) -> int:
    """Fill score[t][state] and length[t][state] for a state that ends at frame t (of n + 1); return the best last state.

    gains[t] is the sum of what the frames before t say for sound. A course may begin in any state, at any length of it.
    """
    for t in range(n + 1):
        for state in range(STATES):
            score[t][state] = NONE
            length[t][state] = 0
    for t in range(1, n + 1):
        reading = min(len(cycles) - 1, t // HOP)
        cycle, systole = cycles[reading], systoles[reading]
        for state in range(STATES):
            sign = 1.0 if state in (S1, S2) else -1.0
            before = (state + STATES - 1) % STATES
            best, best_length = NONE, 0
            for d in range(2, min(_longest(state, cycle), t) + 1):
                begin = t - d
                start = 0.0 if begin == 0 else score[begin][before] + duration_score(state, d, float(cycle), float(systole))
                value = start + sign * (gains[t] - gains[begin])
                if value > best:
                    best, best_length = value, d
            score[t][state] = best
            length[t][state] = best_length
    last = 0
    for state in range(1, STATES):
        if score[n][state] > score[n][last]:
            last = state
    return last
