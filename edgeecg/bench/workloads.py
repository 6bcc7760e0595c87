"""What is fed: seeded hearts, from the quietest to the worst a device can send, and fleets of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgeecg.simulate.converter import COUNTS_PER_MV, COUNTS_PER_SOUND, ecg_counts, pcg_counts
from edgeecg.simulate.noise import Noise
from edgeecg.simulate.scenario import NAMED, Episode, Scenario
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.thawed import thawed
from edgeecg.types import Chunk

Counts = NDArray[np.int16]

_Chunk: Any = thawed(Chunk)
"""What feeds is to take little of the time that is measured: a call to make one would be half of it."""

MV_PER_COUNT = 1 / COUNTS_PER_MV
SOUND_PER_COUNT = 1 / COUNTS_PER_SOUND
SOUND_SAMPLES = 4
"""Samples of sound beside one of ECG: 1000 Hz beside 250."""
QUIET, NOISY, GAPS, ARRHYTHMIA, WORST, FLEET = "quiet", "noisy", "gaps", "arrhythmia", "worst", "fleet"
_EVERYTHING = (Noise("muscle", 6), Noise("motion", 3), Noise("wander", 0), Noise("mains50", 0))
_RESTLESS = Scenario(
    name="restless",
    episodes=tuple(
        Episode(10.0 * turn, ("normal", "vt", "af", "run", "bigeminy", "asystole", "lead-off", "pause")[turn % 8]) for turn in range(60)
    ),
)


@dataclass(frozen=True, slots=True)
class Workload:
    """Hearts, and how their chunks come."""

    name: str
    says: str
    hearts: tuple[tuple[Scenario, tuple[Noise, ...]], ...]
    lost: float = 0.0
    """Share of frames that never come."""
    swapped: float = 0.0
    """Share of frames that come after the next one."""


WORKLOADS: Mapping[str, Workload] = MappingProxyType({
    load.name: load
    for load in (
        Workload(QUIET, "a heart at rest", ((NAMED["normal"], ()),)),
        Workload(NOISY, "muscle, motion and mains", ((NAMED["normal"], (Noise("muscle", 12), Noise("motion", 12), Noise("mains50", 6))),)),
        Workload(GAPS, "2 % of frames lost, 2 % late", ((NAMED["normal"], ()),), lost=0.02, swapped=0.02),
        Workload(ARRHYTHMIA, "runs, fibrillation, pauses in turns", ((_RESTLESS, ()),)),
        Workload(WORST, "all of that at once: arrhythmia in loud noise, frames lost and late", ((_RESTLESS, _EVERYTHING),), lost=0.05, swapped=0.05),
        Workload(FLEET, "a ward: half quiet, the others ectopic, fibrillating or noisy", (
            (NAMED["normal"], ()), (NAMED["pvc"], ()), (NAMED["normal"], (Noise("wander", 12),)), (NAMED["af"], ()),
        )),
    )
})  # fmt: skip


def hearts_of(load: Workload, seconds: float, *, rate_hz: float = 250.0, seed: int = 0) -> list[Counts]:
    """Return each heart of a workload as a converter gives it, in steps of MV_PER_COUNT."""
    n = round(seconds * rate_hz)
    setups = [Setup(scenario=scenario, noise=noise, seed=seed + i, rate_hz=rate_hz) for i, (scenario, noise) in enumerate(load.hearts)]
    return [ecg_counts(next(Simulation(setup).blocks(n)).ecg_mv) for setup in setups]


def sounds_of(load: Workload, seconds: float, *, rate_hz: float = 250.0, seed: int = 0) -> list[Counts]:
    """Return what a microphone beside each of these hearts gives, SOUND_SAMPLES to each sample of ECG."""
    found = []
    for i, (scenario, noise) in enumerate(load.hearts):
        setup = Setup(scenario=scenario, noise=noise, seed=seed + i, rate_hz=rate_hz, pcg_rate_hz=SOUND_SAMPLES * rate_hz)
        block = next(Simulation(setup).blocks(round(seconds * rate_hz)))
        assert block.pcg is not None
        found.append(pcg_counts(block.pcg))
    return found


class Ward:
    """Streams that each play one of the hearts, from a place and a moment of their own; chunk `number` is of stream `number % n`.

    Devices are not switched on together: chunks of the streams fall due one after the other, and their seconds do not end at once.
    """

    def __init__(
        self,
        names: Sequence[str],
        hearts: Sequence[Counts],
        *,
        rate_hz: float,
        chunk_len: int,
        seed: int = 0,
        sounds: Sequence[Counts] = (),
    ) -> None:
        """`sounds`: each heart's; then a chunk of sound goes with every chunk of ECG."""
        self.names, self.chunk_len = tuple(names), chunk_len
        self._sounds = sounds
        self._last = min(map(len, hearts)) - chunk_len + 1
        self._begins = np.random.default_rng(seed).integers(0, self._last, len(self.names))
        self._begin = self._begins.tolist()
        self._hearts = np.stack([heart[: self._last + chunk_len - 1] for heart in hearts])
        self._pieces = sliding_window_view(self._hearts, chunk_len, axis=1)
        """Of each heart, what begins at each place."""
        self.period_ns = round(chunk_len / rate_hz * 1e9)

    def due_ns(self, n_chunks: int) -> NDArray[np.int64]:
        """Return when each chunk is whole, from the beginning on."""
        n = len(self.names)
        return np.asarray(np.arange(n_chunks * n, dtype=np.int64) * self.period_ns // n)

    def with_sounds(self, chunks: Sequence[Chunk], first: int) -> list[Chunk]:
        """Return the chunks, each followed by the sound of the same time."""
        n, length, per = len(self.names), self.chunk_len, SOUND_SAMPLES
        both: list[Chunk] = []
        for number, chunk in enumerate(chunks, first):
            turn, stream = divmod(number, n)
            at = (self._begin[stream] + turn * length) % self._last * per
            heard = self._sounds[stream % len(self._sounds)][at : at + per * length]
            both += chunk, Chunk(sound_name(chunk.stream), heard, chunk.arrival_ns)
        return both

    def past_sound(self, stream: int, n_samples: int) -> Counts:
        """Return the sound of as many samples of ECG before a stream's first chunk."""
        begin = self._begin[stream]
        heard = self._sounds[stream % len(self._sounds)]
        return heard.take(np.arange((begin - n_samples) * SOUND_SAMPLES, begin * SOUND_SAMPLES) % (self._last * SOUND_SAMPLES))

    def past(self, stream: int, n_samples: int) -> Counts:
        """Return what came before a stream's first chunk."""
        heart: Counts = self._hearts[stream % len(self._hearts)]
        return heart.take(np.arange(self._begin[stream] - n_samples, self._begin[stream]) % self._last)

    def chunks(self, first: int, upto: int, *, from_ns: int = 0) -> list[Chunk]:
        """Return chunks by number; the first is whole at `from_ns`."""
        numbers = np.arange(first, upto)
        turns, streams = np.divmod(numbers, len(self.names))
        places = (self._begins[streams] + turns * self.chunk_len) % self._last
        arrivals = from_ns + numbers * self.period_ns // len(self.names)
        pieces = self._pieces[streams % len(self._hearts), places]
        names, new, made = self.names, object.__new__, []
        for stream, samples, arrival_ns in zip(streams.tolist(), pieces, arrivals.tolist(), strict=True):
            chunk = new(_Chunk)
            chunk.stream, chunk.samples, chunk.arrival_ns = names[stream], samples, arrival_ns
            chunk.sequence = chunk.device_us = -1
            chunk.offset = chunk.frame_len = 0
            chunk.frames = None
            chunk.__class__ = Chunk
            made.append(chunk)
        return made


def sound_name(stream: str) -> str:
    """Return what the stream of a heart's sound is called."""
    return f"{stream}/sound"


def sent(load: Workload, n_frames: int, *, seed: int = 0) -> list[int]:
    """Return the numbers of a stream's frames in the order in which they come: some never, some after the next."""
    chance = np.random.default_rng(seed).random((n_frames, 2))
    order = [number for number in range(n_frames) if chance[number, 0] >= load.lost]
    overtaken = chance[:, 1] < load.swapped
    place = 0
    while place < len(order) - 1:
        if overtaken[order[place]]:
            order[place], order[place + 1] = order[place + 1], order[place]
            place += 1
        place += 1
    return order
