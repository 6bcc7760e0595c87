"""From calls of the engine to messages. Sans-IO: it is told what was heard and what time it is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.live.messages import VERSION, Message, of_config, of_event, of_samples, placed, plain
from edgeecg.live.tap import Call
from edgeecg.types import (
    Alert,
    Chunk,
    ConfigChange,
    Event,
    Gap,
    ModelChanged,
    OverloadChanged,
    Prediction,
    Quality,
    SignalState,
    StreamChange,
    StreamChanged,
    Vitals,
)

PULSE_NS: Final = 10**9
STANDING: Final = (StreamChanged, SignalState, Quality, Vitals, Prediction, ModelChanged, OverloadChanged)
"""What is so until something else is said; the rest is said of a moment, and is over with it. What alerts are on, the outbox knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The daemon that is looked at: what it is, and how it is asked."""

    device: str
    version: str
    speed: float
    people: tuple[str, ...]
    config: Callable[[], EngineConfig]
    troubles: Callable[[], Sequence[str]]
    active: Callable[[], Sequence[tuple[Alert, int]]]
    """Alerts that are on, each with the wall's time of its onset."""
    n_changes: Callable[[], int]
    """Counts up whenever what is on has changed."""
    wall_ns: Callable[[int], int]


@dataclass(slots=True)
class Telling:
    """Knows what a reader who comes now must be told first."""

    subject: Subject
    _facts: dict[str, StreamFacts] = field(default_factory=dict)
    _standing: dict[tuple[Any, ...], Event] = field(default_factory=dict)
    _took_ms: list[float] = field(default_factory=list)
    _pulse_ns: int = 0
    _n_changes: int = -1

    def configure(self, config: EngineConfig) -> Message:
        """Know the streams."""
        self._facts = {facts.name: facts for facts in config.streams}
        return of_config(config)

    def welcome(self, now_ns: int) -> list[Message]:
        """Return what is so now."""
        subject = self.subject
        hello = {
            "kind": "hello",
            "version": VERSION,
            "device": subject.device,
            "edgeecg": subject.version,
            "speed": subject.speed,
            "people": list(subject.people),
        }
        return [
            hello,
            self.configure(subject.config()),
            *filter(None, map(of_event, self._standing.values())),
            self._active(),
            self._pulse(now_ns),
        ]

    def tell(self, calls: Sequence[Call], now_ns: int, *, is_heard: bool) -> Iterator[Message]:
        """Give what is new. With nobody there, only what stands is kept up."""
        for call in calls:
            yield from self._of_call(call, is_heard=is_heard)
        if not is_heard:
            self._took_ms.clear()
            return
        if self.subject.n_changes() != self._n_changes:
            self._n_changes = self.subject.n_changes()
            yield self._active()
        if now_ns - self._pulse_ns >= PULSE_NS * self.subject.speed:
            self._pulse_ns = now_ns
            yield self._pulse(now_ns)

    def _of_call(self, call: Call, *, is_heard: bool) -> Iterator[Message]:
        if is_heard:
            yield from self._samples(call)
        for record, events in zip(call.records, call.given, strict=True):
            if isinstance(record, ConfigChange):
                yield self.configure(record.config)
            for event in events:
                self._keep(event)
                message = of_event(event) if is_heard else None
                if message is not None:
                    yield message

    def _samples(self, call: Call) -> Iterator[Message]:
        arrivals = [record.arrival_ns for record in call.records if isinstance(record, Chunk)]
        if arrivals:
            self._took_ms.append(round((call.now_ns - min(arrivals)) / 1e6 / self.subject.speed, 3))
        gaps = [event for events in call.given for event in events if isinstance(event, Gap)]
        for stream, next_sample in call.ends.items():
            facts = self._facts.get(stream)
            if facts is None or next_sample < 0:
                continue
            chunks = [record for record in call.records if isinstance(record, Chunk) and record.stream == stream]
            at = list(placed(chunks, [gap for gap in gaps if gap.stream == stream], next_sample))
            for start_sample, chunk in reversed(at):
                yield of_samples(facts, start_sample, chunk, (call.now_ns - chunk.arrival_ns) / 1e9 / self.subject.speed)

    def _keep(self, event: Event) -> None:
        """What stands is kept as it is, and spelled when somebody comes."""
        if isinstance(event, StreamChanged) and event.change == StreamChange.REMOVED:
            self._standing = {key: one for key, one in self._standing.items() if key[1] != event.stream}
        elif isinstance(event, STANDING):
            self._standing[type(event), event.stream, getattr(event, "lead", ""), getattr(event, "model", "")] = event

    def _active(self) -> Message:
        alerts = [of_event(alert) for alert, _ in self.subject.active()]
        onsets = [onset_ns // 10**6 for _, onset_ns in self.subject.active()]
        return {"kind": "active", "alerts": alerts, "onset_ms": onsets}

    def _pulse(self, now_ns: int) -> Message:
        took_ms, self._took_ms = self._took_ms, []
        now_ms = self.subject.wall_ns(now_ns) // 10**6
        return {"kind": "pulse", "now_ms": now_ms, "took_ms": plain(tuple(took_ms)), "troubles": list(self.subject.troubles())}
