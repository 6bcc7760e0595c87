"""What a source tells: records for the engine, the streams they belong to before they open, and notices for people."""

from dataclasses import dataclass
from typing import TypeAlias

from edgeecg.facts import StreamFacts
from edgeecg.types import Record
from edgeecg_wire.frames import Battery, Clock, LeadOff

ECG, PCG, OTHER = "ecg", "pcg", "other"


@dataclass(frozen=True, slots=True)
class Announced:
    """A stream that is about to open for the first time. `kind` says what it measures: ECG, PCG or OTHER."""

    stream: str
    kind: str
    facts: StreamFacts
    estimated: tuple[str, ...] = ()
    """Which of the facts were not told but read from the samples: `rate_hz`, `mv_per_unit`."""


Item: TypeAlias = Record | Announced


@dataclass(frozen=True, slots=True)
class Refusal:
    """Input that was not taken. The source goes on."""

    where: str
    got: str
    allowed: str
    times: int = 1
    """How often it has come by now: a repetition is told at 2, 4, 8 ..."""

    def __str__(self) -> str:
        again = f" ({self.times} times)" if self.times > 1 else ""
        return f"{self.where}: {self.got} is not {self.allowed}{again}"


@dataclass(frozen=True, slots=True)
class Lagging:
    """Samples come later and later, or in time again."""

    stream: str
    """Empty: those of a whole source, because its queue is not emptied."""
    delay_s: float
    is_over: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What a device said beside its samples."""

    device: str
    frame: Battery | Clock | LeadOff


@dataclass(frozen=True, slots=True)
class ClockAnswer:
    """The device's clock read `device_us` when the host's monotonic one read `host_ns`, give or take `uncertain_ns`."""

    device: str
    device_us: int
    host_ns: int
    uncertain_ns: int


@dataclass(frozen=True, slots=True)
class Line:
    """The line to devices is up, or down and why."""

    where: str
    is_up: bool
    why: str = ""


Notice: TypeAlias = Refusal | Lagging | Said | ClockAnswer | Line
