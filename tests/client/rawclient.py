"""A plain MQTT 5 client: says whatever it is told to, hears all."""

from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.client.listener import until


class RawClient:
    """Connected while it is open."""

    def __init__(self, port: int, *, client_id: str = "raw", username: str | None = None, password: str | None = None) -> None:
        self.got: list[MQTTMessage] = []
        self.codes: list[ReasonCode] = []
        self.granted: list[ReasonCode] = []
        self.client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTv5, reconnect_on_failure=False)
        if username is not None:
            self.client.username_pw_set(username, password)
        self.client.on_message = self._message
        self.client.on_publish = self._published
        self.client.on_subscribe = self._subscribed
        self.port = port

    def __enter__(self) -> Self:
        self.client.connect("127.0.0.1", self.port)
        self.client.loop_start()
        until(self.client.is_connected, "a connection")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self.client.on_message = self.client.on_publish = self.client.on_subscribe = None

    def subscribe(self, topic: str) -> ReasonCode:
        n = len(self.granted)
        self.client.subscribe(topic, qos=1)
        until(lambda: len(self.granted) > n, "the subscription")
        return self.granted[-1]

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, correlation: bytes = b"", user: tuple[tuple[str, str], ...] = ()
    ) -> ReasonCode:
        """Publish and return what the broker made of it."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if correlation:
            properties.CorrelationData = correlation
        for pair in user:
            properties.UserProperty = pair
        n = len(self.codes)
        self.client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        until(lambda: len(self.codes) > n, "a PUBACK")
        return self.codes[-1]

    def _message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self.got.append(message)

    def _published(self, _client: Client, _data: Any, _mid: int, code: ReasonCode, _properties: Properties | None) -> None:
        self.codes.append(code)

    def _subscribed(self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Properties | None) -> None:
        self.granted += codes
