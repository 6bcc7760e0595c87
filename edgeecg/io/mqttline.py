"""A device's line that is a topic of an MQTT 5 broker: each frame one message, acknowledged by the broker."""

import time
from typing import Any, Final
from urllib.parse import urlsplit

from paho.mqtt.client import Client, ConnectFlags, MQTTMessageInfo, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgeecg.errors import InputError

TOPIC: Final = "edgeecg/v1/{device}/raw"
PORT: Final = 1883
PATIENCE_S: Final = 5.0
KEEPALIVE_S: Final = 15


class MqttLine:
    """The device's end: `url` is mqtt://[user@]host[:port]. A broker that is gone loses frames, as one would on the way."""

    def __init__(self, url: str, *, device_id: str, password: str | None = None) -> None:
        host, port, user = _address(url)
        self.name = TOPIC.format(device=device_id)
        self.n_bytes = self.n_overrun = 0
        self._refusal = ""
        self._last: MQTTMessageInfo | None = None
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        if user:
            self._client.username_pw_set(user, password)
        self._client.on_connect = self._connected
        self._client.connect_timeout = PATIENCE_S
        try:
            self._client.connect(host, port, KEEPALIVE_S)
        except OSError as error:
            raise InputError(f"{host}:{port}", str(error), "a broker that answers") from error
        self._await_welcome(f"{host}:{port}")

    def _await_welcome(self, broker: str) -> None:
        while not self._client.is_connected():
            code = self._client.loop(PATIENCE_S)
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise InputError(broker, f"a refusal ({self._refusal or code.name})", "a broker that lets this device in")

    def _connected(self, _client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, _properties: Properties | None) -> None:
        self._refusal = str(code) if code.is_failure else ""

    def send(self, frame: bytes) -> None:
        """Publish a frame, or lose it where the broker is gone."""
        self._client.loop(timeout=0.0)
        if not frame:
            return
        if self._client.is_connected():
            self._last = self._client.publish(self.name, frame, qos=1)
            self.n_bytes += len(frame)
        else:
            self.n_overrun += 1

    def received(self) -> bytes:
        """Return nothing: on a topic no host asks."""
        return b""

    def close(self) -> None:
        """Wait until the broker has the last frame, and leave."""
        end_s = time.monotonic() + PATIENCE_S
        while self._last is not None and not self._last.is_published() and self._client.is_connected() and time.monotonic() < end_s:
            self._client.loop(PATIENCE_S)
        self._client.disconnect()
        self._client.loop(timeout=0.0)
        self._client.on_connect = None  # or it and we keep each other, and its socket, alive


def _address(url: str) -> tuple[str, int, str | None]:
    try:
        parts = urlsplit(url)
        port = parts.port or PORT
    except ValueError as error:
        raise InputError(repr(url), str(error), "mqtt://[user@]host[:port]") from error
    if parts.scheme != "mqtt" or not parts.hostname or parts.path.strip("/") or parts.password:
        raise InputError("address", repr(url), "mqtt://[user@]host[:port]")
    return parts.hostname, port, parts.username
