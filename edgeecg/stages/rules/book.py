"""The rules of all streams of an engine, and of the engine itself, whose stream has no name."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import SnapshotError
from edgeecg.facts import EngineConfig
from edgeecg.rulefacts import PROBABILITY, RuleFacts
from edgeecg.stages.rules.calm import room_of, rooms
from edgeecg.stages.rules.episodes import MAX_NAME_LEN, Owner, Pace
from edgeecg.stages.rules.stream import StreamRules
from edgeecg.types import Acknowledge, Event, ModelChanged, OverloadChanged, RefusalReason, Refused, SourceState
from edgeecg_kernels.state import UNRULED

ENGINES: Final = frozenset({"overload", "model"})
"""Kinds that are about the engine, not about a stream."""
OF_SOUND: Final = frozenset({"gap", "silent", "clock-jump", "delay-drift", PROBABILITY})
"""Kinds, and measures, that a stream of sound knows something of: it has no beats, and its ECG's rules watch those."""
OF_SOUND_ALONE: Final = frozenset({"delay-drift"})

Events = tuple[Event, ...]


def rules_of(config: EngineConfig, stream: str, *, of_sound: bool = False) -> list[tuple[RuleFacts, int]]:
    """Return the rules for a stream, or for the engine itself (""), each with the place of the model it is about."""
    rules = [rule for rule in config.rules if rule.enabled and (rule.kind in ENGINES) == (not stream)]
    if stream:
        rules = [rule for rule in rules if (OF_SOUND & {rule.kind, rule.measure} if of_sound else rule.kind not in OF_SOUND_ALONE)]
    labels = {label for model in config.models for label in model.labels}
    rules = [rule for rule in rules if not rule.label or rule.label in labels]  # of what no model says nothing is to be heard
    mine = [rule for rule in rules if not rule.streams or stream in rule.streams]
    return [(rule, model) for rule in mine for model in (range(len(config.models)) if rule.kind == "model" else (-1,))]


class Book:
    """Who is told what, of every stream; and when time alone decides something."""

    def __init__(self, config: EngineConfig) -> None:
        self.pace = Pace()
        self.calm = rooms(len(config.streams))
        """What waits of every stream: the kernel keeps it."""
        room = room_of(self.calm)
        self.streams = [
            StreamRules(
                Owner(facts.name, facts.rate_hz, facts.leads, config.models, self.pace),
                rules_of(config, facts.name, of_sound=bool(facts.sound_of)),
                room,
                slot,
            )
            for slot, facts in enumerate(config.streams)
        ]
        self.engine = StreamRules(Owner("", 1.0, (), config.models), rules_of(config, ""))
        self._ruled = [bool(rules.rules) for rules in self.streams]
        self.due: NDArray[np.int64] = np.zeros(len(config.streams), np.int64)
        """Of every stream; the kernel says when it has come."""
        for slot in range(len(self.streams)):
            self._note_due(slot)

    def _note_due(self, slot: int) -> None:
        self.due[slot] = self.streams[slot].due if self._ruled[slot] else UNRULED

    def take(self, slot: int, events: list[Event], newest: int) -> Events:
        """Return a stream's events with the alerts they cause; `newest` is the sample its time has come to."""
        if not self._ruled[slot]:
            return tuple(events)
        rules = self.streams[slot]
        out = rules.hear(events, newest)
        self.due[slot] = rules.due
        return tuple(out)

    def engine_event(self, event: ModelChanged | OverloadChanged) -> Events:
        """Return an event of the engine itself with the alerts it causes: its time is the count of such events."""
        out: list[Event] = [event]
        self.engine.one(event, self.engine.now + 1, out)
        return tuple(out)

    def engine_opened(self, source: SourceState) -> Events:
        """Take the number drawn for the engine itself, so that its alerts are not those of another run."""
        self.engine.owner.epoch = self.engine.owner.epoch or source.epoch
        return ()

    def acknowledge(self, acknowledge: Acknowledge) -> Events:
        """Take a person's word that an alert was seen."""
        by = acknowledge.by.encode("utf-8", "surrogatepass")
        if not 0 < len(by) <= MAX_NAME_LEN:
            allowed = f"a name of 1 to {MAX_NAME_LEN} bytes"
            return (Refused("", RefusalReason.BAD_VALUE, f"acknowledged by {acknowledge.by[:MAX_NAME_LEN]!r}", allowed, -1),)
        said = self.engine.acknowledge(acknowledge.alert_id, by)
        if said is not None:
            return tuple(said)
        for slot, rules in enumerate(self.streams):
            said = rules.acknowledge(acknowledge.alert_id, by)
            if said is not None:
                self._note_due(slot)
                return tuple(said)
        return (Refused("", RefusalReason.UNKNOWN_ALERT, f"alert {acknowledge.alert_id[:64]!r}", "an alert that is open", -1),)

    # --- other settings -------------------------------------------------------------------------------------------

    def adopt_engine(self, before: "Book") -> Events:
        """Go on as the engine did under the settings before."""
        return tuple(self.engine.adopt(before.engine))

    def adopt(self, slot: int, before: StreamRules) -> Events:
        """Go on as a stream did under the settings before."""
        said = self.streams[slot].adopt(before)
        self._note_due(slot)
        return tuple(said)

    # --- state ----------------------------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """All state, always as long."""
        return b"".join(rules.to_bytes() for rules in self._all())

    def load(self, data: bytes) -> None:
        """Become what `to_bytes` was; nothing is told again."""
        length = sum(rules.len_bytes for rules in self._all())
        if len(data) != length:
            raise SnapshotError("snapshot.rules", f"{len(data)} bytes", f"{length} bytes")
        at = 0
        for rules in self._all():
            rules.load(data[at : at + rules.len_bytes])
            at += rules.len_bytes
        for slot in range(len(self.streams)):
            self._note_due(slot)

    def _all(self) -> Sequence[StreamRules]:
        return (self.engine, *self.streams)
