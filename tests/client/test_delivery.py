"""From the outbox over a real broker to a subscriber and back: nothing lost, nothing twice, whoever is away."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from edgeecg.client import AlertSubscriber
from edgeecg.client.store import StoreError
from edgeecg.errors import ConfigError, InputError
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.sinks.mqtt import MqttSink
from edgeecg.payload.stamped import Snippet, StampedAlert
from edgeecg.types import AlertState, Priority
from tests.client.listener import KEY, PATIENCE_S, device_at, subscriber_at, take, until
from tests.io.sources.brokers import BROKERS, mosquitto_running
from tests.payload.alerts import DEVICE, stamped
from tests.ports import free_port


def _take_and_crash(port: int, folder: Path, taken: list[StampedAlert]) -> None:
    with subscriber_at(port, folder) as subscriber:
        taken += take(subscriber, 3)
        raise RuntimeError("crash")


def numbers(alerts: list[StampedAlert]) -> list[int]:
    return [int(alert.alert.alert_id, 16) for alert in alerts]


@pytest.mark.parametrize("broker", BROKERS)
def test_alerts_arrive_are_receipted_and_retired(broker: str, tmp_path: Path) -> None:
    with BROKERS[broker](tmp_path) as port, device_at(port, tmp_path, key=KEY) as (outbox, sink):
        (tmp_path / "key").write_bytes(KEY)
        with subscriber_at(port, tmp_path, key_file=tmp_path / "key") as subscriber:
            until(lambda: subscriber.counters().devices.get(DEVICE) == "online", "the device's status")
            for n in range(20):
                outbox.put([stamped(n)])
                sink.wake()
            got = take(subscriber, 20)
            until(lambda: outbox.counters().n_waiting == 0, "receipts")
        assert numbers(got) == list(range(20))
        assert got[0].alert == stamped(0).alert
        assert got[0].publish_ns > got[0].times.detect_ns
        assert sink.counters()["refusals"] == 0, sink.notices()


@pytest.mark.parametrize("broker", BROKERS)
def test_what_was_put_in_before_anybody_was_there_arrives_once(broker: str, tmp_path: Path) -> None:
    with BROKERS[broker](tmp_path) as port, device_at(port, tmp_path) as (outbox, sink):
        until(lambda: sink.is_up, "the line")
        outbox.put([stamped(n) for n in range(300)])
        sink.wake()
        until(lambda: sink.counters()["sent"] >= 300, "the broker to have it all")
        with subscriber_at(port, tmp_path) as subscriber:
            got = take(subscriber, 300)
            until(lambda: outbox.counters().n_waiting == 0, "receipts")
            assert subscriber.take(0.0) is None
        assert sorted(numbers(got)) == list(range(300))


def test_what_waited_while_its_device_was_given_another_name_is_received_under_that(tmp_path: Path) -> None:
    with mosquitto_running(tmp_path) as port, device_at(port, tmp_path) as (outbox, sink), subscriber_at(port, tmp_path) as subscriber:
        outbox.put([stamped(1, device="its-name-before", snippet=Snippet("I", 0, 250.0, (1, 2)))])
        sink.wake()
        [alert] = take(subscriber, 1)
        assert (alert.device, alert.alert, alert.snippet) == (DEVICE, stamped(1).alert, Snippet("I", 0, 250.0, (1, 2)))
        until(lambda: outbox.counters().n_retired == 1, "its receipt")


def test_two_subscribers_by_one_name_get_all_of_it_each(tmp_path: Path) -> None:
    """Somebody starts a second one as it was started elsewhere: neither throws the other out."""
    folders = [tmp_path / "here", tmp_path / "there"]
    for folder in folders:
        folder.mkdir()
    with (
        mosquitto_running(tmp_path) as port,
        device_at(port, tmp_path) as (outbox, sink),
        subscriber_at(port, folders[0]) as here,
        subscriber_at(port, folders[1]) as there,
    ):
        until(lambda: sink.is_up and here.is_up and there.is_up, "three lines")
        outbox.put([stamped(n) for n in range(20)])
        sink.wake()
        for subscriber in (here, there):
            assert {alert.key for alert in take(subscriber, 20)} == {stamped(n).key for n in range(20)}
            assert subscriber.counters().n_connections == 1


def test_an_alert_a_program_did_not_finish_with_is_given_again_and_no_other(tmp_path: Path) -> None:
    with mosquitto_running(tmp_path) as port, device_at(port, tmp_path) as (outbox, sink):
        outbox.put([stamped(n) for n in range(5)])
        sink.wake()
        first: list[StampedAlert] = []
        with pytest.raises(RuntimeError, match="crash"):
            _take_and_crash(port, tmp_path, first)
        with subscriber_at(port, tmp_path) as subscriber:
            rest = take(subscriber, 3)
            assert subscriber.take(0.0) is None
    assert numbers(first)[-1] == numbers(rest)[0]
    assert sorted(numbers(first)[:-1] + numbers(rest)) == list(range(5))


def test_async_for(tmp_path: Path) -> None:
    async def listen(port: int, outbox: Outbox) -> list[StampedAlert]:
        got = []
        async with subscriber_at(port, tmp_path) as subscriber:
            async for alert in subscriber:
                got.append(alert)
                if len(got) == 10:
                    await asyncio.to_thread(until, lambda: outbox.counters().n_waiting == 0, "receipts")
                    return got
        raise AssertionError

    with mosquitto_running(tmp_path) as port, device_at(port, tmp_path) as (outbox, sink):
        outbox.put([stamped(n) for n in range(10)])
        sink.wake()
        assert sorted(numbers(asyncio.run(asyncio.wait_for(listen(port, outbox), 2 * PATIENCE_S)))) == list(range(10))


# --- acknowledgements -------------------------------------------------------------------------------------------------


def test_a_person_acknowledges_and_is_confirmed(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    with (
        mosquitto_running(tmp_path) as port,
        device_at(port, tmp_path, people=("dr.grey",), on_acknowledge=lambda *said: told.append(said)) as (outbox, sink),
        subscriber_at(port, tmp_path) as subscriber,
    ):
        outbox.put([stamped(1)])
        sink.wake()
        [alert] = take(subscriber, 1)
        with pytest.raises(InputError, match="is not an alert received here"):
            subscriber.acknowledge(stamped(77))
        with pytest.raises(ConfigError, match="by: 'a/b' is not a name"):
            subscriber.acknowledge(alert, by="a/b")
        subscriber.acknowledge(alert, by="dr.grey")
        until(lambda: told, "the engine to be told")
        assert told == [(alert.alert.alert_id, "dr.grey")]
        assert subscriber.unconfirmed() == 1
        outbox.put([stamped(1, 2, state=AlertState.ACKNOWLEDGED, acknowledged_by="dr.grey")])
        sink.wake()
        [answer] = take(subscriber, 1)
        assert answer.alert.acknowledged_by == "dr.grey"
        until(lambda: subscriber.unconfirmed() == 0, "the acknowledgement to be known as confirmed")
        assert len(told) == 1


def test_an_acknowledgement_made_while_the_broker_was_gone_is_said_when_it_is_back(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    port = free_port()
    with device_at(port, tmp_path, on_acknowledge=lambda *said: told.append(said)) as (outbox, sink):
        with mosquitto_running(tmp_path, port=port), subscriber_at(port, tmp_path) as subscriber:
            outbox.put([stamped(1)])
            sink.wake()
            [alert] = take(subscriber, 1)
        with subscriber_at(port, tmp_path) as subscriber:
            subscriber.acknowledge(alert)
        assert not told
        with mosquitto_running(tmp_path, port=port), subscriber_at(port, tmp_path):
            until(lambda: told, "the acknowledgement")
    assert told == [(alert.alert.alert_id, "ward")]


def test_on_a_full_disk_alerts_are_given_and_acknowledged_all_the_same(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []

    def on_acknowledge(*said: str) -> None:
        told.append(said)  # type: ignore[arg-type]

    with mosquitto_running(tmp_path) as port, device_at(port, tmp_path, on_acknowledge=on_acknowledge) as (outbox, sink):
        with subscriber_at(port, tmp_path) as subscriber:
            until(lambda: sink.is_up and subscriber.is_up, "both lines")
            subscriber._store._database.execute("PRAGMA query_only=ON")
            outbox.put([stamped(n) for n in range(3)])
            sink.wake()
            given = take(subscriber, 3)
            with pytest.raises(StoreError, match="readonly"):
                subscriber.acknowledge(given[0], by="dr.grey")
            until(lambda: told, "the acknowledgement")
        assert told == [(given[0].alert.alert_id, "dr.grey")]
        assert outbox.counters().n_waiting == 3, "nothing was receipted"
        with subscriber_at(port, tmp_path) as subscriber:
            assert {one.key for one in take(subscriber, 3)} == {one.key for one in given}, "as after a crash"


def test_revisions_that_never_came_are_named(tmp_path: Path) -> None:
    with mosquitto_running(tmp_path) as port, device_at(port, tmp_path) as (outbox, sink), subscriber_at(port, tmp_path) as subscriber:
        outbox.put([stamped(1, 1), stamped(1, 2), stamped(1, 5), stamped(2, 3)])
        sink.wake()
        take(subscriber, 4)
        assert subscriber.missing() == {(DEVICE, f"{1:032x}"): (3, 4)}
        outbox.put([stamped(1, 3), stamped(1, 4)])
        sink.wake()
        take(subscriber, 2)
        assert subscriber.missing() == {}


# --- brokers that go away ---------------------------------------------------------------------------------------------


def _has_sent(sink: MqttSink, n: int) -> bool:
    return sink.counters()["sent"] >= n


def _are_up(sink: MqttSink, subscriber: AlertSubscriber) -> bool:
    return sink.is_up and subscriber.is_up


@contextmanager
def _default_mosquitto(folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """As Debian ships it: queues in memory, written down every half hour."""
    from tests.io.sources.brokers import _await_listener, mosquitto

    config = folder / "default.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {folder}/\nuser root\n")
    with subprocess.Popen([mosquitto(), "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as broker:
        try:
            _await_listener(port, broker)
            yield broker
        finally:
            broker.kill()
            broker.wait()


def test_a_broker_with_its_defaults_that_is_killed_three_times_loses_nothing(tmp_path: Path) -> None:
    port = free_port()
    n_each = 40
    with device_at(port, tmp_path) as (outbox, sink):
        for round_ in range(3):
            with _default_mosquitto(tmp_path, port) as broker:
                until(lambda: sink.is_up, "the line")
                outbox.put([stamped(round_ * n_each + n) for n in range(n_each)])
                sink.wake()
                until(partial(_has_sent, sink, (round_ + 1) * n_each), "alerts to be on their way")
                broker.kill()
        assert outbox.counters().n_waiting == 3 * n_each, "a PUBACK is not durability"
        with _default_mosquitto(tmp_path, port), subscriber_at(port, tmp_path) as subscriber:
            got = take(subscriber, 3 * n_each)
            until(lambda: outbox.counters().n_waiting == 0, "receipts")
            assert subscriber.take(0.0) is None
    assert sorted(numbers(got)) == list(range(3 * n_each))


def test_a_last_will_says_that_a_killed_device_is_offline(tmp_path: Path) -> None:
    program = f"""
import os, sys
from functools import partial
from pathlib import Path
from tests.client.listener import device_at, until
with device_at(int(sys.argv[1]), Path({str(tmp_path)!r})) as (outbox, sink):
    until(lambda: sink.is_up, "the line")
    sys.stdin.read()
"""
    with mosquitto_running(tmp_path) as port, subscriber_at(port, tmp_path) as subscriber:
        with subprocess.Popen([sys.executable, "-c", program, str(port)], cwd=Path(__file__).parents[2], stdin=subprocess.PIPE) as device:
            until(lambda: subscriber.counters().devices.get(DEVICE) == "online", "the device")
            os.kill(device.pid, signal.SIGKILL)
        until(lambda: subscriber.counters().devices.get(DEVICE) == "offline", "its last will")
        with device_at(port, tmp_path):
            until(lambda: subscriber.counters().devices.get(DEVICE) == "online", "the device again")
        until(lambda: subscriber.counters().devices.get(DEVICE) == "offline", "its goodbye")


def test_what_is_retained_is_what_is_on(tmp_path: Path) -> None:
    from tests.client.rawclient import RawClient

    with mosquitto_running(tmp_path) as port, device_at(port, tmp_path) as (outbox, sink):
        outbox.put([stamped(1), stamped(2, priority=Priority.LOW)])
        sink.wake()
        until(lambda: sink.is_up, "the line")
        with RawClient(port) as raw:
            raw.subscribe("edgeecg/v1/+/state")
            until(lambda: raw.got and json.loads(raw.got[-1].payload)["high"] == 1, "the state")
            outbox.put([stamped(1, 2, state=AlertState.CLEARED)])
            sink.wake()
            until(lambda: json.loads(raw.got[-1].payload)["high"] == 0, "the state without it")
            assert json.loads(raw.got[-1].payload)["low"] == 1
        with RawClient(port) as late:
            late.subscribe("edgeecg/v1/+/state")
            until(lambda: late.got, "what is retained")
            assert late.got[0].retain
            assert json.loads(late.got[0].payload)["high"] == 0


# --- addresses and stores that cannot be used -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("http://h", {}),
        ("mqtt://h:99999", {}),
        ("mqtts://h", {}),
        ("mqtt://h", {"ca_file": __file__}),
        ("mqtt://u:p@h", {}),
        ("mqtt://h", {"name": "a/b"}),
        ("mqtt://h", {"devices": ("#",)}),
        ("mqtt://h", {"password_file": "/nowhere"}),
    ],
)
def test_what_cannot_be_used_is_refused(url: str, settings: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        AlertSubscriber(url, **({"name": "ward", "store": tmp_path / "s"} | settings))  # type: ignore[arg-type]
    with AlertSubscriber("mqtt://h", name="ward", store=tmp_path / "s"):
        """What was refused has let go of its file."""


def test_a_store_is_one_processs_alone(tmp_path: Path) -> None:
    with subscriber_at(9, tmp_path), pytest.raises(InputError, match="a subscriber's own file"):
        subscriber_at(9, tmp_path)


def test_the_client_is_light() -> None:
    program = "import edgeecg.client, json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = set(json.loads(done.stdout))
    assert not {name for name in loaded if name.split(".")[0] in {"numba", "llvmlite", "scipy", "onnxruntime", "serial", "edgeecg_kernels"}}
    ours = {name for name in loaded if name.startswith("edgeecg.")}
    rooms = {name.split(".")[1] for name in ours}
    assert rooms <= {"client", "payload", "mqtt", "types", "facts", "errors", "backoff", "rulefacts"}


def test_a_socket_is_let_go_of(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with mosquitto_running(tmp_path) as port:
        for _ in range(3):
            with device_at(port, tmp_path) as (_, sink), subscriber_at(port, tmp_path) as subscriber:
                until(partial(_are_up, sink, subscriber), "both lines")
    import gc

    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
