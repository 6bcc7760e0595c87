"""BITalino: no header; the last byte of a frame holds a 4-bit sequence and a CRC-4 (x^4 + x + 1) over the whole of it.

Read from its last bit down, a frame is CRC-4 and sequence (the last byte), four digital inputs, then the channels: 10 bits each of
the first four, 6 of the fifth and sixth. A CRC of four bits passes one damaged frame in sixteen, and with no header anything may look
like a frame: so a stream is believed only after LOCK frames in a row whose sequence counts up, and doubted again at the first that fails
or does not count up. Frames the device itself left out cost nothing: those after them count up too.
"""

from itertools import pairwise
from typing import ClassVar

from edgeecg_wire.adapters.base import Block, Reading, Skipping

LOCK = 4
_POLYNOMIAL = 0b10011


def _remainders() -> bytes:
    table = bytearray(256)
    for byte in range(256):
        rest = byte
        for bit in range(7, 3, -1):
            if rest >> bit & 1:
                rest ^= _POLYNOMIAL << (bit - 4)
        table[byte] = rest
    return bytes(table)


_REMAINDER = _remainders()


def crc4(data: bytes) -> int:
    """Remainder of the bits, first byte and highest bit first; 0 for a frame with its own CRC in its last four bits."""
    rest = 0
    for byte in data:
        rest = _REMAINDER[(_REMAINDER[rest << 4 | byte >> 4]) << 4 | byte & 15]
    return rest


class Bitalino(Skipping):
    """Frames of 1 to 6 channels at the rate the host has asked for."""

    __slots__ = ("_held", "_locked", "_sequence", "_widths", "leads", "len_bytes", "rate_hz")

    counter_modulus = 16
    integrity: ClassVar[str] = "crc-4"

    def __init__(self, channels: int, rate_hz: float | None = None) -> None:
        super().__init__()
        self.leads = channels
        self.rate_hz = rate_hz
        self._widths = [10 if channel < 4 else 6 for channel in range(channels)]
        self.len_bytes = -(-(12 + sum(self._widths)) // 8)
        self._held = b""
        self._locked = False
        self._sequence = 0

    def feed(self, data: bytes) -> list[Reading]:
        """Return what the bytes completed, in order."""
        data, at = self._held + data, 0
        readings: list[Reading] = []
        while at + self.len_bytes * (1 if self._locked else LOCK) <= len(data):
            if not self._locked and not self._counts_up(data, at):
                self._skip(readings)
                at += 1
                continue
            frame = data[at : at + self.len_bytes]
            expected = self._sequence + 1 if self._locked else frame[-1] >> 4
            self._locked = crc4(frame) == 0 and (frame[-1] >> 4) == expected % 16
            if self._locked:
                self._tell_skipped(readings)
                readings.append(self._block(frame))
                self._sequence = frame[-1] >> 4
                at += self.len_bytes
        self._held = data[at:]
        return readings

    def _counts_up(self, data: bytes, at: int) -> bool:
        n = self.len_bytes
        sequences = [data[at + (i + 1) * n - 1] >> 4 for i in range(LOCK)]
        if any((after - before) % 16 != 1 for before, after in pairwise(sequences)):
            return False
        return all(crc4(data[at + i * n : at + (i + 1) * n]) == 0 for i in range(LOCK))

    def _block(self, frame: bytes) -> Block:
        bits = int.from_bytes(frame, "little")
        at = 8 * self.len_bytes - 12
        values = []
        for width in self._widths:
            at -= width
            values.append(bits >> at & (1 << width) - 1)
        return Block((tuple(values),), counter=frame[-1] >> 4)
