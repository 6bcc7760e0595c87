"""When the heart beats, and how: each kind of episode as an endless row of beats, joined to one timeline."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from edgeecg.simulate.heart_rate import HeartRate
from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.simulate.seeds import Seeds
from edgeecg.simulate.shapes import SHAPES, Shape

REFRACTORY_S = 0.25
"""No beat follows another any sooner."""
SILENCE_S = 1.0
RESET = 1.1
"""The sinus node starts anew a little late after an ectopic beat has reached it, in periods."""


@dataclass(frozen=True, slots=True)
class HeartBeat:
    """One beat: the instant of its R, its shape, and the period it was made for."""

    number: int
    at_s: float
    shape: str
    period_s: float
    episode: int
    since_s: float
    """Time since the beat before; its period, where there was none."""

    @property
    def form(self) -> Shape:
        """What it looks like."""
        return SHAPES[self.shape]


@dataclass(frozen=True, slots=True)
class Pace:
    """What a rhythm may know: the episode, its chance, when its first beat is due and how fast the sinus node is."""

    episode: Episode
    rng: np.random.Generator
    first_s: float
    period: Callable[[float], float]


Rhythm = Callable[[Pace], Iterator[tuple[float, str, float]]]
"""Beats without end: when, of which shape, made for which period."""


def _sinus(pace: Pace) -> Iterator[tuple[float, str, float]]:
    at = pace.first_s
    while True:
        period = pace.period(at)
        yield at, "normal", period
        at += period


def _ectopic(pace: Pace, due: Callable[[int], bool], shape: str, pause: float) -> Iterator[tuple[float, str, float]]:
    """A sinus beat, and where it is due a premature one; the next sinus beat comes `pause` after the premature one's own sinus beat."""
    coupling = pace.episode.value("coupling")
    at = pace.first_s
    for number in count():
        period = pace.period(at)
        yield at, "normal", period
        if due(number):
            yield at + coupling * period, shape, period
            at += pause * period
        else:
            at += period


def _pvc(pace: Pace) -> Iterator[tuple[float, str, float]]:
    """The sinus node goes on undisturbed, so the pause is a full one: two periods from sinus beat to sinus beat."""
    share = _share_of_sinus(pace.episode.value("share"))
    return _ectopic(pace, lambda _: bool(pace.rng.random() < share), "ventricular", 2.0)


def _pac(pace: Pace) -> Iterator[tuple[float, str, float]]:
    """The sinus node is reset, so the pause is not a full one."""
    share = _share_of_sinus(pace.episode.value("share"))
    return _ectopic(pace, lambda _: bool(pace.rng.random() < share), "atrial", pace.episode.value("coupling") + RESET)


def _share_of_sinus(share: float) -> float:
    """Return how many sinus beats must be followed by an ectopic one for that share of all beats."""
    return share / (1.0 - share)


def _bigeminy(pace: Pace) -> Iterator[tuple[float, str, float]]:
    normals = int(pace.episode.value("normals"))
    return _ectopic(pace, lambda number: number % normals == normals - 1, "ventricular", 2.0)


def _run(pace: Pace) -> Iterator[tuple[float, str, float]]:
    """Ventricular beats in a row, every so often."""
    value = pace.episode.value
    length, interval, coupling, every_s = int(value("beats")), 60.0 / value("run_bpm"), value("coupling"), value("every_s")
    at, due_s = pace.first_s, pace.first_s + 0.5 * every_s
    while True:
        period = pace.period(at)
        yield at, "normal", period
        if at < due_s:
            at += period
            continue
        due_s += every_s
        first = at + coupling * period
        for i in range(length):
            yield first + i * interval, "ventricular-run", period
        at = first + (length - 1) * interval + RESET * period


def _fibrillation(pace: Pace) -> Iterator[tuple[float, str, float]]:
    """Atria that fibrillate: intervals drawn one by one, independent, log-normal."""
    mean, irregularity = 60.0 / pace.episode.value("bpm"), pace.episode.value("irregularity")
    sigma = float(np.sqrt(np.log1p(irregularity**2)))
    at = pace.first_s
    while True:
        interval = max(REFRACTORY_S, mean * float(np.exp(sigma * pace.rng.normal() - 0.5 * sigma**2)))
        yield at, "no-p", min(interval, mean)
        at += interval


def _tachycardia(pace: Pace) -> Iterator[tuple[float, str, float]]:
    mean, irregularity = 60.0 / pace.episode.value("bpm"), pace.episode.value("irregularity")
    at = pace.first_s
    while True:
        yield at, "ventricular-run", mean
        at += max(0.2, mean * (1.0 + irregularity * float(pace.rng.normal())))


def _pause(pace: Pace) -> Iterator[tuple[float, str, float]]:
    """The sinus node misses beats, every so often."""
    pause_s, every_s = pace.episode.value("pause_s"), pace.episode.value("every_s")
    at, due_s = pace.first_s, pace.first_s + 0.5 * every_s
    while True:
        period = pace.period(at)
        yield at, "normal", period
        if at < due_s:
            at += period
        else:
            due_s += every_s
            at += max(pause_s, period)


def _paced(pace: Pace) -> Iterator[tuple[float, str, float]]:
    interval = 60.0 / pace.episode.value("bpm")
    for i in count():
        yield pace.first_s + i * interval, "paced", interval


RHYTHMS: dict[str, Rhythm] = {
    "normal": _sinus, "pvc": _pvc, "pac": _pac, "bigeminy": _bigeminy, "run": _run, "af": _fibrillation, "vt": _tachycardia,
    "pause": _pause, "paced": _paced, "lead-off": _sinus,
}  # fmt: skip
"""The kinds of episode with beats: in the others there are none."""


def timeline(scenario: Scenario, seeds: Seeds) -> Iterator[tuple[float, HeartBeat | None]]:
    """Give every beat in time order, and, where none comes, up to when there is none."""
    heart_rate = HeartRate(scenario, seeds)
    last_s: float | None = None
    numbers = count()
    for i, episode in enumerate(scenario.episodes):
        rhythm, end_s = RHYTHMS.get(episode.kind), scenario.end_s(i)
        if rhythm is None:
            yield from _silence(episode.start_s, end_s)
            continue
        pace = _pace(scenario, seeds, heart_rate, i, last_s)
        for at_s, shape, period_s in rhythm(pace):
            if at_s >= end_s:
                break
            since_s = period_s if last_s is None else at_s - last_s
            yield at_s, HeartBeat(next(numbers), at_s, shape, period_s, i, since_s)
            last_s = at_s
        yield end_s, None


def _silence(start_s: float, end_s: float) -> Iterator[tuple[float, None]]:
    until_s = start_s
    while until_s < end_s:
        until_s = min(end_s, until_s + SILENCE_S)
        yield until_s, None


def _pace(scenario: Scenario, seeds: Seeds, heart_rate: HeartRate, number: int, last_s: float | None) -> Pace:
    episode = scenario.episodes[number]
    mean, sd = scenario.bpm_of(episode)

    def period(at_s: float) -> float:
        return heart_rate.period_s(at_s, mean, sd)

    first_s = episode.start_s + (0.5 * period(0.0) if last_s is None else 0.0)
    if last_s is not None:
        first_s = max(first_s, last_s + period(last_s))
    return Pace(episode, seeds.rng("rhythm", number), first_s, period)
