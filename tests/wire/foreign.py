"""Other makers' frames, built from the facts about their formats: what the adapters must read, written by nobody who reads them."""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

Instant = tuple[int, ...]


@dataclass(frozen=True)
class Format:
    """`frame(i, rng)` gives the i-th frame's bytes and the instants it holds."""

    adapter: str
    frame: Callable[[int, random.Random], tuple[bytes, tuple[Instant, ...]]]


def _ecg(rng: random.Random, bits: int) -> int:
    half: int = 1 << (bits - 1)
    return max(-half, min(half - 1, round(rng.gauss(0, half / 32))))


def healthypi_4(_i: int, rng: random.Random) -> tuple[bytes, tuple[Instant, ...]]:
    ecg = _ecg(rng, 16)
    payload = struct.pack("<hhiihBBBBBB", ecg, _ecg(rng, 16), rng.randrange(2**17), rng.randrange(2**17), 3650, 16, 98, 71, 80, 120, 0)
    return b"\x0a\xfa\x14\x00\x02" + payload + b"\x00\x0b", ((ecg,),)


def healthypi_5(_i: int, rng: random.Random) -> tuple[bytes, tuple[Instant, ...]]:
    ecg = _ecg(rng, 24)
    payload = struct.pack("<iiBiihBBB", ecg, _ecg(rng, 24), 0, rng.randrange(2**17), rng.randrange(2**17), 3650, 98, 71, 16)
    return b"\x0a\xfa\x16\x00\x02" + payload + b"\x00\x0b", ((ecg,),)


def healthypi_5_blocks(i: int, rng: random.Random) -> tuple[bytes, tuple[Instant, ...]]:
    if i % 3 == 2:
        return b"\x0a\xfa\x13\x00\x04" + struct.pack("<8hBh", *[_ecg(rng, 16) for _ in range(8)], 98, 3650) + b"\x00\x0b", ()
    ecg = [_ecg(rng, 24) for _ in range(8)]
    payload = struct.pack("<8i4iBB", *ecg, *[_ecg(rng, 20) for _ in range(4)], 71, 16)
    return b"\x0a\xfa\x32\x00\x03" + payload + b"\x00\x0b", tuple((value,) for value in ecg)


def chords(channels: int, bits: int) -> Callable[[int, random.Random], tuple[bytes, tuple[Instant, ...]]]:
    def frame(i: int, rng: random.Random) -> tuple[bytes, tuple[Instant, ...]]:
        values = tuple(_ecg(rng, bits) + 2 ** (bits - 1) for _ in range(channels))
        return b"\xc7\x7c" + bytes([i % 256]) + struct.pack(f">{channels}H", *values) + b"\x01", (values,)

    return frame


def cyton(i: int, rng: random.Random) -> tuple[bytes, tuple[Instant, ...]]:
    values = tuple(_ecg(rng, 24) for _ in range(8))
    data = b"".join(value.to_bytes(3, "big", signed=True) for value in values)
    return b"\xa0" + bytes([i % 256]) + data + rng.randbytes(6) + b"\xc0", (values,)


def bitalino(channels: int) -> Callable[[int, random.Random], tuple[bytes, tuple[Instant, ...]]]:
    """The bits written as a string, first channel last but for digital inputs, sequence and CRC; the CRC by long division of that string."""
    widths = [10, 10, 10, 10, 6, 6][:channels]

    def frame(i: int, rng: random.Random) -> tuple[bytes, tuple[Instant, ...]]:
        values = tuple(_ecg(rng, width) + 2 ** (width - 1) for width in widths)
        bits = f"{i % 16:04b}" + "0000" + f"{rng.randrange(16):04b}" + "".join(f"{v:0{w}b}" for v, w in zip(values, widths, strict=True))
        bits += "0" * (-len(bits) % 8)
        data = bytearray(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))[::-1]
        data[-1] |= long_division(bytes(data))
        return bytes(data), (values,)

    return frame


def long_division(data: bytes) -> int:
    rest = [int(bit) for byte in data for bit in f"{byte:08b}"]
    for at in range(len(rest) - 4):
        if rest[at]:
            rest[at : at + 5] = [a ^ b for a, b in zip(rest[at : at + 5], (1, 0, 0, 1, 1), strict=True)]
    return int("".join(map(str, rest[-4:])), 2)


def line_of_one(_i: int, rng: random.Random) -> tuple[bytes, tuple[Instant, ...]]:
    value = _ecg(rng, 10) + 512
    return b"%d\r\n" % value, ((value,),)


def line_of_time_and_ecg(i: int, rng: random.Random) -> tuple[bytes, tuple[Instant, ...]]:
    value = _ecg(rng, 10) + 512
    return b"%d,%d\n" % (4 * i, value), ((value,),)


def line_of_ecg_and_pcg(_i: int, rng: random.Random) -> tuple[bytes, tuple[Instant, ...]]:
    values = (_ecg(rng, 10) + 512, _ecg(rng, 12))
    return b"%d,%d\n" % values, (values,)


FORMATS = (
    Format("healthypi-4", healthypi_4),
    Format("healthypi-5", healthypi_5),
    Format("healthypi-5-blocks", healthypi_5_blocks),
    Format("chords-6", chords(6, 14)),
    Format("chords-1", chords(1, 14)),
    Format("cyton", cyton),
    *(Format(f"bitalino-{n}", bitalino(n)) for n in range(1, 7)),
    Format("lines", line_of_one),
    Format("lines:ts,ecg", line_of_time_and_ecg),
    Format("lines:ecg,pcg", line_of_ecg_and_pcg),
)
