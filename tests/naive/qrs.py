"""The R-peak detector as a slow, plain text over whole stretches: lists that only grow, one sample after the other.

It says the same thing as `edgeecg_kernels.qrs*` and shares its constants and taught numbers, none of its code: nothing
is kept in a ring, wound back, skipped to or fused.
"""

import math
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any, NamedTuple

from edgeecg_kernels.qrs import DECISION_BOUND, HOLD, LIMIT, NOISE_FLOOR
from edgeecg_kernels.qrs_state import (
    APART,
    EARLY,
    INPUTS,
    LOOK,
    LOOK_AGAIN,
    OVERDUE,
    QUEUE,
    RECENT,
    START,
)
from edgeecg_kernels.state import FLAG_BAD

FAR = 10  # the energy of sample t is known once t + FAR has come
FLOOR = 1e-6
TINY = 1e-9
KEPT = 2500
ALIKE = 0.85
OF_THE_HEART = (
    "rr", "rr_spread", "swing", "unrest", "template", "template_weight", "template_kind", "other", "other_weight", "other_kind", "normals",
    "usual", "known_beats",
)  # fmt: skip


class Beat(NamedTuple):
    """One row."""

    sample: int
    known_at: int
    value: list[float]
    lead: int


class Candidate:
    """A peak of energy at `place`, counted from the stretch's first sample; measured when LOOK samples have followed."""

    pre: float
    post: float
    pre_mean: float
    post_mean: float
    pre_range: float
    post_range: float
    rough: float
    width: int
    full: int
    range: float
    slope: float
    step: float
    bulge: float
    height: float
    peak: int
    norm: float
    fullness: float
    shape: list[float]

    def __init__(self, place: int, strength: float) -> None:
        self.place = place
        self.strength = strength


def share(a: float, b: float) -> float:
    return a / (a + b + FLOOR)


def bounded(v: float, low: float, high: float) -> float:
    return low if v < low else high if v > high else v


def sure(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-bounded(logit, -30.0, 30.0)))


def total(values: Sequence[float]) -> float:
    result = 0.0
    for v in values:
        result += v
    return result


def by_twos(values: Sequence[float]) -> float:
    """Sum as two sums, each of every second value."""
    return total(values[0::2]) + total(values[1::2])


class Second:
    """What a second lead tells, and which beats have been told by whom; it outlives stretches of the first."""

    def __init__(self, votes: Sequence[Beat]) -> None:
        self.votes = votes
        self.heeded = 0
        self.told_until = 0
        self.stood_in_until = 0
        self.horizon = math.inf

    def known(self, now: int) -> list[Beat]:
        return [vote for vote in self.votes if vote.known_at <= min(now, self.horizon)]

    def trusted(self, now: int) -> bool:
        last = self.known(now)[-8:]
        return len(last) == 8 and now - last[-1].known_at <= 500 and total([vote.value[0] for vote in reversed(last)]) / 8 > 0.9

    def support(self, now: int, sample: int) -> float:
        if not self.trusted(now):
            return 0.0
        near = [vote for vote in self.known(now) if abs(vote.sample - sample) <= 25]
        if near:
            return 3.0 * near[-1].value[0] if near[-1].sample >= self.told_until else 0.0
        return -2.0 if now >= sample + LOOK + 15 else 0.0

    def witness(self, now: int, earliest: int) -> Beat | None:
        sure_of = [vote for vote in self.known(now) if vote.sample >= earliest and vote.value[0] > 0.9]
        return sure_of[0] if sure_of and self.trusted(now) else None

    def stand_in(self, now: float) -> list[Beat]:
        """Return what is to be passed on: the first lead is deaf."""
        told = []
        while self.heeded < len(self.votes) and self.votes[self.heeded].known_at <= min(now, self.horizon):
            vote = self.votes[self.heeded]
            if vote.sample >= self.told_until:
                self.told_until = self.stood_in_until = vote.sample + 38
                told.append(vote)
            self.heeded += 1
        return told

    def overhear(self, now: int) -> None:
        self.heeded = max(self.heeded, len(self.known(now)))


class Stretch:
    """Signal without a gap, and all the detector believes about it."""

    weakest: float
    noise: float
    slope: float
    range: float
    norm: float
    rr: float
    rr_last: float
    rr_spread: float
    swing: float
    doubt: float
    unrest: float
    last_place: int
    last_strength: float
    last_slope: float
    last_surety: float
    places: list[int]
    count: int
    refused: int
    refused_place: int
    refused_strength: float
    refused_logit: float
    template: list[float]
    template_weight: float
    other: list[float]
    other_weight: float
    alarm: int
    likeness_told: float
    template_kind: float
    other_kind: float
    known_beats: int
    now: int

    def __init__(self, params: Any, first: int, lead: int, second: Second, before: "Stretch | None" = None) -> None:
        self.p, self.first, self.lead, self.second = params, first, lead, second
        self.before = before.known_by(first) if before else None
        self.y: list[float] = []
        self.candidates: list[Candidate] = []
        self.measured = 0
        self.judged = 0
        self.levelled = False
        self.waiting = False
        self.inherits, self.outdone_peak = 0.0, 0
        self.strength = 0.0
        self.beats: list[Beat] = []

    def line(self, t: int) -> float:
        return self.y[t] if t >= 0 else self.y[0]

    def smooth(self, t: int) -> float:
        """Five samples about t - 2."""
        if t < 0:
            return 5.0 * self.y[0]
        a, b, c, d, e = (self.line(t - k) for k in (4, 3, 2, 1, 0))
        return ((a + b) + (c + d)) + e

    def energy(self, t: int) -> float:
        """QRS energy centred on t."""
        if t + FAR < 0:
            return 0.0
        odd = self.smooth(t + 6) - self.smooth(t - 2)
        even = self.smooth(t + 2) - 0.5 * (self.smooth(t - 6) + self.smooth(t + FAR))
        return odd * odd + even * even

    def feed(self, v: float) -> None:
        self.y.append(v)
        now = len(self.y) - 1
        self.find(now - FAR - 1)
        if self.measured < len(self.candidates) and self.candidates[self.measured].place + LOOK == now:
            if self.judged == self.measured and self.hopeless(self.candidates[self.measured]):
                self.doubt -= 0.125 * self.doubt
                self.inherits = 0.0
                self.refuse(self.candidates[self.measured], -math.inf)
                self.judged += 1
            else:
                self.measure(self.candidates[self.measured])
            self.measured += 1
        if self.judged < self.measured:
            if now >= START and not (self.waiting and now < self.candidates[self.judged].place + LOOK_AGAIN):
                self.judge(now)
        elif self.levelled and now >= self.alarm:
            self.look_back(now)
        if not self.levelled:
            self.beats += self.second.stand_in(self.first + now)

    def find(self, place: int) -> None:
        before, here, after = (self.energy(t) for t in (place - 1, place, place + 1))
        gate = max(NOISE_FLOOR, (float(self.p["gate"]) * self.strength) ** 2)
        if not (here > gate and after < here and before <= here):
            return
        strength = math.sqrt(here)
        waiting = self.candidates[self.measured :]
        if waiting and place - waiting[-1].place <= APART:
            if strength > waiting[-1].strength:
                waiting[-1].place, waiting[-1].strength = place, strength
        else:
            self.candidates.append(Candidate(place, strength))

    def hopeless(self, c: Candidate) -> bool:
        """Whether it is so weak that nothing more is asked."""
        if not self.levelled:
            return False
        soon = float(c.place - self.last_place) < self.p["soon"] * self.rr
        return bool(c.strength < (self.p["faint_soon"] if soon else self.p["faint"]) * self.weakest)

    def measure(self, c: Candidate) -> None:
        """Look 61 samples back and as far ahead as has come, at every second sample."""
        at = c.place
        sides = [range(at - 61, at - 21, 2), range(at + 22, at + 34, 2)]
        energies = [[self.energy(t) for t in side] for side in sides]
        lines = [[self.line(t) for t in side] for side in sides]
        bends = [[abs((self.line(t - 1) - self.line(t)) - (self.line(t) - self.line(t + 1))) for t in side] for side in sides]
        c.pre, c.post = (math.sqrt(max(values)) for values in energies)
        c.pre_mean, c.post_mean = (math.sqrt(total(values) / len(values)) for values in energies)
        c.pre_range, c.post_range = (max(values) - min(values) for values in lines)
        c.rough = 0.5 * (total(bends[0]) / len(bends[0]) + total(bends[1]) / len(bends[1]))
        c.strength = math.sqrt(self.energy(at))
        c.width, c.full = self.width(at, 0.25), self.width(at, 0.5)
        middle = [self.line(t) for t in range(at - 15, at + 16)]
        c.range = max(middle) - min(middle)
        c.slope = self.steepest(at - 15, at + 16)
        before = total([self.line(t) for t in range(at - 30, at - 15)]) / 15
        after = total([self.line(t) for t in range(at + 15, at + 30)]) / 15
        c.step = before - after
        c.bulge = abs(self.smooth(at + 2) - 0.5 * (self.smooth(at - 20) + self.smooth(at + 24)))
        rest = 0.5 * (before + after)
        c.fullness = total([abs(self.line(t) - rest) for t in range(at - 20, at + 21, 2)]) / 21
        heights = [self.line(t) - rest for t in range(at - 12, at + 13)]
        c.height = max(heights, key=abs)
        c.peak = heights.index(c.height) - 12 if c.height != 0.0 else 0
        c.height = c.height if c.height != 0.0 else 0.0
        shape = [self.smooth(at + 2 + 2 * k) for k in range(-16, 16)]
        mean = by_twos(shape) / 32
        shape = [v - mean for v in shape]
        c.norm = math.sqrt(by_twos([v * v for v in shape[1:31]]))
        scale = 1.0 / c.norm if c.norm > 1e-9 else 0.0
        c.shape = [v * scale for v in shape]

    def width(self, at: int, part: float) -> int:
        limit = self.energy(at) * part
        left = right = at
        while left > at - 60 and self.energy(left - 1) > limit:
            left -= 1
        while right < at + LOOK - 12 and self.energy(right + 1) > limit:
            right += 1
        return right - left + 1

    def steepest(self, a: int, b: int) -> float:
        return max([0.0] + [abs(self.line(t + 1) - self.line(t - 1)) for t in range(a, b)])

    def known_by(self, first: int) -> "Stretch | None":
        """Return the newest stretch that knew its heart, if that is not too long ago at `first`."""
        knowing = self if self.levelled else self.before
        if knowing is None or knowing.known_beats < 8:
            return None
        return knowing if 0 <= first - knowing.first - knowing.last_place <= KEPT else None

    def learn_levels(self) -> None:
        waiting = self.candidates[self.judged : self.measured]
        known = [self.before.template] + [self.before.other] * (self.before.other_weight > 0.0) if self.before else []
        alike = [c for c in waiting if any(self.likeness(c.shape, shape) > ALIKE for shape in known)]
        best = max(alike or waiting, key=lambda c: c.strength)
        if self.before and alike:
            for name in OF_THE_HEART:
                setattr(self, name, getattr(self.before, name))
        else:
            self.forget_heart(best)
        self.strength = self.weakest = self.last_strength = best.strength
        self.noise = 0.25 * best.strength
        self.slope = self.last_slope = best.slope
        self.range, self.norm = best.range, best.norm
        self.rr_last, self.doubt, self.last_surety = self.rr, 0.5, 0.5
        self.last_place, self.last_peak, self.places = -200, -200, [-2000] * RECENT
        self.count = 0
        self.refuse_nothing(-200)
        self.kinds: list[float] = [0.0, 0.0]
        self.alarm = START + OVERDUE
        self.levelled = True

    def forget_heart(self, best: Candidate) -> None:
        self.rr, self.rr_spread, self.swing, self.unrest = 200.0, 50.0, 0.1, 0.1
        self.template, self.template_weight = list(best.shape), 0.0
        self.other, self.other_weight = [0.0] * 32, 0.0
        self.template_kind = self.other_kind = 0.0
        self.normals = 0.0
        self.usual = [0.0] * 4
        self.known_beats = 0

    def refuse_nothing(self, place: int) -> None:
        self.refused, self.refused_place, self.refused_strength, self.refused_logit = 0, place, 0.0, -8.0

    def judge(self, now: int, *, final: bool = False) -> None:
        if not self.levelled:
            self.learn_levels()
        self.now = now
        c = self.candidates[self.judged]
        x = self.describe(c)
        swings = c.width >= 45 and c.full >= 36 and c.place - self.last_place > 112
        logit = -8.0 if swings else self.verdict(x) + self.credit(c.place)
        if self.inherits > 0.0 and abs(c.place + c.peak - self.outdone_peak) <= 12:
            logit = max(logit, self.inherits)
        inherits = 0.0
        heard = bool(self.second.known(self.first + now))
        doubtful = self.p["accept"] < logit < self.p["doubtful"]
        if doubtful or (heard and abs(logit) < 4.0):
            if not self.waiting and now < c.place + LOOK_AGAIN and not final:
                self.waiting = True
                return
            if doubtful and self.outdone(c):
                inherits, logit = logit, -logit
            logit += self.second.support(self.first + now, self.first + c.place + c.peak) if heard else 0.0
        self.waiting = False
        self.inherits, self.outdone_peak = inherits, c.place + c.peak
        surety = sure(logit)
        self.doubt += 0.125 * (1.0 - abs(2.0 * surety - 1.0) - self.doubt)
        self.unrest += (self.doubt - self.unrest) / 128.0
        if logit > self.p["accept"]:
            wide = self.wideness(self.describe_kind(c, x))
            self.report(c, now, surety, 2.0 if wide > self.p["wide"] else 1.0)
            self.learn_beat(c, surety, self.learn_kind(c, wide))
        else:
            self.refuse(c, logit)
        self.judged += 1

    def refuse(self, c: Candidate, logit: float) -> None:
        self.noise += 0.125 * (min(c.strength, self.strength) - self.noise)
        if logit > self.refused_logit:
            self.refused, self.refused_place = self.judged, c.place
            self.refused_logit, self.refused_strength = logit, c.strength

    def widths(self, c: Candidate) -> list[float]:
        """Three measures of its width, and on which side of the line it is highest."""
        rise = c.range / (c.slope + TINY)
        return [rise, c.fullness / (c.range + TINY), c.norm / (c.strength + TINY), c.height / (c.range + TINY)]

    def describe_kind(self, c: Candidate, x: list[float]) -> list[float]:
        own = self.widths(c)
        rise, full, slow, _ = own
        usual = self.usual if self.normals > 0.0 else own
        told = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 34, 43]
        relative = [share(rise, 8.0), share(rise, usual[0]), full, share(full, usual[1]), share(slow, 2.0), share(slow, usual[2])]
        known = min(self.normals, 16.0) / 16.0
        memory = [self.template_kind, self.other_kind, self.kinds[-1], self.kinds[-2]]
        side = self.usual[3] * c.height / (c.range + TINY)
        early = share(float(c.place - self.last_place), 100.0)
        return [*relative, side, known, *memory, early, *(x[k] for k in told)]

    def learn_kind(self, c: Candidate, logit: float) -> float:
        """Return its kind, from -1 to 1."""
        gap = float(c.place - self.last_place)
        at_rest = gap >= 150.0 and gap >= EARLY * self.rr
        weight = 1.0 if logit <= 0.0 else 0.25 if at_rest else 0.0
        if weight > 0.0:
            self.normals += weight
            pace = weight * max(1.0 / self.normals, 0.1)
            self.usual = [u + pace * (v - u) for u, v in zip(self.usual, self.widths(c), strict=True)]
        kind = 0.25 * bounded(logit, -4.0, 4.0)
        self.kinds.append(kind)
        return kind

    def likeness(self, shape: list[float], template: list[float]) -> float:
        return min(1.0, max(total([shape[k + lag] * template[k + 1] for k in range(30)]) for lag in range(3)))

    def describe(self, c: Candidate) -> list[float]:
        rr, gap = self.rr, float(c.place - self.last_place)
        main, other = self.likeness(c.shape, self.template), self.likeness(c.shape, self.other)
        best = bounded(max(main, other), 0.0, 1.0)
        turns = gap / rr
        x = {
            0: share(c.strength, self.strength),
            1: share(c.strength, self.weakest),
            2: share(c.strength, self.noise),
            3: share(c.strength, c.pre),
            4: share(c.strength, c.post),
            5: share(c.strength, c.pre_mean),
            6: share(c.strength, c.post_mean),
            7: share(c.slope, self.slope),
            8: share(10.0 * c.slope, c.strength),
            9: share(c.rough, c.slope),
            10: share(c.range, self.range),
            11: share(c.range, c.pre_range),
            12: share(c.range, c.post_range),
            13: share(abs(c.height), c.range),
            14: c.width / 50.0,
            15: share(abs(c.step), c.range),
            16: share(c.bulge, c.strength),
            17: main,
            18: other,
            19: self.other_weight,
            20: share(gap, rr),
            21: share(gap, 50.0),
            22: share(gap, self.rr_last),
            23: share(self.rr_spread, rr),
            24: share(c.strength, self.last_strength),
            25: share(c.slope, self.last_slope),
            26: self.last_surety,
            29: share(self.refused_strength, c.strength),
            30: 0.125 * bounded(self.refused_logit, -8.0, 8.0),
            31: share(float(c.place - self.refused_place), 50.0),
            32: self.doubt,
            33: min(float(self.count), 16.0) / 16.0,
            34: share(rr, 150.0),
            35: share(rr, 4.0 * abs(gap - rr)),
            36: share(c.pre, self.strength),
            37: share(c.post, self.strength),
            38: abs(turns - math.floor(turns + 0.5)) if turns < 8.0 else 0.5,
            39: share(gap, 500.0),
            40: share(rr, 8.0 * self.cycle_miss(c.place, rr)),
            41: share(rr, 8.0 * self.cycle_miss(c.place, 2.0 * rr)),
            42: share(best * c.norm, self.norm),
            43: share(math.sqrt(1.0 - best * best) * c.norm, self.norm),
            44: share(c.pre_range, self.range),
            45: share(c.post_range, self.range),
            47: self.swing,
        }
        x[27], x[28], x[46] = self.rival(c)
        self.likeness_told = main
        return [x[k] for k in range(INPUTS)]

    def rival(self, c: Candidate) -> tuple[float, float, float]:
        """How far off, how strong and how steep the next candidate is, as far as it is known."""
        after = self.candidates[self.judged + 1 :]
        if not after or after[0].place - c.place >= LOOK - 11:
            return 1.0, 0.0, 0.0
        at = after[0].place
        reach = min(15, self.now - at)  # what is imagined at a stretch's end is not looked at
        return (at - c.place) / LOOK, share(after[0].strength, c.strength), share(self.steepest(at - 15, at + reach), c.slope)

    def outdone(self, c: Candidate) -> bool:
        """Whether the next candidate comes too soon to be another beat, and looks more like one."""
        after = self.candidates[self.judged + 1 :]
        if not after or after[0].place - c.place > LOOK_AGAIN - FAR - 1:
            return False
        at, factor = after[0].place, float(self.p["outdone"])
        slope = self.steepest(at - 15, at + min(15, self.now - at))
        return after[0].strength > factor * c.strength and slope > factor * c.slope

    def cycle_miss(self, place: int, cycle: float) -> float:
        return min([cycle] + [abs(place - p - cycle) for p in self.places])

    def credit(self, place: int) -> float:
        if place - self.last_place < 0.5 * self.rr:
            return 0.0
        return float(self.p["credit"] * bounded(1.0 - max(self.unrest, self.doubt) / self.p["calm"], 0.0, 1.0))

    def verdict(self, x: list[float]) -> float:
        """The first network's word; where it is not sure, that of all by their shares."""
        said = [self.net(x, *(self.p[name][j].tolist() for name in ("w1", "b1", "w2", "b2"))) for j in range(len(self.p["b2"]))]
        shares: list[float] = self.p["share"].tolist()
        if abs(said[0]) >= self.p["sure"]:
            return said[0]
        return reduce(add, (share * word for share, word in zip(shares, said, strict=True)))

    def wideness(self, x: list[float]) -> float:
        return self.net(x, *(self.p["kind_" + name].tolist() for name in ("w1", "b1", "w2", "b2")))

    def net(self, x: list[float], w1: list[list[float]], b1: list[float], w2: list[float], b2: float) -> float:
        """One hidden layer, four inputs at a time."""
        hidden = list(b1)
        for k in range(0, len(x), 4):
            for h in range(len(hidden)):
                first = x[k] * w1[k][h] + x[k + 1] * w1[k + 1][h]
                hidden[h] += first + (x[k + 2] * w1[k + 2][h] + x[k + 3] * w1[k + 3][h])
        logit = b2
        for v, w in zip(hidden, w2, strict=True):
            logit += v * w if v > 0.0 else 0.0
        return logit

    def report(self, c: Candidate, now: int, surety: float, morphology: float) -> None:
        premature = (c.place - self.last_place) / self.rr
        distance = 1.0 - self.likeness_told
        told = (1.0 if now - c.place > LOOK else 0.0) + self.passed_over(c.place)
        value = [surety, morphology, 4.0 * c.width, premature, distance, c.height, told, c.range]
        sample = self.first + c.place + c.peak
        if self.second.stood_in_until > 0 and sample < self.second.stood_in_until:
            return
        self.second.told_until = sample + 38
        self.beats.append(Beat(sample, self.first + now, value, self.lead))

    def passed_over(self, place: int) -> float:
        """2: what was refused before this beat most likely was one; 4: it may have been; 0: it was none."""
        if self.count < 4:
            return 0.0
        gap, since = float(place - self.last_place), float(self.refused_place - self.last_place)
        if gap >= 2.4 * self.rr:
            return 4.0 if self.refused_logit > -6.0 else 0.0
        amid = 0.2 * gap < since < 0.7 * gap
        regular = self.rr_spread < 0.15 * self.rr and self.rr_last > 0.85 * self.rr
        if amid and regular and gap > 1.5 * self.rr and self.refused_logit > -4.0:
            return 2.0
        return 4.0 if amid and gap > 1.2 * self.rr and self.refused_logit > -2.0 else 0.0

    def learn_beat(self, c: Candidate, surety: float, kind: float) -> None:
        main, other = self.likeness(c.shape, self.template), self.likeness(c.shape, self.other)
        weight = surety / (self.count + 1.0) if self.count < 7 else 0.125 * surety
        self.strength = self.drift(self.strength, c.strength, weight)
        self.weakest = self.drift(self.weakest, c.strength, 0.3 if c.strength < self.weakest else 0.04)
        self.slope = self.drift(self.slope, c.slope, weight)
        self.range = self.drift(self.range, c.range, weight)
        self.norm = self.drift(self.norm, c.norm, weight)
        if self.count > 0:
            self.learn_rhythm(float(c.place - self.last_place), surety)
        self.learn_shape(c.shape, main, other, surety, kind)
        self.places[self.count % RECENT] = c.place
        self.last_place, self.last_strength, self.last_slope, self.last_surety = c.place, c.strength, c.slope, surety
        self.last_peak = c.place + c.peak
        self.refuse_nothing(c.place)
        self.count += 1
        self.known_beats += 1
        self.inherits = 0.0
        self.alarm = c.place + LOOK + int(self.p["patience"] * self.rr + self.rr_spread)

    def learn_rhythm(self, gap: float, surety: float) -> None:
        seen = bounded(gap, 0.5 * self.rr, 1.7 * self.rr)
        both = surety * self.last_surety
        pace = 0.5 if self.count == 1 else 0.125 * both * both
        self.swing += 0.125 * (abs(gap - self.rr_last) / (gap + self.rr_last) - self.swing)
        self.rr_spread += pace * (abs(seen - self.rr) - self.rr_spread)
        self.rr = bounded(self.rr + pace * (seen - self.rr), 50.0, 500.0)
        self.rr_last = bounded(gap, 40.0, 600.0)

    @staticmethod
    def drift(level: float, v: float, weight: float) -> float:
        return level + weight * (bounded(v, level / 3.0, 3.0 * level) - level)

    def learn_shape(self, shape: list[float], main: float, other: float, surety: float, kind: float) -> None:
        if self.template_weight == 0.0:
            self.template, self.template_weight, self.template_kind = list(shape), 0.5, kind
            return
        is_main = main > 0.75 or (main >= other and main > 0.6)
        weight = 0.125 * surety if is_main or other > 0.75 else 1.0
        old = self.template if is_main else self.other
        new = [a + weight * (b - a) for a, b in zip(old, shape, strict=True)]
        if is_main:
            self.template_kind += 0.25 * (kind - self.template_kind)
        else:
            self.other_kind += max(0.25, weight) * (kind - self.other_kind)
        scale = 1.0 / math.sqrt(by_twos([v * v for v in new[1:31]]) + 1e-12)
        new = [v * scale for v in new]
        self.template, self.other = (new, self.other) if is_main else (self.template, new)
        hit = 1.0 if is_main else 0.0
        self.template_weight += 0.0625 * (hit - self.template_weight)
        self.other_weight += 0.0625 * (1.0 - hit - self.other_weight)
        if self.other_weight > self.template_weight:
            self.template, self.other = self.other, self.template
            self.template_weight, self.other_weight = self.other_weight, self.template_weight
            self.template_kind, self.other_kind = self.other_kind, self.template_kind

    def look_back(self, now: int) -> None:
        latest = DECISION_BOUND - APART // 2 - 1
        hopeless = self.refused_logit < self.p["rescue"] or now - self.refused_place > latest
        if hopeless or len(self.candidates) - self.refused > QUEUE:
            if self.strength > 0.1 * self.last_strength:
                self.strength *= 0.8
                self.weakest *= 0.8
            elif self.known_beats < 8 and self.strength > 0.1:
                part_left = self.strength / self.last_strength
                for name in ("noise", "slope", "range", "norm", "last_slope"):
                    setattr(self, name, getattr(self, name) * part_left)
                self.last_strength = self.strength
            self.alarm = now + OVERDUE
            self.answer(now, latest)
            return
        c = self.candidates[self.refused]
        self.likeness_told = self.likeness(c.shape, self.template)
        surety = sure(self.refused_logit - float(self.p["rescue"]))
        self.report(c, now, surety, 0.0)
        self.learn_beat(c, surety, 0.0)
        self.alarm = max(self.alarm, now + OVERDUE)

    def answer(self, now: int, latest: int) -> None:
        since = self.first + self.last_peak + int(0.5 * self.rr)
        vote = self.second.witness(self.first + now, max(since, self.second.told_until, self.first + now - latest))
        if vote is None:
            return
        self.beats.append(vote._replace(known_at=self.first + now, value=[*vote.value[:6], 1.0, vote.value[7]]))
        self.second.told_until = vote.sample + 38
        self.last_place = self.last_peak = vote.sample - self.first
        self.alarm = max(now + 1, self.last_place + LOOK + int(self.p["patience"] * self.rr))

    def close(self, now: int) -> list[Beat]:
        known = len(self.beats)
        self.second.horizon = now
        for _ in range(LOOK):
            self.feed(self.y[-1])
        while self.judged < self.measured:
            self.judge(now - self.first, final=True)
        self.second.horizon = math.inf
        self.second.overhear(now)
        return self.beats[:known] + [beat._replace(known_at=now) for beat in self.beats[known:]]


def usable(v: float, flag: int) -> bool:
    return flag & FLAG_BAD == 0 and abs(v) <= LIMIT


def qrs(
    params: Any,
    y: Sequence[float],
    flags: Sequence[int],
    first: int,
    *,
    finish: bool,
    lead: int = 3,
    votes: Sequence[Beat] = (),
    last_votes: Sequence[Beat] = (),
) -> list[Beat]:
    """Return every beat of a signal; with `finish`, the end decides what is pending. `votes` are a second lead's beats, the last ones those its end decides."""
    beats: list[Beat] = []
    stretch = before = None
    second = Second(votes)
    run = 0
    for i, (v, flag) in enumerate(zip(y, flags, strict=True)):
        if usable(v, flag):
            stretch = stretch or Stretch(params, first + i, lead, second, before)
            run = 0
            stretch.feed(v)
        elif stretch:
            run += 1
            if run > HOLD:
                beats += stretch.close(first + i)
                stretch, before = None, stretch
            else:
                stretch.feed(stretch.y[-1])
        if stretch is None:
            beats += second.stand_in(first + i)
    second.votes = [*votes, *last_votes]
    if finish and (stretch is None or not stretch.levelled):
        beats += (stretch.beats if stretch else []) + second.stand_in(math.inf)
        if stretch:
            stretch.beats = []
    if stretch and finish:
        beats += stretch.close(first + len(y) - 1)
    elif stretch:
        beats += stretch.beats
    return beats
