"""The oracle of the sound stage: whole arrays, numpy and plain loops over every possibility, nothing causal, nothing kept."""

import math

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]


def filtered(taps: Signal, x: Signal) -> Signal:
    """A symmetric filter given from its middle outwards, over x, as if nothing were before and after it."""
    whole = np.concatenate([taps[:0:-1], taps])
    return np.convolve(x, whole)[len(taps) - 1 :][: len(x)]


def energies(x: Signal) -> Signal:
    """Mean squares of five-millisecond frames, smoothed 1 2 3 2 1; the ends have fewer neighbours."""
    frames = np.square(x[: len(x) // 5 * 5]).reshape(-1, 5).mean(axis=1)
    weights = np.convolve(np.ones(len(frames)), [1, 2, 3, 2, 1], mode="same")
    return np.asarray(np.convolve(frames, [1, 2, 3, 2, 1], mode="same") / weights)


def best_sound(
    x: Signal, *, before: int, onsets_ms: range, place: tuple[float, float], length: tuple[float, float]
) -> tuple[float, int, int]:  # fmt: skip
    """The likeliest (score, onset, end) of one sound among all onsets and lengths; in frames of 5 ms."""
    smooth = energies(x)
    in_order = np.sort(smooth)
    top = math.log(in_order[len(smooth) - len(smooth) // 16] + 1e-30)
    quiet = max(math.log(in_order[len(smooth) // 4] + 1e-30), top - 5.0)
    half = max(0.5 * (top - quiet), 0.35)
    weight = 2 * min(0.5 * (top - quiet) ** 2, 3.0) / 5
    says = [weight * max(-1.0, min(1.0, (math.log(e + 1e-30) - quiet - half) / half)) for e in smooth]
    best = (-math.inf, -1, -1)
    for onset_ms in onsets_ms:
        for frames in range(8, 37):
            on = onset_ms // 5
            if on + frames > len(says):
                continue
            middle_ms = 5 * (on + frames / 2) - before
            score = (
                sum(says[on : on + frames]) - 0.5 * ((middle_ms - place[0]) / place[1]) ** 2 - 0.5 * ((frames - length[0]) / length[1]) ** 2
            )
            best = max(best, (score, on, on + frames), key=lambda one: one[0])
    return best


def band_powers(x: Signal, edges_hz: tuple[float, ...], rate_hz: float) -> list[float]:
    """Mean squares by band: periodograms of 80 samples every 40, read every 20 Hz from 40 on, each standing for 20 Hz."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(80) + 0.5) / 80)
    segments = [x[begin : begin + 80] for begin in range(0, len(x) - 79, 40)]
    powers = [0.0] * (len(edges_hz) - 1)
    for hz in range(40, 400, 20):
        turns = np.exp(-2j * np.pi * hz / rate_hz * np.arange(80))
        band = max(i for i, low in enumerate(edges_hz[:-1]) if hz >= low)
        mean = np.mean([abs(np.sum(hann * segment * turns)) ** 2 for segment in segments])
        powers[band] += 2 * mean / (rate_hz * np.sum(hann**2)) * 20
    return powers


def contrast(x: Signal) -> float:
    """The log of the ninth decile over the first quartile of twenty-millisecond energies."""
    pieces = np.sort(np.square(x).reshape(-1, 20).mean(axis=1))
    return math.log((pieces[len(pieces) * 9 // 10] + 1e-30) / (pieces[len(pieces) // 4] + 1e-30))


def course(gains: Signal, cycle: float, systole: float) -> tuple[float, list[tuple[int, int, int]]]:
    """The likeliest (state, begin, end) from first frame to last, by trying every course: for a few frames only."""

    def usual(state: int, d: int) -> float:
        mean, sd = [(11.0, 2.5), (max(4.0, systole - 10.25), 3.5), (9.5, 2.5), (max(4.0, cycle - systole - 10.25), 6.0 + 0.12 * cycle)][
            state
        ]
        return -0.5 * ((d - mean) / sd) ** 2

    longest = (20, 48, 20, min(160, int(3 * cycle // 2)))
    n = len(gains) - 1

    def rest(begin: int, state: int) -> tuple[float, list[tuple[int, int, int]]]:
        if begin == n:
            return 0.0, []
        best: tuple[float, list[tuple[int, int, int]]] = (-math.inf, [])
        for d in range(2, min(longest[state], n - begin) + 1):
            value, after = rest(begin + d, (state + 1) % 4)
            sign = 1 if state in {0, 2} else -1
            own = sign * (gains[begin + d] - gains[begin]) + (usual(state, d) if begin else 0.0)
            if own + value > best[0]:
                best = own + value, [(state, begin, begin + d), *after]
        return best

    return max((rest(0, state) for state in range(4)), key=lambda one: one[0])
