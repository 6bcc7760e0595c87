"""Early beats made of hearts' own normal ones: diastole is cut short, once or over a run.

Records with supraventricular beats are few, and their persons fewer. A beat that comes early behind a QRS like all others is
what one is, and a run of them at another rate is an atrial tachycardia; recordings of normal rhythm have persons by the hundred.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rng = np.random.Generator

P_BEGINS_S, P_ENDS_S = 0.2, 0.06
"""So long before its R peak the P wave of a beat begins and ends."""
FADE_S = 0.04
LEAST_RR_S = 0.36
EARLIEST, LATEST = 0.5, 0.86
"""An early beat comes after so much of the interval it had."""
USUAL = 0.25
"""An interval further from the median than this share of it is left as it is."""
RUN_SHARE, LONGEST_RUN = 0.4, 24
APART = 3, 9
"""So many beats lie between what is made early."""
P_GAIN = -0.8, 1.2


def hastened(samples: Floats, peaks: Ints, rate_hz: float, rng: Rng) -> tuple[Floats, Ints]:
    """Return the recording with some beats come early, and where their R peaks lie now."""
    y, early = cut_short(samples, peaks, rate_hz, rng)
    for peak in early.tolist():
        other_p_wave(y, peak, rate_hz, float(rng.uniform(*P_GAIN)))
    return y, early


def cut_short(samples: Floats, peaks: Ints, rate_hz: float, rng: Rng) -> tuple[Floats, Ints]:
    """Return the recording with some diastoles cut short, and where the R peaks behind them lie now."""
    pieces: list[Floats] = []
    early, begin, gone = [], 0, 0
    fade = round(FADE_S * rate_hz)
    for k, cut in _cuts(peaks, rate_hz, rng):
        p_begins = int(peaks[k]) - round(P_BEGINS_S * rate_hz)
        if p_begins - cut - fade <= begin:
            continue
        pieces.append(samples[begin : p_begins - cut + fade])
        begin, gone = p_begins, gone + cut
        early.append(int(peaks[k]) - gone)
    return _joined([*pieces, samples[begin:]], fade), np.array(early, np.int64)


def _cuts(peaks: Ints, rate_hz: float, rng: Rng) -> list[tuple[int, int]]:
    """Choose beats, and by how many samples each comes early."""
    rr = np.diff(peaks)
    median, cuts = float(np.median(rr)), []
    k = int(rng.integers(*APART)) + 2
    while k < len(peaks):
        n = int(rng.integers(3, LONGEST_RUN)) if rng.random() < RUN_SHARE else 1
        ratio = float(rng.uniform(EARLIEST, LATEST))
        for at in range(k, min(k + n, len(peaks))):
            wanted = max(ratio * float(rng.normal(1, 0.02)) * median, LEAST_RR_S * rate_hz)
            cut = round(float(rr[at - 1]) - wanted)
            if cut > (1 - LATEST) * median / 2 and abs(rr[at - 1] / median - 1) < USUAL:
                cuts.append((at, cut))
        k += n + int(rng.integers(*APART))
    return cuts


def _joined(pieces: list[Floats], fade: int) -> Floats:
    """Put pieces one behind the other, the end of each fading into the beginning of the next."""
    y, rise = pieces[0].copy(), np.linspace(0, 1, fade)
    for piece in pieces[1:]:
        y[-fade:] = (1 - rise) * y[-fade:] + rise * piece[:fade]
        y = np.concatenate((y, piece[fade:]))
    return y


def other_p_wave(y: Floats, peak: int, rate_hz: float, gain: float) -> None:
    """Give a beat the P wave of another focus: smaller, or turned over."""
    first, last = peak - round(P_BEGINS_S * rate_hz), peak - round(P_ENDS_S * rate_hz)
    if first >= 0:
        line = np.linspace(y[first], y[last - 1], last - first)
        y[first:last] = line + gain * (y[first:last] - line)
