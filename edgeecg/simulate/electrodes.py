"""What is on the electrodes beside the model's beats: waves of fibrillation, a pacemaker's spikes, a wire that hangs loose."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeecg.simulate.rhythm import HeartBeat
from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.simulate.seeds import Seeds
from edgeecg.simulate.spectral import Coloured, Spectrum, bells

Signal = NDArray[np.float64]
FADE_S = 0.2
WINDOW_S = 16.0
RAIL_MV = 5.0
"""What the simulated converter can give at most, either way."""
LOOSE_MV, LOOSE_MAINS_MV = 0.3, 1.5


def inside(t: Signal, start_s: float, end_s: float, fade_s: float = 0.0) -> Signal:
    """Return 1 inside an episode and 0 outside, rising and falling in `fade_s`."""
    if fade_s == 0:
        return ((t >= start_s) & (t < end_s)).astype(np.float64)
    return np.clip((t - start_s) / fade_s, 0, 1) * np.clip((end_s - t) / fade_s, 0, 1)


class Fibrillation:
    """Waves without beats: noise round a frequency and its double, fine over fibrillating atria and coarse over ventricles."""

    def __init__(self, scenario: Scenario, rate_hz: float, seeds: Seeds) -> None:
        self._rate_hz = rate_hz
        self._episodes = [
            (
                episode,
                scenario.end_s(i),
                Coloured(_wavelets(episode), rate_hz=rate_hz, window_s=WINDOW_S, seeds=seeds, part=f"wavelets {i}"),
            )
            for i, episode in enumerate(scenario.episodes)
            if episode.kind in {"af", "vf"}
        ]

    def add(self, start: int, ecg_mv: Signal) -> None:
        """Add them to the samples from `start` on."""
        t = (start + np.arange(len(ecg_mv))) / self._rate_hz
        for episode, end_s, waves in self._episodes:
            if t[-1] >= episode.start_s and t[0] < end_s:
                gate = inside(t, episode.start_s, end_s, FADE_S)
                ecg_mv += episode.value("amplitude_mv") * gate * waves.take(start, len(t))


def _wavelets(episode: Episode) -> Spectrum:
    centre = episode.value("wave_hz")
    return bells((centre, 0.12 * centre, 0.85), (2 * centre, 0.2 * centre, 0.15))


def add_spikes(scenario: Scenario, beats: Sequence[HeartBeat], start: int, rate_hz: float, ecg_mv: Signal) -> None:
    """Add a paced beat's spike: a rectangle, as much of it in a sample as falls into the sample's own time."""
    for beat in beats:
        if not beat.form.spike_s:
            continue
        episode = scenario.episodes[beat.episode]
        begin = (beat.at_s - beat.form.spike_s) * rate_hz - start
        end = begin + episode.value("spike_ms") / 1000 * rate_hz
        for n in range(max(0, int(np.floor(begin))), min(len(ecg_mv), int(np.ceil(end)))):
            ecg_mv[n] += episode.value("spike_mv") * (min(end, n + 1) - max(begin, n))


class LooseWire:
    """A lead that is off: the converter at its rail, or hum and drift of an open wire. Nothing of the heart is left."""

    def __init__(self, scenario: Scenario, rate_hz: float, seeds: Seeds) -> None:
        self._scenario, self._rate_hz = scenario, rate_hz
        self._drift = Coloured(bells((0.0, 2.0, 1.0)), rate_hz=rate_hz, window_s=WINDOW_S, seeds=seeds, part="loose wire")

    def off(self, start: int, n: int) -> NDArray[np.bool_]:
        """Say in which samples the lead is off."""
        t = (start + np.arange(n)) / self._rate_hz
        gates = [inside(t, episode.start_s, self._scenario.end_s(i)) for i, episode in self._episodes()]
        return np.asarray(np.sum(gates, axis=0) > 0 if gates else np.zeros(n), np.bool_)

    def replace(self, start: int, ecg_mv: Signal) -> None:
        """Put what an open wire gives in the place of the samples that have no electrode."""
        t = (start + np.arange(len(ecg_mv))) / self._rate_hz
        for i, episode in self._episodes():
            off = inside(t, episode.start_s, self._scenario.end_s(i)) > 0
            if not off.any():
                continue
            hum = LOOSE_MAINS_MV * np.sin(2 * np.pi * 50.0 * t) + LOOSE_MV * self._drift.take(start, len(t))
            ecg_mv[off] = RAIL_MV if episode.value("rail") else hum[off]

    def _episodes(self) -> list[tuple[int, Episode]]:
        return [(i, episode) for i, episode in enumerate(self._scenario.episodes) if episode.kind == "lead-off"]
