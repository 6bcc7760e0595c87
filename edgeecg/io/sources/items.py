"""What a source tells: records for the engine, the streams they belong to before they open, and notices for people."""

from dataclasses import dataclass
from typing import TypeAlias

from edgeecg.facts import StreamFacts
from edgeecg.types import Record
from edgeecg_wire.frames import CLOCK_RESTARTED, CLOCK_STEPPED, CLOCK_UNSTABLE, Battery, Clock, LeadOff

PERCENT_UNKNOWN = 255
CLOCK_CHANGES = {CLOCK_RESTARTED: "began again", CLOCK_STEPPED: "was moved", CLOCK_UNSTABLE: "is not to be relied on"}
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

    def __str__(self) -> str:
        return f"{self.stream or 'queue'}: " + ("in time again" if self.is_over else f"samples come {self.delay_s:.1f} s late")


@dataclass(frozen=True, slots=True)
class Said:
    """What a device said beside its samples."""

    device: str
    frame: Battery | Clock | LeadOff

    def __str__(self) -> str:
        return f"{self.device}: {_words(self.frame)}"


def _words(frame: Battery | Clock | LeadOff) -> str:
    if isinstance(frame, Battery):
        known = [f"{frame.percent} %"] * (frame.percent != PERCENT_UNKNOWN) + [f"{frame.millivolts} mV"] * (frame.millivolts != 0)
        return "battery " + ", ".join([*known, *["charging"] * frame.charging] or ["unknown"])
    if isinstance(frame, Clock):
        step = f" by {frame.step_us / 1e6:g} s" if frame.step_us else ""
        return f"its clock {CLOCK_CHANGES.get(frame.reason, 'changed')}{step}"
    off = ", ".join(str(lead) for lead in range(8) if frame.leads_off >> lead & 1)
    return f"stream {frame.about}: " + (f"leads off: {off}" if off else "all leads are on")


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

    def __str__(self) -> str:
        return f"{self.where}: connected" if self.is_up else f"{self.where}: no line: {self.why}"


Notice: TypeAlias = Refusal | Lagging | Said | ClockAnswer | Line
