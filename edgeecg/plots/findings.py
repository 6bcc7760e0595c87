"""A recording taken through the engine, and all that was found in it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from edgeecg.api import pair_of
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.io.excerpts.cutting import Excerpt
from edgeecg.models import card as cards
from edgeecg.models.classifier import Classifier, Model
from edgeecg.rulefacts import default_rules
from edgeecg.types import (
    Alert,
    Beat,
    Coupling,
    Event,
    Gap,
    HeartCycle,
    HeartSound,
    Prediction,
    Quality,
    Record,
    Vitals,
    WindowReady,
)

SOUND = "sound"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sound:
    """The heart's sound beside its ECG, from the same moment on, and what was heard in it."""

    samples: NDArray[np.float64]
    rate_hz: float
    sounds: tuple[HeartSound, ...] = ()
    cycles: tuple[HeartCycle, ...] = ()
    couplings: tuple[Coupling, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Findings:
    """One lead, with what was found in it. Sample numbers count from the recording's first sample."""

    name: str
    lead: str
    rate_hz: float
    samples_mv: NDArray[np.float64]
    start_sample: int = 0
    beats: tuple[Beat, ...] = ()
    qualities: tuple[Quality, ...] = ()
    vitals: tuple[Vitals, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    alerts: tuple[Alert, ...] = ()
    """Every revision."""
    gaps: tuple[Gap, ...] = ()
    labels: tuple[str, ...] = ()
    label_names: tuple[str, ...] = ()
    sound: Sound | None = field(default=None, repr=False)

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples_mv) / self.rate_hz

    def name_of(self, label: str) -> str:
        """Return a label in words."""
        return dict(zip(self.labels, self.label_names, strict=False)).get(label, label)


def study(
    samples_mv: NDArray[np.float64], rate_hz: float, *, name: str, lead: str, model: Model | None = None, sound: Sound | None = None
) -> Findings:
    """Take a lead through an engine of its own, with the rules of a bedside monitor; each window is answered at once."""
    stream = StreamFacts(name=name, rate_hz=rate_hz, leads=(lead,))
    recorded = [(samples_mv, stream)]
    if sound is not None:
        recorded.append((sound.samples, StreamFacts(name=SOUND, rate_hz=sound.rate_hz, leads=("PCG",), sound_of=name)))
    facts = cards.to_facts(model.card) if model is not None else None
    engine = Engine(
        EngineConfig(streams=tuple(facts for _, facts in recorded), models=(facts,) if facts is not None else (), rules=default_rules())
    )
    classifier = Classifier(model) if model is not None else None
    events = list(_events(engine, pair_of(*recorded), classifier))
    return Findings(
        name=name,
        lead=lead,
        rate_hz=rate_hz,
        samples_mv=samples_mv,
        beats=tuple(sorted((one for one in events if isinstance(one, Beat)), key=lambda beat: beat.sample)),
        qualities=tuple(one for one in events if isinstance(one, Quality) and one.stream == name),
        vitals=tuple(one for one in events if isinstance(one, Vitals)),
        predictions=tuple(one for one in events if isinstance(one, Prediction)),
        alerts=tuple(one for one in events if isinstance(one, Alert)),
        gaps=tuple(one for one in events if isinstance(one, Gap) and one.stream == name),
        labels=facts.labels if facts is not None else (),
        label_names=tuple(model.card.label_names) if model is not None else (),
        sound=None if sound is None else _heard(sound, events),
    )


def of_excerpt(excerpt: Excerpt) -> Findings:
    """Return what a journal's excerpt holds of its first lead."""
    return Findings(
        name=excerpt.facts.name,
        lead=excerpt.facts.leads[0],
        rate_hz=excerpt.facts.rate_hz,
        samples_mv=excerpt.samples_mv[:, 0],
        start_sample=excerpt.start_sample,
        beats=excerpt.beats,
        alerts=excerpt.alerts,
    )


def cut(findings: Findings, start_s: float, seconds: float) -> Findings:
    """Return a stretch, with what touches it; times count from where the whole begins."""
    first = max(0, round(start_s * findings.rate_hz))
    samples_mv = findings.samples_mv[first : first + round(seconds * findings.rate_hz)]
    begin, end = findings.start_sample + first, findings.start_sample + first + len(samples_mv)
    return replace(
        findings,
        samples_mv=samples_mv,
        start_sample=begin,
        beats=tuple(one for one in findings.beats if begin <= one.sample < end),
        qualities=tuple(one for one in findings.qualities if begin <= one.start_sample < end),
        vitals=tuple(one for one in findings.vitals if begin <= one.sample < end),
        predictions=tuple(one for one in findings.predictions if one.start_sample < end and one.start_sample + one.len_samples > begin),
        alerts=tuple(one for one in findings.alerts if begin <= one.onset_sample < end),
    )


def _events(engine: Engine, records: Iterable[Record], classifier: Classifier | None) -> Iterator[Event]:
    for record in records:
        for event in engine.feed(record):
            if not isinstance(event, WindowReady):
                yield event
            elif classifier is not None and event.readable:
                yield from engine.feed(classifier(event))


def _heard(sound: Sound, events: list[Event]) -> Sound:
    return replace(
        sound,
        sounds=tuple(one for one in events if isinstance(one, HeartSound)),
        cycles=tuple(one for one in events if isinstance(one, HeartCycle)),
        couplings=tuple(one for one in events if isinstance(one, Coupling)),
    )
