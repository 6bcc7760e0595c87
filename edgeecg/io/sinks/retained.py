"""What the broker keeps of a device: that it is there, what it alarms on, and what it is to Home Assistant."""

import json
from collections.abc import Callable
from typing import Final, Literal

from edgeecg.io.outbox.outbox import Outbox
from edgeecg.mqtt.talk import Outgoing
from edgeecg.payload.alert import moment
from edgeecg.payload.homeassistant import discovery, discovery_topic
from edgeecg.payload.seal import PROPERTY, Seal
from edgeecg.payload.status import Status, state_of
from edgeecg.payload.topics import Topics

STATE_S: Final = 0.1
"""The state is said so often at most: it is what is, not what was."""


class Retained:
    """One device's. One thread's."""

    def __init__(self, device: str, seal: Seal, version: str, *, is_homeassistant: bool) -> None:
        self._device, self._seal, self._version, self._topics = device, seal, version, Topics(device)
        self._is_homeassistant = is_homeassistant
        self._greetings: list[Outgoing] = []
        self._said_changes = -1
        self._said_s = -STATE_S

    def line_up(self) -> None:
        """All of it is to be said again."""
        self._greetings = [self.status("online")]
        if self._is_homeassistant:
            body = json.dumps(discovery(self._device, self._version)).encode()
            self._greetings.append(Outgoing(topic=discovery_topic(self._device), payload=body, retain=True))
        self._said_changes = -1

    def greeting(self) -> Outgoing | None:
        """Return what is to be said before anything else."""
        return self._greetings.pop(0) if self._greetings else None

    def status(self, status: Literal["online", "offline"]) -> Outgoing:
        """Return the status; it carries no time, because the last will is written long before it is said."""
        body = Status(device=self._device, status=status, version=self._version[:32]).model_dump_json(by_alias=True).encode()
        return self._kept(self._topics.status, body)

    def state(self, outbox: Outbox, now_s: float, wall_ns: Callable[[], int]) -> Outgoing | None:
        """Return what is being alarmed on, where that has changed and was not said a moment ago."""
        if self.wait_s(outbox, now_s) > 0:
            return None
        self._said_changes, self._said_s = outbox.n_changes, now_s
        return self._kept(self._topics.state, state_of(self._device, outbox.active(), moment(wall_ns())))

    def wait_s(self, outbox: Outbox, now_s: float) -> float:
        """Return in how many seconds the state is to be said."""
        return float("inf") if outbox.n_changes == self._said_changes else max(0.0, self._said_s + STATE_S - now_s)

    def _kept(self, topic: str, body: bytes) -> Outgoing:
        seal = self._seal.make(topic, body)
        return Outgoing(topic=topic, payload=body, retain=True, user=() if seal is None else ((PROPERTY, seal),))
