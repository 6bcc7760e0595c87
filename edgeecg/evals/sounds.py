"""How well S1 and S2 are found on simulated sound, where the truth is known: with the ECG, and by sound alone.

Beside both stands what finding nothing would give: each sound where it is on average after the detected R peak.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.api import ECG, SOUND, listen
from edgeecg.evals.pairing import pair
from edgeecg.simulate.noise import Noise
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.simulation import Setup, Simulation, TrueBeat
from edgeecg.simulate.sounds import SOUND_S, Kernel
from edgeecg.stages.sound_alone import sounds_alone
from edgeecg.types import Beat, Event, HeartSound, SoundKind

TOLERANCE_S = 0.06
ECG_HZ, SOUND_HZ = 250.0, 1000.0
SECONDS = 30.0
EDGE_S = 1.0
"""Left out at either end: the detector of R peaks begins there, and sounds end there."""
SURE = 0.5
METHODS = ("with ECG", "sound alone", "average place")
USUAL_S = {SoundKind.S1: 0.065, SoundKind.S2: 0.390}


@dataclass(frozen=True, slots=True)
class Condition:
    """What is heard beside the heart."""

    noise: str
    """Empty: nothing."""
    snr_db: float
    jitter: str = "rest"


@dataclass(frozen=True, slots=True)
class Count:
    """Of one method, one sound and one condition, over all hearts."""

    method: str
    sound: str
    condition: Condition
    found: int
    missed: int
    false: int
    error_ms: float
    """Mean absolute error of those found."""

    @property
    def f1(self) -> float:
        """In per cent."""
        return 200 * self.found / max(1, 2 * self.found + self.missed + self.false)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**asdict(self), "f1": round(self.f1, 2)}


def measure(condition: Condition, seeds: Sequence[int]) -> list[Count]:
    """Simulate a heart a seed, and count."""
    tallies: dict[tuple[str, SoundKind], list[tuple[int, int, int, list[float]]]] = {}
    for seed in seeds:
        simulation, ecg, pcg, beats = _heard(condition, seed)
        assert simulation.kernel is not None
        true = true_sounds(simulation.kernel, beats)
        for method, found in zip(METHODS, _found(ecg, pcg), strict=True):
            for kind in SoundKind:
                tallies.setdefault((method, kind), []).append(_tally(found[kind], true[kind]))
    return [_count(method, kind, condition, rows) for (method, kind), rows in tallies.items()]


def _heard(condition: Condition, seed: int) -> tuple[Simulation, NDArray[np.float64], NDArray[np.float64], list[TrueBeat]]:
    bpm = float(np.random.default_rng(seed).uniform(55, 95))
    setup = Setup(
        scenario=replace(NAMED["normal"], bpm=bpm), seed=seed, rate_hz=ECG_HZ, pcg_rate_hz=SOUND_HZ, jitter=condition.jitter,
        pcg_noise=(Noise(condition.noise, condition.snr_db),) if condition.noise else (),
    )  # fmt: skip
    simulation = Simulation(setup)
    blocks = list(simulation.blocks(2500, n_samples=round(SECONDS * ECG_HZ)))
    pcg = np.concatenate([block.pcg for block in blocks if block.pcg is not None])
    return simulation, np.concatenate([block.ecg_mv for block in blocks]), pcg, [beat for block in blocks for beat in block.beats]


def true_sounds(kernel: Kernel, beats: Sequence[TrueBeat]) -> dict[SoundKind, list[float]]:
    """Return where the middles of the sounds' energy truly are, in seconds."""
    t = np.arange(round(2 * SOUND_S * 4000)) / 4000
    found: dict[SoundKind, list[float]] = {kind: [] for kind in SoundKind}
    for beat in beats:
        if beat.heard is not None:
            found[SoundKind.S1].append(beat.beat.at_s + beat.heard.s1_s + _middle(t, kernel.s1(t)))
            found[SoundKind.S2].append(beat.beat.at_s + beat.heard.s2_s + _middle(t, kernel.s2(t, beat.heard.split_s)))
    return found


def _middle(t: NDArray[np.float64], x: NDArray[np.float64]) -> float:
    return float((t * x * x).sum() / (x * x).sum())


def _found(ecg: NDArray[np.float64], pcg: NDArray[np.float64]) -> Iterator[dict[SoundKind, list[float]]]:
    events = list(listen(ecg, pcg, SOUND_HZ, ecg_rate_hz=ECG_HZ, mv_per_unit=1.0))
    yield _by_kind(events)
    yield _by_kind([sound for sound in sounds_alone(pcg, SOUND_HZ) if sound.confidence >= SURE])
    peaks = np.sort([event.sample for event in events if isinstance(event, Beat) and event.stream == ECG]) / ECG_HZ
    intervals = np.diff(peaks, prepend=peaks[:1] - 0.85)
    yield {
        SoundKind.S1: (peaks + USUAL_S[SoundKind.S1]).tolist(),
        SoundKind.S2: (peaks + USUAL_S[SoundKind.S2] * np.sqrt(np.clip(intervals, 0.3, 2.0) / 0.85)).tolist(),
    }


def _by_kind(events: Sequence[Event]) -> dict[SoundKind, list[float]]:
    sounds = [event for event in events if isinstance(event, HeartSound) and event.stream in {SOUND, ""}]
    return {kind: sorted(sound.sample / SOUND_HZ for sound in sounds if sound.kind == kind) for kind in SoundKind}


def _tally(found: list[float], true: list[float]) -> tuple[int, int, int, list[float]]:
    """Count what was found, missed and false between the edges, and how far off what was found is, in ms; pairs may lie across an edge."""
    reference, detected = (np.round(np.array(times) * SOUND_HZ).astype(np.int64) for times in (true, found))
    pairing = pair(reference, detected, round(TOLERANCE_S * SOUND_HZ) + 1)
    counted, false = _inside(reference), int((_inside(detected) & pairing.false).sum())
    hit = counted & pairing.found
    errors = np.abs(detected[pairing.match[hit]] - reference[hit]).tolist()
    return int(hit.sum()), int((counted & ~pairing.found).sum()), false, errors


def _inside(samples: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray((samples >= EDGE_S * SOUND_HZ) & (samples < (SECONDS - EDGE_S) * SOUND_HZ), np.bool_)


def _count(method: str, kind: SoundKind, condition: Condition, rows: list[tuple[int, int, int, list[float]]]) -> Count:
    found, missed, false = sum(row[0] for row in rows), sum(row[1] for row in rows), sum(row[2] for row in rows)
    errors = [error for row in rows for error in row[3]]
    return Count(method, kind.name, condition, found, missed, false, round(float(np.mean(errors)), 2) if errors else -1.0)
