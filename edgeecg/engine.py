"""The machine: records in, events out, all it knows in one explicit state. Nothing in here knows what time it is."""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgeecg import snapshot
from edgeecg.encoding import digest
from edgeecg.facts import EngineConfig
from edgeecg.snapshot import Part
from edgeecg.stages.fleet import Fleet
from edgeecg.types import (
    Acknowledge,
    Chunk,
    ConfigChange,
    Event,
    Inference,
    ModelChanged,
    ModelState,
    Overload,
    OverloadChanged,
    Record,
    RefusalReason,
    Refused,
    SourceState,
    Tick,
)

SCHEMA = 10
"""Raised whenever the state of a kernel or of the rules changes its layout or its meaning."""
MAX_HOP_FACTOR = 64

_HEAD = struct.Struct("<q")

Events = tuple[Event, ...]


class Engine:
    """A pure machine over explicit state: the same records give the same events, bit for bit, however they are cut."""

    __slots__ = ("_fleet", "_handlers")

    def __init__(self, config: EngineConfig) -> None:
        self._fleet = Fleet(config)
        self._handlers: Mapping[type, Callable[[Any], Events]] = {
            Tick: self._tick,
            SourceState: self._source_state,
            ConfigChange: self._config_change,
            Inference: self._inference,
            Overload: self._overload,
            ModelState: self._model_state,
            Acknowledge: self._acknowledge,
        }

    @property
    def config(self) -> EngineConfig:
        """The settings in force."""
        return self._fleet.config

    def next_sample(self, stream: str) -> int:
        """Return the number the next sample of a stream will have, if none is missing before it; -1: there is no such stream."""
        return self._fleet.next_sample(stream)

    def heard_before(self, before_ns: int) -> tuple[str, ...]:
        """Return the streams that have been open, and of which nothing has come since a time."""
        return self._fleet.heard_before(before_ns)

    @property
    def hop_factor(self) -> int:
        """How many times as far apart as configured windows come."""
        return self._fleet.hop_factor

    def feed(self, record: Record) -> Events:
        """Take one record; return what it decided."""
        return self.feed_many((record,))[0]

    def feed_many(self, records: Sequence[Record]) -> tuple[Events, ...]:
        """Take records in order, many streams in one kernel call; return what each decided, as `feed` would have."""
        events: list[Events] = []
        batch: list[Chunk] = []
        for record in records:
            if type(record) is Chunk:
                batch.append(record)
                continue
            events += self._fleet.run(batch)
            batch = []
            events.append(self._handler(record)(record))
        events += self._fleet.run(batch)
        return tuple(events)

    def _handler(self, record: Record) -> Callable[[Any], Events]:
        handler = self._handlers.get(type(record))
        if handler is None:
            allowed = ", ".join(["Chunk", *(kind.__name__ for kind in self._handlers)])
            raise TypeError(f"Engine.feed: {type(record).__name__} is not one of {allowed}")
        return handler

    def _tick(self, tick: Tick) -> Events:
        return self._fleet.tick(tick.now_ns)

    def _source_state(self, source: SourceState) -> Events:
        return self._fleet.source_state(source)

    def _config_change(self, change: ConfigChange) -> Events:
        self._fleet, events = self._fleet.changed_to(change.config)
        return events

    def _inference(self, inference: Inference) -> Events:
        return self._fleet.answer(inference)

    def _overload(self, overload: Overload) -> Events:
        if not 1 <= overload.hop_factor <= MAX_HOP_FACTOR:
            allowed = f"1 to {MAX_HOP_FACTOR}"
            return (Refused("", RefusalReason.BAD_VALUE, f"hop_factor {overload.hop_factor}", allowed, -1),)
        self._fleet.slow_to(overload.hop_factor)
        return self._fleet.engine_event(OverloadChanged(overload.hop_factor))

    def _model_state(self, state: ModelState) -> Events:
        names = [model.name for model in self.config.models]
        if state.model not in names:
            known = f"one of {', '.join(names)}" if names else "configured: none is"
            return (Refused("", RefusalReason.UNKNOWN_MODEL, f"model {state.model!r}", known, -1),)
        return self._fleet.engine_event(ModelChanged(state.model, state.change, state.detail))

    def _acknowledge(self, acknowledge: Acknowledge) -> Events:
        return self._fleet.acknowledge(acknowledge)

    def snapshot(self) -> bytes:
        """Return all the engine knows, to go on from later, here or elsewhere."""
        return b"".join(self.frozen()())

    def frozen(self) -> Callable[[], list[Part]]:
        """Copy all the engine knows, and no more than that; what is returned makes a snapshot's bytes of the copy, in any thread."""
        sections = {"engine": _HEAD.pack(self._fleet.hop_factor), **self._fleet.state_copied()}
        config = self.config

        def parts() -> list[Part]:
            models = [model.sha256 for model in config.models]
            return snapshot.parts_of(sections, schema=SCHEMA, config_digest=digest(config), model_hashes=models)

        return parts

    def waiting(self) -> Events:
        """Return the windows that still wait for an answer, again."""
        return self._fleet.waiting_windows()

    def restore(self, data: bytes) -> Events:
        """Become what `snapshot` saw, all or nothing; return the windows that still wait for an answer, again."""
        config = self.config
        sections = snapshot.unpack(
            data, schema=SCHEMA, config_digest=digest(config), model_hashes=[model.sha256 for model in config.models]
        )
        self._fleet.restore_bytes(sections)
        (self._fleet.hop_factor,) = _HEAD.unpack(sections["engine"])
        return self.waiting()
