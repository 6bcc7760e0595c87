"""The heart as heard: every beat's sounds through the subject's kernel, with jitter, varying loudness and a murmur."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import ConfigError
from edgeecg.simulate.ecg import breathing
from edgeecg.simulate.rhythm import HeartBeat
from edgeecg.simulate.scenario import Scenario
from edgeecg.simulate.seeds import Seeds
from edgeecg.simulate.sounds import SOUND_S, SPLIT_BREATH_S, SPLIT_S, Kernel, subject

Signal = NDArray[np.float64]
LOUDNESS_SD = 0.2
LOUDNESS_RANGE = (0.4, 1.8)
JITTER_LIMIT = 3.0
"""In standard deviations: later or earlier than that no sound comes."""
MURMUR_HZ = (90.0, 250.0)
LONGEST_S = 1.2
"""No sound of a beat ends later than this after its R."""
LATEST_S2_S = 0.6


@dataclass(frozen=True, slots=True)
class HeardBeat:
    """When a beat's sounds begin, in seconds after its R, how loud they are, and how far apart A2 and P2."""

    beat: int
    s1_s: float
    s2_s: float
    split_s: float
    s1_gain: float
    s2_gain: float


class Pcg:
    """The sound channel; any stretch can be made without those before it."""

    def __init__(self, scenario: Scenario, rate_hz: float, seeds: Seeds, *, jitter: str, murmur: float) -> None:
        if not 0 <= murmur <= 2:
            raise ConfigError("simulate.murmur", murmur, "from 0 to 2 of S1's height")
        self.kernel = Kernel(subject(seeds, jitter))
        self._scenario, self._rate_hz, self._seeds, self._murmur = scenario, rate_hz, seeds, murmur
        self._murmur_of = lru_cache(8)(self._make_murmur)

    def heard(self, beat: HeartBeat) -> HeardBeat:
        """Draw what this beat's sounds are like: the same for the same beat."""
        who, rng = self.kernel.subject, self._seeds.rng("sounds", beat.number)
        jitter = np.clip(rng.normal(size=2), -JITTER_LIMIT, JITTER_LIMIT)
        loudness = np.clip(1 + LOUDNESS_SD * rng.normal(size=2), *LOUDNESS_RANGE)
        s2_s = min(LATEST_S2_S, who.s2_s * math.sqrt(beat.since_s / 0.85))
        return HeardBeat(
            beat=beat.number,
            s1_s=who.s1_s + who.s1_jitter_s * float(jitter[0]),
            s2_s=s2_s + who.s2_jitter_s * float(jitter[1]),
            split_s=SPLIT_S + SPLIT_BREATH_S * float(breathing(self._scenario, beat.at_s)),
            s1_gain=beat.form.s1 * float(loudness[0]),
            s2_gain=beat.form.s2 * float(loudness[1]),
        )

    def stretch(self, beats: Sequence[HeartBeat], start: int, n: int) -> Signal:
        """Return samples `start` to `start + n`; `beats` are at least all those that can be heard in them, in order."""
        out = np.zeros(n)
        for beat in beats:
            first = math.ceil(beat.at_s * self._rate_hz) - start
            low, high = max(0, first), min(n, first + round(LONGEST_S * self._rate_hz))
            if low < high:
                t = (start + np.arange(low, high)) / self._rate_hz - beat.at_s
                out[low:high] += self._beat(beat, t)
        return out

    def _beat(self, beat: HeartBeat, t: Signal) -> Signal:
        how = self.heard(beat)
        sound = how.s1_gain * self.kernel.s1(t - how.s1_s) + how.s2_gain * self.kernel.s2(t - how.s2_s, how.split_s)
        if self._murmur:
            murmur = self._murmur_of(beat.number)
            begin, end = how.s1_s + 0.06, how.s2_s - 0.01
            swell = np.clip(1 - np.abs(2 * (t - begin) / max(end - begin, 1e-3) - 1), 0, 1)  # a diamond between the sounds
            sound += self._murmur * how.s1_gain * swell * np.interp(t * self._rate_hz, np.arange(len(murmur)), murmur)
        return sound

    def _make_murmur(self, number: int) -> Signal:
        """Give noise in the murmur's band, of RMS 0.25, from the beat's R on."""
        n = round(LONGEST_S * self._rate_hz)
        spectrum = np.fft.rfft(self._seeds.rng("murmur", number).normal(size=n))
        f = np.fft.rfftfreq(n, 1 / self._rate_hz)
        spectrum[(f < MURMUR_HZ[0]) | (f > MURMUR_HZ[1])] = 0
        noise = np.fft.irfft(spectrum, n)
        return np.asarray(0.25 * noise / noise.std(), np.float64)


def rms(kernel: Kernel, interval_s: float) -> float:
    """Return the RMS of clean sounds at a steady interval: what an SNR is stated against."""
    rate_hz = 4000.0
    heard = kernel.mean(rate_hz, LATEST_S2_S + 2 * SOUND_S, interval_s)
    return float(np.sqrt(np.square(heard).sum() / rate_hz / interval_s))
