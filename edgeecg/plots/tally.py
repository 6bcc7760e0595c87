"""What a long recording comes to, stretch by stretch: heart rate, beats, ectopy, rhythm, quality."""

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeecg.plots.findings import Findings
from edgeecg.types import Alert, AlertState, Beat, Morphology, Prediction

PREMATURE: Final = 0.8
"""A beat that comes before this share of the usual RR interval is premature."""
PAUSE_S: Final = 2.0
HOUR_S: Final = 3600.0
STEPS_S: Final = ((3 * HOUR_S, HOUR_S), (HOUR_S, 600.0), (600.0, 120.0))
"""From this length on, stretches of so long."""
LEAST_TAIL: Final = 0.25
"""A last stretch shorter than this share of the others belongs to the one before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One hour, or less of a short recording. What is not known is None."""

    start_s: float
    seconds: float
    n_beats: int
    n_wide: int
    n_premature: int
    """Narrow ones."""
    n_pauses: int
    rate_low: float | None
    rate_median: float | None
    rate_high: float | None
    """Of the heart rates of good seconds: 1 of 100 lies below the low one, 1 of 100 above the high one."""
    good_share: float | None
    rhythms: dict[str, float]
    """Share of the answered windows, by label."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An alert as a whole, from its first revision to its last."""

    first: Alert
    last: Alert
    seconds: float | None
    """How long it was on; None: to the recording's end."""


def step_s(seconds: float) -> float:
    """Return how long stretches are in a recording of this length."""
    return next((each for least, each in STEPS_S if seconds >= least), 30.0)


def stretches(findings: Findings, each_s: float) -> tuple[Stretch, ...]:
    """Return all of them, one after the other."""
    n = max(1, int(np.ceil(findings.seconds / each_s - LEAST_TAIL)))
    ends_s = [*(each_s * np.arange(1, n)), findings.seconds]
    return tuple(_stretch(findings, i * each_s, end_s - i * each_s) for i, end_s in enumerate(ends_s))


def whole(findings: Findings) -> Stretch:
    """Return the recording as one stretch."""
    return _stretch(findings, 0.0, findings.seconds)


def happenings(alerts: Iterable[Alert], rate_hz: float) -> tuple[Happening, ...]:
    """Return what was alerted on, the gravest first, then in the order of time."""
    revisions: dict[str, list[Alert]] = {}
    for alert in alerts:
        revisions.setdefault(alert.alert_id, []).append(alert)
    found = []
    for told in revisions.values():
        last = told[-1]
        seconds = (last.sample - told[0].onset_sample) / rate_hz if last.state == AlertState.CLEARED or last.latched else None
        found.append(Happening(max(told, key=lambda one: (one.priority, -one.revision)), last, seconds))
    return tuple(sorted(found, key=lambda one: (-one.first.priority, one.first.onset_sample)))


def _stretch(findings: Findings, start_s: float, seconds: float) -> Stretch:
    begin, end = (findings.start_sample + at * findings.rate_hz for at in (start_s, start_s + seconds))
    beats = [one for one in findings.beats if begin <= one.sample < end]
    rates = [one.heart_rate for one in findings.vitals if begin <= one.sample < end and one.heart_rate > 0]
    good = [one.good for one in findings.qualities if begin <= one.start_sample < end]
    low, median, high = (float(at) for at in np.percentile(rates, [1, 50, 99])) if rates else (None, None, None)
    return Stretch(
        start_s=start_s,
        seconds=seconds,
        n_beats=len(beats),
        n_wide=sum(one.morphology == Morphology.WIDE for one in beats),
        n_premature=sum(_is_premature(one) for one in beats),
        n_pauses=_pauses(findings, beats),
        rate_low=low,
        rate_median=median,
        rate_high=high,
        good_share=sum(good) / len(good) if good else None,
        rhythms=_rhythms(one for one in findings.predictions if begin <= one.start_sample < end),
    )


def _is_premature(beat: Beat) -> bool:
    return beat.morphology != Morphology.WIDE and 0 < beat.prematurity < PREMATURE


def _pauses(findings: Findings, beats: list[Beat]) -> int:
    """Count RR intervals that are long and lie in good seconds whole: a beat that noise hides is no pause."""
    bad = [one.start_sample for one in findings.qualities if not one.good]
    n = 0
    for one, other in itertools.pairwise(beats):
        if other.sample - one.sample >= PAUSE_S * findings.rate_hz:
            first = np.searchsorted(bad, one.sample - findings.rate_hz)
            n += bool(first == len(bad) or bad[first] > other.sample)
    return n


def _rhythms(predictions: Iterable[Prediction]) -> dict[str, float]:
    said = Counter(one.label for one in predictions if not one.abstained)
    return {label: count / said.total() for label, count in said.most_common()}
