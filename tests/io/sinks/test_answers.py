"""Receipts and acknowledgements that are forged, foreign, replayed, altered or oversized change nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgeecg.errors import EdgeEcgError, InputError
from edgeecg.io.outbox.limits import OutboxLimits
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.sinks.answers import Answers
from edgeecg.io.sinks.dispatch import Dispatcher
from edgeecg.mqtt.talk import Incoming
from edgeecg.payload.answers import Acknowledgement, Answer, Hello, Receipt, write_answer
from edgeecg.payload.seal import PROPERTY, Seal, token
from edgeecg.payload.topics import Topics
from edgeecg.types import AlertState
from tests.payload.alerts import DEVICE, stamped

KEY = b"k" * 32
ID = f"{1:032x}"
RECEIPTS, ACKS = f"{Topics(DEVICE).receipts}/ward", f"{Topics(DEVICE).acks}/dr.grey"


class Device:
    """One that has sent alert 1."""

    def __init__(self, folder: Path, key: bytes | None = KEY) -> None:
        self.outbox = Outbox(folder / "o", OutboxLimits(receivers=("ward",)))
        self.dispatcher = Dispatcher(self.outbox)
        self.told: list[tuple[str, str]] = []
        self.seal = Seal(key)
        self.answers = Answers(DEVICE, self.outbox, self.dispatcher, self.seal, people=("dr.grey",), on_acknowledge=self._engine)
        self.is_full = False
        self.outbox.put([stamped(1)])
        self.dispatcher.line_up(100)

    def _engine(self, alert_id: str, by: str) -> None:
        if self.is_full:
            raise EdgeEcgError("the engine takes nothing")
        self.told.append((alert_id, by))

    def said(self, answer: Answer, *, topic: str = "", token_of: tuple[str, int] = (ID, 1), key: bytes | None = KEY) -> Incoming:
        """A message as an honest sender makes it."""
        topic = topic or (ACKS if isinstance(answer, Acknowledgement) else RECEIPTS)
        correlation = b"" if isinstance(answer, Hello) else token(self.outbox.secret, *token_of)
        body = write_answer(answer)
        seal = Seal(key).make(topic, body, correlation)
        return Incoming(topic=topic, payload=body, correlation=correlation, user=() if seal is None else ((PROPERTY, seal),))

    def n_waiting(self) -> int:
        self.dispatcher.settle(1e6)
        return self.outbox.counters().n_waiting


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    device = Device(tmp_path)
    yield device
    device.outbox.close()


def receipt(alert_id: str = ID, revision: int = 1, *, device: str = DEVICE, name: str = "ward") -> Receipt:
    return Receipt(device=device, name=name, alert_id=alert_id, revision=revision)


def ack(alert_id: str = ID, revision: int = 1, *, device: str = DEVICE, name: str = "dr.grey") -> Acknowledgement:
    return Acknowledgement(device=device, name=name, alert_id=alert_id, revision=revision)


def test_honest_ones_are_believed(device: Device) -> None:
    device.answers.take(device.said(ack()), 0.0)
    assert device.told == [(ID, "dr.grey")]
    device.answers.take(device.said(receipt()), 0.0)
    assert device.n_waiting() == 0


def _altered(message: Incoming) -> Incoming:
    return replace(message, payload=message.payload.replace(b'"revision":1', b'"revision":2'))


@pytest.mark.parametrize("make", [receipt, ack])
@pytest.mark.parametrize(
    ("what", "change", "sentence"),
    [
        ("without a seal", lambda m: replace(m, user=()), "seal: missing"),
        ("with somebody's seal", lambda m: replace(m, user=((PROPERTY, "0" * 64),)), "seal: wrong"),
        ("with a seal that is no text of ours", lambda m: replace(m, user=((PROPERTY, "é"),)), "seal: wrong"),
        ("altered on the way", _altered, "seal: wrong"),
        ("under another name", lambda m: replace(m, topic=m.topic.rpartition("/")[0] + "/mallory"), "seal: wrong"),
        ("on another device's topic", lambda m: replace(m, topic=m.topic.replace(DEVICE, "dev-2")), "topic of an answer"),
        ("retained", lambda m: replace(m, retain=True), "a retained message"),
        ("oversized", lambda m: replace(m, payload=m.payload + b" " * 3000), "at most 2048 bytes"),
        ("with a token of another row", lambda m: replace(m, correlation=b"x" * 16), "seal: wrong"),
        ("on a topic that is none", lambda m: replace(m, topic=m.topic + "/a/b"), "topic of an answer"),
    ],
)
def test_others_are_not(device: Device, make: type, what: str, change: object, sentence: str) -> None:
    message = change(device.said(make()))  # type: ignore[operator]
    with pytest.raises(InputError, match=sentence):
        device.answers.take(message, 0.0)
    assert device.told == [], what
    assert device.n_waiting() == 1, what


@pytest.mark.parametrize("make", [receipt, ack])
def test_without_a_key_the_token_alone_tells_a_forged_one(tmp_path: Path, make: type) -> None:
    device = Device(tmp_path, key=None)
    honest = device.said(make(), key=None)
    for correlation in (b"", b"x" * 16, token(device.outbox.secret, ID, 2), token(b"another device's" * 2, ID, 1)):
        with pytest.raises(InputError, match="correlation data"):
            device.answers.take(replace(honest, correlation=correlation), 0.0)
    assert (device.told, device.n_waiting()) == ([], 1)
    device.answers.take(honest, 0.0)
    device.outbox.close()


def test_one_that_was_made_for_another_device_with_the_same_key_is_foreign(device: Device, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="device: 'dev-2' is not 'dev-1'"):
        device.answers.take(device.said(receipt(device="dev-2")), 0.0)
    (tmp_path / "other").mkdir()
    other = Device(tmp_path / "other")
    with pytest.raises(InputError, match="correlation data"):
        device.answers.take(other.said(receipt()), 0.0)
    other.outbox.close()
    assert device.n_waiting() == 1


def test_a_program_acknowledges_nothing_and_a_person_retires_nothing(device: Device) -> None:
    for message in (device.said(receipt(name="dr.grey"), topic=ACKS), device.said(ack(name="ward"), topic=RECEIPTS)):
        with pytest.raises(InputError, match="schema"):
            device.answers.take(message, 0.0)
    with pytest.raises(InputError, match="of somebody else is not of those who may acknowledge"):
        device.answers.take(device.said(ack(name="ward"), topic=f"{Topics(DEVICE).acks}/ward"), 0.0)
    device.answers.take(device.said(receipt(name="log"), topic=f"{Topics(DEVICE).receipts}/log"), 0.0)
    assert (device.told, device.n_waiting(), device.answers.n_uncounted) == ([], 1, 1)


def test_a_replayed_acknowledgement_does_not_silence_what_came_after(device: Device) -> None:
    message = device.said(ack())
    device.answers.take(message, 0.0)
    with pytest.raises(InputError, match="which has been acknowledged"):
        device.answers.take(message, 0.0)
    device.outbox.put([stamped(1, 2, state=AlertState.ACKNOWLEDGED), stamped(1, 3)])
    with pytest.raises(InputError, match="which has been acknowledged"):
        device.answers.take(message, 0.0)
    device.outbox.put([stamped(1, 4, state=AlertState.CLEARED)])
    with pytest.raises(InputError, match="late"):
        device.answers.take(message, 0.0)
    assert len(device.told) == 1


def test_a_replayed_receipt_retires_nothing_else(device: Device) -> None:
    message = device.said(receipt())
    device.answers.take(message, 0.0)
    assert device.n_waiting() == 0
    device.outbox.put([stamped(1, 2), stamped(2)])
    device.answers.take(message, 0.0)
    assert device.n_waiting() == 2


def test_a_receipt_of_a_lost_outbox_does_not_fit_the_next(device: Device, tmp_path: Path) -> None:
    message = device.said(receipt())
    (tmp_path / "new").mkdir()
    new = Device(tmp_path / "new")
    with pytest.raises(InputError, match="correlation data"):
        new.answers.take(message, 0.0)
    new.outbox.close()


def test_an_acknowledgement_the_engine_was_not_told_of_may_come_again(device: Device) -> None:
    device.is_full = True
    with pytest.raises(EdgeEcgError, match="takes nothing"):
        device.answers.take(device.said(ack()), 0.0)
    device.is_full = False
    device.answers.take(device.said(ack()), 0.0)
    assert device.told == [(ID, "dr.grey")]


def test_a_hello_retires_nothing_and_wants_a_seal(device: Device) -> None:
    hello = Hello(device=DEVICE, name="ward")
    device.answers.take(device.said(hello), 0.0)
    with pytest.raises(InputError, match="seal: missing"):
        device.answers.take(device.said(hello, key=None), 0.0)
    assert device.n_waiting() == 1
