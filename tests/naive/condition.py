"""The oracle of `condition`: the whole signal at once, sample by sample, in plain Python and complex numbers.

It takes the same arithmetic in the same order, so it must agree bit for bit; it keeps no state between calls, holds
nothing back and has no fast path, so it cannot share the kernel's mistakes about cuts, buffers and blocks.
"""

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

INVALID, LEAD_OFF, SATURATED, FLAT, MAINS = 1, 2, 4, 8, 16
BAD = INVALID | LEAD_OFF | SATURATED | FLAT
RATE = 250.0
HERTZ = (50.0, 60.0)
OMEGA = [2.0 * math.pi * hz / RATE for hz in HERTZ]
RESPONSE = [2.0 * math.cos(2.0 * omega) - 2.0 for omega in OMEGA]
DRIFT_MAX = 2.0 * math.pi * 0.3 / RATE
BASELINE_GAIN = 1.0 - math.exp(-2.0 * math.pi * 0.5 * 5 / RATE)


@dataclass
class Limits:
    rail_low: float
    rail_high: float
    lead_off: float
    lead_off_mains: float
    still: float
    mains_min: float


@dataclass
class Baseline:
    """A 0.5 Hz low-pass over means of five, drawn as a line across the next five."""

    line: float = 0.0
    target: float = 0.0
    slope: float = 0.0
    age: int = 0
    far: int = 0

    def restart(self, at: float) -> None:
        self.line = self.target = at
        self.slope, self.age, self.far = 0.0, 0, 0

    def learn(self, mean: float) -> None:
        self.far = self.far + 1 if abs(mean - self.target) > 10.0 else 0
        if self.far == 15:
            self.target, self.age, self.far = mean, 0, 0
        gain = 1.0 if self.age < 3 else max(BASELINE_GAIN, 1.0 / (self.age - 1))
        self.line = self.target
        self.target += gain * (mean - self.target)
        if abs(self.target) < 1e-30:
            self.target = 0.0
        self.slope = (self.target - self.line) * (1.0 / 5)
        self.age += 1


@dataclass
class Mains:
    """Which mains there is, if any, and what it looks like in the coming segment."""

    which: int = -1
    phasor: complex = 0j
    drift: float = 0.0
    error: float = 0.0
    blind: int = 0
    silent: int = 0
    marks: int = 0
    wave: list[float] = field(default_factory=lambda: [0.0] * 25)
    last: list[complex] = field(default_factory=lambda: [0j, 0j])
    product: list[complex] = field(default_factory=lambda: [0j, 0j])
    energy: list[float] = field(default_factory=lambda: [0.0, 0.0])
    pairs: int = 0
    since: int = 3
    lag_sum: float = 0.0
    lag_weight: float = 0.0

    def advance(self) -> None:
        turn = self.drift * 25
        self.phasor *= complex(1.0 - 0.5 * turn * turn, turn)
        slope = self.phasor * complex(0.0, self.drift)
        omega = OMEGA[self.which]
        self.wave = []
        for k in range(-12, 13):
            tone = (self.phasor + slope * float(k)) * complex(math.cos(omega * k), math.sin(omega * k))
            self.wave.append(tone.real)

    def search(self, phasors: list[complex], mains_min: float) -> "Mains":
        lag, self.since = self.since + 1, 0
        paired = lag <= 3
        if paired:
            self.pairs += 1
            self.lag_sum = 0.88 * self.lag_sum + lag
            self.lag_weight = 0.88 * self.lag_weight + 1.0
        found = []
        for f, z in enumerate(phasors):
            if paired:
                self.product[f] = self.product[f] * 0.88 + z * self.last[f].conjugate()
                self.energy[f] = 0.88 * self.energy[f] + power(z)
                if self.energy[f] < 1e-30:
                    self.energy[f], self.product[f] = 0.0, 0j
            self.last[f] = z
            e = self.energy[f]
            loud = (1.0 - 0.88) * e > mains_min * mains_min and paired and self.pairs >= 6
            if loud and power(self.product[f]) > 0.85 * 0.85 * e * e:
                found.append(f)
        loudest = max(found, key=lambda f: self.energy[f], default=None)
        return self if loudest is None else self.lock(loudest)

    def lock(self, f: int) -> "Mains":
        drift = cmath.phase(self.product[f]) * self.lag_weight / self.lag_sum / 25
        if abs(drift) > DRIFT_MAX:
            return self
        tracker = Mains(which=f, phasor=self.last[f], drift=drift)
        tracker.advance()
        return tracker

    def track(self, z: complex, tone: float, energy: float, mains_min: float) -> "Mains":
        gain = 0.6 if tone > 0.75 * energy else 0.3 if tone > 0.5 * energy else 0.12
        moved = self.phasor + z * gain
        self.phasor = moved
        self.advance()
        self.error = 0.9 * self.error + (1.0 - 0.9) * power(z)
        self.blind = 0
        if power(moved) < 0.5 * self.error or power(moved) < 0.25 * mains_min * mains_min:
            return Mains()
        turn = min(max((z.imag * moved.real - z.real * moved.imag) / power(moved), -1.0), 1.0)
        self.drift = min(max(self.drift + 0.25 / 25 * gain * gain * turn, -DRIFT_MAX), DRIFT_MAX)
        return self

    def coast(self) -> "Mains":
        self.blind += 1
        if self.blind > 50:
            return Mains()
        self.advance()
        return self

    def mark(self, segment: Sequence[float], target: float, lead_off: float) -> None:
        self.marks = 0
        if self.which < 0:
            return
        self.marks = MAINS
        if power(self.phasor) <= lead_off * lead_off:
            self.silent = 0
            return
        like_ecg = max(abs(v - target) for v in segment) > max(0.15, 0.05 * math.sqrt(power(self.phasor)))
        self.silent = 0 if like_ecg else self.silent + 1
        if self.silent > 30:
            self.marks |= LEAD_OFF


def power(z: complex) -> float:
    return z.real * z.real + z.imag * z.imag


def spectrum(h: Sequence[float]) -> tuple[float, list[complex]]:
    """Energy of 25 band-passed samples, and the phasors of 50 and 60 Hz in them, in mV before the band-pass."""
    energy = 0.0
    phasors = [0j, 0j]
    for r in range(5):
        fifth = h[r::5]
        squares = [v * v for v in fifth]
        energy += ((squares[0] + squares[1]) + (squares[2] + squares[3])) + squares[4]
        outer, inner = fifth[1] + fifth[4], fifth[2] + fifth[3]
        zeroth = fifth[0] + (outer + inner)
        cos1, cos2 = math.cos(2.0 * math.pi / 5.0), math.cos(4.0 * math.pi / 5.0)
        sin1, sin2 = math.sin(2.0 * math.pi / 5.0), math.sin(4.0 * math.pi / 5.0)
        first = complex(
            fifth[0] + (cos1 * outer + cos2 * inner),
            -(sin1 * (fifth[1] - fifth[4]) + sin2 * (fifth[2] - fifth[3])),
        )
        for f, bin_value in enumerate((complex(zeroth, 0.0), first)):
            angle = OMEGA[f] * (14 - r)
            weight = complex(math.cos(angle) * 2.0 / 25 / RESPONSE[f], math.sin(angle) * 2.0 / 25 / RESPONSE[f])
            phasors[f] += bin_value * weight
    return energy, phasors


def fault(v: float, limits: Limits) -> int:
    if not abs(v) <= 1e6:
        return INVALID
    saturated = SATURATED if v <= limits.rail_low or v >= limits.rail_high else 0
    return saturated | (LEAD_OFF if abs(v) >= limits.lead_off else 0)


def condition(samples: Sequence[float], first: int, limits: Limits) -> tuple[list[float], list[int]]:  # noqa: C901, PLR0912, PLR0915 -- one pass, told in one go
    """Return the clean signal and the flags of grid samples, the first of which is number `first`."""
    clean, flags = [], []
    baseline, mains = Baseline(), Mains()
    held, previous = 0.0, 0.0
    kept: dict[int, float] = {}  # by grid index: what is left after the mains is off, held where the input was bad
    still, stuck, bad, good = 0, 0, 25, 0
    quiet: list[tuple[int, float]] = []  # (half second, energy) of whole segments
    total = 0.0
    for i, v in enumerate(samples):
        at = first + i
        if at % 5 == 0:
            total = 0.0
        flag = mains.marks | fault(v, limits)
        if fault(v, limits) == 0:
            held = v - mains.wave[at % 25]
            still = still + 1 if abs(v - previous) <= limits.still else 0
            if still == 0:
                stuck = 0
            if still == 12 and abs(held - baseline.line) > 1.0:
                stuck = SATURATED
            if still >= 12:
                flag |= stuck
                held = 0.0 if abs(v) < 1e-30 else held
            if still >= 500:
                flag |= FLAT
            previous = v
            good += 1
        else:
            good = 0
        if flag & BAD:
            bad += 1
        else:
            if bad >= 25:
                baseline.restart(held)
                total = held * (at % 5)
                good = 0
            bad = 0
        total += held
        kept[at] = held
        clean.append(held - (baseline.line + baseline.slope * (at % 5)))
        flags.append(flag)
        if at % 5 != 4:
            continue
        baseline.learn(total * (1.0 / 5))
        if at % 25 != 24:
            continue
        x = [kept.get(at + 1 - 29 + k, 0.0) for k in range(29)]
        h = [(x[k + 4] + x[k]) - 2.0 * x[k + 2] for k in range(25)]
        energy, phasors = spectrum(h)
        half_second = (at + 1) // 25 // 5
        if good >= 29:
            quiet.append((half_second, energy))
        quietest = min([e for when, e in quiet if when >= half_second - 1], default=1e300)
        calm = energy <= 4.0 * quietest
        tones = [power(z) * (RESPONSE[f] * RESPONSE[f] * 25 / 2.0) for f, z in enumerate(phasors)]
        usable = [good >= 29 and (calm or tone > 0.75 * energy) for tone in tones]
        f = mains.which
        if f >= 0:
            mains = mains.track(phasors[f], tones[f], energy, limits.mains_min) if usable[f] else mains.coast()
        elif any(usable):
            mains = mains.search(phasors, limits.mains_min)
        else:
            mains.since += 1
        mains.mark(x[4:], baseline.target, limits.lead_off_mains)
    return clean, flags
