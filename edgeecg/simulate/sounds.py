"""What a beat sounds like: the electromechanical kernel, stated here, from the instant of R to the microphone.

Each sound is two damped bursts, as valves close in pairs: S1 mitral and tricuspid, 40 to 80 Hz; S2 aortic and pulmonary, 50 to
90 Hz, the second later the deeper one breathes in. A subject's frequencies, delays and jitter are drawn once. The sensor's
high-pass at 30 Hz (Butterworth, second order) is part of the kernel.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import ConfigError
from edgeecg.simulate.seeds import Seeds

Signal = NDArray[np.float64]
FINE_HZ = 16000.0
SOUND_S = 0.2
SENSOR_HZ = 30.0
RISE_S = 0.004
SPLIT_S, SPLIT_BREATH_S = 0.030, 0.015
"""A2 to P2: on average, and what breathing adds and takes."""

JITTERS = ("none", "rest", "heavy")


@dataclass(frozen=True, slots=True)
class Burst:
    """A damped oscillation: frequency, time constant of decay, height."""

    hz: float
    decay_s: float
    height: float

    def at(self, t: Signal) -> Signal:
        """Return it from its beginning at t = 0 on."""
        late = np.maximum(t, 0.0)
        return self.height * np.exp(-late / self.decay_s) * -np.expm1(-late / RISE_S) * np.sin(2 * np.pi * self.hz * late)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is one person's own: bursts, mean delays after R, and the standard deviations of the delays."""

    mitral: Burst
    tricuspid: Burst
    aortic: Burst
    pulmonary: Burst
    s1_s: float
    """R to the first burst of S1."""
    s2_s: float
    """R to the first burst of S2, at an interval of 0.85 s; it goes as the interval's square root."""
    tricuspid_s: float
    """The first burst of S1 to its second."""
    s1_jitter_s: float
    s2_jitter_s: float


def subject(seeds: Seeds, jitter: str) -> Subject:
    """Draw one."""
    if jitter not in JITTERS:
        raise ConfigError("simulate.jitter", repr(jitter), f"one of {', '.join(JITTERS)}")
    rng = seeds.rng("subject")
    s1_hz, s2_hz = rng.uniform(40.0, 80.0, 2), rng.uniform(50.0, 90.0, 2)
    decays = rng.uniform(0.015, 0.025, 4)
    s1_s, s2_s, tricuspid_s = rng.uniform(0.035, 0.055), rng.uniform(0.35, 0.39), rng.uniform(0.018, 0.028)
    s1_jitter_s, s2_jitter_s = _jitter(seeds, jitter)
    return Subject(
        mitral=Burst(s1_hz[0], decays[0], 1.0),
        tricuspid=Burst(s1_hz[1], decays[1], 0.6),
        aortic=Burst(s2_hz[0], decays[2], 0.8),
        pulmonary=Burst(s2_hz[1], decays[3], 0.45),
        s1_s=float(s1_s), s2_s=float(s2_s), tricuspid_s=float(tricuspid_s), s1_jitter_s=s1_jitter_s, s2_jitter_s=s2_jitter_s,
    )  # fmt: skip


def _jitter(seeds: Seeds, regime: str) -> tuple[float, float]:
    """Draw the delays' standard deviations: none; resting people's, log-normal; or five to fifteen milliseconds."""
    rng = seeds.rng("jitter", JITTERS.index(regime))
    if regime == "none":
        return 0.0, 0.0
    if regime == "heavy":
        return float(rng.uniform(5e-3, 12e-3)), float(rng.uniform(6e-3, 15e-3))
    spread = rng.normal(size=2)
    s1_ms = np.clip(2.6 * math.exp(0.6 * spread[0]), 1.0, 8.0)
    s2_ms = np.clip(5.3 * math.exp(0.5 * spread[1]), 2.5, 12.0)
    return float(s1_ms / 1000), float(s2_ms / 1000)


class Kernel:
    """A subject's bursts as the sensor passes them on, to be read at any instant."""

    def __init__(self, who: Subject) -> None:
        self.subject = who
        t = np.arange(round(SOUND_S * FINE_HZ)) / FINE_HZ
        bursts = (who.mitral, who.tricuspid, who.aortic, who.pulmonary)
        self._heard = [high_pass(burst.at(t), FINE_HZ) for burst in bursts]

    def s1(self, t: Signal) -> Signal:
        """Return S1 at times after its beginning."""
        return self._read(0, t) + self._read(1, t - self.subject.tricuspid_s)

    def s2(self, t: Signal, split_s: float) -> Signal:
        """Return S2 at times after its beginning."""
        return self._read(2, t) + self._read(3, t - split_s)

    def mean(self, rate_hz: float, length_s: float, interval_s: float, s1: float = 1.0, s2: float = 1.0) -> Signal:
        """Return the whole kernel from R on: both sounds at their mean delays, the split at its mean."""
        t = np.arange(round(length_s * rate_hz)) / rate_hz
        s2_s = self.subject.s2_s * math.sqrt(interval_s / 0.85)
        return s1 * self.s1(t - self.subject.s1_s) + s2 * self.s2(t - s2_s, SPLIT_S)

    def _read(self, burst: int, t: Signal) -> Signal:
        heard = self._heard[burst]
        return np.asarray(np.interp(t * FINE_HZ, np.arange(len(heard)), heard, left=0.0, right=0.0), np.float64)


def high_pass(x: Signal, rate_hz: float, corner_hz: float = SENSOR_HZ) -> Signal:
    """Filter through a Butterworth high-pass of second order (bilinear transform), from rest."""
    k = math.tan(math.pi * corner_hz / rate_hz)
    norm = 1 / (1 + math.sqrt(2) * k + k * k)
    a1, a2 = 2 * (k * k - 1) * norm, (1 - math.sqrt(2) * k + k * k) * norm
    out = np.zeros_like(x)
    w1 = w2 = 0.0
    for n, value in enumerate(x.tolist()):
        w0 = value - a1 * w1 - a2 * w2
        out[n] = norm * (w0 - 2 * w1 + w2)
        w1, w2 = w0, w1
    return out
