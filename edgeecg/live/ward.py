"""What the messages say, folded into what a person wants to know now: one row a stream, one an alert. Sans-IO."""

from base64 import b64decode
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.live.messages import Message

TRACE_S: Final = 4.0
LATENCIES: Final = 4096
PRIORITIES: Final = ("technical", "low", "medium", "high")
MOST_OVER: Final = 20


@dataclass(slots=True)
class Bed:
    """One stream."""

    name: str
    rate_hz: float
    heart_rate: float = -1.0
    quality: float = -1.0
    is_good: bool = True
    reason: str = ""
    rhythm: str = ""
    trouble: str = ""
    behind_s: float = 0.0
    beats: int = 0
    delay_ms: float = -1.0
    """From R to S1, where its sound is heard."""
    _pieces: deque[NDArray[np.float32]] = field(default_factory=deque)

    def put(self, message: Message) -> None:
        """Take samples in; of the last seconds only."""
        self._pieces.append(np.frombuffer(b64decode(message["mv"]), "<f4"))
        self.behind_s = message["behind_s"]
        while sum(map(len, self._pieces)) - len(self._pieces[0]) > TRACE_S * self.rate_hz:
            self._pieces.popleft()

    def trace(self) -> NDArray[np.float32]:
        """Return the last seconds, in millivolt."""
        return np.concatenate(self._pieces) if self._pieces else np.empty(0, np.float32)


@dataclass(slots=True)
class Ward:
    """All of it."""

    device: str = ""
    speed: float = 1.0
    people: tuple[str, ...] = ()
    beds: dict[str, Bed] = field(default_factory=dict)
    alerts: OrderedDict[str, dict[str, Any]] = field(default_factory=OrderedDict)
    numbers: dict[str, int] = field(default_factory=dict)
    """What a person calls an alert by, in a terminal."""
    troubles: tuple[str, ...] = ()
    told: str = ""
    silent_s: float = 0.0
    """How long nothing has come, as who reads says."""
    _n_numbered: int = 0
    _heart_of: dict[str, str] = field(default_factory=dict)
    _took_ms: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES))

    def take(self, message: Message) -> None:
        """Fold one in."""
        kind = message["kind"]
        fold = getattr(self, f"_{kind}", None)
        if kind in {"hello", "streams", "alert", "active", "pulse", "answer"} and fold is not None:
            fold(message)
            return
        bed = self.beds.get(message.get("stream", ""))
        if bed is not None:
            _of_bed(bed, message)
        elif kind == "coupling" and (heart := self.beds.get(self._heart_of.get(message["stream"], ""))) is not None:
            heart.delay_ms = message["delay_ms"]

    def latency_ms(self) -> tuple[float, float] | None:
        """Return the median from arrival to decision, and what 99 of 100 stay within; None: nothing has come."""
        if not self._took_ms:
            return None
        took = sorted(self._took_ms)
        return median(took), took[min(len(took) - 1, int(0.99 * len(took)))]

    def rows(self) -> list[dict[str, Any]]:
        """Return alerts, what is on before what is over, the gravest first, the newest first."""
        newest = list(reversed(self.alerts.values()))
        return sorted(newest, key=lambda one: (is_over(one), -PRIORITIES.index(one["priority"])))

    def by_number(self, number: int) -> dict[str, Any] | None:
        """Return the alert that a person calls so."""
        return next((one for key, one in self.alerts.items() if self.numbers[key] == number), None)

    def _hello(self, message: Message) -> None:
        self.device, self.speed, self.people = message["device"], message["speed"], tuple(message["people"])
        self.beds.clear()
        self.alerts.clear()
        self.numbers.clear()

    def _streams(self, message: Message) -> None:
        self._heart_of = {one["name"]: one["sound_of"] for one in message["streams"] if one["sound_of"]}
        known = self.beds
        hearts = [one for one in message["streams"] if not one["sound_of"]]
        self.beds = {one["name"]: known.get(one["name"]) or Bed(one["name"], one["rate_hz"]) for one in hearts}

    def _alert(self, message: Message) -> None:
        key = message["alert_id"]
        known = self.alerts.get(key)
        if known is not None and known["revision"] > message["revision"]:
            return
        seen_by = known["acknowledged_by"] if known is not None else ""
        self.alerts[key] = message | {"acknowledged_by": message["acknowledged_by"] or seen_by}
        if key not in self.numbers:
            self._n_numbered += 1
            self.numbers[key] = self._n_numbered
        over = [key for key, one in self.alerts.items() if is_over(one)]
        for key in over[: max(0, len(over) - MOST_OVER)]:
            del self.alerts[key], self.numbers[key]

    def _active(self, message: Message) -> None:
        for one in message["alerts"]:
            self._alert(one)
        on = {one["alert_id"] for one in message["alerts"]}
        for key, one in self.alerts.items():
            if key not in on:
                one["state"], one["latched"] = "cleared", False

    def _pulse(self, message: Message) -> None:
        self._took_ms.extend(message["took_ms"])
        self.troubles = tuple(message["troubles"])

    def _answer(self, message: Message) -> None:
        self.told = f"not taken: {message['refusal']}" if message["refusal"] else "taken: everybody who gets alerts is told"


def is_over(alert: dict[str, Any]) -> bool:
    """Say whether nobody need look any more."""
    return alert["state"] == "cleared" and not alert["latched"]


TROUBLES: Final = ("lead_off", "saturated", "flat", "invalid")
GONE: Final = {"lost": "source lost", "silent": "silent"}


def _of_bed(bed: Bed, message: Message) -> None:
    match message["kind"]:
        case "samples":
            bed.put(message)
        case "vitals":
            bed.heart_rate = message["heart_rate"]
        case "quality":
            bed.quality, bed.is_good, bed.reason = message["index"], message["good"], message["reason"].replace("_", " ")
        case "signal_state":
            bed.trouble = next((name.replace("_", " ") for name in TROUBLES if message[name]), "")
        case "stream_changed" if message["change"] in {"opened", "live", "lost", "silent"}:
            bed.trouble = GONE.get(message["change"], "")
        case "prediction" if not message["late"]:
            bed.rhythm = "no answer" if message["abstained"] else message["label"]
        case "beat":
            bed.beats += 1
