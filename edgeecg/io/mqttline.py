"""A device's line that is two topics of an MQTT 5 broker: each frame one message on the one, acknowledged by the broker; what a host asks on the other."""

from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgeecg.errors import InputError
from edgeecg.mqtt.connecting import CONNECT_S, new_client
from edgeecg.mqtt.settings import MqttSettings

SAYS: Final = "edgeecg/v1/{device}/raw"
HEARS: Final = "edgeecg/v1/{device}/ask"
KEEPALIVE_S: Final = 15
MAX_PACKET: Final = 1 << 12


class MqttLine:
    """The device's end. A broker that is gone loses frames, as one would on the way."""

    def __init__(self, settings: MqttSettings, *, device_id: str) -> None:
        self.name, self._hears = SAYS.format(device=device_id), HEARS.format(device=device_id)
        self.n_bytes = self.n_overrun = 0
        self._asked = b""
        self._refusal = ""
        self._last: MQTTMessageInfo | None = None
        self._client = new_client(settings, max_packet=MAX_PACKET)
        self._client.on_connect, self._client.on_message = self._connected, self._message
        try:
            self._client.connect(settings.host, settings.port, KEEPALIVE_S, clean_start=True)
        except OSError as error:
            raise InputError(settings.broker, str(error), "a broker that answers") from error
        self._await_welcome(settings.broker)

    def _await_welcome(self, broker: str) -> None:
        while not self._client.is_connected():
            code = self._client.loop(CONNECT_S)
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise InputError(broker, f"a refusal ({self._refusal or code.name})", "a broker that lets this device in")

    def _connected(self, client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, _properties: Properties | None) -> None:
        self._refusal = str(code) if code.is_failure else ""
        if not code.is_failure:
            client.subscribe(self._hears, qos=0)

    def _message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._asked += bytes(message.payload)

    def send(self, frame: bytes) -> None:
        """Publish a frame, or lose it where the broker is gone."""
        if not frame:
            return
        if self._client.is_connected():
            self._last = self._client.publish(self.name, frame, qos=1)
            self.n_bytes += len(frame)
        else:
            self.n_overrun += 1

    def received(self) -> bytes:
        """Return what hosts have asked meanwhile."""
        self._client.loop(timeout=0.0)
        asked, self._asked = self._asked, b""
        return asked

    def close(self) -> None:
        """Wait until the broker has the last frame, or is known to be gone by keepalives it does not answer, and leave."""
        while self._last is not None and not self._last.is_published() and self._client.is_connected():
            self._client.loop(CONNECT_S)
        self._client.disconnect()
        self._client.loop(timeout=0.0)
        self._client.on_connect = self._client.on_message = None  # or it and we keep each other, and its socket, alive
