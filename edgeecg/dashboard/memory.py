"""What a browser that comes now must be told: what stands, and the last seconds of every stream. Sans-IO."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any, Final

from edgeecg.live.messages import Message

HISTORY_S: Final = 14.0
MOST_ALERTS: Final = 200
PASSING: Final = {"samples", "beat", "gap", "heart_sound", "heart_cycle", "coupling", "prediction"}
MOST_PASSING: Final = 4096


@dataclass(slots=True)
class Memory:
    """Holds lines as they came."""

    _standing: OrderedDict[tuple[Any, ...], str] = field(default_factory=OrderedDict)
    _recent: dict[str, deque[tuple[int, str]]] = field(default_factory=dict)
    _alerts: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _rates_hz: dict[str, float] = field(default_factory=dict)
    _epochs: dict[str, int] = field(default_factory=dict)

    def take(self, message: Message, line: str) -> None:
        """Take a message in."""
        kind = message["kind"]
        if kind == "hello":  # another daemon, or the same one anew
            self._standing.clear()
            self._recent.clear()
        if kind == "streams":
            self._rates_hz = {one["name"]: one["rate_hz"] for one in message["streams"]}
        if kind == "alert":
            self._alerts[message["alert_id"]] = line
            self._alerts.move_to_end(message["alert_id"])
            if len(self._alerts) > MOST_ALERTS:
                self._alerts.popitem(last=False)
        elif kind == "stream_changed" and self._epochs.get(message["stream"]) != message["epoch"]:
            self._epochs[message["stream"]] = message["epoch"]  # its samples are counted anew
            self._recent.pop(message["stream"], None)
        if kind in PASSING:
            self._pass(message, line)
        elif kind not in {"answer", "alert"}:
            self._standing[kind, message.get("stream"), message.get("lead")] = line

    def _pass(self, message: Message, line: str) -> None:
        stream = message["stream"]
        said_at: int = message["reported_at" if "reported_at" in message else "start_sample"]  # what began long ago may be told now
        recent = self._recent.setdefault(stream, deque(maxlen=MOST_PASSING))
        recent.append((said_at, line))
        oldest = said_at - HISTORY_S * self._rates_hz.get(stream, 250.0)
        while recent[0][0] < oldest:
            recent.popleft()

    def lines(self) -> list[str]:
        """Return all of it, in an order in which it can be read."""
        passing = [line for recent in self._recent.values() for _, line in recent]
        return [*self._standing.values(), *self._alerts.values(), *passing]
