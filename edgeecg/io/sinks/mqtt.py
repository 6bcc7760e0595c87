"""Alerts to an MQTT 5 broker, from the outbox; receipts and acknowledgements from it."""

import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

from edgeecg.errors import ConfigError, EdgeEcgError
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.sinks.answers import Answers, OnAcknowledge
from edgeecg.io.sinks.dispatch import Dispatcher, Sending
from edgeecg.io.sinks.retained import Retained
from edgeecg.mqtt.line import Line
from edgeecg.mqtt.settings import MqttSettings
from edgeecg.mqtt.talk import Incoming, Outgoing
from edgeecg.payload.alert import MAX_BYTES, SCHEMA, of_device, published
from edgeecg.payload.seal import PROPERTY, Seal, token
from edgeecg.payload.topics import Topics, check_name

SESSION_S: Final = 86_400
"""How long the broker keeps receipts and acknowledgements for a device that is away."""
MAX_NOTICES: Final = 256
_RETAINED: Final = 0
"""The number of what is not a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSinkSettings:
    """Where alerts go, under which name, and who is believed."""

    broker: MqttSettings
    device: str
    """Its public name: a pseudonym where there is a key for names."""
    key: bytes | None = field(default=None, repr=False)
    """Seals what is sent, and must seal what is answered; None: the broker's ACL stands alone."""
    people: tuple[str, ...] = ()
    """Who may acknowledge; none named: whomever the broker lets publish there."""
    expiry_s: int = 3600
    """How long a broker keeps an alert for somebody who is away; the outbox keeps it until it is received."""
    is_homeassistant: bool = False
    """Publish a discovery message for Home Assistant."""
    version: str = ""

    def __post_init__(self) -> None:
        check_name("mqtt.device", self.device)
        for name in self.people:
            check_name("mqtt.people", name)
        if not 0 <= self.expiry_s < 1 << 32:
            raise ConfigError("mqtt.expiry_s", self.expiry_s, "0 (never) to 4294967295")
        Seal(self.key)


class MqttSink:
    """Sends what the outbox holds, until stopped. `on_acknowledge(alert_id, by)` is called from the sink's thread."""

    def __init__(
        self,
        settings: MqttSinkSettings,
        outbox: Outbox,
        *,
        on_acknowledge: OnAcknowledge = lambda _alert_id, _by: None,
        wall_ns: Callable[[], int] = time.time_ns,
        fraction: Callable[[], float] = random.random,
    ) -> None:
        self.settings, self._outbox = settings, outbox
        self._talk = AlertTalk(settings, outbox, on_acknowledge=on_acknowledge, wall_ns=wall_ns)
        self._line = Line(settings.broker, self._talk, session_s=SESSION_S, max_packet=2 * MAX_BYTES, fraction=fraction)

    def start(self) -> None:
        """Begin to connect."""
        self._line.start()

    def wake(self) -> None:
        """Say that something was put into the outbox; from any thread."""
        self._line.wake()

    def probe(self, passed: Callable[[], None]) -> None:
        """Have this called from the sink's thread in its turn: a sink that does is alive. Connecting may hold it up for 5 s."""
        self._line.call(passed)

    def stop(self, drain_s: float = 2.0) -> bool:
        """Send what waits, for so long, say goodbye, and wait for the thread to end. False: something is left, in the outbox."""
        self._line.stop(drain_s)
        return not self._outbox.counters().n_waiting

    def counters(self) -> dict[str, int]:
        """Return how much of what has happened."""
        return self._talk.counters()

    def notices(self) -> list[str]:
        """Return what people should know, in sentences, since this was last asked: lines lost and found, refusals."""
        return self._talk.notices()

    @property
    def is_up(self) -> bool:
        """Whether the broker is there."""
        return self._talk.is_up

    @property
    def refusal(self) -> str:
        """Why the broker does not take alerts; empty: it does."""
        return self._talk.refusal


class AlertTalk:
    """What a device says to its broker, and what it makes of what it hears. Sans-IO: a `Talk`."""

    def __init__(self, settings: MqttSinkSettings, outbox: Outbox, *, on_acknowledge: OnAcknowledge, wall_ns: Callable[[], int]) -> None:
        self._settings, self._outbox, self._wall_ns = settings, outbox, wall_ns
        self._topics, self._seal = Topics(settings.device), Seal(settings.key)
        self._dispatcher = Dispatcher(outbox)
        self._answers = Answers(
            settings.device, outbox, self._dispatcher, self._seal, people=settings.people, on_acknowledge=on_acknowledge
        )
        self._retained = Retained(settings.device, self._seal, settings.version, is_homeassistant=settings.is_homeassistant)
        self._counts: Counter[str] = Counter()
        self._sentences: dict[str, int] = {}
        self._notices: deque[str] = deque(maxlen=MAX_NOTICES)
        self._lock = Lock()
        self.is_up, self._told_why = False, ""
        self.refusal = ""
        """Why the broker did not take the last alert; empty: it did."""
        self.subscriptions = (f"{self._topics.receipts}/+", f"{self._topics.acks}/+")
        self.will = self._retained.status("offline")

    # --- a Talk -------------------------------------------------------------------------------------------------------

    def up(self, *, window: int) -> None:
        """See Talk."""
        self.is_up = True
        self._counts["connections"] += 1
        self._tell(f"{self._settings.broker.broker}: connected")
        self._retained.line_up()
        self._dispatcher.line_up(window)

    def down(self, why: str) -> None:
        """See Talk."""
        if self.is_up or why != self._told_why:  # who first did not answer, and then refuses a password, is told of both
            self._tell(f"{self._settings.broker.broker}: not connected: {why}")
        self._told_why = why
        self._counts["lines_lost" if self.is_up else "failed_connections"] += 1
        self.is_up = False
        self._dispatcher.line_down()

    def next(self, now_s: float, *, is_clear: bool) -> tuple[int, Outgoing] | None:
        """See Talk: alerts go before what is retained, but for a first word that we are here."""
        greeting = self._retained.greeting()
        if greeting is not None:
            return _RETAINED, greeting
        sending = self._dispatcher.next(now_s, is_clear=is_clear)
        if sending is not None:
            return sending.number, self._alert(sending)
        state = self._retained.state(self._outbox, now_s, self._wall_ns)
        return None if state is None else (_RETAINED, state)

    def delivered(self, number: int, why_not: str, now_s: float) -> None:
        """See Talk."""
        is_alert = number != _RETAINED
        if why_not:
            self._refuse(f"{self._settings.broker.broker}: {'an alert' if is_alert else 'status or state'} was not taken: {why_not}")
        if is_alert:
            self.refusal = why_not
            self._dispatcher.delivered(number, why_not, now_s)

    def heard(self, message: Incoming, now_s: float) -> None:
        """See Talk: what is not to be believed is told and forgotten."""
        try:
            self._answers.take(message, now_s)
        except EdgeEcgError as refusal:
            self._refuse(str(refusal))

    def settle(self, now_s: float) -> float:
        """See Talk."""
        return min(self._dispatcher.settle(now_s), self._retained.wait_s(self._outbox, now_s))

    def farewell(self) -> tuple[Outgoing, ...]:
        """See Talk."""
        return (self._retained.status("offline"),)

    def is_done(self) -> bool:
        """See Talk."""
        return self._dispatcher.is_done()

    # --- what it is made of -----------------------------------------------------------------------------------------

    def _alert(self, sending: Sending) -> Outgoing:
        stored, waveform = of_device(sending.content.body, self._settings.device), sending.content.waveform
        now_ns = self._wall_ns()
        bare = self._outgoing(sending, published(stored, None, now_ns))
        if waveform is None:
            return bare
        whole = published(stored, waveform, now_ns)
        return replace(self._outgoing(sending, whole), shorter=bare) if len(whole) <= MAX_BYTES else bare

    def _outgoing(self, sending: Sending, body: bytes) -> Outgoing:
        correlation = token(self._outbox.secret, *sending.row.key)
        seal = self._seal.make(self._topics.alerts, body, correlation)
        told = (("schema", SCHEMA), ("delivery", "live" if sending.is_live else "backlog"))
        return Outgoing(
            topic=self._topics.alerts,
            payload=body,
            expiry_s=self._settings.expiry_s,
            response_topic=self._topics.receipts,
            correlation=correlation,
            user=told if seal is None else (*told, (PROPERTY, seal)),
        )

    def _refuse(self, sentence: str) -> None:
        with self._lock:
            self._counts["refusals"] += 1
            n = self._sentences.pop(sentence, 0) + 1
            self._sentences[sentence] = n
            if len(self._sentences) > MAX_NOTICES:
                self._sentences.pop(next(iter(self._sentences)))
        if n & (n - 1) == 0:
            self._tell(sentence if n == 1 else f"{sentence} ({n} times)")

    def _tell(self, sentence: str) -> None:
        with self._lock:
            self._notices.append(sentence)

    def counters(self) -> dict[str, int]:
        """Return how much of what has happened; from any thread."""
        dispatcher, answers = self._dispatcher, self._answers
        return {
            "connections": self._counts["connections"],
            "lines_lost": self._counts["lines_lost"],
            "failed_connections": self._counts["failed_connections"],
            "refusals": self._counts["refusals"],
            "sent": dispatcher.n_sent,
            "resent": dispatcher.n_resent,
            "waiting": dispatcher.n_waiting,
            "receipts": answers.n_receipts,
            "uncounted_receipts": answers.n_uncounted,
            "acknowledgements": answers.n_acknowledgements,
        }

    def notices(self) -> list[str]:
        """Return what people should know; from any thread."""
        with self._lock:
            told = list(self._notices)
            self._notices.clear()
            return told
