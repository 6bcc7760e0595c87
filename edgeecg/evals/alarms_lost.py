"""What alarms are worth over a radio that loses frames: what a heart does not do must not be told, and what it does, soon."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.evals.alarm_truth import high_ones
from edgeecg.evals.alarms import BPM, CASE_S, CASES, HOUR_S, ONSET_S, RATE_HZ, Case, alerts_from, case_of, simulated
from edgeecg.facts import StreamFacts
from edgeecg.simulate.scenario import Scenario
from edgeecg.simulate.simulation import Setup
from edgeecg.types import Alert, Chunk, Record, SourceChange, SourceState

FRAME_LEN = round(0.1 * RATE_HZ)
SEQUENCE_BITS = 16
SLOW = (
    case_of("bradycardia, 70 to 44", 15.0, ("bradycardia", "extreme-bradycardia"), "normal", bpm=44.0),
    case_of("bradycardia, 70 to 35", 15.0, ("extreme-bradycardia",), "normal", bpm=35.0),
)


@dataclass(frozen=True, slots=True)
class Loss:
    """Frames of 0.1 s that never come, or hold no numbers: each by chance, or every so manieth."""

    name: str
    share: float = 0.0
    every: int = 0
    comes: bool = False
    """And has a NaN for every sample."""

    def came(self, n: int, seed: int) -> NDArray[np.bool_]:
        """Return which of so many frames come."""
        if self.every:
            return np.asarray((np.arange(n) + 7 * seed) % self.every != 0)
        return np.asarray(np.random.default_rng(seed).random(n) >= self.share)


LOSSES = (
    *(Loss(f"{share:.0%} by chance", share=share) for share in (0.02, 0.05, 0.1)),
    *(Loss(f"every {every}th", every=every) for every in (50, 20, 10)),
    *(Loss(f"{share:.0%} by chance", share=share, comes=True) for share in (0.02, 0.05)),
    *(Loss(f"every {every}th", every=every, comes=True) for every in (50, 20)),
)


@dataclass(frozen=True, slots=True)
class Lost:
    """One simulated heart over such a radio: its urgent alarms where it is normal, or how long its case took to be told."""

    record: str
    loss: Loss
    case: Case | None = None
    false: tuple[Alert, ...] = ()
    delay_s: float | None = None


def over_a_radio(samples_mv: NDArray[np.float64], loss: Loss, seed: int) -> Iterator[Alert]:
    """Yield the alerts of a lead of which frames are lost."""
    facts = StreamFacts(name="samples", rate_hz=RATE_HZ, sequence_bits=SEQUENCE_BITS)
    return alerts_from(_records(samples_mv, facts.name, loss, seed), facts)


def _records(samples_mv: NDArray[np.float64], name: str, loss: Loss, seed: int) -> Iterator[Record]:
    yield SourceState(name, SourceChange.OPENED, 0)
    for i, came in enumerate(loss.came(len(samples_mv) // FRAME_LEN, seed).tolist()):
        now_ns = round((i + 1) * FRAME_LEN / RATE_HZ * 1e9)
        if came or loss.comes:
            samples = samples_mv[i * FRAME_LEN : (i + 1) * FRAME_LEN]
            yield Chunk(name, samples if came else np.full_like(samples, np.nan), now_ns, i % (1 << SEQUENCE_BITS))


def lost(seeds: Sequence[int], hours: int) -> Iterator[Lost]:
    """Simulate hours of normal rhythm, and each case with each seed, over each radio."""
    for loss in LOSSES:
        for hour in range(hours):
            setup = Setup(scenario=Scenario(name="normal", bpm=BPM[hour % len(BPM)]), seed=hour, rate_hz=RATE_HZ)
            samples_mv, _ = simulated(setup, HOUR_S)
            yield Lost(f"{loss.name}, hour {hour}", loss, false=tuple(high_ones(over_a_radio(samples_mv, loss, hour))))
        for case in (*CASES, *SLOW):
            for seed in seeds:
                yield Lost(f"{loss.name}, {case.name}, seed {seed}", loss, case, delay_s=_delay_s(case, loss, seed))


def _delay_s(case: Case, loss: Loss, seed: int) -> float | None:
    samples_mv, beats = simulated(Setup(scenario=case.scenario, seed=seed, rate_hz=RATE_HZ), CASE_S)
    onset = beats[-1].sample if case.name == "asystole" else round(ONSET_S * RATE_HZ)
    told = (one.reported_at for one in over_a_radio(samples_mv, loss, seed) if one.rule in case.rules and one.reported_at >= onset)
    first = next(told, None)
    return None if first is None else (first - onset) / RATE_HZ


def lost_figures(found: Sequence[Lost]) -> list[dict[str, Any]]:
    """Give what a report prints, a radio."""
    return [_of_one([one for one in found if one.loss is loss]) for loss in LOSSES]


def _of_one(found: Sequence[Lost]) -> dict[str, Any]:
    normal = [one for one in found if one.case is None]
    told: dict[str, Any] = {}
    for case in (*CASES, *SLOW):
        own = [one.delay_s for one in found if one.case is case]
        delays = sorted(delay for delay in own if delay is not None)
        told[case.name] = {"hearts": len(own), "told": len(delays), "median_s": round(delays[len(delays) // 2], 3) if delays else None}
    of = {"lost": found[0].loss.name, "without_numbers": found[0].loss.comes}
    return {**of, "hours": len(normal), "false_urgent": sum(len(one.false) for one in normal), "told": told}
