"""A line to a broker that is silent, mad, slow or gone comes to an end, says why, and is tried again."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgeecg.backoff import Backoff
from edgeecg.mqtt.buffered import BufferedClient
from edgeecg.mqtt.connecting import prepared
from edgeecg.mqtt.line import Line
from edgeecg.mqtt.properties import Packed
from edgeecg.mqtt.settings import MqttSettings
from edgeecg.mqtt.talk import Incoming, Outgoing
from tests.client.listener import until
from tests.io.sources.brokers import mosquitto_running

CONNACK = b"\x20\x03\x00\x00\x00"
SUBACK = b"\x90\x04\x00\x01\x00\x01"
REFUSED = b"\x90\x04\x00\x01\x00\x87"
HASTE = 60


class HastyClock:
    """Passes sixty times as fast as ours from the moment on that it has something to show: until then the line can lose no patience."""

    def __init__(self, begins: Callable[[], object]) -> None:
        self._begins = begins
        self._begun_s: float | None = None

    def __call__(self) -> float:
        if self._begun_s is None and self._begins():
            self._begun_s = time.monotonic()
        return 0.0 if self._begun_s is None else (time.monotonic() - self._begun_s) * HASTE


class Talker:
    """Says what it is given, once a connection."""

    will: Outgoing | None = None

    def __init__(self, *said: Outgoing, subscriptions: tuple[str, ...] = ("a",)) -> None:
        self.subscriptions = subscriptions
        self._said = said
        self._left: list[Outgoing] = []
        self.ups: list[int] = []
        self.downs: list[str] = []
        self.delivered_numbers: list[int] = []
        self.messages: list[Incoming] = []

    def up(self, *, window: int) -> None:
        self.ups.append(window)
        self._left = list(self._said)

    def down(self, why: str) -> None:
        self.downs.append(why)

    def next(self, now_s: float, *, is_clear: bool) -> tuple[int, Outgoing] | None:  # noqa: ARG002
        return (len(self._left), self._left.pop(0)) if self._left else None

    def delivered(self, number: int, why_not: str, now_s: float) -> None:  # noqa: ARG002
        self.delivered_numbers.append(number)

    def heard(self, message: Incoming, now_s: float) -> None:  # noqa: ARG002
        self.messages.append(message)

    def settle(self, now_s: float) -> float:  # noqa: ARG002
        return 1.0

    def farewell(self) -> tuple[Outgoing, ...]:
        return ()

    def is_done(self) -> bool:
        return True


@contextmanager
def broker(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve each connection in turn, then hold it open."""
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []
    ended = Event()

    def run() -> None:
        with suppress(OSError):
            while not ended.is_set():
                connection = listener.accept()[0]
                held.append(connection)
                with suppress(OSError):
                    serve(connection)

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        with suppress(OSError):
            socket.create_connection(listener.getsockname(), timeout=1).close()
        thread.join()
        listener.close()
        for connection in held:
            connection.close()


@contextmanager
def line_to(port: int, talker: Talker, clock_s: Callable[[], float] | None = None) -> Iterator[Line]:
    """Without a clock of the test's own, time passes once a connection has ended, and what ended it was not that."""
    line = Line(
        MqttSettings(host="127.0.0.1", port=port),
        talker,
        session_s=1,
        max_packet=4096,
        clock_s=clock_s or HastyClock(lambda: talker.downs),
        backoff=Backoff(first_s=0.1, most_s=0.2),
    )
    line.start()
    try:
        yield line
    finally:
        line.stop(0.0)


def test_one_that_never_answers_is_left() -> None:
    talker = Talker()
    with broker(lambda _: None) as port, line_to(port, talker, HastyClock(lambda: True)):
        until(lambda: len(talker.downs) >= 2, "two tries")
    assert talker.downs[0] == "no answer for 5 s"
    assert not talker.ups


def test_one_that_acknowledges_nothing_is_left_and_all_is_said_again() -> None:
    heard: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(CONNACK)
        connection.recv(4096)
        connection.sendall(SUBACK)
        heard.append(connection.recv(4096))

    talker = Talker(Outgoing(topic="t", payload=b"said"))
    with broker(serve) as port, line_to(port, talker, HastyClock(lambda: heard)):
        until(lambda: len(heard) >= 2, "it to be said again")
    assert talker.downs[0] == "nothing acknowledged for 10 s"
    assert all(b"said" in packet for packet in heard)
    assert not talker.delivered_numbers


def test_one_on_which_nothing_moves_is_left() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(CONNACK)
        connection.recv(4096)
        connection.sendall(SUBACK)

    talker = Talker()
    with broker(serve) as port, pytest.MonkeyPatch.context() as patch:
        clock_s = HastyClock(lambda: talker.ups)
        patch.setattr("paho.mqtt.client.time_func", clock_s)
        with line_to(port, talker, clock_s):
            until(lambda: talker.downs, "the end of it")
    assert talker.ups
    assert "eep" in talker.downs[0] or "LOST" in talker.downs[0].upper()


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    """Serve a connection with this, whatever it is, and hang up."""

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    return serve


@pytest.mark.parametrize(
    "nonsense", [b"\x00" * 50, b"\xff" * 50, b"\x20\x7f" + b"\x07" * 127, b"\x30\xff\xff\xff\x7f", b"HTTP/1.1 400 Bad Request\r\n\r\n", b""]
)
def test_one_that_talks_nonsense_is_left(nonsense: bytes) -> None:
    talker = Talker()
    with broker(answering(nonsense)) as port, line_to(port, talker):
        until(lambda: len(talker.downs) >= 3, "three tries")
    assert all(talker.downs)


@pytest.mark.parametrize(
    "nonsense", [b"\x32\x05\x00\x09ab", b"\x32\x06\x00\x01\xff\x00\x01\x00", b"\x40\x02\x00", b"\x90\x01\x00", b"\xd0\x05abcde"]
)
def test_one_that_goes_mad_later_is_left_too(nonsense: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(CONNACK)
        connection.recv(4096)
        connection.sendall(SUBACK + nonsense)
        connection.shutdown(socket.SHUT_WR)

    talker = Talker()
    with broker(serve) as port, line_to(port, talker):
        until(lambda: len(talker.downs) >= 2, "two tries")


def test_a_fault_of_ours_ends_a_connection_and_not_the_line() -> None:
    class Clumsy(Talker):
        def heard(self, message: Incoming, now_s: float) -> None:
            super().heard(message, now_s)
            if len(self.messages) == 1:
                raise RuntimeError("clumsy")

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(CONNACK)
        connection.recv(4096)
        connection.sendall(SUBACK + b"\x30\x06\x00\x01t\x00ab")

    talker = Clumsy()
    with broker(serve) as port, line_to(port, talker):
        until(lambda: len(talker.messages) >= 2, "it to go on")
    assert talker.downs[0] == "RuntimeError: clumsy"


def test_a_fault_of_ours_while_there_is_no_line_ends_the_line_neither() -> None:
    class Clumsy(Talker):
        n_settled = 0

        def settle(self, now_s: float) -> float:  # noqa: ARG002
            self.n_settled += 1
            raise RuntimeError("clumsy")

    talker = Clumsy()
    with line_to(9, talker):
        until(lambda: len(talker.downs) >= 3, "three tries")
    assert talker.n_settled >= 2


def test_a_subscription_that_is_refused_is_said() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(CONNACK)
        connection.recv(4096)
        connection.sendall(REFUSED)

    talker = Talker()
    with broker(serve) as port, line_to(port, talker):
        until(lambda: talker.downs, "the refusal")
    assert talker.downs[0] == "subscription refused: a: Not authorized"
    assert not talker.ups


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"\x20\x02\x00\x01", "Unsupported protocol version: the broker does not speak MQTT 5"),
        (CONNACK + b"\xe0\x02\x8e\x00", "Session taken over: another uses the same name here"),
        (b"", "the broker hung up without a word: it was stopped, or another came by the same name"),
    ],
    ids=["of MQTT 3.1.1 alone", "where another has the name", "without a word"],
)
def test_one_that_refuses_is_quoted_so_that_a_person_understands(answer: bytes, why: str) -> None:
    talker = Talker()
    with broker(answering(answer)) as port, line_to(port, talker):
        until(lambda: talker.downs, "the end of it")
    assert talker.downs[0] == why


def test_the_brokers_window_is_heeded_and_many_packets_read_at_once() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"\x20\x06\x00\x00\x03\x21\x00\x07")
        connection.recv(4096)
        connection.sendall(SUBACK + b"".join(b"\x30\x06\x00\x01t\x00" + b"%02d" % i for i in range(99)))

    talker = Talker()
    with broker(serve) as port, line_to(port, talker):
        until(lambda: len(talker.messages) == 99, "all messages")
    assert talker.ups == [7]
    assert [message.payload for message in talker.messages] == [b"%02d" % i for i in range(99)]


def test_no_more_is_on_its_way_than_the_broker_takes_at_once() -> None:
    """A broker that is strict hangs up on who sends more."""
    on_their_way: list[int] = []

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"\x20\x06\x00\x00\x03\x21\x00\x02")
        connection.recv(4096)
        connection.sendall(SUBACK)
        read = b""
        for n_acknowledged in range(5):
            while read.count(b"said") == n_acknowledged:
                read += connection.recv(4096)
            on_their_way.append(read.count(b"said") - n_acknowledged)
            connection.sendall(b"\x40\x02" + (n_acknowledged + 2).to_bytes(2, "big"))

    talker = Talker(*(Outgoing(topic="t", payload=b"said") for _ in range(5)))
    with broker(serve) as port, line_to(port, talker):
        until(lambda: len(talker.delivered_numbers) == 5 or talker.downs, "all of it")
    assert talker.delivered_numbers == [5, 4, 3, 2, 1]
    assert max(on_their_way) <= 2


def test_what_is_longer_than_the_broker_takes_goes_shorter_or_not_at_all_and_the_rest_goes(tmp_path: Path) -> None:
    class Choosy(Talker):
        refusals: tuple[str, ...] = ()

        def delivered(self, number: int, why_not: str, now_s: float) -> None:
            super().delivered(number, why_not, now_s)
            self.refusals += (why_not,) if why_not else ()

    short = Outgoing(topic="t", payload=b"short")
    talker = Choosy(
        Outgoing(topic="t", payload=bytes(3000)), Outgoing(topic="t", payload=bytes(3000), shorter=short), Outgoing(topic="t", payload=b"x")
    )
    with mosquitto_running(tmp_path, "allow_anonymous true\nmax_packet_size 2000") as port, line_to(port, talker):
        until(lambda: len(talker.delivered_numbers) == 3 or talker.downs, "all of it")
        assert not talker.downs
    assert talker.refusals == ("3032 bytes: the broker takes 2000 at most",)


def test_what_is_called_is_done_on_the_lines_thread_whether_or_not_it_is_up() -> None:
    done: list[str] = []
    with line_to(9, Talker()) as line:
        from threading import current_thread

        line.call(lambda: done.append(current_thread().name))
        until(lambda: done, "the call")
    assert done == ["mqtt 127.0.0.1:9"]


# --- what goes over it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        Outgoing(topic="t", payload=b""),
        Outgoing(topic="t", payload=b"", expiry_s=70_000, response_topic="a/ü", correlation=b"\x00\xff", user=(("k", "v"), ("k", "w"))),
        Outgoing(topic="t", payload=b"", user=tuple((f"key{i}", "v" * 200) for i in range(100))),
    ],
    ids=["plain", "all", "long"],
)
def test_properties_are_packed_as_paho_reads_them(message: Outgoing) -> None:
    packed = Packed(message).pack()
    read, used = Properties(PacketTypes.PUBLISH).unpack(packed + b"the payload")  # type: ignore[no-untyped-call]
    assert used == len(packed)
    assert read.ContentType == "application/json"
    assert getattr(read, "MessageExpiryInterval", 0) == message.expiry_s
    assert getattr(read, "ResponseTopic", "") == message.response_topic
    assert getattr(read, "CorrelationData", b"") == message.correlation
    assert tuple(getattr(read, "UserProperty", ())) == message.user


class Narrow:
    """A socket that takes a few bytes now and then."""

    def __init__(self) -> None:
        self.taken = bytearray()
        self.room = 0

    def send(self, data: bytes) -> int:
        n = min(self.room, len(data))
        if not n:
            raise BlockingIOError
        self.room -= n
        self.taken += data[:n]
        return n

    def close(self) -> None:
        """Nothing to do."""


def test_what_a_socket_does_not_take_is_kept_in_order() -> None:
    client = prepared(BufferedClient, MqttSettings(host="h"), max_packet=99)
    client._sock = narrow = Narrow()  # type: ignore[assignment]
    client.hold()
    said = [bytes((i,)) * 50 for i in range(20)]
    for packet in said[:10]:
        assert client._sock_send(packet) == 50
    assert not narrow.taken, "held"
    client.flush()
    assert client.want_write()
    for packet in said[10:]:
        narrow.room += 30
        assert client._sock_send(packet) == 50
    while client.want_write():
        narrow.room += 7
        client.flush()
    assert narrow.taken == b"".join(said)
    client._sock = None
