"""What a subscriber hears and says. Sans-IO: a `Talk`.

An alert is stored first and receipted then; one that is stored already is receipted again. Whoever sends what does not
belong to its topic, or bears no seal where there must be one, is refused and gets no receipt.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final, NamedTuple

from edgeecg.client.held import Held, bounded
from edgeecg.client.store import Ack, Key, Received, Store, StoreError
from edgeecg.errors import EdgeEcgError, InputError
from edgeecg.mqtt.talk import Incoming, Outgoing
from edgeecg.payload.alert import MAX_BYTES, read_alert
from edgeecg.payload.answers import Acknowledgement, Answer, Hello, Receipt, write_answer
from edgeecg.payload.seal import PROPERTY, Seal
from edgeecg.payload.status import read_status
from edgeecg.payload.topics import PREFIX, Topics, check_name, device_of
from edgeecg.types import AlertState

ACK_FIRST_S: Final = 5.0
ACK_MOST_S: Final = 300.0
MARK_S: Final = 0.05
STORE_RETRY_S: Final = 1.0
MAX_DEVICES: Final = 4096


@dataclass(slots=True)
class SubscriberCounters:
    """What came, and what became of it."""

    n_received: int = 0
    n_repeated: int = 0
    """Known already: receipted again, not given again."""
    n_refused: int = 0
    n_receipts: int = 0
    n_connections: int = 0
    devices: dict[str, str] = field(default_factory=dict)
    """online or offline, as each device's status says."""


class _Due(NamedTuple):
    due_s: float
    n_said: int
    ack: Ack


class Listening:
    """One subscriber's side."""

    def __init__(
        self, name: str, devices: tuple[str, ...], store: Store, seal: Seal, *, stored: Callable[[], None], tell: Callable[[str], None]
    ) -> None:
        check_name("subscriber.name", name)
        for device in devices:
            if device != "+":
                check_name("subscriber.devices", device)
        self._name, self._store, self._seal, self._stored, self._tell = name, store, seal, stored, tell
        self.subscriptions = tuple(f"{PREFIX}/{device}/{what}" for device in devices for what in ("alerts", "status"))
        self.will: Outgoing | None = None
        self.is_up, self._told_why = False, ""
        self.counters = SubscriberCounters()
        self.taken: deque[int] = deque()
        """Places that were taken, to be written down; appended to by any thread."""
        self.held = Held(store)
        self._heard: list[Received] = []
        self._out: deque[Outgoing] = deque()
        self._acks: list[_Due] = []
        self._told_store = ""
        self._mark_s = 0.0
        self._retry_s = 0.0

    # --- a Talk -------------------------------------------------------------------------------------------------------

    def up(self, *, window: int) -> None:  # noqa: ARG002  # a receipt is small: the line's own window will do
        """See Talk: the devices' retained status, which comes next, tells whom to greet."""
        self.is_up = True
        self.counters.n_connections += 1
        self._acks = sorted(_Due(0.0, 0, ack) for ack in self._store.acks())
        self._tell("connected")

    def down(self, why: str) -> None:
        """See Talk."""
        if self.is_up or why != self._told_why:  # who first did not answer, and then refuses a password, is told of both
            self._tell(f"not connected: {why}")
        self._told_why = why
        self.is_up = False
        self._out.clear()
        self._acks.clear()

    def next(self, now_s: float, *, is_clear: bool) -> tuple[int, Outgoing] | None:  # noqa: ARG002  # all is equally urgent
        """See Talk."""
        while self._acks and self._acks[0].due_s <= now_s:
            self._say_ack(heappop(self._acks), now_s)
        return (0, self._out.popleft()) if self._out else None

    def delivered(self, number: int, why_not: str, now_s: float) -> None:  # noqa: ARG002  # a receipt that is lost is asked for again
        """See Talk."""
        if why_not:
            self._refuse(f"what was published: {why_not}")

    def heard(self, message: Incoming, now_s: float) -> None:  # noqa: ARG002
        """See Talk."""
        try:
            device, what = device_of(message.topic), message.topic.rpartition("/")[2]
            if what == "status":
                self._take_status(device, message)
            elif what == "alerts":
                self._heard.append(self._alert(device, message))
        except EdgeEcgError as refusal:
            self._refuse(str(refusal))

    def settle(self, now_s: float) -> float:
        """See Talk: what was heard goes to the disk, and then receipts go out."""
        if now_s < self._retry_s:
            return self._retry_s - now_s
        try:
            self._keep()
            if self.taken and now_s >= self._mark_s:
                self._mark_s = now_s + MARK_S
                self.mark()
        except StoreError as refusal:
            self._go_on_without(refusal, now_s)
            return STORE_RETRY_S
        self._told_store = ""
        wait_s = self._acks[0].due_s - now_s if self._acks else 60.0
        return min(wait_s, self._mark_s - now_s) if self.taken else wait_s

    def farewell(self) -> tuple[Outgoing, ...]:
        """See Talk."""
        return ()

    def is_done(self) -> bool:
        """See Talk."""
        return not (self._out or self._heard)

    # --- what people do -----------------------------------------------------------------------------------------------

    def mark(self) -> None:
        """Write down what was taken."""
        places = [self.taken.popleft() for _ in range(len(self.taken))]
        try:
            self._store.mark_taken(places)
        except StoreError:
            self.taken.extendleft(reversed(places))
            raise

    def acknowledge(self, ack: Ack) -> None:
        """Say it now, and again until the device says that it knows. On the line's thread."""
        if self.is_up:  # else the store tells of it when the line is up
            heappush(self._acks, _Due(0.0, 0, ack))

    # --- what it is made of -------------------------------------------------------------------------------------------

    def _alert(self, device: str, message: Incoming) -> Received:
        if message.retain:
            raise InputError(message.topic, "a retained message", "live: a retained alert would come again for ever")
        if len(message.payload) > MAX_BYTES:
            raise InputError(message.topic, f"more than {MAX_BYTES} bytes", f"at most {MAX_BYTES} bytes")
        self._seal.check(message.topic, message.payload, message.correlation, message.of(PROPERTY))
        alert = read_alert(message.payload, device=device).alert
        return Received(Key(device, alert.alert_id, alert.revision), message.payload, message.correlation)

    def _take_status(self, device: str, message: Incoming) -> None:
        self._seal.check(message.topic, message.payload, message.correlation, message.of(PROPERTY))
        status = read_status(message.payload, device=device)
        if status.device != device:
            raise InputError(f"{message.topic}: device", repr(status.device), f"{device!r}, whose topic this is")
        known = self.counters.devices
        if len(known) >= MAX_DEVICES and device not in known:
            raise InputError("device", repr(device), f"one of the first {MAX_DEVICES}")
        if known.get(device) != status.status:
            self._tell(f"{device} is {status.status}")
        known[device] = status.status
        if status.status == "online":
            self._answer(Topics(device).receipts, Hello(device=device, name=self._name), b"")

    def _keep(self) -> None:
        if not self._heard:
            return
        n_new = self.held.keep(self._heard)
        heard, self._heard = self._heard, []
        self.counters.n_received += n_new
        self.counters.n_repeated += len(heard) - n_new
        for one in heard:
            self._confirm(one)
            device, alert_id, revision = one.key
            self._answer(Topics(device).receipts, Receipt(device=device, name=self._name, alert_id=alert_id, revision=revision), one.token)
            self.counters.n_receipts += 1
        if n_new:
            self._stored()

    def _go_on_without(self, refusal: StoreError, now_s: float) -> None:
        """What the disk does not take is given from memory, without a receipt, and offered to it again."""
        self._retry_s = now_s + STORE_RETRY_S
        if str(refusal) != self._told_store:
            self._told_store = str(refusal)
            self._tell(f"{refusal}: alerts are given, and not kept")
        self._heard = bounded(self._heard)
        if self.held.offer(self._heard):
            self._stored()

    def _confirm(self, one: Received) -> None:
        """A later revision that is acknowledged or cleared says that the device knows."""
        device, alert_id, revision = one.key
        if any(entry.ack.key.alert_id == alert_id for entry in self._acks) and _says_known(one):
            self._store.forget_acks(device, alert_id, revision)
            self._acks = sorted(entry for entry in self._acks if not _precedes(entry.ack.key, one.key))

    def _say_ack(self, entry: _Due, now_s: float) -> None:
        device, alert_id, revision = entry.ack.key
        if self._is_settled(entry.ack.key):
            return
        said = Acknowledgement(device=device, name=entry.ack.name, alert_id=alert_id, revision=revision)
        self._answer(Topics(device).acks, said, entry.ack.token)
        delay_s = min(ACK_MOST_S, ACK_FIRST_S * 2.0 ** min(entry.n_said, 30))
        heappush(self._acks, _Due(now_s + delay_s, entry.n_said + 1, entry.ack))

    def _is_settled(self, key: Key) -> bool:
        """It had been seen, or was over, before this was said: no answer would come."""
        try:
            if any(map(_says_known, self._store.after(key))):
                self._store.forget_acks(key.device, key.alert_id, key.revision + 1)
                return True
        except StoreError:  # then it is said once more
            pass
        return False

    def _answer(self, topic: str, answer: Answer, token: bytes) -> None:
        topic, body = f"{topic}/{answer.name}", write_answer(answer)
        seal = self._seal.make(topic, body, token)
        self._out.append(Outgoing(topic=topic, payload=body, correlation=token, user=() if seal is None else ((PROPERTY, seal),)))

    def _refuse(self, sentence: str) -> None:
        self.counters.n_refused += 1
        n = self.counters.n_refused
        if n & (n - 1) == 0:
            self._tell(sentence)


def _precedes(seen: Key, known: Key) -> bool:
    return seen[:2] == known[:2] and seen.revision < known.revision


def _says_known(one: Received) -> bool:
    return read_alert(one.payload, device=one.key.device).alert.state in {AlertState.ACKNOWLEDGED, AlertState.CLEARED}
