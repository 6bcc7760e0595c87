"""How soon alarms come and how often they should not have: the engine with a monitor's rules and no model at all."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.api import records_of
from edgeecg.engine import Engine
from edgeecg.evals.alarm_truth import AlarmScore, high_ones, score_alarms
from edgeecg.evals.noise import CLEAN_S, STRETCH_S, Noise, at_rate, read_noise
from edgeecg.evals.rpeaks import find_records, read_annotated
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.rulefacts import Priority, default_rules
from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.simulate.shapes import qrs_swing_mv
from edgeecg.simulate.simulation import Setup, Simulation, TrueBeat
from edgeecg.types import Acknowledge, Alert, Event, Record

RATE_HZ = 250.0
CHUNK_LEN = 250
"""Events do not depend on it; it is long for speed."""
BLOCK_LEN = 25_000
ONSET_S, CASE_S = 30.0, 60.0
NOISES = ("nstdb/bw", "nstdb/118e06")
SNRS_DB = (24.0, 18.0, 12.0, 6.0)
SPARKS_MV = 2.0, 300.0
HOUR_S = 3600.0
BPM = (60.0, 70.0, 80.0, 95.0)


@dataclass(frozen=True, slots=True)
class Case:
    """Something that must be told soon."""

    name: str
    scenario: Scenario
    rules: tuple[str, ...]
    """Any of these tells it."""
    within_s: float


def case_of(name: str, within_s: float, rules: tuple[str, ...], kind: str, **settings: float) -> Case:
    """Return a heart that is normal up to ONSET_S, and then of another kind."""
    bpm = 80.0 if kind == "normal" else 70.0
    return Case(name, Scenario(name=name, bpm=bpm, episodes=(Episode(0.0, "normal"), Episode(ONSET_S, kind, settings))), rules, within_s)


CASES = (
    case_of("asystole", 4.5, ("asystole",), "asystole"),
    case_of("tachycardia, 80 to 160", 6.0, ("tachycardia", "extreme-tachycardia"), "normal", bpm=160.0),
    case_of("ventricular tachycardia, 180", 5.0, ("v-tach",), "vt", bpm=180.0),
    case_of("ventricular tachycardia, 120", 5.0, ("v-tach",), "vt", bpm=120.0),
    case_of("ventricular fibrillation", 10.0, ("v-fib",), "vf"),
)


def alerts_of(samples_mv: NDArray[np.float64], rate_hz: float, *, chunk_len: int = CHUNK_LEN) -> Iterator[Alert]:
    """Take one lead through an engine; yield its alerts."""
    facts = StreamFacts(name="samples", rate_hz=rate_hz)
    return alerts_from(records_of(samples_mv, facts, chunk_len=chunk_len), facts)


def alerts_from(records: Iterable[Record], facts: StreamFacts) -> Iterator[Alert]:
    """Yield the alerts of a stream. Whatever is urgent is acknowledged at once, so that the next is told anew."""
    engine = Engine(EngineConfig(streams=(facts,), rules=default_rules()))
    for record in records:
        for alert in _alerts(engine.feed(record)):
            yield alert
            if alert.priority == Priority.HIGH and not alert.acknowledged_by:
                engine.feed(Acknowledge(alert.alert_id, "eval"))


def _alerts(events: Iterable[Event]) -> list[Alert]:
    return [event for event in events if isinstance(event, Alert)]


# --- how soon ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delay:
    """One simulated heart, and how long it took from the onset to the alarm; None: it never came."""

    record: str
    case: Case
    seed: int
    delay_s: float | None
    as_another: tuple[str, ...] = ()
    """Urgent alarms that name it otherwise: a tachycardia that is told as fibrillation calls for help, but for other help."""


def delays(seeds: Sequence[int]) -> Iterator[Delay]:
    """Simulate each case with each seed. Asystole begins with the last beat, all else with its episode."""
    for case in CASES:
        for seed in seeds:
            samples_mv, beats = simulated(Setup(scenario=case.scenario, seed=seed, rate_hz=RATE_HZ), CASE_S)
            onset = beats[-1].sample if case.name == "asystole" else round(ONSET_S * RATE_HZ)
            alerts = [alert for alert in alerts_of(samples_mv, RATE_HZ) if alert.reported_at >= onset]
            told = [alert.reported_at for alert in alerts if alert.rule in case.rules]
            others = tuple(alert.rule for alert in high_ones(alerts) if alert.rule not in case.rules)
            yield Delay(f"{case.name}, seed {seed}", case, seed, (told[0] - onset) / RATE_HZ if told else None, others)


def simulated(setup: Setup, seconds: float) -> tuple[NDArray[np.float64], list[TrueBeat]]:
    """Return a simulated ECG in millivolt, and its beats."""
    blocks = list(Simulation(setup).blocks(BLOCK_LEN, n_samples=round(seconds * setup.rate_hz)))
    return np.concatenate([block.ecg_mv for block in blocks]), [beat for block in blocks for beat in block.beats]


def delay_figures(found: Sequence[Delay]) -> dict[str, Any]:
    """Give what a report prints, a case."""
    figures: dict[str, Any] = {}
    for case in CASES:
        own = [one.delay_s for one in found if one.case is case]
        told = sorted(delay for delay in own if delay is not None)
        figures[case.name] = {
            "hearts": len(own),
            "told": len(told),
            "median_s": round(told[len(told) // 2], 3) if told else None,
            "max_s": round(told[-1], 3) if told else None,
            "must_be_s": case.within_s,
            "as_another": sum(bool(one.as_another) for one in found if one.case is case),
            "within": bool(told) and len(told) == len(own) and told[-1] <= case.within_s,
        }
    return figures


# --- how often falsely ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoisyHour:
    """An hour of a normal heart, every other two minutes of it with noise, or with sparks, and each urgent alert: all are false."""

    record: str
    false: tuple[Alert, ...]
    told: int
    """Alerts of all priorities."""


def noisy_hours(data: Path, hours: int, first_seed: int) -> Iterator[NoisyHour]:
    """Simulate normal rhythm hour by hour, with calibrated noise as the noise stress test has it: by turns of both kinds and all levels."""
    noises = [read_noise(path) for path in find_records(data, NOISES)]
    return _spoilt_hours(hours, first_seed, lambda samples_mv, seed: add_noise(samples_mv, noises, seed))


def sparked_hours(hours: int, first_seed: int) -> Iterator[NoisyHour]:
    """Simulate normal rhythm hour by hour, with sparks in it as of an electrode that is touched."""
    return _spoilt_hours(hours, first_seed, add_sparks)


def _spoilt_hours(hours: int, first_seed: int, spoil: Callable[[NDArray[np.float64], int], None]) -> Iterator[NoisyHour]:
    for hour in range(hours):
        scenario, seed = Scenario(name="normal", bpm=BPM[hour % len(BPM)]), first_seed + hour
        samples_mv, _ = simulated(Setup(scenario=scenario, seed=seed, rate_hz=RATE_HZ), HOUR_S)
        spoil(samples_mv, seed)
        alerts = list(alerts_of(samples_mv, RATE_HZ))
        yield NoisyHour(f"hour {hour}", tuple(high_ones(alerts)), len({alert.alert_id for alert in alerts}))


def add_sparks(samples_mv: NDArray[np.float64], seed: int) -> None:
    """Add one a minute at any time, of one to three samples and any height, the small as many as the large, up or down."""
    luck = np.random.default_rng(seed)
    smallest, largest = np.log(SPARKS_MV)
    for at in luck.integers(0, len(samples_mv), round(len(samples_mv) / RATE_HZ / 60)).tolist():
        samples_mv[at : at + luck.integers(1, 4)] += luck.choice((-1, 1)) * np.exp(luck.uniform(smallest, largest))


def add_noise(samples_mv: NDArray[np.float64], noises: Sequence[Noise], turn: int) -> None:
    """Make every other stretch noisy; a stretch begins without a step, and what it ends on stays."""
    length = round(STRETCH_S * RATE_HZ)
    signal_rms = qrs_swing_mv(60.0 / 70.0) / math.sqrt(8)
    sources = [parts_of(noise) for noise in noises]
    for stretch in range(1, len(samples_mv) // length, 2):
        place = stretch // 2 + turn
        which, level, part = place % len(noises), place // len(noises) % len(SNRS_DB), place // len(noises) // len(SNRS_DB)
        source = sources[which][part % len(sources[which])]
        added = (source - source[0]) * signal_rms / noises[which].rms_mv[0] / 10 ** (SNRS_DB[level] / 20)
        samples_mv[stretch * length : (stretch + 1) * length] += added
        samples_mv[(stretch + 1) * length :] += added[-1]


def parts_of(noise: Noise) -> list[NDArray[np.float64]]:
    """Cut a noise's first lead into stretches, at our rate. Of a record that `nst` made only those in which there is noise."""
    lead, length = at_rate(noise.leads[0], noise.rate_hz, RATE_HZ), round(STRETCH_S * RATE_HZ)
    first, step = (round(CLEAN_S * RATE_HZ), 2 * length) if noise.is_in_stretches else (0, length)
    return [lead[start : start + length] for start in range(first, len(lead) - length + 1, step)]


# --- on recordings ----------------------------------------------------------------------------------------------------


def recorded(paths: Iterable[Path]) -> Iterator[AlarmScore]:
    """Judge the urgent alerts on annotated recordings as they are."""
    for path in paths:
        known = read_annotated(path)
        rate_hz = known.recording.lead(0).rate_hz
        alerts = list(alerts_of(known.recording.lead(0).millivolts(), rate_hz))
        yield score_alarms(known.recording.name, alerts, known.annotations, rate_hz, known.recording.len_samples)
