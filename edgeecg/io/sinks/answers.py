"""What comes back from programs and people, and whether it is to be believed. Sans-IO.

A receipt is a program's: it says that a revision is stored. An acknowledgement is a person's: it says that it was seen.
Each comes on a topic of its own, under its sender's name, which the broker's ACL holds to who logged in. It carries the
token (correlation data) of the revision it answers, which only those who were sent it have, and the seal of the device's
key where there is one.
"""

from collections.abc import Callable

from edgeecg.errors import InputError
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.sinks.dispatch import Dispatcher
from edgeecg.mqtt.talk import Incoming
from edgeecg.payload.answers import MAX_BYTES, Acknowledgement, Hello, Receipt, read_person, read_program
from edgeecg.payload.seal import PROPERTY, Seal, is_token
from edgeecg.payload.topics import NAME, Topics

OnAcknowledge = Callable[[str, str], None]
"""Called with the alert's id and who acknowledged it, once it is believed; what it raises leaves it unbelieved."""


class Answers:
    """Those to one device."""

    def __init__(
        self, device: str, outbox: Outbox, dispatcher: Dispatcher, seal: Seal, *, people: tuple[str, ...], on_acknowledge: OnAcknowledge
    ) -> None:
        self._topics, self._outbox, self._dispatcher, self._seal = Topics(device), outbox, dispatcher, seal
        self._people, self._on_acknowledge = people, on_acknowledge
        self.n_receipts = self.n_acknowledgements = self.n_uncounted = 0

    def take(self, message: Incoming, now_s: float) -> None:
        """Act on an answer; raise InputError where it is not to be believed."""
        where, _, name = message.topic.rpartition("/")
        if where not in {self._topics.receipts, self._topics.acks} or not NAME.fullmatch(name):
            raise InputError(
                "topic of an answer", repr(message.topic[:200]), f"{self._topics.receipts}/<name> or {self._topics.acks}/<name>"
            )
        if message.retain:
            raise InputError(message.topic, "a retained message", "live: an answer is said once")
        if len(message.payload) > MAX_BYTES:
            raise InputError(message.topic, f"{len(message.payload)} bytes", f"at most {MAX_BYTES} bytes")
        self._seal.check(message.topic, message.payload, message.correlation, message.of(PROPERTY))
        if where == self._topics.receipts:
            self._take_program(message, name, now_s)
        else:
            self._take_person(message, name)

    def _take_program(self, message: Incoming, name: str, now_s: float) -> None:
        said = read_program(message.payload, device=self._topics.device, name=name)
        if name not in self._outbox.limits.receivers:
            self.n_uncounted += 1  # whoever listens may say so; only those in outbox.receivers retire anything
            return
        if isinstance(said, Hello):
            self._dispatcher.hello(now_s)
            return
        self._check_token(said, message.correlation)
        self._dispatcher.received((said.alert_id, said.revision), name, now_s)
        self.n_receipts += 1

    def _take_person(self, message: Incoming, name: str) -> None:
        said = read_person(message.payload, device=self._topics.device, name=name)
        if self._people and name not in self._people:
            raise InputError(f"acknowledgement of {name}", "of somebody else", "of those who may acknowledge (alerts.people)")
        self._check_token(said, message.correlation)
        self._outbox.check_acknowledgement(said.alert_id, said.revision)
        self._on_acknowledge(said.alert_id, name)
        self._outbox.acknowledged(said.alert_id, said.revision)
        self.n_acknowledgements += 1

    def _check_token(self, said: Receipt | Acknowledgement, given: bytes) -> None:
        if not is_token(self._outbox.secret, said.alert_id, said.revision, given):
            raise InputError(
                f"answer of {said.name}: correlation data", given.hex()[:64] or "missing", "what this device sent with that revision"
            )
