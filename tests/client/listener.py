"""A device's sink and a subscriber on real lines, waited for by what happens and not by sleeping."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgeecg.client import AlertSubscriber
from edgeecg.io.outbox.limits import OutboxLimits
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.sinks.mqtt import MqttSink, MqttSinkSettings
from edgeecg.mqtt.settings import MqttSettings
from edgeecg.payload.stamped import StampedAlert
from tests.payload.alerts import DEVICE

PATIENCE_S = 60.0
KEY = b"a key for the device's seals"


def until(holds: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until something holds; a test that has to wait for other processes cannot do without."""
    end_s = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < end_s, f"waited {patience_s:g} s for {what}"
        time.sleep(0.005)


@contextmanager
def device_at(
    port: int,
    folder: Path,
    *,
    receivers: tuple[str, ...] = ("ward",),
    key: bytes | None = None,
    people: tuple[str, ...] = (),
    on_acknowledge: Callable[[str, str], None] = lambda _alert_id, _by: None,
    device: str = DEVICE,
    max_bytes: int = 64 << 20,
    login: dict[str, str] | None = None,
    host: str = "127.0.0.1",
) -> Iterator[tuple[Outbox, MqttSink]]:
    """A device's outbox and its sink, connecting."""
    outbox = Outbox(folder / f"{device}.outbox", OutboxLimits(receivers=receivers, max_bytes=max_bytes))
    settings = MqttSinkSettings(
        broker=MqttSettings(host=host, port=port, client_id=f"edgeecg-{device}", **(login or {})),
        device=device,
        key=key,
        people=people,
    )
    sink = MqttSink(settings, outbox, on_acknowledge=on_acknowledge, fraction=lambda: 0.3)
    sink.start()
    try:
        yield outbox, sink
    finally:
        sink.stop(2.0)
        outbox.close()


def subscriber_at(port: int, folder: Path, *, name: str = "ward", host: str = "127.0.0.1", **settings: Any) -> AlertSubscriber:
    """A subscriber with a store of its own."""
    return AlertSubscriber(f"mqtt://{host}:{port}", name=name, store=folder / f"{name}.store", **settings)


def take(subscriber: AlertSubscriber, n: int) -> list[StampedAlert]:
    """So many alerts, in the order they are given."""
    taken: list[StampedAlert] = []
    for _ in range(n):
        alert = subscriber.take(PATIENCE_S)
        assert alert is not None, f"waited {PATIENCE_S} s for alert {len(taken) + 1} of {n}: {subscriber.notices()}"
        taken.append(alert)
    return taken
