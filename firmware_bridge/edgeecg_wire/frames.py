"""Generated from schema.py by `python -m edgeecg_wire.generate`: every record of the protocol."""

# fmt: off
from dataclasses import dataclass
from struct import Struct
from typing import ClassVar

from edgeecg_wire.text import DEVICE_NAME, TEXT

VERSION = 1  # header version spoken here
MAX_SEGMENT = 1024  # most bytes between two delimiters, COBS included; one more is overlong
MAX_FRAME = 1019  # most bytes of header + payload + CRC: what always fits in a segment
MAX_LEADS = 8  # leads in one stream
MAX_STREAMS = 8  # streams of one device, numbered from 0
DEVICE = 255  # stream byte of a frame that belongs to no stream
MAX_CLOCK_US = 9223372036854775807  # largest clock value: it fits a signed 64-bit integer everywhere
MAX_RATE_MILLIHZ = 100000000  # fastest stream: 100 kHz
KIND_ECG = 1  # electrocardiogram
KIND_PCG = 2  # phonocardiogram
UNIT_NONE = 0  # counts of the converter: the scale is not known
UNIT_VOLT = 1  # volt
UNIT_PASCAL = 2  # pascal
STATUS_DONE = 0  # done
STATUS_UNKNOWN = 1  # the device does not know this request
STATUS_REFUSED = 2  # known, but not with this value: nothing has changed
CLOCK_RESTARTED = 1  # the device restarted: its clock began again
CLOCK_STEPPED = 2  # the clock was moved by `step_us`
CLOCK_UNSTABLE = 3  # the clock's source failed: treat times as unreliable


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a device, in `hello`."""

    stream: int
    kind: int
    leads: int
    bits: int
    unit: int
    rate_millihz: int
    scale_pico: int
    zero: int
    terms: tuple[int, ...]
    LAYOUT: ClassVar[Struct] = Struct("<BBBBBIIi8H")
    FIELDS: ClassVar[tuple[str, ...]] = ("stream", "kind", "leads", "bits", "unit", "rate_millihz", "scale_pico", "zero", "terms")

    def wrong(self) -> str:
        """Say which rule is broken, or nothing."""
        if self.stream > 7:
            return f"stream: {self.stream} is not in 0..7"
        if not 1 <= self.leads <= 8:
            return f"leads: {self.leads} is not in 1..8"
        if self.bits not in (16, 24):
            return f"bits: {self.bits} is not 16 or 24"
        if not 1 <= self.rate_millihz <= 100000000:
            return f"rate_millihz: {self.rate_millihz} is not in 1..100000000"
        if len(self.terms) != MAX_LEADS:
            return f"terms: {len(self.terms)} of them, not {MAX_LEADS}"
        return ""


@dataclass(frozen=True, slots=True)
class Hello:
    """Who the device is and what it sends: at power-up, after every change, and when asked."""

    stream: int
    sequence: int
    clock_us: int
    device_id: str
    firmware: str
    clock_bits: int
    clock_ppm: int
    streams: "tuple[Stream, ...]"
    TYPE: ClassVar[int] = 0x01
    NAME: ClassVar[str] = "hello"
    LAYOUT: ClassVar[Struct] = Struct("<BBBHQ16s16sBHBB")
    FIELDS: ClassVar[tuple[str, ...]] = ("stream", "sequence", "clock_us", "device_id", "firmware", "clock_bits", "clock_ppm", "n_streams", "stream_bytes")

    @property
    def n_streams(self) -> int:
        """Return the descriptors that follow."""
        return len(self.streams)

    @property
    def stream_bytes(self) -> int:
        """Return the size of one descriptor: a newer device may append to it."""
        return Stream.LAYOUT.size

    def wrong(self) -> str:
        """Say which rule is broken, or nothing."""
        if self.clock_us > 9223372036854775807:
            return f"clock_us: {self.clock_us} is not in 0..9223372036854775807"
        if not DEVICE_NAME.fullmatch(self.device_id):
            return f"device_id: {self.device_id!r} is not {DEVICE_NAME.pattern}"
        if not TEXT.fullmatch(self.firmware):
            return f"firmware: {self.firmware!r} is not {TEXT.pattern}"
        if not 16 <= self.clock_bits <= 64:
            return f"clock_bits: {self.clock_bits} is not in 16..64"
        for stream in self.streams:
            if why := stream.wrong():
                return f"streams: {why}"
        if len({stream.stream for stream in self.streams}) < len(self.streams):
            return "streams: two have one number"
        if self.n_streams > 8:
            return f"n_streams: {self.n_streams} is not in 0..8"
        return ""


@dataclass(frozen=True, slots=True)
class Samples:
    """Consecutive samples of one stream."""

    stream: int
    sequence: int
    clock_us: int
    rate_millihz: int
    leads: int
    bits: int
    lead_off: int
    dropped: int
    data: bytes
    TYPE: ClassVar[int] = 0x02
    NAME: ClassVar[str] = "samples"
    LAYOUT: ClassVar[Struct] = Struct("<BBBHQIHBBBH")
    FIELDS: ClassVar[tuple[str, ...]] = ("stream", "sequence", "clock_us", "rate_millihz", "count", "leads", "bits", "lead_off", "dropped")

    @property
    def count(self) -> int:
        """Return the samples of each lead."""
        return len(self.data) // (self.leads * self.bits // 8)

    def wrong(self) -> str:
        """Say which rule is broken, or nothing."""
        if self.stream > 7:
            return f"stream: {self.stream} is not in 0..7"
        if self.clock_us > 9223372036854775807:
            return f"clock_us: {self.clock_us} is not in 0..9223372036854775807"
        if not 1 <= self.rate_millihz <= 100000000:
            return f"rate_millihz: {self.rate_millihz} is not in 1..100000000"
        if not 1 <= self.leads <= 8:
            return f"leads: {self.leads} is not in 1..8"
        if self.bits not in (16, 24):
            return f"bits: {self.bits} is not 16 or 24"
        if len(self.data) % (self.leads * self.bits // 8):
            return f"data: {len(self.data)} bytes are not whole samples"
        if self.count < 1:
            return f"count: {self.count} is not at least 1"
        return ""


@dataclass(frozen=True, slots=True)
class LeadOff:
    """The electrodes of a stream changed."""

    stream: int
    sequence: int
    clock_us: int
    about: int
    leads_off: int
    TYPE: ClassVar[int] = 0x03
    NAME: ClassVar[str] = "lead_off"
    LAYOUT: ClassVar[Struct] = Struct("<BBBHQBB")
    FIELDS: ClassVar[tuple[str, ...]] = ("stream", "sequence", "clock_us", "about", "leads_off")

    def wrong(self) -> str:
        """Say which rule is broken, or nothing."""
        if self.clock_us > 9223372036854775807:
            return f"clock_us: {self.clock_us} is not in 0..9223372036854775807"
        if self.about > 7:
            return f"about: {self.about} is not in 0..7"
        return ""


@dataclass(frozen=True, slots=True)
class Battery:
    """State of the battery."""

    stream: int
    sequence: int
    clock_us: int
    percent: int
    charging: int
    millivolts: int
    TYPE: ClassVar[int] = 0x04
    NAME: ClassVar[str] = "battery"
    LAYOUT: ClassVar[Struct] = Struct("<BBBHQBBH")
    FIELDS: ClassVar[tuple[str, ...]] = ("stream", "sequence", "clock_us", "percent", "charging", "millivolts")

    def wrong(self) -> str:
        """Say which rule is broken, or nothing."""
        if self.clock_us > 9223372036854775807:
            return f"clock_us: {self.clock_us} is not in 0..9223372036854775807"
        if self.charging > 1:
            return f"charging: {self.charging} is not in 0..1"
        return ""


@dataclass(frozen=True, slots=True)
class Clock:
    """The device's clock did something other than run."""

    stream: int
    sequence: int
    clock_us: int
    reason: int
    step_us: int
    TYPE: ClassVar[int] = 0x05
    NAME: ClassVar[str] = "clock"
    LAYOUT: ClassVar[Struct] = Struct("<BBBHQBq")
    FIELDS: ClassVar[tuple[str, ...]] = ("stream", "sequence", "clock_us", "reason", "step_us")

    def wrong(self) -> str:
        """Say which rule is broken, or nothing."""
        if self.clock_us > 9223372036854775807:
            return f"clock_us: {self.clock_us} is not in 0..9223372036854775807"
        return ""


@dataclass(frozen=True, slots=True)
class TimeReply:
    """Answers `time_sync`; `clock_us` is when the reply was built."""

    stream: int
    sequence: int
    clock_us: int
    request: int
    host_us: int
    received_us: int
    TYPE: ClassVar[int] = 0x06
    NAME: ClassVar[str] = "time_reply"
    LAYOUT: ClassVar[Struct] = Struct("<BBBHQHQQ")
    FIELDS: ClassVar[tuple[str, ...]] = ("stream", "sequence", "clock_us", "request", "host_us", "received_us")

    def wrong(self) -> str:
        """Say which rule is broken, or nothing."""
        if self.clock_us > 9223372036854775807:
            return f"clock_us: {self.clock_us} is not in 0..9223372036854775807"
        if self.host_us > 9223372036854775807:
            return f"host_us: {self.host_us} is not in 0..9223372036854775807"
        if self.received_us > 9223372036854775807:
            return f"received_us: {self.received_us} is not in 0..9223372036854775807"
        return ""


@dataclass(frozen=True, slots=True)
class Ack:
    """Answers every other request."""

    stream: int
    sequence: int
    clock_us: int
    request_type: int
    request: int
    status: int
    TYPE: ClassVar[int] = 0x07
    NAME: ClassVar[str] = "ack"
    LAYOUT: ClassVar[Struct] = Struct("<BBBHQBHB")
    FIELDS: ClassVar[tuple[str, ...]] = ("stream", "sequence", "clock_us", "request_type", "request", "status")

    def wrong(self) -> str:
        """Say which rule is broken, or nothing."""
        if self.clock_us > 9223372036854775807:
            return f"clock_us: {self.clock_us} is not in 0..9223372036854775807"
        return ""


@dataclass(frozen=True, slots=True)
class Start:
    """Begin to send."""

    stream: int
    sequence: int
    clock_us: int
    streams: int
    TYPE: ClassVar[int] = 0x81
    NAME: ClassVar[str] = "start"
    LAYOUT: ClassVar[Struct] = Struct("<BBBHQB")
    FIELDS: ClassVar[tuple[str, ...]] = ("stream", "sequence", "clock_us", "streams")

    def wrong(self) -> str:
        """Say which rule is broken, or nothing."""
        if self.clock_us > 9223372036854775807:
            return f"clock_us: {self.clock_us} is not in 0..9223372036854775807"
        return ""


@dataclass(frozen=True, slots=True)
class Stop:
    """Cease to send."""

    stream: int
    sequence: int
    clock_us: int
    streams: int
    TYPE: ClassVar[int] = 0x82
    NAME: ClassVar[str] = "stop"
    LAYOUT: ClassVar[Struct] = Struct("<BBBHQB")
    FIELDS: ClassVar[tuple[str, ...]] = ("stream", "sequence", "clock_us", "streams")

    def wrong(self) -> str:
        """Say which rule is broken, or nothing."""
        if self.clock_us > 9223372036854775807:
            return f"clock_us: {self.clock_us} is not in 0..9223372036854775807"
        return ""


@dataclass(frozen=True, slots=True)
class SetRate:
    """Change a stream's rate; the device answers, then says `hello` again."""

    stream: int
    sequence: int
    clock_us: int
    about: int
    rate_millihz: int
    TYPE: ClassVar[int] = 0x83
    NAME: ClassVar[str] = "set_rate"
    LAYOUT: ClassVar[Struct] = Struct("<BBBHQBI")
    FIELDS: ClassVar[tuple[str, ...]] = ("stream", "sequence", "clock_us", "about", "rate_millihz")

    def wrong(self) -> str:
        """Say which rule is broken, or nothing."""
        if self.clock_us > 9223372036854775807:
            return f"clock_us: {self.clock_us} is not in 0..9223372036854775807"
        if self.about > 7:
            return f"about: {self.about} is not in 0..7"
        if not 1 <= self.rate_millihz <= 100000000:
            return f"rate_millihz: {self.rate_millihz} is not in 1..100000000"
        return ""


@dataclass(frozen=True, slots=True)
class TimeSync:
    """Ask for the device's clock; `clock_us` is the host's, of any epoch."""

    stream: int
    sequence: int
    clock_us: int
    TYPE: ClassVar[int] = 0x84
    NAME: ClassVar[str] = "time_sync"
    LAYOUT: ClassVar[Struct] = Struct("<BBBHQ")
    FIELDS: ClassVar[tuple[str, ...]] = ("stream", "sequence", "clock_us")

    def wrong(self) -> str:
        """Say which rule is broken, or nothing."""
        if self.clock_us > 9223372036854775807:
            return f"clock_us: {self.clock_us} is not in 0..9223372036854775807"
        return ""


@dataclass(frozen=True, slots=True)
class Identify:
    """Ask for `hello`."""

    stream: int
    sequence: int
    clock_us: int
    TYPE: ClassVar[int] = 0x85
    NAME: ClassVar[str] = "identify"
    LAYOUT: ClassVar[Struct] = Struct("<BBBHQ")
    FIELDS: ClassVar[tuple[str, ...]] = ("stream", "sequence", "clock_us")

    def wrong(self) -> str:
        """Say which rule is broken, or nothing."""
        if self.clock_us > 9223372036854775807:
            return f"clock_us: {self.clock_us} is not in 0..9223372036854775807"
        return ""


Frame = Hello | Samples | LeadOff | Battery | Clock | TimeReply | Ack | Start | Stop | SetRate | TimeSync | Identify
FRAMES: dict[int, type[Frame]] = {Hello.TYPE: Hello, Samples.TYPE: Samples, LeadOff.TYPE: LeadOff, Battery.TYPE: Battery, Clock.TYPE: Clock, TimeReply.TYPE: TimeReply, Ack.TYPE: Ack, Start.TYPE: Start, Stop.TYPE: Stop, SetRate.TYPE: SetRate, TimeSync.TYPE: TimeSync, Identify.TYPE: Identify}
