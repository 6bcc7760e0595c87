"""What every reader of devices is given: where it stands, whom it may speak for, and where to say what it does not take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import ConfigError
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.items import Announced, Item, Notice
from edgeecg.io.sources.lag import DeviceDelay, LagWatch
from edgeecg.io.sources.refusals import Refusals
from edgeecg.types import SourceChange, SourceState

FORGET_AFTER_NS: Final = 86_400 * 10**9
"""A device that only spoke of itself, and has not for a day, is forgotten; when it comes again it is a new one."""


OLD_US: Final = 3_000_000
RESTART_FRAMES: Final = 8
"""A frame whose counter and clock both lie so far behind is a copy that somebody sends, unless so many follow each other: then the device
began anew, and its word of it was lost."""
NEW: Final = "new: its counter and its clock lie far behind"
BEHIND: Final = 1 << 15
COUNTER: Final = (1 << 16) - 1


@dataclass(frozen=True, slots=True)
class Intake:
    """One line's place in the process. `epoch` is drawn by who starts the sources: streams that start anew carry it."""

    where: str
    epoch: int
    claims: Claims
    refusals: Refusals
    tell: Callable[[Notice], None]

    def refuse(self, what: str, got: object, allowed: str) -> None:
        """Say what came on this line and was not taken."""
        self.refusals.say(f"{self.where}: {what}", got, allowed)

    def refuse_facts(self, error: ConfigError) -> None:
        """Pass on what the engine's facts refused."""
        self.refuse(error.where, error.got, error.allowed)


class Stream:
    """A stream of a device, from the first word of it until it is forgotten: its facts do not change."""

    __slots__ = (
        "_n_old",
        "announced",
        "delay",
        "is_open",
        "is_refused",
        "lag",
        "last_sequence",
        "last_us",
        "name",
        "promised",
        "was_open",
        "wraps_us",
    )

    def __init__(self, announced: Announced) -> None:
        self.announced = announced
        self.name = announced.stream
        """In records and sentences."""
        self.promised = len(announced.facts.leads), round(announced.facts.rate_hz * 1000)
        """How many leads, at how many millihertz: what each of its frames says again."""
        self.is_open = self.was_open = False
        self.is_refused = False
        self.delay = DeviceDelay()
        self.lag = LagWatch(announced.stream)
        self.last_us = self.last_sequence = -1
        self._n_old = 0
        self.wraps_us = 0

    def opened(self, now_ns: int, epoch: int) -> list[Item]:
        """Open it unless it is open; announce it once more where it was before, for the engine may have forgotten it."""
        if self.is_open:
            return []
        again = [self.announced] if self.was_open else []
        self.is_open = self.was_open = True
        self.delay.restart()
        return [*again, SourceState(self.name, SourceChange.OPENED, now_ns, epoch=epoch)]

    def lost(self, now_ns: int) -> list[Item]:
        """Lose it unless it is lost."""
        if not self.is_open:
            return []
        self.is_open = False
        return [SourceState(self.name, SourceChange.LOST, now_ns)]

    def watch_all(self, device_us: NDArray[np.int64], arrival_ns: int, intake: Intake) -> None:
        """As `watch` for each of frames that came together, the device's clock going on: each is less late than the one before."""
        self.watch(int(device_us[0]), arrival_ns, intake)
        for one_us in (device_us[1:] if self.lag.is_lagging else device_us[-1:]).tolist():
            self.watch(one_us, arrival_ns, intake)

    def begins_anew(self) -> None:
        """The device said that it did: its counter and clock say nothing of before."""
        self.last_us = self.last_sequence = -1
        self._n_old = 0
        self.delay.restart()

    def seems_old(self, sequence: int, device_us: int) -> bool:
        """Say whether a frame's counter and clock both lie far behind; nothing is counted."""
        is_behind = 0 <= device_us < self.last_us - OLD_US
        return is_behind and self.last_sequence >= 0 and (self.last_sequence - sequence) & COUNTER < BEHIND

    def goes_on(self, sequence: int) -> None:
        """Take the counter of a frame that is new."""
        self._n_old, self.last_sequence = 0, sequence

    def is_old(self, sequence: int, device_us: int) -> bool:
        """Take a frame's counter and clock; say whether it was sent before, long ago."""
        if not self.seems_old(sequence, device_us):
            self.goes_on(sequence)
            return False
        self._n_old += 1
        if self._n_old < RESTART_FRAMES:
            return True
        self.begins_anew()
        return False

    def watch(self, device_us: int, arrival_ns: int, intake: Intake) -> None:
        """Say when its samples begin to come late."""
        if device_us < self.last_us:
            self.delay.restart()  # the device began anew, or its clock was set back
        self.last_us = device_us
        change = self.lag.observe(self.delay.of(device_us, arrival_ns))
        if change is not None:
            intake.tell(change)


def unwrapped(stream: Stream, raw_us: int, bits: int) -> int:
    """Go on counting where a clock of fewer bits begins again; going back by less than half its range is no wrap."""
    if bits == 64:
        return raw_us
    before_us = stream.last_us - stream.wraps_us
    if stream.last_us >= 0 and before_us - raw_us > 1 << (bits - 1):
        stream.wraps_us += 1 << bits
    return raw_us + stream.wraps_us
