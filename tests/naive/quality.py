"""The oracle of `quality`: every second rated from slices of the whole signal and from the whole list of beats."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

BAD_BITS = 1 | 2 | 4 | 8
MOTION, WANDER, DOUBT, ODD_BEATS, BAD_SAMPLES = 1, 2, 3, 4, 5


@dataclass
class Beat:
    place: int
    known_at: int
    surety: float
    height: float
    open: bool = False  # another may have been missed before it


@dataclass
class Table:
    knee: list[float]
    weight: list[float]
    bias: float
    good: float


@dataclass
class Half:
    rough_min: float
    slope: float
    slope_min: float
    step: float
    low: float
    high: float
    mean: float
    bad: int


@dataclass
class Rating:
    start: int
    known_at: int
    index: float
    good: bool
    reason: int
    bad_share: float
    noise_mv: float
    level_mv: float


class Signal:
    """A clean signal whose first sample is grid sample `first`; before it, its first value."""

    def __init__(self, y: Sequence[float], flags: Sequence[int], first: int) -> None:
        self.y, self.flags, self.first = y, flags, first

    def __getitem__(self, at: int) -> float:
        return self.y[max(at - self.first, 0)]

    def level(self, group: int) -> float:
        """Mean of the five samples from `group` on; before the first sample the first value itself."""
        if group + 5 <= self.first:
            return self.y[0]
        v = [self[group + k] for k in range(5)]
        return (((v[0] + v[1]) + (v[2] + v[3])) + v[4]) * (1.0 / 5)

    def half(self, start: int) -> Half:
        roughs, slopes, levels, steps = [], [], [], []
        mean = 0.0
        for piece in range(start, start + 125, 25):
            rough = slope = 0.0
            for group in range(piece, piece + 25, 5):
                a = [abs((self[at] - self[at - 1]) - (self[at - 1] - self[at - 2])) for at in range(group, group + 5)]
                rough += ((a[0] + a[1]) + (a[2] + a[3])) + a[4]
                level = self.level(group)
                step = abs(level - self.level(group - 5))
                slope += step
                levels.append(level)
                steps.append(step)
                mean += level * (5 / 125)
            roughs.append(rough)
            slopes.append(slope)
        total = 0.0
        for slope in slopes:
            total += slope
        bad = sum(1 for at in range(start, start + 125) if self.flags[at - self.first] & BAD_BITS)
        return Half(min(roughs), total, min(slopes), max([0.0, *steps]), min(levels), max(levels), mean, bad)


def within(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))


@dataclass
class Known:
    """What is known of the beats at some time: each one's oddities, and the running values."""

    beats: list[Beat]
    odd_rr: list[float]
    odd_height: list[float]
    height: float
    rr: float
    doubt: float


def learn(beats: Sequence[Beat]) -> Known:
    known = Known([], [], [], 0.0, 250.0, 0.0)
    for n, beat in enumerate(beats):
        odd_rr = odd_height = 0.0
        if n == 0:
            known.height = beat.height
        else:
            interval = float(beat.place - beats[n - 1].place)
            rr = within(interval, 62.5, 500.0) if n == 1 else known.rr
            odd_rr = abs(interval - rr) / rr
            known.rr = rr + 0.125 * (within(interval, 0.5 * rr, 1.5 * rr) - rr)
            usual = known.height
            odd_height = abs(beat.height - usual) / (usual + 1e-9)
            known.height = usual + 0.2 * (within(beat.height, 0.4 * usual, 2.5 * usual) - usual)
        known.doubt += 0.1 * ((1.0 - beat.surety) - known.doubt)
        known.beats.append(beat)
        known.odd_rr.append(odd_rr)
        known.odd_height.append(odd_height)
    return known


def describe(halves: Sequence[Half], known: Known, start: int) -> list[float]:
    before, one, two, after = halves
    height = known.height + 1e-9
    means = [half.mean for half in halves]
    signal = [
        max(one.slope_min, two.slope_min) / height,
        (one.slope + two.slope) / height,
        max(before.slope, after.slope) / height,
        max(one.step, two.step) / height,
        max(before.step, after.step) / height,
        (max(one.high, two.high) - min(one.low, two.low)) / height,
        max(before.high - before.low, after.high - after.low) / height,
        (max(means) - min(means)) / height,
        (one.slope + two.slope) / (max(one.step, two.step) + 1e-9),
    ]
    latest = list(zip(known.beats, known.odd_rr, known.odd_height, strict=True))[-16:]
    inside = [row for row in latest if start <= row[0].place < start + 250]
    near = [row for row in latest if start - 125 <= row[0].place < start + 375]
    last = max([start - 250] + [beat.place for beat, _, _ in latest if beat.place < start + 250])
    beats = [
        (start + 250 - last) / known.rr,
        max([0.0] + [1.0 - beat.surety for beat, _, _ in inside]),
        max([0.0] + [1.0 - beat.surety for beat, _, _ in near]),
        known.doubt,
        max([0.0] + [odd_rr for _, odd_rr, _ in inside]),
        max([0.0] + [odd_height for _, _, odd_height in inside]),
    ]
    return signal + beats


def quality(signal: Signal, beats: Sequence[Beat], table: Table) -> list[Rating]:
    """Rate every second with a whole half after it; `beats` are in the order in which they became known."""
    ratings = []
    end = signal.first + len(signal.y)
    first_half = -(-signal.first // 125) * 125
    for start in range(-(-first_half // 250) * 250, end - 374, 250):
        known_at = start + 374
        own = [signal.half(start), signal.half(start + 125)]
        before = signal.half(start - 125) if start - 125 >= first_half else own[0]
        known = learn([beat for beat in beats if beat.known_at <= known_at])
        x = describe([before, *own, signal.half(start + 250)], known, start)
        weights = [w * (v / (v + knee)) for v, knee, w in zip(x, table.knee, table.weight, strict=True)]
        z = table.bias
        for weight in weights:
            z -= weight
        bad_share = (own[0].bad + own[1].bad) / 250
        index = 1.0 / (1.0 + math.exp(-within(z, -30.0, 30.0))) * (1.0 - bad_share)
        sound = index >= table.good and bad_share <= 0.1
        before_end = [beat for beat in known.beats[-16:] if beat.place < start + 250]
        n_intervals = max(len(known.beats) - 1, 0) - (len(known.beats[-16:]) - len(before_end))
        good = sound and n_intervals >= 3 and not any(beat.open for beat in before_end[-10:])
        complaint = ([MOTION] * 7 + [WANDER, MOTION] + [DOUBT] * 4 + [ODD_BEATS] * 2)[weights.index(max(weights))]
        reason = 0 if good else DOUBT if sound else BAD_SAMPLES if bad_share > 0.1 else complaint
        noise = min(own[0].rough_min, own[1].rough_min) / (1.95 * 25)
        level = max(abs(own[0].mean), abs(own[1].mean))
        ratings.append(Rating(start, known_at, index, good, reason, bad_share, noise, level))
    return ratings
