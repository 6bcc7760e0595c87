"""One pipe of bytes to one device, whatever it speaks: the format is named, or recognised from what comes. Sans-IO."""

from dataclasses import replace
from typing import Final, Protocol

from edgeecg.io.sources.foreign import Foreign, ForeignDevice
from edgeecg.io.sources.formats import AUTO, OWN, format_of
from edgeecg.io.sources.intake import Intake
from edgeecg.io.sources.items import Item
from edgeecg.io.sources.own import OwnDevice
from edgeecg.io.sources.requests import Requests
from edgeecg_wire.adapters import recognise
from edgeecg_wire.codec import Decoder
from edgeecg_wire.frames import Hello, SetRate

LISTEN_NS: Final = 1_500_000_000
"""How much of a line is heard before it is said what it speaks."""
MAX_HEARD: Final = 1 << 18
NOTHING_NS: Final = 2_000_000_000
"""A line silent for so long is asked in the next way."""


class Speech(Protocol):
    """A device's way of speaking: bytes to items, and what to write to it."""

    def feed(self, data: bytes, arrival_ns: int) -> list[Item]:
        """Return what the bytes completed."""

    def due(self, now_ns: int) -> bytes:
        """Return what to write now."""

    def ask(self, wish: SetRate) -> None:
        """Want a rate of the device."""

    def line_up(self) -> None:
        """The line has opened."""

    def line_lost(self, now_ns: int) -> list[Item]:
        """The line is gone."""

    def goodbye(self) -> bytes:
        """Return what to write last."""


class OwnSpeech:
    """Our own protocol, both ways."""

    def __init__(self, intake: Intake) -> None:
        self.device = OwnDevice(intake)
        self._requests = Requests(self.device)
        self.feed, self.line_lost = self.device.feed, self.device.line_lost
        self.due, self.line_up, self.goodbye = self._requests.due, self._requests.line_up, self._requests.goodbye
        self.ask = self._requests.ask


class ForeignSpeech:
    """A maker's format: a word to begin, a word to cease."""

    def __init__(self, intake: Intake, foreign: Foreign) -> None:
        self.device = ForeignDevice(intake, foreign)
        self._refuse, self._name = intake.refuse, foreign.format
        self._format = format_of(foreign.format)
        self._has_begun = False
        self.feed, self.line_lost = self.device.feed, self.device.line_lost

    def due(self, now_ns: int) -> bytes:  # noqa: ARG002 - once is enough
        """See Speech."""
        begun, self._has_begun = self._has_begun, True
        return b"" if begun else self._format.begin

    def ask(self, wish: SetRate) -> None:
        """See Speech: a maker's format has no words for it."""
        self._refuse("request", wish.NAME, f"what a device that speaks {self._name} can be asked")

    def line_up(self) -> None:
        """See Speech."""
        self._has_begun = False

    def goodbye(self) -> bytes:
        """See Speech."""
        return self._format.end


def named(intake: Intake, foreign: Foreign) -> "OwnSpeech | ForeignSpeech":
    """Make what reads a format."""
    return OwnSpeech(intake) if foreign.format == OWN else ForeignSpeech(intake, foreign)


def speech(intake: Intake, foreign: Foreign) -> Speech:
    """Make what reads the format that is named; `auto` finds out."""
    return Unrecognised(intake, foreign) if foreign.format == AUTO else named(intake, foreign)


class Unrecognised:
    """A line that is listened to until it is known what it speaks; nothing that was heard is lost."""

    def __init__(self, intake: Intake, foreign: Foreign) -> None:
        self._intake = intake
        self._foreign = foreign
        self._heard: list[tuple[bytes, int]] = []
        self._len_heard = 0
        self._up_ns: int | None = None
        self._asked = 0
        self._decoder = Decoder()
        self.found: OwnSpeech | ForeignSpeech | None = None
        self.format = ""
        """What was recognised."""
        self._wishes: list[SetRate] = []
        self._probes = (OwnSpeech(intake).due(0), format_of("chords").begin)

    def feed(self, data: bytes, arrival_ns: int) -> list[Item]:
        """See Speech."""
        if self.found is not None:
            return self.found.feed(data, arrival_ns)
        self._heard.append((data, arrival_ns))
        self._len_heard += len(data)
        greeted = any(isinstance(result, Hello) for result in self._decoder.feed(data))
        if not greeted and arrival_ns - self._heard[0][1] < LISTEN_NS and self._len_heard < MAX_HEARD:
            return []
        return self._recognised(greeted)

    def _recognised(self, greeted: bool) -> list[Item]:
        """Say what the line speaks: a hello that is intact settles it, else all that was heard."""
        heard, self._heard, self._len_heard = self._heard, [], 0
        line = b"".join(data for data, _ in heard)
        name = OWN if greeted else recognise(line)
        if name is None:
            self._intake.refuse("line", f"{len(line)} bytes that begin {line[:12].hex(' ')}", "in a format that is known")
            return []
        self.format = name
        found = self.found = named(self._intake, replace(self._foreign, format=name))
        for wish in self._wishes:
            found.ask(wish)
        return [item for data, arrival_ns in heard for item in found.feed(data, arrival_ns)]

    def due(self, now_ns: int) -> bytes:
        """See Speech: a silent line is asked in one way after the other."""
        if self.found is not None:
            return self.found.due(now_ns)
        if self._up_ns is None:
            self._up_ns = now_ns
        speaks = self._heard and now_ns - self._heard[-1][1] < NOTHING_NS
        if speaks or now_ns - self._up_ns < NOTHING_NS * self._asked:
            return b""
        self._asked += 1
        return self._probes[(self._asked - 1) % len(self._probes)]

    def ask(self, wish: SetRate) -> None:
        """See Speech: it waits until it is known whom to ask."""
        if self.found is None:
            self._wishes.append(wish)
        else:
            self.found.ask(wish)

    def line_up(self) -> None:
        """See Speech."""
        self._up_ns, self._asked = None, 0
        if self.found is not None:
            self.found.line_up()

    def line_lost(self, now_ns: int) -> list[Item]:
        """See Speech: the same device is expected back."""
        self._heard, self._len_heard, self._decoder = [], 0, Decoder()
        return self.found.line_lost(now_ns) if self.found else []

    def goodbye(self) -> bytes:
        """See Speech."""
        return self.found.goodbye() if self.found else b""
