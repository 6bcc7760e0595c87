"""deploy/mosquitto as it is shipped, but for its paths and ports: who is let in, who may say what, who is believed about TLS."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgeecg.client import AlertSubscriber
from edgeecg.io.sinks.mqtt import MqttSink
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.items import ClockAnswer, Line
from edgeecg.io.sources.mqtt import MqttSettings, MqttSource
from edgeecg.io.wfdb import read_annotations
from edgeecg.payload.topics import Topics
from edgeecg.types import Chunk
from edgeecg_wire import frames as f
from edgeecg_wire.codec import Decoder
from tests.client.certificates import Authority
from tests.client.listener import device_at, take, until
from tests.client.rawclient import RawClient
from tests.io.sources.brokers import PATIENCE_S, _await_listener, mosquitto
from tests.io.sources.listening import Listener
from tests.payload.alerts import DEVICE, stamped
from tests.ports import free_port

DEPLOY = Path(__file__).parents[2] / "deploy/mosquitto"
USERS = {DEVICE: "device", "dev-2": "device", "ward": "receiver", "log": "receiver", "dr.grey": "person", "strap-7": "sensor"}


@dataclass
class Deployed:
    """A running broker."""

    port: int
    tls_port: int
    folder: Path
    authority: Authority


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto_passwd is not installed")
    folder = tmp_path_factory.mktemp("deploy")
    for name, kind in USERS.items():
        subprocess.run([DEPLOY / "add-user", kind, name, folder], input=f"password of {name}\n", text=True, check=True)
    authority = Authority(folder)
    authority.sign("broker")
    with _running(folder, authority) as deployed:
        yield deployed


@contextmanager
def _running(folder: Path, authority: Authority) -> Iterator[Deployed]:
    port, tls_port = free_port(), free_port()
    text = (DEPLOY / "mosquitto.conf").read_text(encoding="utf-8")
    for old, new in {
        "/etc/mosquitto/certs/": f"{folder}/",
        "/etc/mosquitto/": f"{folder}/",
        "listener 1883": f"listener {port}",
        "listener 8883": f"listener {tls_port} 127.0.0.1",
    }.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "mosquitto.conf").write_text(f"{text}persistence_location {folder}/\nuser root\n", encoding="utf-8")
    with subprocess.Popen([mosquitto(), "-c", str(folder / "mosquitto.conf")], stderr=subprocess.DEVNULL) as process:
        try:
            _await_listener(port, process)
            yield Deployed(port, tls_port, folder, authority)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)


DEBIAN = """\
pid_file {folder}/run/mosquitto.pid
persistence true
persistence_location {folder}/run/
log_dest file {folder}/run/mosquitto.log
include_dir {folder}/conf.d
"""
"""What Debian and Raspberry Pi OS have at /etc/mosquitto/mosquitto.conf, which ours goes beside; the broker's user is mosquitto."""


def _is_there(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


@pytest.mark.skipif(os.getuid() != 0 or not _is_there("mosquitto"), reason="needs root, and the user that mosquitto's package makes")
def test_beside_debians_own_settings_it_starts_as_its_own_user() -> None:
    with tempfile.TemporaryDirectory() as made:  # pytest's own folders let no other user through
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "conf.d").mkdir()
        (folder / "run").mkdir()
        shutil.chown(folder / "run", "mosquitto")
        subprocess.run([DEPLOY / "add-user", "receiver", "ward", folder], input="password of ward\n", text=True, check=True)
        port, ours = free_port(), (DEPLOY / "mosquitto.conf").read_text(encoding="utf-8")
        ours, _, rest = (
            ours.replace("/etc/mosquitto/", f"{folder}/").replace("listener 1883", f"listener {port}").partition("\nlistener 8883")
        )
        (folder / "conf.d" / "edgeecg.conf").write_text(ours + rest.partition("\n\n")[2], encoding="utf-8")
        (folder / "mosquitto.conf").write_text(DEBIAN.format(folder=folder), encoding="utf-8")
        with subprocess.Popen([mosquitto(), "-c", str(folder / "mosquitto.conf")]) as process:
            try:
                _await_listener(port, process)
                with RawClient(port, client_id="raw", **login("ward")) as ward:
                    ward.subscribe("edgeecg/v1/dev-1/alerts")
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE_S)


def login(name: str) -> dict[str, str]:
    return {"username": name, "password": f"password of {name}"}


def raw(broker: Deployed, name: str) -> RawClient:
    return RawClient(broker.port, client_id=f"raw-{name}", username=name, password=f"password of {name}")


def subscriber(broker: Deployed, folder: Path, name: str) -> AlertSubscriber:
    (folder / f"{name}.password").write_text(f"password of {name}\n", encoding="utf-8")
    url = f"mqtt://{name}@127.0.0.1:{broker.port}"
    return AlertSubscriber(url, name=name, store=folder / f"{name}.store", password_file=folder / f"{name}.password")


def test_everybody_does_what_is_theirs(broker: Deployed, tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    with (
        device_at(broker.port, tmp_path, login=login(DEVICE), on_acknowledge=lambda *said: told.append(said)) as (outbox, sink),
        subscriber(broker, tmp_path, "ward") as ward,
        subscriber(broker, tmp_path, "dr.grey") as doctor,
    ):
        until(
            lambda: any("is online" in said for said in doctor.notices()),
            "the doctor's line: what is put before is not kept for a stranger",
        )
        outbox.put([stamped(n) for n in range(10)])
        sink.wake()
        take(ward, 10)
        alert = take(doctor, 1)[0]
        until(lambda: outbox.counters().n_waiting == 0, "the ward's receipts")
        doctor.acknowledge(alert)
        until(lambda: told, "the acknowledgement")
        assert told == [(alert.alert.alert_id, "dr.grey")]
        assert not [sentence for sentence in sink.notices() if "uthori" in sentence]


def test_nobody_is_let_in_without_a_name_or_with_a_wrong_password(broker: Deployed, tmp_path: Path) -> None:
    for wrong in ({}, {"username": DEVICE, "password": "wrong"}, login("nobody")):
        with device_at(broker.port, tmp_path, login=wrong) as (_, sink):
            _until_told(sink, "Not authorized")


@pytest.mark.parametrize(
    ("who", "topic"),
    [
        ("dev-2", Topics(DEVICE).alerts),
        ("dev-2", Topics(DEVICE).status),
        ("dev-2", Topics(DEVICE).state),
        ("dev-2", f"{Topics(DEVICE).receipts}/ward"),
        ("dev-2", "homeassistant/device/edgeecg_dev_1/config"),
        ("log", f"{Topics(DEVICE).receipts}/ward"),
        ("ward", f"{Topics(DEVICE).acks}/ward"),
        ("ward", f"{Topics(DEVICE).acks}/dr.grey"),
        ("ward", Topics(DEVICE).alerts),
        ("dr.grey", f"{Topics(DEVICE).acks}/dr.house"),
        ("dr.grey", f"{Topics(DEVICE).receipts}/ward"),
        ("strap-7", Topics(DEVICE).alerts),
        ("strap-7", "edgeecg/v1/strap-8/raw"),
        ("strap-7", "edgeecg/v1/strap-8/ask"),
    ],
)
def test_what_is_not_theirs_is_refused_by_the_broker(broker: Deployed, who: str, topic: str) -> None:
    with raw(broker, who) as client:
        assert str(client.publish(topic, b"x")) == "Not authorized"


@pytest.mark.parametrize(
    ("who", "topic"),
    [("ward", f"{Topics(DEVICE).receipts}/ward"), ("dr.grey", f"{Topics(DEVICE).acks}/dr.grey"), ("strap-7", "edgeecg/v1/strap-7/raw")],
)
def test_what_is_theirs_is_not(broker: Deployed, who: str, topic: str) -> None:
    with raw(broker, who) as client:
        assert not client.publish(topic, b"x").is_failure


def test_samples_and_answers_are_not_everybodys_to_read(broker: Deployed) -> None:
    """mosquitto grants such a subscription and delivers nothing on it."""
    with raw(broker, "ward") as ward, raw(broker, "strap-7") as strap, raw(broker, "dr.grey") as doctor:
        ward.subscribe("edgeecg/v1/+/raw")
        ward.subscribe("edgeecg/v1/+/acks/+")
        ward.subscribe("edgeecg/v1/+/alerts")
        strap.publish("edgeecg/v1/strap-7/raw", b"samples")
        doctor.publish(f"{Topics(DEVICE).acks}/dr.grey", b"{}")
        with raw(broker, DEVICE) as device:
            device.publish(Topics(DEVICE).alerts, b"an alert")
        until(lambda: ward.got, "the alert")
    assert [message.topic for message in ward.got] == [Topics(DEVICE).alerts]


def test_it_keeps_more_than_a_thousand_for_who_is_away(broker: Deployed, tmp_path: Path) -> None:
    with subscriber(broker, tmp_path, "log") as log:
        until(lambda: log.is_up, "the line")
    with device_at(broker.port, tmp_path, device="dev-2", receivers=(), login=login("dev-2")) as (outbox, sink):
        outbox.put([stamped(n, device="dev-2") for n in range(1300)])
        sink.wake()
        until(lambda: outbox.counters().n_waiting == 0, "the broker to have it all")
        with subscriber(broker, tmp_path, "log") as log:
            got = take(log, 1300)
    assert {int(one.alert.alert_id, 16) for one in got} == set(range(1300))


def test_a_user_is_not_added_twice_nor_with_a_name_that_is_a_pattern(tmp_path: Path) -> None:
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto_passwd is not installed")

    def add(kind: str, name: str) -> int:
        command: list[str | Path] = [DEPLOY / "add-user", kind, name, tmp_path]
        return subprocess.run(command, input="p\n", text=True, check=False, capture_output=True).returncode

    assert add("receiver", "ward") == 0
    before = (tmp_path / "edgeecg.acl").read_text()
    assert [add("person", "ward"), add("person", "#"), add("person", "a+b"), add("person", "a/b"), add("king", "a")] == [2] * 5
    assert (tmp_path / "edgeecg.acl").read_text() == before


def test_a_simulated_device_is_let_in_with_all_it_shows_asked_and_stopped_and_its_truth_is_beside_it(
    broker: Deployed, tmp_path: Path
) -> None:
    certificate, key = broker.authority.sign("strap")
    (tmp_path / "password").write_text(f"{login('strap-7')['password']}\n")
    host = MqttSettings(host="127.0.0.1", port=broker.port, client_id="host", **login(DEVICE))
    source = MqttSource(host, epoch=1, claims=Claims(), stops_devices=True, ask_rate_hz=500.0)
    listener = Listener(source.queue)
    source.start()
    listener.until(lambda all_: any(isinstance(notice, Line) and notice.is_up for notice in all_.notices), "the line")
    files = {"password": tmp_path / "password", "ca": broker.authority.certificate, "certificate": certificate, "certificate-key": key}
    shown = [word for name, path in files.items() for word in (f"--{name}-file", str(path))]
    heart = f"--device strap-7 --scenario pvc --speed 8 --json --truth {tmp_path / 't'} --to mqtts://strap-7@127.0.0.1:{broker.tls_port}"
    command = [sys.executable, "-m", "edgeecg", "simulate", *heart.split(), *shown]
    with raw(broker, DEVICE) as ear, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as device:
        try:
            ear.subscribe("edgeecg/v1/strap-7/raw")
            listener.until(lambda all_: any(isinstance(notice, ClockAnswer) for notice in all_.notices), "its clock")
            assert "strap-7" in next(sentence for sentence in listener.sentences() if "request 0x83" in sentence), "it knows one rate"
            listener.until(lambda all_: len(all_.of(Chunk)) >= 5, "what it sends")
            source.stop()
            until(lambda: _n_hellos_since_it_was_stopped(ear) >= 2, "two hellos of a device that was told to cease")
            device.send_signal(signal.SIGINT)
            said = json.loads(device.communicate(timeout=PATIENCE_S)[0].splitlines()[-1])
        finally:
            device.kill()
    assert (device.returncode, said["withheld"] > 0) == (0, True), "it was told to cease"
    truth = json.loads((tmp_path / "t.json").read_text())
    assert [beat["sample"] for beat in truth["beats"]] == read_annotations(tmp_path / "t.atr").samples[1:].tolist()
    assert (truth["len_samples"], truth["episodes"][0]["kind"]) == (None, "pvc")


def _n_hellos_since_it_was_stopped(ear: RawClient) -> int:
    """Between two there are packets that were due."""
    seen = Decoder().feed(b"".join(message.payload for message in ear.got))
    is_ack = [isinstance(frame, f.Ack) and frame.request_type == f.Stop.TYPE for frame in seen]
    return sum(isinstance(frame, f.Hello) for frame in seen[is_ack.index(True) :]) if any(is_ack) else 0


# --- TLS --------------------------------------------------------------------------------------------------------------


def _until_told(sink: MqttSink, part: str) -> None:
    """Wait for a sentence about the line; before it may come that the broker did not answer in time."""
    sentences: list[str] = []

    def told() -> bool:
        sentences.extend(sink.notices())
        return any(part in sentence for sentence in sentences)

    until(told, f"word of {part!r} about the line")
    assert not sink.is_up


def test_over_tls_with_a_certificate_it_works_and_without_one_it_does_not(broker: Deployed, tmp_path: Path) -> None:
    certificate, key = broker.authority.sign("host")
    trusting = login(DEVICE) | {"ca_file": str(broker.authority.certificate)}
    shown = {"certificate_file": str(certificate), "key_file": str(key)}
    with device_at(broker.tls_port, tmp_path, login=trusting | shown) as (_, sink):
        until(lambda: sink.is_up, "the line")
    with device_at(broker.tls_port, tmp_path, login=trusting) as (_, sink):
        _until_told(sink, "not connected")
    with device_at(broker.tls_port, tmp_path, login=login(DEVICE)) as (_, sink):
        _until_told(sink, "not connected")  # without TLS at all


def test_certificates_that_expired_or_that_others_signed_are_refused_on_both_sides(broker: Deployed, tmp_path: Path) -> None:
    trusting = login(DEVICE) | {"ca_file": str(broker.authority.certificate)}
    other = Authority(tmp_path, "other")
    for certificate, key in (broker.authority.sign("old", days=-1), other.sign("stranger")):
        with device_at(broker.tls_port, tmp_path, login=trusting | {"certificate_file": str(certificate), "key_file": str(key)}) as (
            _,
            sink,
        ):
            _until_told(sink, "not connected")
    certificate, key = broker.authority.sign("host")
    shown = {"certificate_file": str(certificate), "key_file": str(key)}
    with device_at(broker.tls_port, tmp_path, login=trusting | shown | {"ca_file": str(other.certificate)}) as (_, sink):
        _until_told(sink, "certificate verify failed")  # a broker that somebody else's authority signed


def test_a_broker_whose_certificate_expired_is_not_talked_to(broker: Deployed, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    for name in ("edgeecg.acl", "edgeecg.passwords"):
        shutil.copy(broker.folder / name, folder)
    authority = Authority(folder)
    authority.sign("broker", days=-1)
    certificate, key = authority.sign("host")
    with _running(folder, authority) as old:
        shown = {"ca_file": str(authority.certificate), "certificate_file": str(certificate), "key_file": str(key)}
        with device_at(old.tls_port, tmp_path, login=login(DEVICE) | shown) as (_, sink):
            _until_told(sink, "certificate has expired")
