"""What is at the end of a line: its format, its streams, whether damage can be seen, and whether the signal is any good."""

import os
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from serial import Serial

from edgeecg.engine import Engine
from edgeecg.errors import InputError
from edgeecg.facts import EngineConfig
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.foreign import LEARN_S
from edgeecg.io.sources.intake import Intake
from edgeecg.io.sources.items import ECG, Announced, Item, Refusal
from edgeecg.io.sources.line import LISTEN_NS, ForeignSpeech, OwnSpeech, Unrecognised
from edgeecg.io.sources.reception import Reception
from edgeecg.io.sources.refusals import Refusals
from edgeecg.io.sources.serial import READ_S, WRITE_S, SerialSettings
from edgeecg.types import Beat, Chunk, Event, Gap, Quality, SignalState

LISTEN_FIRST_NS: Final = 500_000_000
"""A device that speaks by itself is not told to cease afterwards."""
SILENCE_S: Final = 8.0
"""A line that says nothing for so long, whatever it is asked, is silent: a board that is reset when its port is opened boots meanwhile."""
SILENCE_AT_ONE_SPEED_S: Final = 5.0
"""As long, where other speeds are still to be tried and the board has booted: it is asked in each way once."""
USUAL_BAUDS: Final = (115200, 230400, 57600, 9600, 921600, 38400, 250000, 460800, 1000000)
"""Tried in this order where none is given."""
GIBBERISH_NS: Final = 2 * LISTEN_NS
"""A line that says something for so long and nothing that is known is heard at another speed."""
SHORTEST_S: Final = LEARN_S + 1.0
OWN_INTEGRITY: Final = "crc-32"


@dataclass(frozen=True, slots=True)
class LeadFound:
    """How good one lead of ECG was, while it was listened to."""

    name: str
    clean_share: float
    """Of the time: not off, not saturated, not flat, nothing missing."""
    troubles: tuple[str, ...]
    good_seconds: int | None
    """Seconds that the engine rates good, of `rated_seconds`; None: it has rated none."""
    rated_seconds: int
    beats: int
    heart_rate: float | None


@dataclass(frozen=True, slots=True)
class StreamFound:
    """One stream."""

    name: str
    kind: str
    rate_hz: float
    rate_measured_hz: float
    """By arrivals: what a rate that was told is compared with."""
    leads: tuple[str, ...]
    mv_per_unit: float
    estimated: tuple[str, ...]
    samples: int
    gaps: int
    quality: tuple[LeadFound, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What there is."""

    port: str
    baud: int
    format: str
    device: str
    integrity: str
    listened_s: float
    bytes: int
    refused: int
    sentences: tuple[str, ...]
    streams: tuple[StreamFound, ...]


class Probe:
    """Listens to one line and judges it. Sans-IO."""

    def __init__(self, port: str, settings: SerialSettings | None = None, *, baud: int = 0) -> None:
        self._port, self._baud = port, baud
        self._refused: list[Refusal] = []
        self._refusals = Refusals(self._refused.append)
        intake = Intake(port, 0, Claims(), self._refusals, lambda _notice: None)
        self._line = Unrecognised(intake, (settings or SerialSettings(port=port)).foreign())
        self._items: list[Item] = []
        self._begun_ns: int | None = None
        self._first_ns: int | None = None
        self._last_ns = 0
        self._n_bytes = 0
        self.speaks_unasked = False

    def feed(self, data: bytes, arrival_ns: int) -> None:
        """Take what came."""
        if self._first_ns is None:
            self._first_ns = arrival_ns
            self.speaks_unasked = self._begun_ns is None or arrival_ns - self._begun_ns < LISTEN_FIRST_NS
        self._last_ns = arrival_ns
        self._n_bytes += len(data)
        self._items += self._line.feed(data, arrival_ns)

    def due(self, now_ns: int) -> bytes:
        """Return what to write now: nothing at first."""
        if self._begun_ns is None:
            self._begun_ns = now_ns
        return self._line.due(now_ns) if now_ns - self._begun_ns >= LISTEN_FIRST_NS else b""

    def goodbye(self) -> bytes:
        """Return what to write last, so that the line is left as it was found."""
        return b"" if self.speaks_unasked else self._line.goodbye()

    def heard_s(self, now_ns: int) -> float:
        """Say how long there has been something to hear."""
        return 0.0 if self._first_ns is None else (now_ns - self._first_ns) / 1e9

    @property
    def is_known(self) -> bool:
        """Whether what the line speaks has been recognised."""
        return self._line.found is not None

    def is_hopeless(self, now_ns: int) -> bool:
        """Whether so much was heard that it would have been recognised."""
        return not self.is_known and self._first_ns is not None and now_ns - self._first_ns > GIBBERISH_NS

    def heard(self) -> str:
        """Say what there is where there is nothing to judge."""
        if self._first_ns is None:
            return "silent"
        said = f": {self._refused[0].got}" if self._refused else ""
        return f"{self._n_bytes} bytes in no format that is known{said}"

    def found(self) -> Found:
        """Judge; InputError where there is nothing to judge."""
        if self._first_ns is None:
            raise InputError(self._port, self.heard(), "a line on which something is sent (is the speed right? see --baud)")
        speech = self._line.found
        if speech is None:
            raise InputError(self._port, self.heard(), "ours or a known maker's")
        heard_s = (self._last_ns - self._first_ns) / 1e9
        integrity = speech.device.integrity if isinstance(speech, ForeignSpeech) else OWN_INTEGRITY
        return Found(
            port=self._port,
            baud=self._baud,
            format=self._line.format,
            device=speech.device.device if isinstance(speech, OwnSpeech) else "",
            integrity=integrity,
            listened_s=round(heard_s, 3),
            bytes=self._n_bytes,
            refused=self._refusals.total,
            sentences=tuple(map(str, self._refused)),
            streams=_judged(self._items),
        )


def probe_port(
    port: str,
    *,
    seconds: float,
    settings: SerialSettings,
    clock_ns: Callable[[], int] = time.monotonic_ns,
    tell: Callable[[str], None] = lambda _sentence: None,
) -> Found:
    """Open a port, listen for so long, and judge; where no speed is given, at one after the other. `tell` is told what each gave."""
    bauds = (settings.baud,) if settings.baud else USUAL_BAUDS
    heard = ""
    try:
        with Serial(port, bauds[0], timeout=READ_S, write_timeout=WRITE_S, exclusive=True) as line:
            for baud in bauds:
                line.baudrate = baud
                line.reset_input_buffer()  # what came at another speed means nothing at this one
                probe = Probe(port, settings, baud=baud)
                silence_s = SILENCE_S if baud == bauds[0] else SILENCE_AT_ONE_SPEED_S
                _listen(line, probe, seconds, silence_s, clock_ns, is_last=baud == bauds[-1])
                if probe.is_known or len(bauds) == 1:
                    return probe.found()
                heard = probe.heard()
                tell(f"{baud} baud: {heard}")
    except (OSError, ValueError, termios.error) as error:  # the last two: a speed its driver refuses, pulled out as it is set up
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)  # pyserial says it twice
        raise InputError(port, why, "a serial port that can be opened and read") from error
    tried = ", ".join(map(str, bauds))
    raise InputError(port, f"{heard}, at {tried} baud", "a line on which something known is sent (another speed? see --baud)")


def _listen(line: Serial, probe: Probe, seconds: float, silence_s: float, clock_ns: Callable[[], int], *, is_last: bool) -> None:
    """Listen at one speed: to the end where something known is said, else until it is plain that nothing is."""
    begun_ns = now_ns = clock_ns()
    while _goes_on(probe, now_ns, seconds, begun_ns + round(silence_s * 1e9)) and (is_last or not probe.is_hopeless(now_ns)):
        asked = probe.due(now_ns)
        if asked:
            line.write(asked)
        data = line.read(max(1, line.in_waiting))
        if data:
            data += line.read(line.in_waiting)  # a first byte wakes us, and the rest of its frame is here by now
        now_ns = clock_ns()
        if data:
            probe.feed(data, now_ns)
    line.write(probe.goodbye())


def _goes_on(probe: Probe, now_ns: int, seconds: float, silent_ns: int) -> bool:
    heard_s = probe.heard_s(now_ns)
    return heard_s < seconds if heard_s else now_ns < silent_ns


def _judged(items: list[Item]) -> tuple[StreamFound, ...]:
    reception, engine = Reception(EngineConfig()), Engine(EngineConfig())
    events = [event for given in engine.feed_many(reception.records(items)) for event in given]
    return tuple(_stream(item, items, events) for item in items if isinstance(item, Announced))


def _stream(announced: Announced, items: list[Item], events: list[Event]) -> StreamFound:
    facts = announced.facts
    chunks = [item for item in items if isinstance(item, Chunk) and item.stream == announced.stream]
    mine = [event for event in events if event.stream == announced.stream]
    len_samples = sum(len(chunk.samples) for chunk in chunks)
    passed_s = (chunks[-1].arrival_ns - chunks[0].arrival_ns) / 1e9 if chunks else 0.0
    measured = (len_samples - len(chunks[0].samples)) / passed_s if passed_s > 0 else 0.0
    leads = facts.leads if announced.kind == ECG else ()
    return StreamFound(
        name=announced.stream,
        kind=announced.kind,
        rate_hz=facts.rate_hz,
        rate_measured_hz=round(measured, 1),
        leads=facts.leads,
        mv_per_unit=facts.mv_per_unit,
        estimated=announced.estimated,
        samples=len_samples,
        gaps=sum(isinstance(event, Gap) for event in mine),
        quality=tuple(_lead(name, mine, len_samples, facts.rate_hz) for name in leads),
    )


def _lead(name: str, events: list[Event], len_samples: int, rate_hz: float) -> LeadFound:
    beats = sorted(event.sample for event in events if isinstance(event, Beat) and event.lead == name)
    rated = [event.good for event in events if isinstance(event, Quality) and event.lead == name]
    intervals = [after - before for before, after in pairwise(beats)]
    n_troubled, troubles = _troubled(name, events, len_samples)
    return LeadFound(
        name=name,
        clean_share=round(1 - n_troubled / max(1, len_samples), 3),
        troubles=troubles,
        good_seconds=sum(rated) if rated else None,
        rated_seconds=len(rated),
        beats=len(beats),
        heart_rate=round(60 * rate_hz / median(intervals), 1) if intervals else None,
    )


def _troubled(name: str, events: list[Event], len_samples: int) -> tuple[int, tuple[str, ...]]:
    """Count the samples on which something was wrong with a lead, and say what."""
    seen: dict[str, None] = {}
    n_troubled, since = 0, -1
    for event in events:
        if not isinstance(event, SignalState) or event.lead != name:
            continue
        wrong = [trouble for trouble in ("lead_off", "saturated", "flat", "invalid") if getattr(event, trouble)]
        seen |= dict.fromkeys(wrong)
        if since >= 0:
            n_troubled += event.sample - since
        since = event.sample if wrong else -1
    if since >= 0:
        n_troubled += max(0, len_samples - since)
    return min(n_troubled, len_samples), tuple(seen)
