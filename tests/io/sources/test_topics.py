"""Who may say what on which topic, without a broker."""

import json
from typing import Any

from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.intake import FORGET_AFTER_NS
from edgeecg.io.sources.items import Announced, Item, Refusal
from edgeecg.io.sources.queue import DroppingQueue
from edgeecg.io.sources.topics import LOOK_EVERY_NS, MAX_DEVICES, Topics
from edgeecg.types import Chunk, SourceChange, SourceState
from edgeecg_wire import frames as f
from edgeecg_wire.codec import Decoder, encode
from tests.io.sources.publishing import ask, hello, raw, samples


class Broker:
    def __init__(self, claims: Claims | None = None, name: str = "mqtt b", ask_rate_hz: float | None = None) -> None:
        self.queue = DroppingQueue()
        self.topics = Topics(name, epoch=6, claims=claims or Claims(), queue=self.queue, ask_rate_hz=ask_rate_hz)

    def asked(self, now_s: float) -> list[tuple[str, list[str]]]:
        """Whom it asks what."""
        return [(topic, [type(frame).__name__ for frame in Decoder().feed(data)]) for topic, data in self.topics.due(round(now_s * 1e9))]

    def say(self, device: str, *frames: f.Frame) -> list[Item]:
        return self.publish(device, b"".join(map(encode, frames)))

    def tell(self, topic: str, /, **told: Any) -> list[Item]:
        return self.publish(topic, json.dumps({"rate_hz": 250, "samples": [1, 2]} | told).encode())

    def publish(self, device: str, payload: bytes) -> list[Item]:
        self.topics.take(raw(device), payload, 0, retained=False)
        return self.queue.take()

    def sentences(self) -> list[str]:
        return [str(notice) for notice in self.queue.notices() if isinstance(notice, Refusal)]


def kinds(items: list[Item]) -> list[str]:
    return [item.change.name if isinstance(item, SourceState) else type(item).__name__ for item in items]


def test_a_topic_speaks_what_its_first_stream_was_announced_in() -> None:
    broker = Broker()
    assert broker.publish("d", b"\xff\x00") == []
    assert kinds(broker.tell("d")) == ["Announced", "OPENED", "Chunk"], "noise before it settles nothing"
    assert broker.say("d", hello("d"), samples(0)) == []
    assert kinds(broker.tell("d")) == ["Chunk"]
    assert any("json" in sentence for sentence in broker.sentences())


def test_a_frame_may_come_in_two_messages_and_many_in_one() -> None:
    broker = Broker()
    wire = encode(hello("d")) + encode(samples(0)) + encode(samples(1))
    assert kinds(broker.publish("d", wire[:-10]) + broker.publish("d", wire[-10:])) == ["Announced", "OPENED", "Chunk", "Chunk"]


def test_json_that_names_another_device_or_changes_its_rate_is_refused() -> None:
    broker = Broker()
    assert broker.tell("d", device="e") == []
    assert broker.sentences() == [f"mqtt b, {raw('d')}: json.device: 'e' is not 'd', the device its topic names"]
    broker.tell("d")
    assert kinds(broker.tell("d", rate_hz=500)) == ["LOST"]
    assert kinds(broker.tell("d", rate_hz=500)) == []
    assert broker.sentences()[0] == f"mqtt b, {raw('d')}: json: rate_hz: 500.0 is not 250.0, as when d/ecg was first heard"
    assert kinds(broker.tell("d")) == ["Announced", "OPENED", "Chunk"]


def test_one_device_at_two_brokers_is_refused_at_the_second() -> None:
    claims = Claims()
    first, second = Broker(claims), Broker(claims, "mqtt c")
    first.tell("d")
    first.say("e", hello("e"))
    assert second.tell("d") == []
    assert second.say("e", hello("e"), samples(0)) == []
    told, said = second.sentences()
    assert told == f"mqtt c, {raw('d')}: device: 'd' is not free: mqtt b, {raw('d')} has a device of that id"
    assert said == f"mqtt c, {raw('e')}: hello.device_id: 'e' is not free: mqtt b, {raw('e')} has a device of that id"


def test_devices_beyond_the_most_are_refused_and_those_before_go_on() -> None:
    broker = Broker()
    for i in range(MAX_DEVICES):
        broker.tell(f"d{i}")
    assert broker.tell("more") == []
    assert broker.sentences() == [f"mqtt b: device: 'more' is not one of the first {MAX_DEVICES}"]
    assert kinds(broker.tell("d7")) == ["Chunk"]


def test_twins_stay_closed_when_one_says_hello_again() -> None:
    broker = Broker()
    broker.say("d", hello("d"))
    items = [item for i in range(12) for start in (0, 700) for item in broker.say("d", samples(start + i, clock_us=start * 10**6 + i))]
    assert isinstance(items[-1], SourceState)
    assert items[-1].change == SourceChange.LOST
    assert broker.say("d", hello("d")) == []
    again = [item for i in range(100) for item in broker.say("d", samples(12 + i, clock_us=12 + i))]
    assert kinds(again)[:3] == ["Announced", "OPENED", "Chunk"]


def test_when_messages_were_missed_every_stream_is_lost_and_each_opens_with_its_next() -> None:
    broker = Broker()
    broker.say("d", hello("d"), samples(0))
    broker.tell("j")
    broker.topics.line_lost(9)
    assert kinds(broker.queue.take()) == ["LOST", "LOST"]
    assert kinds(broker.say("d", samples(5))) == ["Announced", "OPENED", "Chunk"]
    assert kinds(broker.tell("j")) == ["Announced", "OPENED", "Chunk"]


def test_an_announcement_is_made_once() -> None:
    broker = Broker()
    items = [item for i in range(5) for item in broker.say("d", hello("d"), samples(i))]
    assert sum(isinstance(item, Announced) for item in items) == 1
    assert sum(isinstance(item, Chunk) for item in items) == 5


def test_each_device_is_asked_on_a_topic_of_its_own_and_one_that_sends_json_is_not() -> None:
    broker = Broker(ask_rate_hz=500.0)
    assert broker.asked(0.0) == []
    broker.say("a", hello("a"))
    broker.say("b", samples(0))
    broker.tell("j")
    assert broker.asked(0.1) == [(ask("a"), ["SetRate"]), (ask("b"), ["Identify"])]
    assert broker.asked(0.2) == []
    broker.say("a", f.Ack(f.DEVICE, 0, 0, f.SetRate.TYPE, 1, f.STATUS_REFUSED))
    assert broker.asked(0.3) == [(ask("a"), ["Start"])]
    broker.say("a", f.Ack(f.DEVICE, 0, 0, f.Start.TYPE, 1, f.STATUS_DONE))
    assert broker.asked(0.4) == [(ask("a"), ["TimeSync"])]
    (told, asked), *_ = broker.topics.goodbyes()
    assert (told, [type(frame) for frame in Decoder().feed(asked)]) == (ask("a"), [f.Stop])
    assert [topic for topic, _ in broker.topics.goodbyes()] == [ask("a"), ask("b")]


def test_what_a_host_asks_is_nothing_that_a_device_says() -> None:
    broker = Broker()
    broker.say("a", hello("a"), f.Start(f.DEVICE, 0, 0, 255))
    assert broker.sentences() == [f"mqtt b, {raw('a')}: frame: start, a request is not what a device says"]


DAY_NS = FORGET_AFTER_NS


def heard_at(broker: Broker, device: str, at_ns: int) -> list[Item]:
    broker.topics.take(raw(device), encode(hello(device)) + encode(samples(0)), at_ns, retained=False)
    broker.topics.forget(at_ns)
    return broker.queue.take()


def test_who_is_silent_for_a_day_is_lost_and_forgotten_and_begins_anew() -> None:
    claims = Claims()
    broker, elsewhere = Broker(claims), Broker(claims, "mqtt c")
    assert kinds(heard_at(broker, "d", 1)) == ["Announced", "OPENED", "Chunk"]
    assert heard_at(elsewhere, "d", 2) == [], "it is the other broker's"
    broker.topics.forget(DAY_NS)
    assert broker.queue.take() == []
    broker.topics.forget(DAY_NS + LOOK_EVERY_NS)
    assert kinds(broker.queue.take()) == ["LOST"]
    topics = broker.topics
    assert [len(kept) for kept in (topics._devices, topics._requests, topics._announced, topics._heard_ns)] == [0, 0, 0, 0]
    assert kinds(heard_at(elsewhere, "d", 2 * DAY_NS)) == ["Announced", "OPENED", "Chunk"]


def test_devices_that_come_and_go_for_months_are_all_let_in_and_none_is_kept() -> None:
    broker = Broker()
    for day in range(60):
        for i in range(MAX_DEVICES // 16):
            assert "OPENED" in kinds(heard_at(broker, f"d{day}-{i}", (day + 1) * 2 * DAY_NS + i))
    assert broker.sentences() == []
    assert len(broker.topics._devices) == MAX_DEVICES // 16
