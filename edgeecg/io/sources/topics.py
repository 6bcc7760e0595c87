"""Messages of many devices, each on a topic of its own, and what each is asked on another: who may say what where. Sans-IO."""

from typing import Final

from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.intake import FORGET_AFTER_NS, Intake
from edgeecg.io.sources.items import Item
from edgeecg.io.sources.json_device import JsonDevice
from edgeecg.io.sources.own import OwnDevice
from edgeecg.io.sources.queue import DroppingQueue
from edgeecg.io.sources.refusals import Refusals, shown
from edgeecg.io.sources.requests import SELDOM_NS, Requests, rate_wish
from edgeecg_wire.text import DEVICE_NAME

PREFIX: Final = "edgeecg/v1"
LAST_LEVEL: Final = "raw"
ASK_LEVEL: Final = "ask"
"""Where a host asks; a device answers where it sends."""
SUBSCRIPTION: Final = f"{PREFIX}/+/{LAST_LEVEL}"
MAX_PAYLOAD: Final = 1 << 16
MAX_DEVICES: Final = 1024
LOOK_EVERY_NS: Final = 60 * 10**9
"""How often it is seen who has been silent for so long that nothing is kept of them."""


class Topics:
    """The devices of one broker, each by its topic. What they tell goes to the queue."""

    def __init__(self, broker: str, *, epoch: int, claims: Claims, queue: DroppingQueue, ask_rate_hz: float | None = None) -> None:
        self._broker = broker
        self._epoch = epoch
        self._claims = claims
        self._queue = queue
        self._refusals = Refusals(queue.tell)
        self._devices: dict[str, OwnDevice | JsonDevice] = {}
        self._requests: dict[str, Requests] = {}
        self._ask_rate_hz = ask_rate_hz
        self._announced: set[str] = set()
        self._heard_ns: dict[str, int] = {}
        self._looked_ns = 0

    def take(self, topic: str, payload: bytes, arrival_ns: int, *, retained: bool) -> None:
        """Take one message: what it gives goes to the queue, or why it is refused."""
        device = self._devices.get(topic)
        if retained or len(payload) > MAX_PAYLOAD or topic not in self._announced:
            device = self._admitted(topic, payload, retained=retained)
        if device is None:
            return
        self._heard_ns[topic] = arrival_ns
        items = device.feed(payload, arrival_ns)
        if items:
            self._announced.add(topic)
            self._queue.push_all(items)

    def line_lost(self, now_ns: int) -> None:
        """Messages were missed, and nobody knows how many."""
        items: list[Item] = []
        for device in self._devices.values():
            items += device.close(now_ns) if isinstance(device, OwnDevice) else device.line_lost(now_ns)
        self._queue.push_all(items)

    def forget(self, now_ns: int) -> None:
        """Keep nothing of those who have been silent for a day: others may come in their place."""
        if now_ns - self._looked_ns < LOOK_EVERY_NS:
            return
        self._looked_ns = now_ns
        for topic in [topic for topic, heard_ns in self._heard_ns.items() if now_ns - heard_ns >= FORGET_AFTER_NS]:
            del self._heard_ns[topic]
            self._requests.pop(topic, None)
            self._announced.discard(topic)
            device = self._devices.pop(topic)
            self._queue.push_all(device.close(now_ns) if isinstance(device, OwnDevice) else device.line_lost(now_ns))
            self._claims.release(self._where(topic))

    def _where(self, topic: str) -> str:
        return f"{self._broker}, {shown(topic)}"

    def due(self, now_ns: int) -> list[tuple[str, bytes]]:
        """Return what to ask whom now, and on which topic; a device that sends JSON has no words for it."""
        asked = ((topic, requests.due(now_ns)) for topic, requests in self._requests.items())
        return [(_ask(topic), request) for topic, request in asked if request]

    def goodbyes(self) -> list[tuple[str, bytes]]:
        """Return what tells each device to cease."""
        return [(_ask(topic), requests.goodbye()) for topic, requests in self._requests.items()]

    def _admitted(self, topic: str, payload: bytes, *, retained: bool) -> OwnDevice | JsonDevice | None:
        """Return whom a message is for, unless it is refused as a whole."""
        name = topic.removeprefix(f"{PREFIX}/").removesuffix(f"/{LAST_LEVEL}")
        where = self._where(topic)
        if not DEVICE_NAME.fullmatch(name):
            self._refusals.say(
                f"{self._broker}: topic", repr(topic), f"{PREFIX}/<device>/{LAST_LEVEL}, the device as {DEVICE_NAME.pattern}"
            )
        elif retained:
            self._refusals.say(where, "a retained message", "live: samples are not kept by a broker")
        elif len(payload) > MAX_PAYLOAD:
            self._refusals.say(where, f"a payload of more than {MAX_PAYLOAD} bytes", f"at most {MAX_PAYLOAD} bytes")
        elif topic not in self._devices and len(self._devices) == MAX_DEVICES:
            self._refusals.say(f"{self._broker}: device", repr(name), f"one of the first {MAX_DEVICES}")
        else:
            return self._device(topic, name, Intake(where, self._epoch, self._claims, self._refusals, self._queue.tell), payload[:1])
        return None

    def _device(self, topic: str, name: str, intake: Intake, begins: bytes) -> OwnDevice | JsonDevice:
        """Until a topic has announced a stream, what its message begins with says what it speaks: no frame of ours begins with a brace."""
        device = self._devices.get(topic)
        kind = JsonDevice if begins == b"{" else OwnDevice
        if device is None or (topic not in self._announced and not isinstance(device, kind)):
            self._devices[topic] = device = kind(intake, name)
            self._requests.pop(topic, None)
            if isinstance(device, OwnDevice):
                self._requests[topic] = self._asking(device)
        return device

    def _asking(self, device: OwnDevice) -> Requests:
        requests = Requests(device, seldom_ns=SELDOM_NS)
        if self._ask_rate_hz is not None:
            requests.ask(rate_wish(self._ask_rate_hz))
        return requests


def _ask(topic: str) -> str:
    return f"{topic.removesuffix(LAST_LEVEL)}{ASK_LEVEL}"
