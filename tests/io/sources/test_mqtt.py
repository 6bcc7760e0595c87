"""Devices behind real brokers: let in, heard, refused by a sentence, and back after the broker was gone."""

import json
import shutil
import socket
import subprocess
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from threading import Thread
from typing import Any, Self

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from edgeecg.errors import ConfigError
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.items import Announced, ClockAnswer, Line, Refusal
from edgeecg.io.sources.mqtt import MqttSettings, MqttSource
from edgeecg.types import Chunk, Gap, Refused, SourceChange, SourceState
from edgeecg_wire import frames as f
from edgeecg_wire.codec import Decoder, encode
from tests.client.certificates import Authority
from tests.io.sources.brokers import BROKERS, mosquitto, mosquitto_running
from tests.io.sources.listening import PATIENCE_S, Listener
from tests.io.sources.pty_device import ECG
from tests.io.sources.publishing import ask, hello, publishing, raw, samples
from tests.ports import free_port

EPOCH = 78


@contextmanager
def source_at(port: int, **settings: Any) -> Iterator[Listener]:
    source = MqttSource(MqttSettings(host="127.0.0.1", port=port, **settings), epoch=EPOCH, claims=Claims(), fraction=lambda: 0.5)
    listener = Listener(source.queue)
    source.start()
    try:
        yield listener
    finally:
        source.stop()
    listener.step(0)


def is_up(listener: Listener) -> bool:
    return any(isinstance(notice, Line) and notice.is_up for notice in listener.notices)


def chunks_of(listener: Listener, device: str) -> list[Chunk]:
    return [item for item in listener.items if isinstance(item, Chunk) and item.stream == f"{device}/ecg"]


def heard(device: str, n: int) -> Any:
    return lambda listener: len(chunks_of(listener, device)) >= n


def refused(listener: Listener, n: int = 1) -> bool:
    return sum(isinstance(notice, Refusal) for notice in listener.notices) >= n


@pytest.mark.parametrize("broker", BROKERS)
def test_many_devices_are_heard_each_in_its_own_order(broker: str, tmp_path: Path) -> None:
    devices = [f"d{i}" for i in range(20)]
    with BROKERS[broker](tmp_path) as port, source_at(port) as listener:
        listener.until(is_up, "the line")
        with publishing(port) as publisher:
            for device in devices:
                publisher.say(device, hello(device), samples(0))
            for i in range(1, 20):
                for device in devices:
                    publisher.say(device, samples(i))
        for device in devices:
            listener.until(heard(device, 20), f"twenty chunks of {device}")
    assert [item.stream for item in listener.items if isinstance(item, Announced)] == [f"{device}/ecg" for device in devices]
    for device in devices:
        assert [chunk.sequence for chunk in chunks_of(listener, device)] == list(range(20))
    assert not [event for event in listener.events if isinstance(event, Gap | Refused)]
    assert listener.notices == [Line(f"mqtt 127.0.0.1:{port}", is_up=True), Line(f"mqtt 127.0.0.1:{port}", is_up=False, why="stopped")]


@pytest.mark.parametrize("broker", BROKERS)
def test_a_hundred_devices_at_once_lose_nothing(broker: str, tmp_path: Path) -> None:
    devices, n_frames = [f"d{i}" for i in range(100)], 30
    with BROKERS[broker](tmp_path) as port, source_at(port) as listener, publishing(port) as publisher:
        listener.until(is_up, "the line")
        publisher.burst([(raw(device), encode(hello(device))) for device in devices])
        publisher.burst([(raw(device), encode(samples(i))) for i in range(n_frames) for device in devices])
        listener.until(lambda all_: len(all_.of(Chunk)) >= len(devices) * n_frames, "every chunk")
    assert Counter(item.stream for item in listener.items if isinstance(item, Chunk)) == {f"{device}/ecg": n_frames for device in devices}
    assert not [event for event in listener.events if isinstance(event, Gap | Refused)]


def test_what_was_published_while_nobody_listened_is_kept_by_the_session(tmp_path: Path) -> None:
    with mosquitto_running(tmp_path) as port, publishing(port) as publisher:
        with source_at(port) as listener:
            listener.until(is_up, "the line")
        publisher.say("d", hello("d"), *(samples(i) for i in range(5)))
        with source_at(port) as listener:
            listener.until(heard("d", 5), "what was kept")


@pytest.mark.parametrize("broker", BROKERS)
def test_what_is_wrong_is_refused_with_a_sentence_and_the_others_go_on(broker: str, tmp_path: Path) -> None:
    with BROKERS[broker](tmp_path) as port, source_at(port) as listener, publishing(port) as publisher:
        listener.until(is_up, "the line")
        publisher.say("good", hello("good"), samples(0))
        publisher.say("liar", hello("victim"), samples(0))
        publisher.publish(raw("junk"), b"\xff" * 700 + b"\x00")
        publisher.publish(raw("not ok"), encode(hello("x")))
        publisher.publish(raw("large"), b"\x01" * 70_000)
        publisher.publish(raw("kept"), encode(hello("kept")), retain=True)
        publisher.publish(raw("text"), b'{"rate_hz": 250, "samples": "many"}')
        publisher.say("good", replace(hello("good"), streams=(replace(ECG, rate_millihz=500_000),)))
        publisher.say("last", hello("last"), samples(0))
        listener.until(heard("last", 1), "the last device")
    broker_name = f"mqtt 127.0.0.1:{port}"
    sentences = listener.sentences()
    for sentence in (
        f"{broker_name}, {raw('liar')}: hello.device_id: 'victim' is not 'liar', the device its topic names",
        f"{broker_name}, {raw('junk')}: frame: 700 bytes, damaged (cobs) is not intact",
        f"{broker_name}: topic: '{raw('not ok')}' is not edgeecg/v1/<device>/raw, the device as [A-Za-z0-9][A-Za-z0-9._-]{{0,15}}",
        f"{broker_name}, {raw('large')}: a payload of more than 65536 bytes is not at most 65536 bytes",
        f"{broker_name}, {raw('text')}: json.samples: 'many' is not a list of 1 to 65536",
        f"{broker_name}, {raw('good')}: hello.streams[0].rate_hz: 500.0 is not 250.0, as when good/ecg was first heard",
    ):
        assert sentence in sentences
    assert {item.stream for item in listener.items if isinstance(item, Announced)} <= {"good/ecg", "last/ecg", "kept/ecg"}
    changes = [item.change for item in listener.items if isinstance(item, SourceState) and item.stream == "good/ecg"]
    assert changes[:2] == [SourceChange.OPENED, SourceChange.LOST]


def test_a_retained_message_is_refused(tmp_path: Path) -> None:
    with mosquitto_running(tmp_path) as port, publishing(port) as publisher:
        publisher.publish(raw("kept"), encode(hello("kept")) + encode(samples(0)), retain=True)
        with source_at(port) as listener:
            listener.until(refused, "the refusal")
    assert f"mqtt 127.0.0.1:{port}, {raw('kept')}: a retained message is not live: samples are not kept by a broker" in listener.sentences()
    assert listener.items == []


def test_a_payload_of_100_mb_is_refused_without_being_held(tmp_path: Path) -> None:
    with mosquitto_running(tmp_path) as port, source_at(port) as listener, publishing(port) as publisher:
        listener.until(is_up, "the line")
        publisher.say("good", hello("good"), samples(0))
        listener.until(heard("good", 1), "a chunk")
        payload = bytes(100_000_000)
        tracemalloc.start()
        publisher.publish(raw("huge"), payload)
        publisher.say("good", samples(1))
        listener.until(heard("good", 2), "the chunk after it")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert f"mqtt 127.0.0.1:{port}, {raw('huge')}: a payload of more than 65536 bytes is not at most 65536 bytes" in listener.sentences()
    assert peak < 250_000_000, "the publisher's own copies, and none of the source's"


def test_two_devices_that_publish_under_one_id_are_refused_and_one_alone_is_taken_back(tmp_path: Path) -> None:
    with mosquitto_running(tmp_path) as port, source_at(port) as listener, publishing(port) as publisher:
        listener.until(is_up, "the line")
        publisher.say("twin", hello("twin"))
        publisher.say("other", hello("other"))
        for i in range(12):
            publisher.say("twin", samples(i))
            publisher.say("twin", samples(500 + i, clock_us=10**9 + i * 100_000))
            publisher.say("other", samples(i))
        listener.until(heard("other", 12), "the other's chunks")
        where = f"mqtt 127.0.0.1:{port}, {raw('twin')}"
        assert f"{where}: samples of twin/ecg: counted twice over is not one device's: two send under this id" in listener.sentences()
        n_before = len(chunks_of(listener, "twin"))
        for i in range(12, 100):
            publisher.say("twin", samples(i))
        listener.until(heard("twin", n_before + 10), "one alone being taken back")


def test_json_says_the_same_as_frames(tmp_path: Path) -> None:
    with mosquitto_running(tmp_path) as port, source_at(port) as listener, publishing(port) as publisher:
        listener.until(is_up, "the line")
        for i in range(5):
            said = {"device": "j1", "rate_hz": 250, "leads": ["II"], "samples": [i, None, 3], "sequence": i, "device_us": 12_000 * i}
            publisher.publish(raw("j1"), json.dumps(said).encode())
        listener.until(heard("j1", 5), "its chunks")
    announced = listener.items[0]
    assert isinstance(announced, Announced)
    assert (announced.facts.rate_hz, announced.facts.leads, announced.facts.sequence_bits) == (250.0, ("II",), 16)
    assert [(chunk.sequence, chunk.device_us) for chunk in chunks_of(listener, "j1")] == [(i, 12_000 * i) for i in range(5)]
    assert chunks_of(listener, "j1")[4].samples.tolist()[::2] == [4.0, 3.0]
    assert not [event for event in listener.events if isinstance(event, Gap | Refused)]


def test_a_broker_that_goes_and_comes_back_is_found_and_streams_go_on(tmp_path: Path) -> None:
    port = free_port()
    mosquitto()
    with source_at(port) as listener:
        listener.until(
            lambda all_: any(isinstance(notice, Line) and not notice.is_up for notice in all_.notices), "that there is no broker"
        )
        with mosquitto_running(tmp_path, port=port), publishing(port) as publisher:
            listener.until(is_up, "the line")
            publisher.say("d", hello("d"), samples(0))
            listener.until(heard("d", 1), "a chunk")
        listener.until(lambda all_: sum(isinstance(notice, Line) and not notice.is_up for notice in all_.notices) >= 2, "the loss")
        listener.notices.clear()
        with mosquitto_running(tmp_path, port=port), publishing(port) as publisher:
            listener.until(is_up, "the line")
            publisher.say("d", samples(5))
            listener.until(heard("d", 2), "a chunk after it")
    changes = [item.change for item in listener.items if isinstance(item, SourceState)]
    assert changes == [SourceChange.OPENED, SourceChange.LOST, SourceChange.OPENED, SourceChange.LOST]
    assert len([event for event in listener.events if isinstance(event, Gap)]) == 1


def test_a_password_that_is_wrong_is_said_and_the_right_one_is_let_in(tmp_path: Path) -> None:
    maker = shutil.which("mosquitto_passwd")
    if maker is None:
        pytest.skip("mosquitto_passwd is not installed")
    passwords = tmp_path / "passwords"
    subprocess.run([maker, "-b", "-c", str(passwords), "ward", "right"], check=True)
    with mosquitto_running(tmp_path, f"allow_anonymous false\npassword_file {passwords}") as port:
        with source_at(port, username="ward", password="wrong") as listener:
            refused = Line(f"mqtt 127.0.0.1:{port}", is_up=False, why="Not authorized")
            listener.until(lambda all_: refused in all_.notices, "the refusal")
            assert not is_up(listener)
        with (
            source_at(port, username="ward", password="right") as listener,
            publishing(port, username="ward", password="right") as publisher,
        ):
            listener.until(is_up, "the line")
            publisher.say("d", hello("d"), samples(0))
            listener.until(heard("d", 1), "a chunk")


def test_over_tls_only_who_shows_a_certificate_is_let_in(tmp_path: Path) -> None:
    mosquitto()
    authority = Authority(tmp_path)
    certificate, key = authority.sign("broker")
    settings = f"allow_anonymous true\ncafile {authority.certificate}\ncertfile {certificate}\nkeyfile {key}\nrequire_certificate true"
    shown = {name: str(path) for name, path in zip(("certificate_file", "key_file"), authority.sign("host"), strict=True)}
    with mosquitto_running(tmp_path, settings) as port:
        with source_at(port, ca_file=str(authority.certificate), **shown) as listener:
            listener.until(is_up, "the line")
        with source_at(port, ca_file=str(authority.certificate)) as listener:
            listener.until(lambda all_: all_.notices, "the refusal")
            assert not is_up(listener)
        with source_at(port) as listener:
            listener.until(lambda all_: all_.notices, "the refusal")
            assert not is_up(listener)


class AskedDevice:
    """One that grants any rate, starts when it is told, and tells its clock; it listens on its own topic."""

    def __init__(self, port: int, name: str) -> None:
        self.name, self.requests, self.hello = name, list[str](), hello(name)
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        self._client.on_message = lambda _client, _data, message: self._answer(bytes(message.payload))
        self._client.on_subscribe = lambda *_: self._say(self.hello)
        self._client.on_connect = lambda client, *_: client.subscribe(ask(name))
        self._client.connect("127.0.0.1", port)

    def _say(self, *frames: f.Frame) -> None:
        self._client.publish(raw(self.name), b"".join(map(encode, frames)), qos=1)

    def _answer(self, payload: bytes) -> None:
        for request in Decoder().feed(payload):
            self.requests.append(type(request).__name__)
            if isinstance(request, f.TimeSync):
                self._say(f.TimeReply(f.DEVICE, 0, 7, request.sequence, request.clock_us, 7))
            elif isinstance(request, f.SetRate | f.Start | f.Stop):
                self._say(f.Ack(f.DEVICE, 0, 0, request.TYPE, request.sequence, f.STATUS_DONE))
            if isinstance(request, f.SetRate):
                self.hello = hello(self.name, replace(ECG, rate_millihz=request.rate_millihz))
                self._say(self.hello)
            elif isinstance(request, f.Start):
                self._say(*(samples(i, rate_millihz=self.hello.streams[0].rate_millihz) for i in range(5)))

    def __enter__(self) -> Self:
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.mark.parametrize("broker", BROKERS)
@pytest.mark.parametrize("stops", [False, True])
def test_a_silent_device_is_set_to_a_rate_started_asked_its_clock_and_stopped_if_so_wished(
    broker: str, stops: bool, tmp_path: Path
) -> None:
    with BROKERS[broker](tmp_path) as port:
        source = MqttSource(MqttSettings(host="127.0.0.1", port=port), epoch=EPOCH, claims=Claims(), ask_rate_hz=500.0, stops_devices=stops)
        listener = Listener(source.queue)
        source.start()
        listener.until(is_up, "the line")
        with AskedDevice(port, "d") as device:
            listener.until(heard("d", 5), "what it sends")
            listener.until(lambda all_: any(isinstance(notice, ClockAnswer) for notice in all_.notices), "its clock")
            source.stop()
            listener.until(lambda _: not stops or "Stop" in device.requests, "the stop")
            assert device.requests == ["SetRate", "Start", "TimeSync", *["Stop"] * stops]
    assert [item.facts.rate_hz for item in listener.items if isinstance(item, Announced)] == [250.0, 500.0]
    (answer,) = (notice for notice in listener.notices if isinstance(notice, ClockAnswer))
    assert (answer.device, answer.device_us) == ("d", 7)


CONNACK, GRANTED, QOS_0, QOS_1, PUBACK, DISCONNECT = b"\x20", b"\x90", b"\x30", b"\x32", b"\x40", b"\xe0"


def test_who_tells_devices_to_cease_reads_on_until_the_broker_has_it() -> None:
    """Unread samples would reset the line under what the broker had not read; here they come between the goodbye and its PUBACK."""
    last: list[tuple[bytes, bytes]] = []

    def serve(server: socket.socket) -> None:
        with server.accept()[0] as line, line.makefile("rb") as reading:
            _read(reading)
            line.sendall(_packet(CONNACK, b"\0\0\0"))
            line.sendall(_packet(GRANTED, _read(reading)[1][:2] + b"\0\1") + _published(hello("d")))
            while (said := _read(reading))[0] == QOS_0:  # what it asks need not be acknowledged
                pass
            n_topic = 2 + len(ask("d"))
            line.sendall(_published(samples(0)) + _packet(PUBACK, said[1][n_topic:][:2]))
            last[:] = (said[0], said[1][n_topic + 3 :]), _read(reading)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        source = MqttSource(MqttSettings(host="127.0.0.1", port=server.getsockname()[1]), epoch=EPOCH, claims=Claims(), stops_devices=True)
        listener = Listener(source.queue)
        source.start()
        listener.until(lambda all_: all_.of(Announced), "the device")
        source.stop()
        thread.join(PATIENCE_S)
    listener.step(0)
    (kind, goodbye), (farewell, _) = last
    assert (kind, [type(frame) for frame in Decoder().feed(goodbye)], farewell) == (QOS_1, [f.Stop], DISCONNECT)
    assert len(chunks_of(listener, "d")) == 1, "what came before the broker had the goodbye"


def _read(stream: BufferedReader) -> tuple[bytes, bytes]:
    """Return a short packet's kind and what is in it."""
    kind, n_bytes = stream.read(1), ord(stream.read(1))
    return kind, stream.read(n_bytes)


def _packet(kind: bytes, body: bytes) -> bytes:
    n_bytes = len(body)
    return kind + (bytes((n_bytes,)) if n_bytes < 128 else bytes((n_bytes % 128 + 128, n_bytes // 128))) + body


def _published(frame: f.Frame) -> bytes:
    topic = raw("d").encode()
    return _packet(QOS_0, len(topic).to_bytes(2, "big") + topic + b"\0" + encode(frame))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"port": 0}, "port: 0 is not 1 to 65535"),
        ({"client_id": ""}, "client_id: '' is not a name"),
        ({"ca_file": "/nowhere/ca.pem"}, "ca_file: '/nowhere/ca.pem' is not a file"),
        ({"key_file": __file__}, "given without its key_file"),
        ({"password": "p"}, "password: given without username"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence.replace("'", ".")):
        MqttSettings(host="h", **settings)


def test_a_certificate_that_is_none_is_refused() -> None:
    settings = MqttSettings(host="h", ca_file=__file__)
    with pytest.raises(ConfigError, match="certificates and a key, in PEM"):
        MqttSource(settings, epoch=0, claims=Claims())


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(MqttSettings(host="h", username="u", password="secret"))
