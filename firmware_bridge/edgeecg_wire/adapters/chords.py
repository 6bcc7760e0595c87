"""Upside Down Labs' Chords firmware: `C7 7C`, an 8-bit counter, a big-endian u16 for each channel, `01`. No CRC."""

import struct
from dataclasses import dataclass
from typing import ClassVar

from edgeecg_wire.adapters.base import Block, Hunter, len_after

WHO_ARE_YOU = b"WHORU\n"
START = b"START\n"
STOP = b"STOP\n"

_HEADER = b"\xc7\x7c"
_END = 1


@dataclass(frozen=True, slots=True)
class Board:
    """What distinguishes the boards; the number of channels is the sketch's and is said where the adapter is made."""

    rate_hz: float
    bits: int


BOARDS = {"uno-r3": Board(250.0, 10), "uno-r4": Board(500.0, 14), "pico": Board(500.0, 12)}


class Chords(Hunter):
    """One board's frames. A value its converter cannot give is no frame: a little of the check the format lacks."""

    __slots__ = ("_limit", "leads", "rate_hz")

    counter_modulus = 256
    integrity: ClassVar[str] = "none"

    def __init__(self, channels: int, board: str = "uno-r3") -> None:
        super().__init__()
        self.leads = channels
        self.rate_hz = BOARDS[board].rate_hz
        self._limit = 1 << BOARDS[board].bits

    def len_frame(self, data: bytes, at: int) -> int:
        """See Hunter."""
        return len_after(_HEADER, 4 + 2 * self.leads, data, at)

    def read(self, frame: bytes) -> tuple[Block, ...] | None:
        """See Hunter."""
        values = struct.unpack_from(f">{self.leads}H", frame, 3)
        if frame[-1] != _END or max(values) >= self._limit:
            return None
        return (Block((values,), counter=frame[2]),)
