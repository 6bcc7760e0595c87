"""Devices that publish."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from edgeecg_wire import frames as f
from edgeecg_wire.codec import encode
from tests.io.sources.pty_device import ECG

PATIENCE_S = 60.0


class Publisher:
    """One connection that may speak for many devices; every message is acknowledged by the broker before the next."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        sent.wait_for_publish(PATIENCE_S)
        assert sent.is_published()

    def burst(self, messages: list[tuple[str, bytes]]) -> None:
        """Publish as fast as the broker takes it."""
        for sent in [self._client.publish(topic, payload, qos=1) for topic, payload in messages]:
            sent.wait_for_publish(PATIENCE_S)
            assert sent.is_published()

    def say(self, device: str, *frames: f.Frame) -> None:
        self.publish(raw(device), b"".join(map(encode, frames)))


def raw(device: str) -> str:
    return f"edgeecg/v1/{device}/raw"


def ask(device: str) -> str:
    return f"edgeecg/v1/{device}/ask"


def hello(device: str, stream: f.Stream = ECG, *, clock_us: int = 0) -> f.Hello:
    return f.Hello(f.DEVICE, 0, clock_us, device, "test 1", 64, 20, (stream,))


def samples(i: int, *, n: int = 25, rate_millihz: int = 250_000, clock_us: int | None = None) -> f.Samples:
    data = np.full(n, i % 1000, "<i2").tobytes()
    at_us = i * n * 1_000_000_000 // rate_millihz if clock_us is None else clock_us
    return f.Samples(0, i & 0xFFFF, at_us, rate_millihz, 1, 16, 0, 0, data)


@contextmanager
def publishing(port: int, *, username: str | None = None, password: str | None = None) -> Iterator[Publisher]:
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    if username is not None:
        client.username_pw_set(username, password)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield Publisher(client)
    finally:
        client.disconnect()
        client.loop_stop()
