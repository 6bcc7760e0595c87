"""Atrial fibrillation on annotated recordings: windows as a model answers them, alerts as the rules make of that.

What the annotators call fibrillation (AFIB) must be told where it lasts half a minute, and nothing else may. Flutter (AFL) need not be
told, and an alert in it is not false. An alert is about fibrillation for a minute after it has ended: so long the model has its beats before it.
A window counts where it lies in fibrillation as a whole, or wholly in what is neither; one that the model abstains from is not called anything.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.evals.rpeaks import read_annotated
from edgeecg.facts import StreamFacts
from edgeecg.io.recording import Lead
from edgeecg.io.wfdb import Annotations
from edgeecg.models import card as cards
from edgeecg.models.classifier import Classifier, Model
from edgeecg.models.windows import STREAM, run
from edgeecg.rulefacts import default_rules
from edgeecg.types import Alert, AlertState, Event, Prediction

RULE = "atrial-fibrillation"
LABEL = "A"
FIBRILLATION, FLUTTER = "(AFIB", "(AFL"
LEAST_S = 30.0
AFTER_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """Which samples of a recording are in fibrillation, and which in flutter."""

    rate_hz: float
    fibrillates: NDArray[np.bool_]
    flutters: NDArray[np.bool_]

    def episodes(self) -> list[tuple[int, int]]:
        """Return first and last sample of each stretch of either in which fibrillation lasts long enough to have to be told."""
        edges = np.flatnonzero(np.diff(np.concatenate(([0], self.fibrillates | self.flutters, [0])).astype(np.int8)))
        stretches = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        return [(first, end - 1) for first, end in stretches if self.fibrillates[first:end].sum() >= LEAST_S * self.rate_hz]


COUNTS = ("seconds", "fibrillating_s", "windows_in", "called_in", "windows_out", "called_out", "episodes", "told", "false_alerts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One recording, or several: seconds, windows and what is called fibrillation among them, alerts."""

    record: str
    seconds: float
    fibrillating_s: float
    windows_in: int
    called_in: int
    windows_out: int
    called_out: int
    episodes: int
    told: int
    delays_s: tuple[float, ...]
    """From the onset to the alert, of each episode in which none was open already."""
    false_alerts: int

    def figures(self) -> dict[str, Any]:
        """Give what a report prints, ready for JSON: shares in percent."""
        delays = sorted(self.delays_s)
        return {
            "record": self.record,
            "hours": round(self.seconds / 3600, 3),
            "hours_of_fibrillation": round(self.fibrillating_s / 3600, 3),
            "windows_in_fibrillation": self.windows_in,
            "sensitivity": _percent(self.called_in, self.windows_in),
            "windows_outside": self.windows_out,
            "specificity": _percent(self.windows_out - self.called_out, self.windows_out),
            "episodes": self.episodes,
            "told": self.told,
            "median_delay_s": round(float(np.median(delays)), 1) if delays else None,
            "max_delay_s": round(delays[-1], 1) if delays else None,
            "false_alerts": self.false_alerts,
        }


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def fibrillation(paths: Iterable[Path], model: Model) -> Iterator[Found]:
    """Take the first lead of annotated recordings through an engine with a model and the default rules, and judge what is said."""
    for path in paths:
        known = read_annotated(path)
        lead = known.recording.lead(0)
        rhythm = rhythm_of(known.annotations, lead.rate_hz, known.recording.len_samples)
        yield judge(known.recording.name, rhythm, _events(lead, model))


def _events(lead: Lead, model: Model) -> list[Event]:
    stream = StreamFacts(name=STREAM, rate_hz=lead.rate_hz)
    return list(run(lead.millivolts(), stream, cards.to_facts(model.card), Classifier(model), rules=default_rules()))


def rhythm_of(annotations: Annotations, rate_hz: float, len_samples: int) -> Rhythm:
    """Read the marks of rhythm: each holds until the next."""
    notes = zip(annotations.samples.tolist(), annotations.aux, strict=True)
    marks = [(sample, aux.rstrip("\0 ")) for sample, aux in notes if aux.startswith("(")]
    fibrillates, flutters = np.zeros(len_samples, np.bool_), np.zeros(len_samples, np.bool_)
    for (first, name), (end, _) in pairwise([*marks, (len_samples, "")]):
        for mask, of in ((fibrillates, FIBRILLATION), (flutters, FLUTTER)):
            mask[first:end] = name == of
    return Rhythm(rate_hz, fibrillates, flutters)


def judge(name: str, rhythm: Rhythm, events: Sequence[Event]) -> Found:
    """Judge what an engine said of one recording."""
    inside, outside = _windows([event for event in events if isinstance(event, Prediction)], rhythm)
    told, delays, false = _alerts([event for event in events if isinstance(event, Alert) and event.rule == RULE], rhythm)
    return Found(
        record=name,
        seconds=len(rhythm.fibrillates) / rhythm.rate_hz,
        fibrillating_s=float(rhythm.fibrillates.sum()) / rhythm.rate_hz,
        windows_in=len(inside),
        called_in=sum(inside),
        windows_out=len(outside),
        called_out=sum(outside),
        episodes=len(rhythm.episodes()),
        told=told,
        delays_s=tuple(delays),
        false_alerts=false,
    )


def _windows(answers: Sequence[Prediction], rhythm: Rhythm) -> tuple[list[bool], list[bool]]:
    """Say of each window within fibrillation, and of each outside, whether it was called that."""
    inside: list[bool] = []
    outside: list[bool] = []
    for answer in answers:
        span = slice(max(0, answer.start_sample), answer.start_sample + answer.len_samples)
        called = answer.label == LABEL and not answer.abstained
        if rhythm.fibrillates[span].all():
            inside.append(called)
        elif not (rhythm.fibrillates[span] | rhythm.flutters[span]).any():
            outside.append(called)
    return inside, outside


def _alerts(alerts: Sequence[Alert], rhythm: Rhythm) -> tuple[int, list[float], int]:
    """Return how many episodes were told, how late those were that began with no alert open, and how many alerts are about none."""
    begins = {alert.alert_id: alert.reported_at for alert in reversed(alerts)}
    ends = {alert.alert_id: alert.reported_at for alert in alerts if alert.state == AlertState.CLEARED}
    after = round(AFTER_S * rhythm.rate_hz)
    about = [
        [begin for name, begin in begins.items() if begin <= last + after and ends.get(name, last) >= first]
        for first, last in rhythm.episodes()
    ]
    late = [(min(own) - first) / rhythm.rate_hz for own, (first, _) in zip(about, rhythm.episodes(), strict=True) if own]
    either = rhythm.fibrillates | rhythm.flutters
    false = sum(not either[max(0, begin - after) : begin + 1].any() for begin in begins.values())
    return len(late), [delay for delay in late if delay > 0], false


def add_up(found: Sequence[Found]) -> Found:
    """Put recordings together."""
    return Found(
        record="all",
        **{name: sum(getattr(one, name) for one in found) for name in COUNTS},
        delays_s=tuple(delay for one in found for delay in one.delays_s),
    )
