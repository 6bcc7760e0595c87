"""What a subscriber refuses, stores, and says. No line, no clock."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgeecg.client.listening import ACK_FIRST_S, Listening
from edgeecg.client.store import Ack, Key, Store
from edgeecg.mqtt.talk import Incoming, Outgoing
from edgeecg.payload.alert import MAX_BYTES, body_of, published
from edgeecg.payload.answers import read_person, read_program
from edgeecg.payload.seal import PROPERTY, Seal
from edgeecg.payload.stamped import StampedAlert
from edgeecg.payload.status import Status
from edgeecg.payload.topics import Topics
from edgeecg.types import AlertState
from tests.payload.alerts import DEVICE, stamped

KEY = b"k" * 32
TOPIC = Topics(DEVICE).alerts


class Ear:
    """A subscriber's side, and what it said."""

    def __init__(self, folder: Path, key: bytes | None = KEY) -> None:
        self.folder = folder
        self.store = Store(folder / "s")
        self.told: list[str] = []
        self.n_stored = 0
        self.seal = Seal(key)
        self.listening = Listening("ward", ("+",), self.store, self.seal, stored=self._stored, tell=self.told.append)
        self.listening.up(window=100)
        self.told.clear()

    def _stored(self) -> None:
        self.n_stored += 1

    def hear(self, *messages: Incoming, now_s: float = 0.0) -> list[Outgoing]:
        """Hear messages and return what is said to it."""
        for message in messages:
            self.listening.heard(message, now_s)
        self.listening.settle(now_s)
        return [said[1] for said in iter(lambda: self.listening.next(now_s, is_clear=True), None)]


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    ear = Ear(tmp_path)
    yield ear
    ear.store.close()


def filled(store: Store) -> None:
    """Let the disk take no more."""
    [(n_pages,)] = store._database.execute("PRAGMA page_count")
    store._database.execute(f"PRAGMA max_page_count={n_pages}").fetchall()


def emptied(store: Store) -> None:
    store._database.execute("PRAGMA max_page_count=100000").fetchall()


def sent(one: StampedAlert, *, topic: str = TOPIC, key: bytes | None = KEY, token: bytes = b"t" * 16) -> Incoming:
    body = published(body_of(one), None, 5_000)
    seal = Seal(key).make(topic, body, token)
    return Incoming(topic=topic, payload=body, correlation=token, user=() if seal is None else ((PROPERTY, seal),))


def test_an_alert_is_stored_then_receipted_with_its_token(ear: Ear) -> None:
    [said] = ear.hear(sent(stamped(1)))
    assert ear.store.untaken(0, 10)[0][1].key == Key(DEVICE, f"{1:032x}", 1)
    assert said.topic == f"{Topics(DEVICE).receipts}/ward"
    assert said.correlation == b"t" * 16
    answer = read_program(said.payload, device=DEVICE, name="ward")
    assert (answer.alert_id, answer.revision) == (f"{1:032x}", 1)  # type: ignore[union-attr]
    Seal(KEY).check(said.topic, said.payload, said.correlation, dict(said.user)[PROPERTY])
    assert ear.n_stored == 1


def test_one_that_comes_again_is_receipted_again_and_given_once(ear: Ear) -> None:
    message = sent(stamped(1))
    assert len(ear.hear(message, message)) == 2
    assert len(ear.hear(message)) == 1
    assert len(ear.store.untaken(0, 10)) == 1
    assert (ear.listening.counters.n_received, ear.listening.counters.n_repeated, ear.n_stored) == (1, 2, 1)


def test_it_is_known_after_a_restart_also_when_it_was_taken(tmp_path: Path) -> None:
    ear = Ear(tmp_path)
    ear.hear(sent(stamped(1)), sent(stamped(2)))
    ear.listening.taken.append(ear.store.untaken(0, 1)[0][0])
    ear.listening.settle(1.0)
    ear.store.close()
    ear = Ear(tmp_path)
    ear.hear(sent(stamped(1)), sent(stamped(2)))
    assert [one.key.alert_id for _, one in ear.store.untaken(0, 10)] == [f"{2:032x}"]
    ear.store.close()


def test_order_does_not_tell_copies_revisions_do(ear: Ear) -> None:
    ear.hear(*(sent(stamped(1, revision)) for revision in (3, 1, 2, 3, 1)))
    assert [one.key.revision for _, one in ear.store.untaken(0, 10)] == [3, 1, 2]


@pytest.mark.parametrize(
    ("what", "change", "sentence"),
    [
        ("without a seal", lambda m: replace(m, user=()), "seal: missing"),
        ("altered", lambda m: replace(m, payload=m.payload.replace(b'"value":4.25', b'"value":1.25')), "seal: wrong"),
        ("copied to another device", lambda m: replace(m, topic=Topics("dev-2").alerts), "seal: wrong"),
        ("with another token", lambda m: replace(m, correlation=b"u" * 16), "seal: wrong"),
        ("retained", lambda m: replace(m, retain=True), "a retained message"),
        ("oversized", lambda m: replace(m, payload=b" " * (MAX_BYTES + 1)), "more than 65536 bytes"),
        ("foreign", lambda _: sent(stamped(1, device="dev-2")), "device: 'dev-2' is not 'dev-1'"),
        ("with another key", lambda _: sent(stamped(1), key=b"x" * 32), "seal: wrong"),
    ],
)
def test_what_is_not_to_be_believed_is_neither_stored_nor_receipted(ear: Ear, what: str, change: object, sentence: str) -> None:
    assert ear.hear(change(sent(stamped(1)))) == []  # type: ignore[operator]
    assert ear.store.untaken(0, 10) == [], what
    assert sentence in ear.told[0]


def test_without_a_disk_nothing_is_receipted(ear: Ear) -> None:
    ear.store._database.execute("DROP TABLE alerts")
    assert ear.hear(sent(stamped(1))) == []
    assert ear.told == [f"store {ear.folder / 's'}: no such table: alerts: alerts are given, and not kept"]


def test_a_device_that_comes_online_is_greeted(ear: Ear) -> None:
    body = Status(device=DEVICE, status="online", version="1").model_dump_json(by_alias=True).encode()
    topic = Topics(DEVICE).status
    message = Incoming(topic=topic, payload=body, retain=True, user=((PROPERTY, Seal(KEY).make(topic, body) or ""),))
    [hello] = ear.hear(message)
    assert read_program(hello.payload, device=DEVICE, name="ward").name == "ward"
    assert ear.listening.counters.devices == {DEVICE: "online"}
    assert ear.hear(replace(message, user=())) == []
    assert "seal: missing" in ear.told[-1]


def test_an_acknowledgement_is_said_until_the_device_says_that_it_knows(ear: Ear) -> None:
    ear.hear(sent(stamped(1)))
    key = Key(DEVICE, f"{1:032x}", 1)
    ear.store.add_ack(key, "dr.grey")
    ear.listening.acknowledge(Ack(key, "dr.grey", b"t" * 16))
    [said] = ear.hear()
    assert said.topic == f"{Topics(DEVICE).acks}/dr.grey"
    assert read_person(said.payload, device=DEVICE, name="dr.grey").revision == 1
    assert ear.hear(now_s=ACK_FIRST_S - 1) == []
    assert len(ear.hear(now_s=ACK_FIRST_S)) == 1
    ear.listening.down("gone")
    ear.listening.up(window=100)
    assert len(ear.hear(now_s=ACK_FIRST_S + 1)) == 1, "from the disk"
    ear.hear(sent(stamped(1, 2)), now_s=6.0)
    assert ear.store.acks(), "an update is no confirmation"
    ear.hear(sent(stamped(1, 3, state=AlertState.ACKNOWLEDGED)), now_s=6.0)
    assert ear.store.acks() == []
    assert ear.hear(now_s=1e6) == []


def acknowledged(ear: Ear, revision: int) -> None:
    key = Key(DEVICE, f"{1:032x}", revision)
    ear.store.add_ack(key, "dr.grey")
    ear.listening.acknowledge(Ack(key, "dr.grey", b"t" * 16))


@pytest.mark.parametrize("state", [AlertState.ACKNOWLEDGED, AlertState.CLEARED])
def test_an_acknowledgement_of_what_the_device_knows_already_is_not_said_for_ever(ear: Ear, state: AlertState) -> None:
    ear.hear(sent(stamped(1)), sent(stamped(1, 2, state=state)))
    acknowledged(ear, 1)
    assert ear.hear() == []
    assert ear.store.acks() == []


def test_a_copy_of_an_earlier_confirmation_confirms_nothing_later(ear: Ear) -> None:
    seen = sent(stamped(1, 2, state=AlertState.ACKNOWLEDGED))
    ear.hear(sent(stamped(1)), seen, sent(stamped(1, 3)))
    acknowledged(ear, 3)
    assert len(ear.hear()) == 1
    ear.hear(seen)
    assert len(ear.hear(now_s=ACK_FIRST_S)) == 1, "the device has not said that it knows of this one"


def test_a_revision_past_counting_is_refused_and_ends_nothing(ear: Ear) -> None:
    assert ear.hear(sent(stamped(1, 1 << 63))) == []
    assert "alert of dev-1.revision" in ear.told[0]
    assert len(ear.hear(sent(stamped(2)))) == 1
    last = (1 << 31) - 1
    ear.hear(sent(stamped(3)), sent(stamped(3, last)))
    assert ear.store.missing()[DEVICE, f"{3:032x}"][:2] == (2, 3), "and the memory holds"


def test_why_there_is_no_line_is_told_once_and_again_when_it_is_another_reason(ear: Ear) -> None:
    for why in ("gone", "gone", "Not authorized", "Not authorized"):
        ear.listening.down(why)
    assert ear.told == ["not connected: gone", "not connected: Not authorized"]
    ear.listening.up(window=100)
    ear.listening.down("Not authorized")
    assert ear.told[2:] == ["connected", "not connected: Not authorized"]


def test_what_a_full_disk_does_not_take_is_given_once_and_receipted_when_it_does(ear: Ear) -> None:
    ear.hear(sent(stamped(1)))
    filled(ear.store)
    for now_s in (1.0, 3.0):
        assert ear.hear(sent(stamped(1)), *(sent(stamped(n, text="x" * 500)) for n in (2, 3, 4)), now_s=now_s) == []
    assert "full: alerts are given, and not kept" in ear.told[0]
    assert len(ear.told) == 1
    given = [ear.listening.held.take() for _ in range(2)]
    assert [one.key.alert_id for one in given if one] == [f"{n:032x}" for n in (2, 3)]
    emptied(ear.store)
    assert {read_program(said.payload, device=DEVICE, name="ward").alert_id for said in ear.hear(now_s=5.0)} == {  # type: ignore[union-attr]
        f"{n:032x}" for n in (1, 2, 3, 4)
    }
    assert ear.listening.held.take() is None
    assert [one.key.alert_id for _, one in ear.store.untaken(0, 10)] == [f"{n:032x}" for n in (1, 4)], "those nobody was given"


def test_that_it_was_taken_is_written_down_once_the_disk_takes_it(ear: Ear) -> None:
    ear.hear(sent(stamped(1)), sent(stamped(2)))
    ear.listening.taken.extend(place for place, _ in ear.store.untaken(0, 10))
    ear.store._database.execute("PRAGMA query_only=ON")
    ear.listening.settle(1.0)
    ear.store._database.execute("PRAGMA query_only=OFF")
    ear.listening.settle(3.0)
    assert ear.store.untaken(0, 10) == []
