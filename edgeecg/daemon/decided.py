"""What was decided, handed on: alerts to the outbox with their times, windows to the models, and all of it counted."""

import threading
from collections.abc import Callable, Sequence

from edgeecg.daemon import orphans
from edgeecg.daemon.classifiers import Classifiers
from edgeecg.daemon.clock import Clock
from edgeecg.daemon.keeper import Given
from edgeecg.daemon.numbers import Numbers
from edgeecg.daemon.snippets import Snippets
from edgeecg.daemon.walltime import SampleTimes
from edgeecg.facts import EngineConfig
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.payload.names import Names
from edgeecg.payload.stamped import StampedAlert, Times, stamp
from edgeecg.types import (
    Acknowledge,
    Alert,
    Beat,
    Chunk,
    ConfigChange,
    Event,
    Gap,
    Prediction,
    Record,
    RefusalReason,
    Refused,
    StreamChange,
    StreamChanged,
    WindowReady,
)

TIME_BEGINS_ANEW = {StreamChange.OPENED, StreamChange.LIVE, StreamChange.REMOVED}
"""After these, when samples are taken is learned again."""


class Decided:
    """Hears every call of the engine, those of a replay first: then nothing is late, and windows have been answered since."""

    def __init__(
        self,
        clock: Clock,
        numbers: Numbers,
        outbox: Outbox,
        *,
        device: str,
        names: Names,
        classifiers: Classifiers,
    ) -> None:
        """`device`: its public name."""
        self._clock, self._numbers, self._outbox, self._device, self._names = clock, numbers, outbox, device, names
        self._classifiers = classifiers
        self.put: Callable[[], None] = lambda: None
        """Hears that there is something in the outbox."""
        self.is_ahead: Callable[[], bool] = lambda: False
        """Asks whether what is told now is not in the journal."""
        self.said: Callable[[Sequence[StampedAlert]], None] = lambda _: None
        """Hears what it is, but for what a replay brings."""
        self.heard: Callable[[Sequence[Record], Given], None] = lambda _records, _given: None
        """Hears every call too, for people who look on."""
        self._snippets = Snippets(0.0, lambda _: 0)
        self.rates_hz: dict[str, float] = {}
        self._times: dict[str, SampleTimes] = {}
        self.is_replaying = True
        self.is_synchronised = False
        self._awaited: dict[Acknowledge, threading.Event] = {}

    def awaits(self, record: Acknowledge) -> threading.Event:
        """Return what is set once this record is in the journal and its alerts in the outbox; from any thread."""
        return self._awaited.setdefault(record, threading.Event())

    def configure(self, config: EngineConfig) -> None:
        """Know the streams."""
        self.rates_hz = {facts.name: facts.rate_hz for facts in config.streams}
        self._classifiers.know(self.rates_hz)
        self._snippets.configure(config)

    def show(self, snippets: Snippets, config: EngineConfig) -> None:
        """From now on alerts show these, where they are asked for: what a replay raises has none."""
        snippets.configure(config)
        self._snippets = snippets

    def __call__(self, records: Sequence[Record], given: Given) -> None:
        """Take what one call was given, and what it gave."""
        alerts: list[StampedAlert] = []
        newest_ns = 0
        self._snippets.hear(records)
        for record, events in zip(records, given, strict=True):
            self._numbers.records.add(1, type(record).__name__)
            if isinstance(record, Chunk):
                newest_ns = record.arrival_ns
            elif isinstance(record, ConfigChange):
                self.configure(record.config)
            for event in events:
                self._numbers.events.add(1, type(event).__name__)
                if isinstance(event, Alert):
                    alerts.append(self._stamped(event, newest_ns))
                elif isinstance(event, WindowReady):
                    self._classify(event, newest_ns)
                else:
                    self._note(event, record)
            if isinstance(record, Acknowledge):
                alerts += self._of_before(record, events)
        if alerts:
            self._put(alerts, newest_ns)
        if self._awaited:
            self._tell_who_waits(records)
        self.heard(records, given)

    def _of_before(self, record: Acknowledge, events: Sequence[Event]) -> list[StampedAlert]:
        """End what somebody has seen and only the outbox knows: an engine that began anew cannot, and it would be on for ever."""
        if not any(isinstance(event, Refused) and event.reason == RefusalReason.UNKNOWN_ALERT for event in events):
            return []
        now_ns = self._clock.wall_ns(self._clock.now_ns())
        return orphans.seen(self._outbox.active(), record.alert_id, record.by, now_ns, is_synchronised=self.is_synchronised)

    def _tell_who_waits(self, records: Sequence[Record]) -> None:
        for record in records:
            if isinstance(record, Acknowledge) and (waits := self._awaited.pop(record, None)) is not None:
                waits.set()

    def _classify(self, window: WindowReady, arrival_ns: int) -> None:
        if not self.is_replaying:
            self._classifiers.submit(window, arrival_ns or self._clock.now_ns())

    def _put(self, alerts: Sequence[StampedAlert], arrival_ns: int) -> None:
        self._numbers.begin()
        self._outbox.put(alerts, is_ahead=self.is_ahead())
        if self.is_replaying:
            return
        self.put()
        self.said(alerts)
        self._numbers.lap("outbox")
        if arrival_ns:
            self._numbers.since(arrival_ns, "alert")
        for one in alerts:
            self._numbers.alerts.add(1, one.alert.rule, one.alert.priority.name.lower(), one.alert.state.name.lower())

    def _stamped(self, alert: Alert, arrival_ns: int) -> StampedAlert:
        """The engine said it when what decided it arrived, or now, whichever is earlier: a replay is no later."""
        now_ns = self._clock.now_ns()
        detect_ns = min(now_ns, arrival_ns) if self.is_replaying and arrival_ns else now_ns
        onset_ns, event_ns = (self._taken_ns(alert.stream, sample, detect_ns) for sample in (alert.onset_sample, alert.sample))
        wall = self._clock.wall_ns
        times = Times(wall(onset_ns), wall(event_ns), wall(detect_ns), self.is_synchronised)
        return stamp(alert, device=self._device, names=self._names, times=times, snippet=self._snippets.of(alert))

    def _taken_ns(self, stream: str, sample: int, otherwise_ns: int) -> int:
        times = self._times.get(stream)
        taken_ns = times.at_ns(sample) if times is not None and sample >= 0 else None
        return otherwise_ns if taken_ns is None else min(taken_ns, otherwise_ns)

    def _note(self, event: Event, record: Record) -> None:
        rate_hz = self.rates_hz.get(event.stream, 0.0)
        if isinstance(event, StreamChanged | Gap):
            if isinstance(event, Gap) or event.change in TIME_BEGINS_ANEW:
                self._times.pop(event.stream, None)
            return
        if isinstance(event, Refused):
            self._numbers.refused.add(1, event.reason.name.lower())
        elif rate_hz and isinstance(record, Chunk) and record.stream == event.stream and event.reported_at >= 0:
            self._times.setdefault(event.stream, SampleTimes(rate_hz)).observe(event.reported_at, record.arrival_ns)
        if isinstance(event, Beat) and rate_hz:
            self._numbers.lateness_s.observe((event.reported_at - event.sample) / rate_hz, "beat")
        elif isinstance(event, Prediction) and rate_hz:
            self._numbers.lateness_s.observe((event.reported_at - event.start_sample - event.len_samples) / rate_hz, "prediction")
