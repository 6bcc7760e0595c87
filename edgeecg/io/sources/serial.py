"""A device at a serial port: opened as often as it comes, read by a thread of its own as fast as bytes arrive."""

import random
import termios
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final

from serial import Serial, SerialException

from edgeecg.backoff import Backoff
from edgeecg.errors import ConfigError
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.foreign import Foreign
from edgeecg.io.sources.formats import AUTO, NAMES, format_of
from edgeecg.io.sources.intake import Intake
from edgeecg.io.sources.items import Line
from edgeecg.io.sources.line import Speech, speech
from edgeecg.io.sources.queue import DroppingQueue
from edgeecg.io.sources.refusals import Refusals
from edgeecg.io.sources.requests import checked_rate, rate_wish
from edgeecg_wire import frames as f

READ_S: Final = 0.1
"""How long one read waits at most: requests are repeated, and a stop is noticed, no later."""
WRITE_S: Final = 1.0
REOPEN: Final = Backoff(first_s=0.1, most_s=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialSettings:
    """A port and what is known of the device there; what is not is learned, and said to be."""

    port: str
    format: str = AUTO
    baud: int | None = None
    """None: what the format's devices use."""
    stream: str = ""
    """Name of the stream, for a device that has no id of its own; default: the port's."""
    rate_hz: float | None = None
    mv_per_unit: float | None = None
    offset_units: float = 0.0
    leads: tuple[str, ...] = ()
    ask_rate_hz: float | None = None
    """Asked of a device that speaks our protocol, for its stream 0, before it starts."""

    def __post_init__(self) -> None:
        if self.format != AUTO and self.format not in NAMES:
            raise ConfigError(f"serial {self.port}: format", repr(self.format), f"one of {AUTO}, {', '.join(NAMES)}")
        checked_rate(f"serial {self.port}", self.ask_rate_hz)

    def foreign(self) -> Foreign:
        """What is said of a device that does not say it."""
        return Foreign(
            stream=self.stream or self.port.rsplit("/", maxsplit=1)[-1],
            format=self.format,
            rate_hz=self.rate_hz,
            mv_per_unit=self.mv_per_unit,
            offset_units=self.offset_units,
            leads=self.leads,
        )

    def baud_used(self) -> int:
        """The line's speed."""
        return self.baud or format_of("edgeecg" if self.format == AUTO else self.format).baud


class SerialSource:
    """Reads one port until stopped. What it tells lies in `queue`."""

    def __init__(
        self,
        settings: SerialSettings,
        *,
        epoch: int,
        claims: Claims,
        queue: DroppingQueue | None = None,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        fraction: Callable[[], float] = random.random,
        overhear: Callable[[bytes], object] = lambda _data: None,
    ) -> None:
        """`overhear` is called with the bytes of each read, in the source's thread."""
        self.queue = queue or DroppingQueue()
        self._settings = settings
        self._clock_ns = clock_ns
        self._fraction = fraction
        self._overhear = overhear
        self._stopping = Event()
        intake = Intake(settings.port, epoch, claims, Refusals(self.queue.tell), self.queue.tell)
        self._speech: Speech = speech(intake, settings.foreign())
        self._thread = Thread(target=self._run, name=f"serial {settings.port}", daemon=True)
        self._was_up = self._was_heard = False
        self._wishes: deque[f.SetRate] = deque()
        if settings.ask_rate_hz is not None:
            self.set_rate(settings.ask_rate_hz)

    def set_rate(self, rate_hz: float, stream: int = 0) -> None:
        """Ask the device for another rate of a stream; granted, the stream is lost, announced anew and opened, else a Refusal is told."""
        self._wishes.append(rate_wish(rate_hz, stream))

    def start(self) -> None:
        """Begin to look for the port."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the device to cease, close the port, and wait for the thread to end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._was_up = self._was_heard = False
            why = self._open_and_listen()
            failures = 1 if self._was_heard else failures + 1
            if failures == 1 or self._was_up:
                self.queue.tell(Line(self._settings.port, is_up=False, why=why))
            self.queue.push_all(self._speech.line_lost(self._clock_ns()))
            self._stopping.wait(REOPEN.delay_s(failures, self._fraction()))

    def _open_and_listen(self) -> str:
        """Return why it came to an end."""
        try:
            with self._opened() as port:
                self._was_up = True
                self.queue.tell(Line(self._settings.port, is_up=True))
                self._listen(port)
        except (SerialException, OSError) as error:
            return str(error)
        return "stopped"

    def _opened(self) -> Serial:
        """Open the port for nobody else."""
        try:
            port = Serial(self._settings.port, self._settings.baud_used(), timeout=READ_S, write_timeout=WRITE_S, exclusive=True)
        except (termios.error, ValueError) as error:  # pulled out as it is set up; a speed that its driver refuses
            raise SerialException(str(error)) from error
        self._speech.line_up()
        return port

    def _listen(self, port: Serial) -> None:
        while not self._stopping.is_set():
            while self._wishes:
                self._speech.ask(self._wishes.popleft())
            asked = self._speech.due(self._clock_ns())
            if asked:
                port.write(asked)
            data = port.read(max(1, port.in_waiting))
            if data:
                data += port.read(port.in_waiting)  # a first byte wakes us, and the rest of its frame is here by now
                self._was_heard = True
                self._overhear(data)
                self.queue.push_all(self._speech.feed(data, self._clock_ns()))
        port.write(self._speech.goodbye())
