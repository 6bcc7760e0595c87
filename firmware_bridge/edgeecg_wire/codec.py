"""Frames to bytes and back, without I/O: `encode(frame)`, and a `Decoder` fed whatever arrived."""

import struct
from dataclasses import dataclass, make_dataclass
from typing import Any
from zlib import crc32

from edgeecg_wire import cobs
from edgeecg_wire.frames import FRAMES, MAX_FRAME, MAX_SEGMENT, VERSION, Frame, Hello, Samples, Stream

CRC_BYTES = 4
HEADER_BYTES = 13
_RESIDUE = 0x2144DF1C  # what CRC-32 gives over anything followed by its own CRC-32
# what is not frozen is filled in a third of the time
_Samples: Any = make_dataclass("_Samples", Samples.__slots__, slots=True, eq=False, repr=False)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A segment harmed on its way. `why`: `cobs`, `short` or `crc`."""

    why: str
    len_bytes: int


@dataclass(frozen=True, slots=True)
class Overlong:
    """More bytes than the longest segment without a delimiter; all up to the next one is skipped."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """An intact frame of a version or type not known here."""

    version: int
    type: int
    len_bytes: int


@dataclass(frozen=True, slots=True)
class Refused:
    """An intact frame that breaks a rule. `why`: `length` or `content`; `detail` is the sentence."""

    type: int
    why: str
    detail: str


Result = Frame | Damaged | Overlong | Unknown | Refused


class WireError(ValueError):
    """A frame that may not be sent."""


class Decoder:
    """Bytes in, results out. Holds at most one segment; any cut of the bytes gives the same results."""

    __slots__ = ("_held", "_skipping")

    def __init__(self) -> None:
        self._held = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[Result]:
        """Return what the bytes completed, in order; nothing is an empty list."""
        line, after = self.whole(data)
        results = [decode(segment) for segment in line.split(b"\0") if segment]
        return results + after if after else results

    def whole(self, data: bytes) -> tuple[bytes, list[Result]]:
        """Return the segments that the bytes completed, with their delimiters, for who decodes many at once; and what comes after those."""
        line = self._held + data
        end = line.rfind(b"\0") + 1
        begin = line.index(b"\0") + 1 if end and self._skipping else 0
        self._skipping = self._skipping and not end
        return line[begin:end], self._hold(line[end:])

    def _hold(self, tail: bytes) -> list[Result]:
        was_skipping = self._skipping
        self._skipping = was_skipping or len(tail) > MAX_SEGMENT
        self._held = b"" if self._skipping else tail
        return [Overlong()] if self._skipping and not was_skipping else []


def decode(segment: bytes) -> Result:
    """Say what one segment is, its delimiter taken off."""
    if len(segment) > MAX_SEGMENT:
        return Overlong()
    frame = cobs.decode(segment)
    if frame is None:
        return Damaged("cobs", len(segment))
    if len(frame) < HEADER_BYTES + CRC_BYTES:
        return Damaged("short", len(segment))
    if crc32(frame) != _RESIDUE:
        return Damaged("crc", len(segment))
    return read(frame[:-CRC_BYTES])


def read(body: bytes) -> Frame | Unknown | Refused:
    """Say what an intact header and payload are."""
    record = FRAMES.get(body[1])
    if body[0] != VERSION or record is None:
        return Unknown(body[0], body[1], len(body))
    if len(body) < record.LAYOUT.size:
        return Refused(record.TYPE, "length", f"frame: {len(body)} bytes are fewer than {record.LAYOUT.size}")
    if record is Samples:
        return _read_samples(body)
    if record is Hello:
        return _read_hello(body)
    frame: Frame = record(*record.LAYOUT.unpack_from(body)[2:])
    return _unless_wrong(frame)


def _unless_wrong(frame: Frame) -> Frame | Refused:
    why = frame.wrong()
    return Refused(frame.TYPE, "content", why) if why else frame


def _read_samples(body: bytes) -> Samples | Refused:
    _, _, stream, sequence, clock_us, rate_millihz, count, leads, bits, lead_off, dropped = Samples.LAYOUT.unpack_from(body)
    data = body[Samples.LAYOUT.size :]
    if len(data) != count * leads * (bits // 8):
        return Refused(Samples.TYPE, "length", f"data: {len(data)} bytes are not {count} x {leads} samples of {bits} bits")
    frame = _Samples(stream, sequence, clock_us, rate_millihz, leads, bits, lead_off, dropped, data)
    frame.__class__ = Samples
    why = frame.wrong()
    return Refused(Samples.TYPE, "content", why) if why else frame


def _read_hello(body: bytes) -> Frame | Refused:
    _, _, stream, sequence, clock_us, device_id, firmware, clock_bits, clock_ppm, n_streams, stream_bytes = Hello.LAYOUT.unpack_from(body)
    at = Hello.LAYOUT.size
    if stream_bytes < Stream.LAYOUT.size or len(body) < at + n_streams * stream_bytes:
        return Refused(Hello.TYPE, "length", f"streams: {len(body) - at} bytes do not hold {n_streams} of {stream_bytes}")
    streams = tuple(_read_stream(body, at + i * stream_bytes) for i in range(n_streams))
    hello = Hello(stream, sequence, clock_us, _text(device_id), _text(firmware), clock_bits, clock_ppm, streams)
    return _unless_wrong(hello)


def _read_stream(body: bytes, at: int) -> Stream:
    stream, kind, leads, bits, unit, rate_millihz, scale_pico, zero, *terms = Stream.LAYOUT.unpack_from(body, at)
    return Stream(stream, kind, leads, bits, unit, rate_millihz, scale_pico, zero, tuple(terms))


def _text(padded: bytes) -> str:
    return padded.rstrip(b"\0").decode("latin-1")  # the rules then refuse what is not ASCII


def encode(frame: Frame) -> bytes:
    """Return the frame as it goes on the wire, delimiter and all; WireError where it breaks a rule."""
    if why := frame.wrong():
        raise WireError(f"{type(frame).__name__}.{why}")
    try:
        body = frame.LAYOUT.pack(VERSION, frame.TYPE, *_values(frame, frame.FIELDS)) + _tail(frame)
    except struct.error as error:
        raise WireError(f"{type(frame).__name__}: a field does not fit its type: {error}") from None
    if len(body) + CRC_BYTES > MAX_FRAME:
        raise WireError(f"{type(frame).__name__}: {len(body) + CRC_BYTES} bytes are more than {MAX_FRAME}")
    return seal(body)


def seal(body: bytes) -> bytes:
    """Put CRC, COBS and delimiter round a header and payload, whatever they say."""
    return cobs.encode(body + crc32(body).to_bytes(CRC_BYTES, "little")) + b"\0"


def _values(record: Frame | Stream, names: tuple[str, ...]) -> list[int | bytes]:
    values: list[int | bytes] = []
    for name in names:
        value = getattr(record, name)
        if isinstance(value, tuple):
            values.extend(value)
        else:
            values.append(value.encode("ascii") if isinstance(value, str) else value)
    return values


def _tail(frame: Frame) -> bytes:
    if isinstance(frame, Samples):
        return frame.data
    if isinstance(frame, Hello):
        return b"".join(Stream.LAYOUT.pack(*_values(stream, Stream.FIELDS)) for stream in frame.streams)
    return b""
