"""The golden vectors: frames that are right, frames that are wrong in every way, and how each must be read."""

from collections.abc import Iterator
from pathlib import Path

from edgeecg_wire import cobs
from edgeecg_wire import frames as f
from edgeecg_wire.codec import Decoder, encode, seal
from edgeecg_wire.rows import row

PATH = Path(__file__).resolve().parents[1] / "vectors" / "frames.txt"
_HEAD = """\
# Written by `python -m edgeecg_wire.generate`. `>` bytes in hexadecimal, `<` one line for each result, in order.
"""
_ECG = f.Stream(0, f.KIND_ECG, 2, 16, f.UNIT_VOLT, 250_000, 381_470, 0, (257, 258, 0, 0, 0, 0, 0, 0))
_PCG = f.Stream(1, f.KIND_PCG, 1, 24, f.UNIT_PASCAL, 2_000_000, 3_363_761, -12, (0,) * 8)
_I16 = b"".join(value.to_bytes(2, "little", signed=True) for value in (0, 1, -1, 32767, -32768, 256, -256, 512))
_I24 = b"".join(value.to_bytes(3, "little", signed=True) for value in (0, 1, -1, 8388607, -8388608, 65536))


def _right() -> Iterator[tuple[str, f.Frame]]:
    device = f.DEVICE
    yield "hello of two streams", f.Hello(device, 0, 1000, "belt-7", "fw 1.2.3", 64, 20, (_ECG, _PCG))
    yield "hello of a device without streams", f.Hello(device, 65535, 0, "A0._-z9Z", " ~", 16, 0, ())
    yield "samples, i16, two leads", f.Samples(0, 7, 123_456_789, 250_000, 2, 16, 2, 0, _I16)
    yield "samples, i24", f.Samples(1, 8, 2**63 - 1, 2_000_000, 1, 24, 0, 65535, _I24)
    yield "samples, all zero", f.Samples(0, 0, 0, 125_000, 1, 16, 0, 0, bytes(100))
    yield (
        "samples without a zero, one full block and more",
        f.Samples(7, 257, 0x0101010101010101, 0x01010101, 1, 16, 1, 257, b"\x01" * 2 * 257),
    )
    yield "samples, the longest frame", f.Samples(0, 1, 2, 250_000, 1, 16, 0, 0, b"\xff\x7f" * 495)
    yield "lead off", f.LeadOff(device, 3, 5_000_000, 0, 3)
    yield "battery", f.Battery(device, 4, 5_000_001, 87, 1, 3990)
    yield "clock stepped back", f.Clock(device, 5, 5_000_002, f.CLOCK_STEPPED, -(2**63))
    yield "time reply", f.TimeReply(device, 6, 5_000_003, 9, 2**62, 5_000_002)
    yield "ack", f.Ack(device, 7, 5_000_004, f.SetRate.TYPE, 65535, f.STATUS_REFUSED)
    yield "start", f.Start(device, 0, 1, 255)
    yield "stop", f.Stop(device, 1, 1, 2)
    yield "set rate", f.SetRate(device, 2, 1, 0, 500_000)
    yield "time sync", f.TimeSync(device, 3, 1_700_000_000_000_000)
    yield "identify", f.Identify(device, 4, 0)


def _body(frame: f.Frame) -> bytearray:
    """Return header and payload of a frame, to be spoilt and sealed again."""
    return bytearray((cobs.decode(encode(frame)[:-1]) or b"")[:-4])


def _with(frame: f.Frame, changes: dict[int, int]) -> bytes:
    body = _body(frame)
    for at, value in changes.items():
        body[at] = value
    return seal(bytes(body))


def _wrong() -> Iterator[tuple[str, bytes]]:
    right = dict(_right())
    samples, hello, battery = right["samples, i16, two leads"], right["hello of two streams"], right["battery"]
    wire = encode(samples)
    yield "nothing", b""
    yield "empty segments", b"\0\0\0"
    yield "not yet ended", wire[:-1]
    yield "two frames after a zero", b"\0" + wire + encode(battery)
    yield "a bit flipped", wire[:20] + bytes([wire[20] ^ 1 or 2]) + wire[21:]
    yield "a byte lost", wire[:30] + wire[31:]
    yield "an end lost: two segments become one", wire[:-1] + wire
    yield "a block past the end", b"\x05\x01\x02\0"
    yield "too short", b"\x03\x01\x02\0"
    yield "one byte short of the shortest frame", seal(bytes(12))
    yield "the longest segment, damaged", b"\x01" * 1024 + b"\0" + wire
    yield "overlong, then a frame", b"\x01" * 1025 + b"\0" + wire
    yield "overlong, not ended", b"\x01" * 5000
    yield "version 2", _with(samples, {0: 2})
    yield "unknown type", _with(samples, {1: 0x7E})
    yield "unknown type without payload", seal(bytes(_body(samples)[:1]) + b"\x60" + bytes(11))
    yield "samples: no payload", seal(bytes(_body(samples)[:13]))
    yield "samples: count says more", _with(samples, {17: 5})
    yield "samples: count says less", _with(samples, {17: 3})
    yield "samples: half a sample more", seal(bytes(_body(samples)) + b"\x07")
    yield "samples: count is 0", seal(bytes(_body(samples)[:17]) + b"\0\0" + bytes(_body(samples)[19:24]))
    yield "samples: no leads", seal(bytes(_body(samples)[:19]) + b"\0" + bytes(_body(samples)[20:24]))
    yield "samples: nine leads", seal(bytes(_body(samples)[:17]) + b"\x01\x00\x09" + bytes(_body(samples)[20:24]) + bytes(18))
    yield "samples: 17 bits", _with(samples, {20: 17})
    yield "samples: rate 0", _with(samples, {13: 0, 14: 0, 15: 0, 16: 0})
    yield "samples: rate too high", _with(samples, {16: 0x7F})
    yield "samples: stream 8", _with(samples, {2: 8})
    yield "samples: clock past its largest", _with(samples, {12: 0x80})
    yield "hello: id begins with a dot", _with(hello, {13: ord(".")})
    yield "hello: a zero inside the id", _with(hello, {14: 0})
    yield "hello: firmware not ASCII", _with(hello, {30: 0xE9})
    yield "hello: clock of 8 bits", _with(hello, {45: 8})
    yield "hello: more streams than bytes", _with(hello, {48: 3})
    yield "hello: descriptors too small", _with(hello, {49: 32})
    yield "hello: one stream twice", _with(hello, {50 + 33: 0})
    yield "hello: nine streams", seal(bytes(_body(hello)[:48]) + b"\x09\x21" + bytes(9 * 33))
    yield (
        "hello: longer descriptors of a newer device",
        seal(bytes(_body(hello)[:49]) + b"\x28" + bytes(_body(hello)[50:83]) + b"\x01" * 7 + bytes(_body(hello)[83:]) + b"\x02" * 7),
    )
    yield "battery: cut", seal(bytes(_body(battery)[:-1]))
    yield "battery: a newer device says more", seal(bytes(_body(battery)) + b"\x01\x02\x03")
    yield "battery: charging is 2", _with(battery, {14: 2})
    yield "set rate: 0", _with(right["set rate"], {14: 0, 15: 0, 16: 0, 17: 0})
    yield "time reply: host clock past its largest", _with(right["time reply"], {22: 0xFF})


def vectors() -> Iterator[tuple[str, bytes]]:
    """Yield every vector's name and bytes."""
    for name, frame in _right():
        yield name, encode(frame)
    yield from _wrong()


def text() -> str:
    """Return the whole of frames.txt."""
    parts = [_HEAD]
    for name, wire in vectors():
        lines = [f"\n# {name}", f"> {wire.hex()}", *(f"< {row(result)}" for result in Decoder().feed(wire))]
        parts.append("\n".join(lines) + "\n")
    return "".join(parts)


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
