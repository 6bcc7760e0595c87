"""A whole simulation: signals block by block, of any size and without end, and with each block the beats in it.

Inside, everything is made in stretches of ten seconds, and blocks are cut from them: so their size changes no bit.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import ConfigError
from edgeecg.simulate.ecg import Ecg, Neighbours
from edgeecg.simulate.electrodes import Fibrillation, LooseWire, add_spikes
from edgeecg.simulate.noise import ECG_NOISES, PCG_NOISES, Mixture, Noise
from edgeecg.simulate.pcg import LONGEST_S, HeardBeat, Pcg, rms
from edgeecg.simulate.phase import AHEAD_S
from edgeecg.simulate.rhythm import HeartBeat, timeline
from edgeecg.simulate.scenario import Scenario
from edgeecg.simulate.seeds import Seeds
from edgeecg.simulate.shapes import qrs_swing_mv
from edgeecg.simulate.sounds import Kernel

STRETCH_S = 10.0
MIN_RATE_HZ, MAX_RATE_HZ = 100.0, 4000.0
MIN_PCG_RATE_HZ, MAX_PCG_RATE_HZ = 600.0, 16000.0
NOT_SHAPED = {"lead-off"}
"""Kinds of episode whose beats nobody can see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """All that a simulation is made of: equal ones give equal signals."""

    scenario: Scenario
    seed: int = 0
    rate_hz: float = 250.0
    pcg_rate_hz: float | None = None
    """None: there is no sound. Else a whole multiple of `rate_hz`."""
    noise: tuple[Noise, ...] = ()
    """Against the QRS: its swing, squared, over 8, as the noise stress test has it."""
    pcg_noise: tuple[Noise, ...] = ()
    """Against the mean power of clean sounds at the scenario's rate."""
    jitter: str = "rest"
    murmur: float = 0.0
    """Height of a systolic murmur, S1 being 1."""

    def __post_init__(self) -> None:
        if not MIN_RATE_HZ <= self.rate_hz <= MAX_RATE_HZ:
            raise ConfigError("simulate.rate_hz", self.rate_hz, f"from {MIN_RATE_HZ:g} to {MAX_RATE_HZ:g} Hz")
        pcg = self.pcg_rate_hz
        if pcg is None:
            if self.pcg_noise:
                raise ConfigError("simulate.pcg_noise", "given without a PCG", "possible with one only")
        elif not MIN_PCG_RATE_HZ <= pcg <= MAX_PCG_RATE_HZ or pcg % self.rate_hz:
            allowed = f"from {MIN_PCG_RATE_HZ:g} to {MAX_PCG_RATE_HZ:g} Hz and a whole multiple of {self.rate_hz:g} Hz, the ECG's rate"
            raise ConfigError("simulate.pcg_rate_hz", pcg, allowed)

    @property
    def pcg_per_sample(self) -> int:
        """How many samples of sound there are to one of ECG; 0: no sound."""
        return 0 if self.pcg_rate_hz is None else round(self.pcg_rate_hz / self.rate_hz)


@dataclass(frozen=True, slots=True)
class TrueBeat:
    """A beat as it truly is: the sample of its R, whether its QRS can be seen, and what it sounds like where there is sound."""

    sample: int
    beat: HeartBeat
    visible: bool
    heard: HeardBeat | None


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive samples, and the beats whose R is in them."""

    start: int
    ecg_mv: NDArray[np.float64]
    lead_off: NDArray[np.bool_]
    pcg: NDArray[np.float64] | None
    """`pcg_per_sample` times as many; S1 is about 1 high."""
    beats: tuple[TrueBeat, ...]


class Simulation:
    """Makes what its setup says; every call of `blocks` begins anew."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._seeds = Seeds(setup.seed)
        scenario, rate_hz = setup.scenario, setup.rate_hz
        period_s = 60 / scenario.bpm
        self._fibrillation = Fibrillation(scenario, rate_hz, self._seeds)
        self._wire = LooseWire(scenario, rate_hz, self._seeds)
        self._noise = Mixture(
            "ECG", ECG_NOISES, setup.noise, signal_rms=qrs_swing_mv(period_s) / math.sqrt(8), rate_hz=rate_hz, seeds=self._seeds
        )
        self._pcg: Pcg | None = None
        if setup.pcg_rate_hz is not None:
            self._pcg = Pcg(scenario, setup.pcg_rate_hz, self._seeds, jitter=setup.jitter, murmur=setup.murmur)
            self._pcg_noise = Mixture(
                "PCG", PCG_NOISES, setup.pcg_noise,
                signal_rms=rms(self._pcg.kernel, period_s), rate_hz=setup.pcg_rate_hz, seeds=self._seeds,
            )  # fmt: skip

    @property
    def kernel(self) -> Kernel | None:
        """The way from R to sound, where there is sound."""
        return None if self._pcg is None else self._pcg.kernel

    def blocks(self, block_len: int, *, n_samples: int | None = None) -> Iterator[Block]:
        """Give `n_samples` of ECG, or samples without end, `block_len` at a time."""
        if block_len < 1:
            raise ConfigError("simulate.block_len", block_len, "1 or more")
        per_sample, held, begun = self.setup.pcg_per_sample, _Held(), 0
        stretches = self._stretches()
        while n_samples is None or begun < n_samples:
            wanted = block_len if n_samples is None else min(block_len, n_samples - begun)
            while held.len_samples < wanted:
                held.add(next(stretches))
            yield held.take(begun, wanted, per_sample)
            begun += wanted

    def _stretches(self) -> Iterator[Block]:
        ecg, beats = Ecg(self.setup.scenario, self.setup.rate_hz), _Beats(self.setup.scenario, self._seeds)
        length = round(STRETCH_S * self.setup.rate_hz)
        start = 0
        while True:
            yield self._stretch(ecg, beats, start, length)
            start += length

    def _stretch(self, ecg: Ecg, beats: "_Beats", start: int, n: int) -> Block:
        setup = self.setup
        begin_s, end_s = start / setup.rate_hz, (start + n) / setup.rate_hz
        known = beats.around(begin_s, end_s)
        ecg_mv = ecg.stretch(beats.neighbours(begin_s, end_s), n)
        self._fibrillation.add(start, ecg_mv)
        add_spikes(setup.scenario, known, start, setup.rate_hz, ecg_mv)
        self._noise.add(start, ecg_mv)
        self._wire.replace(start, ecg_mv)
        pcg: NDArray[np.float64] | None = None
        if self._pcg is not None:
            pcg = self._pcg.stretch(known, start * setup.pcg_per_sample, n * setup.pcg_per_sample)
            self._pcg_noise.add(start * setup.pcg_per_sample, pcg)
        inside = (self._true(beat) for beat in known)
        own = tuple(beat for beat in inside if start <= beat.sample < start + n)
        return Block(start, ecg_mv, self._wire.off(start, n), pcg, own)

    def _true(self, beat: HeartBeat) -> TrueBeat:
        kind = self.setup.scenario.episodes[beat.episode].kind
        heard = None if self._pcg is None else self._pcg.heard(beat)
        return TrueBeat(round(beat.at_s * self.setup.rate_hz), beat, kind not in NOT_SHAPED, heard)


class _Beats:
    """The timeline, as far as it is needed."""

    def __init__(self, scenario: Scenario, seeds: Seeds) -> None:
        self._timeline = timeline(scenario, seeds)
        self._known_s = 0.0
        self._beats: deque[HeartBeat] = deque()

    def around(self, begin_s: float, end_s: float) -> list[HeartBeat]:
        """Return all beats that leave anything in a stretch, and some more; forget those before."""
        while self._known_s <= end_s + AHEAD_S:
            self._known_s, beat = next(self._timeline)
            if beat is not None:
                self._beats.append(beat)
        while len(self._beats) > 1 and self._beats[1].at_s <= begin_s - LONGEST_S:
            self._beats.popleft()
        return list(self._beats)

    def neighbours(self, begin_s: float, end_s: float) -> Neighbours:
        """Return the beats inside, with the one before and the one after, or None where there is none near."""
        before = next((beat for beat in reversed(self._beats) if beat.at_s <= begin_s), None)
        after = next((beat for beat in self._beats if beat.at_s >= end_s), None)
        return [before, *(beat for beat in self._beats if begin_s < beat.at_s < end_s), after]


class _Held:
    """Stretches made and not yet given."""

    def __init__(self) -> None:
        self._stretches: deque[Block] = deque()
        self._given = 0

    @property
    def len_samples(self) -> int:
        return sum(len(stretch.ecg_mv) for stretch in self._stretches) - self._given

    def add(self, stretch: Block) -> None:
        self._stretches.append(stretch)

    def take(self, start: int, n: int, pcg_per_sample: int) -> Block:
        """Cut off the first `n` samples."""
        stretches, begin = list(self._stretches), self._given
        ecg_mv = np.concatenate([stretch.ecg_mv for stretch in stretches])[begin : begin + n]
        lead_off = np.concatenate([stretch.lead_off for stretch in stretches])[begin : begin + n]
        pcg = None
        if pcg_per_sample:
            sounds = np.concatenate([stretch.pcg for stretch in stretches if stretch.pcg is not None])
            pcg = sounds[begin * pcg_per_sample :][: n * pcg_per_sample]
        beats = tuple(beat for stretch in stretches for beat in stretch.beats if start <= beat.sample < start + n)
        self._forget(n)
        return Block(start, ecg_mv, lead_off, pcg, beats)

    def _forget(self, n: int) -> None:
        self._given += n
        while self._stretches and self._given >= len(self._stretches[0].ecg_mv):
            self._given -= len(self._stretches.popleft().ecg_mv)
