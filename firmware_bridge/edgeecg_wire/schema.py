"""The one table: every byte of the protocol. Python's records, the C header and SPEC's tables are generated from it."""

from dataclasses import dataclass
from struct import calcsize

VERSION = 1
MAX_SEGMENT = 1024
MAX_FRAME = MAX_SEGMENT - 1 - (MAX_SEGMENT - 1) // 255
MAX_LEADS = 8
MAX_STREAMS = 8
DEVICE = 255
NO_STREAM_LIMIT = 255
MAX_CLOCK_US = 2**63 - 1
MAX_RATE_MILLIHZ = 100_000_000

STRUCT_CODES = {
    "u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i32": "i", "i64": "q", "u16x8": "8H", "name16": "16s", "text16": "16s",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Constant:
    """A number with a name, the same on both sides."""

    name: str
    value: int
    doc: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field: where nothing narrower is said, every value its wire type can hold is allowed."""

    name: str
    wire: str
    doc: str
    low: int | None = None
    high: int | None = None
    only: tuple[int, ...] = ()
    derived: str = ""  # on the wire and in C, but in Python worked out from the other fields by this expression

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return calcsize("<" + STRUCT_CODES[self.wire])


@dataclass(frozen=True, slots=True)
class Layout:
    """Fields that follow one another without padding, little-endian."""

    name: str
    doc: str
    fields: tuple[Field, ...]

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return sum(field.size for field in self.fields)

    @property
    def format(self) -> str:
        """Codes for Python's struct."""
        return "".join(STRUCT_CODES[field.wire] for field in self.fields)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame type. `tail` names what follows the fixed fields: `samples`, `streams` or nothing."""

    type: int
    sender: str
    payload: Layout
    tail: str = ""
    max_stream: int = NO_STREAM_LIMIT


LIMITS = (
    Constant("VERSION", VERSION, "header version spoken here"),
    Constant("MAX_SEGMENT", MAX_SEGMENT, "most bytes between two delimiters, COBS included; one more is overlong"),
    Constant("MAX_FRAME", MAX_FRAME, "most bytes of header + payload + CRC: what always fits in a segment"),
    Constant("MAX_LEADS", MAX_LEADS, "leads in one stream"),
    Constant("MAX_STREAMS", MAX_STREAMS, "streams of one device, numbered from 0"),
    Constant("DEVICE", DEVICE, "stream byte of a frame that belongs to no stream"),
    Constant("MAX_CLOCK_US", MAX_CLOCK_US, "largest clock value: it fits a signed 64-bit integer everywhere"),
    Constant("MAX_RATE_MILLIHZ", MAX_RATE_MILLIHZ, "fastest stream: 100 kHz"),
)

CODES = {
    "kind": (
        Constant("KIND_ECG", 1, "electrocardiogram"),
        Constant("KIND_PCG", 2, "phonocardiogram"),
    ),
    "unit": (
        Constant("UNIT_NONE", 0, "counts of the converter: the scale is not known"),
        Constant("UNIT_VOLT", 1, "volt"),
        Constant("UNIT_PASCAL", 2, "pascal"),
    ),
    "status": (
        Constant("STATUS_DONE", 0, "done"),
        Constant("STATUS_UNKNOWN", 1, "the device does not know this request"),
        Constant("STATUS_REFUSED", 2, "known, but not with this value: nothing has changed"),
    ),
    "clock reason": (
        Constant("CLOCK_RESTARTED", 1, "the device restarted: its clock began again"),
        Constant("CLOCK_STEPPED", 2, "the clock was moved by `step_us`"),
        Constant("CLOCK_UNSTABLE", 3, "the clock's source failed: treat times as unreliable"),
    ),
}

HEADER = Layout("header", "Begins every frame.", (
    Field("version", "u8", "header version; this byte and the next mean the same in every version"),
    Field("type", "u8", "frame type; bit 7 is set in what the host sends"),
    Field("stream", "u8", "stream 0..7, or 255 (`DEVICE`) for a frame that belongs to no stream"),
    Field("sequence", "u16", "counts the frames of this stream byte, by this sender; 65535 is followed by 0"),
    Field("clock_us", "u64", "sender's clock, microseconds: the first sample's instant in `samples`, else when the frame was built",
          high=MAX_CLOCK_US),
))  # fmt: skip

STREAM = Layout("stream", "One stream of a device, in `hello`.", (
    Field("stream", "u8", "its number", high=MAX_STREAMS - 1),
    Field("kind", "u8", "what it measures: `KIND_*`"),
    Field("leads", "u8", "leads in it, interleaved sample by sample", low=1, high=MAX_LEADS),
    Field("bits", "u8", "sample format: 16 is i16, 24 is i24, two's complement, little-endian", only=(16, 24)),
    Field("unit", "u8", "unit of a scaled sample: `UNIT_*`"),
    Field("rate_millihz", "u32", "nominal rate, thousandths of a hertz", low=1, high=MAX_RATE_MILLIHZ),
    Field("scale_pico", "u32", "units x 1e-12 in one count: value = (raw - zero) x scale_pico x 1e-12; 0 is not known"),
    Field("zero", "i32", "raw value of no signal"),
    Field("terms", "u16x8", "for each lead, the low 16 bits of its IEEE 11073 MDC code in partition 2 (lead I: 257); 0 is not stated"),
))  # fmt: skip

FRAMES = (
    Frame(0x01, "device", Layout("hello", "Who the device is and what it sends: at power-up, after every change, and when asked.", (
        Field("device_id", "name16", "a letter or digit, then letters, digits, `.`, `_`, `-`; padded with zeros"),
        Field("firmware", "text16", "printable ASCII, padded with zeros"),
        Field("clock_bits", "u8", "the clock counts modulo 2^this: 32 wraps after 71.6 minutes", low=16, high=64),
        Field("clock_ppm", "u16", "stated tolerance of the clock, parts per million; 0 is not stated"),
        Field("n_streams", "u8", "descriptors that follow", high=MAX_STREAMS, derived="len(self.streams)"),
        Field("stream_bytes", "u8", "size of one descriptor: a newer device may append to it", low=STREAM.size, derived="Stream.LAYOUT.size"),
    )), tail="streams"),
    Frame(0x02, "device", Layout("samples", "Consecutive samples of one stream.", (
        Field("rate_millihz", "u32", "rate these samples were taken at, thousandths of a hertz", low=1, high=MAX_RATE_MILLIHZ),
        Field("count", "u16", "samples of each lead", low=1, derived="len(self.data) // (self.leads * self.bits // 8)"),
        Field("leads", "u8", "leads, interleaved", low=1, high=MAX_LEADS),
        Field("bits", "u8", "16 or 24", only=(16, 24)),
        Field("lead_off", "u8", "bit n: lead n was off during any of these samples; bits from `leads` up are ignored"),
        Field("dropped", "u16", "samples of each lead the device lost just before these; 65535 is that many or more"),
    )), tail="samples", max_stream=MAX_STREAMS - 1),
    Frame(0x03, "device", Layout("lead_off", "The electrodes of a stream changed.", (
        Field("about", "u8", "the stream", high=MAX_STREAMS - 1),
        Field("leads_off", "u8", "bit n: lead n is off now"),
    ))),
    Frame(0x04, "device", Layout("battery", "State of the battery.", (
        Field("percent", "u8", "charge; 255 is not known"),
        Field("charging", "u8", "1 while charging", high=1),
        Field("millivolts", "u16", "0 is not known"),
    ))),
    Frame(0x05, "device", Layout("clock", "The device's clock did something other than run.", (
        Field("reason", "u8", "`CLOCK_*`"),
        Field("step_us", "i64", "how far the clock moved beyond the time that passed"),
    ))),
    Frame(0x06, "device", Layout("time_reply", "Answers `time_sync`; `clock_us` is when the reply was built.", (
        Field("request", "u16", "sequence of the request"),
        Field("host_us", "u64", "`clock_us` of the request", high=MAX_CLOCK_US),
        Field("received_us", "u64", "device's clock when the request's delimiter was read", high=MAX_CLOCK_US),
    ))),
    Frame(0x07, "device", Layout("ack", "Answers every other request.", (
        Field("request_type", "u8", "type of the request"),
        Field("request", "u16", "its sequence"),
        Field("status", "u8", "`STATUS_*`"),
    ))),
    Frame(0x81, "host", Layout("start", "Begin to send.", (Field("streams", "u8", "bit n: stream n; 255 is all"),))),
    Frame(0x82, "host", Layout("stop", "Cease to send.", (Field("streams", "u8", "bit n: stream n; 255 is all"),))),
    Frame(0x83, "host", Layout("set_rate", "Change a stream's rate; the device answers, then says `hello` again.", (
        Field("about", "u8", "the stream", high=MAX_STREAMS - 1),
        Field("rate_millihz", "u32", "thousandths of a hertz", low=1, high=MAX_RATE_MILLIHZ),
    ))),
    Frame(0x84, "host", Layout("time_sync", "Ask for the device's clock; `clock_us` is the host's, of any epoch.", ())),
    Frame(0x85, "host", Layout("identify", "Ask for `hello`.", ())),
)  # fmt: skip
