"""Devices behind an MQTT 5 broker: one connection for all of them, kept up by a thread of its own."""

import random
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgeecg.backoff import Backoff
from edgeecg.errors import ConfigError
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.items import Line, Refusal
from edgeecg.io.sources.queue import DroppingQueue
from edgeecg.io.sources.requests import checked_rate
from edgeecg.io.sources.topics import MAX_PAYLOAD, SUBSCRIPTION, Topics
from edgeecg.mqtt.buffered import BufferedClient
from edgeecg.mqtt.connecting import prepared
from edgeecg.mqtt.settings import MqttSettings

__all__ = ["MqttSettings", "MqttSource"]

SESSION_S: Final = 300
"""How long the broker keeps what comes while the line is down."""
RECEIVE_MAXIMUM: Final = 1000
"""Messages on their way at once: at 5000 a second, a fifth of a second's."""
KEEPALIVE_S: Final = 15
WAIT_S: Final = 0.1
GOODBYE_NS: Final = 2_000_000_000
"""How long a broker may take to have the goodbyes to its devices."""
ASK_EVERY_NS: Final = 100_000_000
"""How often all devices are gone through for what to ask them."""
RECONNECT: Final = Backoff(first_s=0.2, most_s=30.0)
MAX_PACKET: Final = 2 * MAX_PAYLOAD
"""Bytes of a packet that are kept; of a longer one the rest is read and forgotten, and it is refused for its length."""


class MqttSource:
    """Reads every device of one broker until stopped. What they tell lies in `queue`."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        epoch: int,
        claims: Claims,
        queue: DroppingQueue | None = None,
        ask_rate_hz: float | None = None,
        stops_devices: bool = False,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        fraction: Callable[[], float] = random.random,
    ) -> None:
        """`ask_rate_hz` is asked of every device's stream 0. `stops_devices`: at our end they are told to cease; what they sent on
        would be kept by the broker until we are back.
        """
        self.queue = queue or DroppingQueue()
        ask_rate_hz = checked_rate(settings.broker, ask_rate_hz)
        self.topics = Topics(settings.broker, epoch=epoch, claims=claims, queue=self.queue, ask_rate_hz=ask_rate_hz)
        self._stops_devices = stops_devices
        self._asked_ns = 0
        self._settings = settings
        self._clock_ns = clock_ns
        self._fraction = fraction
        self._stopping = Event()
        self._was_up = False
        self._client = self._make_client()
        self._thread = Thread(target=self._run, name=settings.broker, daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye to the broker and wait for the thread to end."""
        self._stopping.set()
        self._thread.join()

    def _make_client(self) -> BufferedClient:
        client = prepared(BufferedClient, self._settings, max_packet=MAX_PACKET)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._message
        return client

    # --- the line -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        failures, told = 0, ""
        while not self._stopping.is_set():
            self._was_up = False
            why = self._connect_and_listen()
            failures = 1 if self._was_up else failures + 1
            if failures == 1 or why != told:  # who was away, and then refuses a password, is told of both
                told = why
                self.queue.tell(Line(self._settings.broker, is_up=False, why=why))
            self._stopping.wait(RECONNECT.delay_s(failures, self._fraction()))
        self.topics.line_lost(self._clock_ns())

    def _connect_and_listen(self) -> str:
        """Return why it came to an end."""
        wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wishes.SessionExpiryInterval = SESSION_S
        wishes.ReceiveMaximum = RECEIVE_MAXIMUM
        self._why = ""
        try:
            self._client = self._make_client()  # a new one: passwords and certificates may be others by now
            self._client.connect(self._settings.host, self._settings.port, KEEPALIVE_S, clean_start=False, properties=wishes)
            while not self._stopping.is_set():
                code, _ = self._client.turn(WAIT_S)
                if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    return self._why or code.name
                self._ask()
            if self._stops_devices:
                self._say_goodbyes()
            self._client.disconnect()
            self._client.turn(WAIT_S)
        except (OSError, ValueError, ConfigError) as error:
            return str(error)
        finally:
            self._hang_up()
        return "stopped"

    def _hang_up(self) -> None:
        """Close what is open, and untie it from us, or both would be kept alive."""
        client = self._client
        client.on_connect = client.on_subscribe = client.on_message = client.on_socket_close = None
        if (sock := client.socket()) is not None:
            sock.close()

    def _ask(self) -> None:
        now_ns = self._clock_ns()
        if self._was_up and now_ns - self._asked_ns >= ASK_EVERY_NS:
            self._asked_ns = now_ns
            self.topics.forget(now_ns)
            self._publish(self.topics.due(now_ns))

    def _publish(self, requests: list[tuple[str, bytes]]) -> None:
        """No broker need keep what is asked: it is asked again."""
        for topic, request in requests:
            self._client.publish(topic, request, qos=0)

    def _say_goodbyes(self) -> None:
        """Read on until the broker has acknowledged them: who hangs up with samples unread resets the line, and what the broker had not
        read by then is lost, with nobody to say it again.
        """
        said = [self._client.publish(topic, request, qos=1) for topic, request in self.topics.goodbyes()]
        on_their_way = [message for message in said if message.rc == MQTTErrorCode.MQTT_ERR_SUCCESS]
        end_ns = self._clock_ns() + GOODBYE_NS
        while not all(message.is_published() for message in on_their_way) and self._clock_ns() < end_ns:
            if self._client.turn(WAIT_S)[0] != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return

    def _connected(self, client: Client, _data: Any, flags: ConnectFlags, code: ReasonCode, _properties: Properties | None) -> None:
        if code.is_failure:
            self._why = str(code)
            return
        if not flags.session_present:
            self.topics.line_lost(self._clock_ns())
        client.subscribe(SUBSCRIPTION, qos=1)

    def _subscribed(self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Properties | None) -> None:
        refused = [code for code in codes if code.is_failure]
        for code in refused:
            self.queue.tell(Refusal(f"{self._settings.broker}: subscription to {SUBSCRIPTION}", str(code), "granted"))
        if not refused:  # only now does what is published arrive
            self._was_up = True
            self.queue.tell(Line(self._settings.broker, is_up=True))

    def _message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "not UTF-8"
        self.topics.take(topic, bytes(message.payload), self._clock_ns(), retained=message.retain)
