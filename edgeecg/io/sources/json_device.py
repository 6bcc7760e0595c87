"""A device that sends JSON: the first message announces its stream, and every other must agree with it."""

from edgeecg.errors import ConfigError, InputError
from edgeecg.facts import StreamFacts
from edgeecg.io.sources.intake import NEW, Intake, Stream
from edgeecg.io.sources.items import ECG, Announced, Item
from edgeecg.io.sources.json_frames import JsonFrame, parse
from edgeecg.types import Chunk


class JsonDevice:
    """One topic of JSON. Sans-IO: a message and its arrival in, items out."""

    def __init__(self, intake: Intake, device: str) -> None:
        self._intake = intake
        self._device = device
        self._stream: Stream | None = None

    def feed(self, payload: bytes, arrival_ns: int) -> list[Item]:
        """Return what a message gives."""
        try:
            frame = parse(payload)
            facts = self._facts(frame)
        except (InputError, ConfigError) as refused:
            self._intake.refuse(refused.where, refused.got, refused.allowed)
            return []
        items: list[Item] = []
        if self._stream is None:
            owner = self._intake.claims.claim(self._device, self._intake.where)
            if owner is not None:
                self._intake.refuse("device", repr(self._device), f"free: {owner} has a device of that id")
                return []
            self._stream = Stream(Announced(facts.name, ECG, facts))
            items.append(self._stream.announced)
        if facts != self._stream.announced.facts:
            return self._refused(self._stream, facts, arrival_ns)
        if frame.sequence >= 0 and self._stream.is_old(frame.sequence, frame.device_us):
            self._intake.refuse(f"samples of {facts.name}", "sent again", NEW)
            return items
        items += self._stream.opened(arrival_ns, self._intake.epoch)
        if frame.device_us >= 0:
            self._stream.watch(frame.device_us, arrival_ns, self._intake)
        items.append(Chunk(facts.name, frame.samples, arrival_ns, frame.sequence, frame.device_us))
        return items

    def line_lost(self, now_ns: int) -> list[Item]:
        """Nobody knows what was missed."""
        if self._stream is None:
            return []
        self._stream.begins_anew()
        return self._stream.lost(now_ns)

    def _facts(self, frame: JsonFrame) -> StreamFacts:
        if frame.device not in {"", self._device}:
            raise InputError("json.device", repr(frame.device), f"{self._device!r}, the device its topic names")
        return StreamFacts(
            name=f"{self._device}/{ECG}",
            rate_hz=frame.rate_hz,
            leads=frame.leads,
            mv_per_unit=frame.mv_per_unit,
            offset_units=frame.offset_units,
            sequence_bits=16 if frame.sequence >= 0 else 0,
            device_clock_bits=64 if frame.device_us >= 0 else 0,
        )

    def _refused(self, stream: Stream, facts: StreamFacts, now_ns: int) -> list[Item]:
        was = stream.announced.facts
        name = next(name for name in StreamFacts.__slots__ if getattr(was, name) != getattr(facts, name))
        self._intake.refuse(f"json: {name}", getattr(facts, name), f"{getattr(was, name)}, as when {stream.name} was first heard")
        return stream.lost(now_ns)
