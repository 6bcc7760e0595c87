"""A line to a broker, kept up by a thread of its own: all that happens on it happens there."""

import random
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Any, Final, cast

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgeecg.backoff import Backoff
from edgeecg.errors import EdgeEcgError
from edgeecg.mqtt.buffered import BufferedClient
from edgeecg.mqtt.connecting import CONNECT_S, prepared
from edgeecg.mqtt.properties import Packed
from edgeecg.mqtt.settings import MqttSettings
from edgeecg.mqtt.talk import Incoming, Outgoing, Talk

KEEPALIVE_S: Final = 15
STALL_S: Final = 10.0
"""A broker that has acknowledged nothing for so long is as good as gone, whatever its socket says."""
WAIT_S: Final = 0.5
WINDOW: Final = 100
"""Messages on their way at once, unless the broker takes fewer."""
ENDLESS: Final = 1 << 28
"""What MQTT itself allows of a packet."""
HEADER_BYTES: Final = 5 + 2 + 2
"""Of a message published at least once: kind and length, the topic's length, its number."""
PLAINLY: Final = {
    "Unspecified error": "the broker hung up without a word: it was stopped, or another came by the same name",
    "Unsupported protocol version": "Unsupported protocol version: the broker does not speak MQTT 5",
    "Session taken over": "Session taken over: another uses the same name here",
}
"""What MQTT's own words leave open."""
RECONNECT: Final = Backoff(first_s=0.2, most_s=30.0)


class Line:
    """Connects, subscribes, publishes what the talk wants published, and comes back when it breaks."""

    def __init__(
        self,
        settings: MqttSettings,
        talk: Talk,
        *,
        session_s: int,
        max_packet: int,
        clock_s: Callable[[], float] = time.monotonic,
        fraction: Callable[[], float] = random.random,
        backoff: Backoff = RECONNECT,
    ) -> None:
        self._settings, self._talk = settings, talk
        self._session_s, self._max_packet = session_s, max_packet
        self._clock_s, self._fraction, self._backoff = clock_s, fraction, backoff
        self._stopping = Event()
        self._leave_by_s = 0.0
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        prepared(BufferedClient, settings, max_packet=max_packet)  # what is wrong with the settings is said here, not in the thread
        self._calls: deque[Callable[[], None]] = deque()
        self._is_up = False
        self._window, self._longest = WINDOW, ENDLESS
        self._thread = Thread(target=self._run, name=settings.broker, daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def wake(self) -> None:
        """Have the talk asked at once; from any thread."""
        with suppress(BlockingIOError, OSError):
            self._waker.send(b"w")

    def call(self, action: Callable[[], None]) -> None:
        """Have something done by the line's thread in its turn; from any thread."""
        self._calls.append(action)
        self.wake()

    def stop(self, drain_s: float) -> None:
        """Say what is still to be said, for so long, and goodbye; wait for the thread to end."""
        self._leave_by_s = self._clock_s() + drain_s
        self._stopping.set()
        self.wake()
        if self._thread.ident is not None:
            self._thread.join()
        self._woken.close()
        self._waker.close()

    # --- the thread -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._is_up = False
            try:
                why = self._connect_and_talk()
            except EdgeEcgError as refusal:  # a password or a certificate that cannot be read any more
                why = str(refusal)
            except Exception as error:  # noqa: BLE001  # paho raises whatever a malformed packet makes it stumble over
                why = f"{type(error).__name__}: {error}"
            failures = 1 if self._is_up else failures + 1
            self._talk.down(why)
            delay_s = self._backoff.delay_s(failures, self._fraction())
            try:
                self._await(delay_s)
            except Exception:  # noqa: BLE001  # what breaks here breaks again once the line is up, and is told then
                self._stopping.wait(delay_s)

    def _await(self, delay_s: float) -> None:
        """Wait out a backoff; being woken for new messages does not cut it short, being stopped does."""
        end_s = self._clock_s() + delay_s
        while not self._stopping.is_set() and (left_s := end_s - self._clock_s()) > 0:
            select.select([self._woken], [], [], left_s)
            self._take_wakings()
            self._do_calls()
            self._talk.settle(self._clock_s())

    def _connect_and_talk(self) -> str:
        """Return why it came to an end."""
        self._why = ""
        self._sent: dict[int, tuple[int, float]] = {}
        client = self._new_client()
        try:
            client.connect(self._settings.host, self._settings.port, KEEPALIVE_S, clean_start=False, properties=self._wishes())
            client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # type: ignore[union-attr]
        except (OSError, ValueError) as error:
            return str(error)
        self._since_s = self._clock_s()
        try:
            return self._talk_until_the_end(client)
        except OSError as error:  # TLS ends like that where a certificate is refused
            return str(error)
        finally:
            self._hang_up(client)

    def _talk_until_the_end(self, client: BufferedClient) -> str:
        while True:
            code = self._turn(client)
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return self._why or code.name
            if why := self._is_hopeless():
                return why
            if self._stopping.is_set() and (not self._is_up or self._talk.is_done() or self._clock_s() >= self._leave_by_s):
                self._leave(client)
                return "stopped"

    def _is_hopeless(self) -> str:
        """Say why there is no use in waiting any longer; empty: there is."""
        now_s = self._clock_s()
        if not self._is_up and now_s - self._since_s > CONNECT_S:
            return f"no answer for {CONNECT_S:g} s"
        oldest = next(iter(self._sent.values()), None)
        if oldest is not None and now_s - oldest[1] > STALL_S:
            return f"nothing acknowledged for {STALL_S:g} s"
        return ""

    def _turn(self, client: BufferedClient) -> MQTTErrorCode:
        """Publish what there is, then wait for what comes."""
        self._do_calls()
        now_s = self._clock_s()
        wait_s = self._talk.settle(now_s)
        if self._is_up:
            self._publish(client, now_s)
        code, is_woken = client.turn(min(wait_s, WAIT_S), self._woken)
        if is_woken:
            self._take_wakings()
        return code

    def _publish(self, client: BufferedClient, now_s: float) -> None:
        is_clear = not client.want_write()
        client.hold()
        while len(self._sent) < self._window and (said := self._talk.next(now_s, is_clear=is_clear)) is not None:
            number, wanted = said
            message = self._fitting(wanted)
            if message is None:
                self._talk.delivered(number, f"{_length(wanted)} bytes: the broker takes {self._longest} at most", now_s)
            else:
                self._sent[_published(client, message).mid] = number, now_s
        client.flush()

    def _fitting(self, message: Outgoing) -> Outgoing | None:
        """Return what the broker takes of it: it hangs up on what is too long, again and again, and nothing else would get through."""
        forms = (message, message.shorter)
        return next((form for form in forms if form is not None and _length(form) <= self._longest), None)

    def _do_calls(self) -> None:
        while self._calls:
            self._calls.popleft()()

    def _take_wakings(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    def _leave(self, client: BufferedClient) -> None:
        """Goodbye is said and acknowledged, or not, within a moment."""
        if self._is_up:
            for message in self._talk.farewell():
                info = _published(client, message)
                end_s = self._clock_s() + WAIT_S
                while not info.is_published() and self._clock_s() < end_s and client.loop(WAIT_S / 10) == MQTTErrorCode.MQTT_ERR_SUCCESS:
                    pass
        client.disconnect()

    def _hang_up(self, client: Client) -> None:
        """Close what is open, and untie it from us, or both would be kept alive."""
        client.on_connect = client.on_subscribe = client.on_message = client.on_publish = client.on_disconnect = None
        client.on_socket_close = None
        sock = client.socket()
        if sock is not None:
            sock.close()

    # --- what paho calls --------------------------------------------------------------------------------------------

    def _new_client(self) -> BufferedClient:
        """A new one for every connection: what the last one did not deliver is the talk's to say again."""
        client = prepared(BufferedClient, self._settings, max_packet=self._max_packet)
        client.max_inflight_messages_set(0)  # the window is kept here
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._message
        client.on_publish = self._published
        client.on_disconnect = self._disconnected
        will = self._talk.will
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=will.retain)
        return client

    def _wishes(self) -> Properties:
        wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wishes.SessionExpiryInterval = self._session_s
        wishes.ReceiveMaximum = 1000
        wishes.MaximumPacketSize = self._max_packet
        return wishes

    def _connected(self, client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, properties: Properties | None) -> None:
        if code.is_failure:
            self._why = _plainly(code)
            return
        self._window = min(WINDOW, getattr(properties, "ReceiveMaximum", WINDOW))
        self._longest = getattr(properties, "MaximumPacketSize", ENDLESS)
        if self._talk.subscriptions:
            client.subscribe([(topic, 1) for topic in self._talk.subscriptions])
        else:
            self._go()

    def _subscribed(self, client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Properties | None) -> None:
        refused = [f"{topic}: {code}" for topic, code in zip(self._talk.subscriptions, codes, strict=False) if code.is_failure]
        if refused:
            self._why = f"subscription refused: {', '.join(refused)}"
            client.disconnect()
            return
        self._go()

    def _go(self) -> None:
        self._is_up = True
        self._talk.up(window=self._window)

    def _published(self, _client: Client, _data: Any, mid: int, code: ReasonCode, _properties: Properties | None) -> None:
        sent = self._sent.pop(mid, None)
        if sent is not None:
            self._talk.delivered(sent[0], str(code) if code.is_failure else "", self._clock_s())

    def _disconnected(self, _client: Client, _data: Any, _flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None) -> None:
        self._why = self._why or _plainly(code)

    def _message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        told = message.properties
        self._talk.heard(
            Incoming(
                topic=topic,
                payload=bytes(message.payload),
                retain=message.retain,
                response_topic=getattr(told, "ResponseTopic", ""),
                correlation=getattr(told, "CorrelationData", b""),
                user=tuple((str(key), str(value)) for key, value in getattr(told, "UserProperty", ())),
            ),
            self._clock_s(),
        )


def _plainly(code: ReasonCode) -> str:
    return PLAINLY.get(str(code), str(code))


def _length(message: Outgoing) -> int:
    return HEADER_BYTES + len(message.topic.encode()) + len(Packed(message)) + len(message.payload)


def _published(client: Client, message: Outgoing) -> MQTTMessageInfo:
    properties = cast(Properties, Packed(message))
    return client.publish(message.topic, message.payload, qos=1, retain=message.retain, properties=properties)
