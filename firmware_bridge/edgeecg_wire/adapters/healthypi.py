"""ProtoCentral HealthyPi v4 and 5: framed, without a CRC or a counter. The ECG is taken; what the board computed itself is not."""

import struct
from typing import ClassVar

from edgeecg_wire.adapters.base import Block, Hunter, len_after

_FOOTER = b"\x00\x0b"
_MARK = b"\x0a\xfa"


class _HealthyPi(Hunter):
    __slots__ = ()

    leads = 1
    rate_hz = None
    counter_modulus = None
    integrity: ClassVar[str] = "none"


class HealthyPi4(_HealthyPi):
    """27 bytes: `0A FA 14 00 02`, 20 of payload (ECG i16 first), `00 0B`."""

    __slots__ = ()

    def len_frame(self, data: bytes, at: int) -> int:
        """See Hunter."""
        return len_after(b"\x0a\xfa\x14\x00\x02", 27, data, at)

    def read(self, frame: bytes) -> tuple[Block, ...] | None:
        """See Hunter."""
        return (Block((struct.unpack_from("<h", frame, 5),)),) if frame.endswith(_FOOTER) else None


class HealthyPi5(_HealthyPi):
    """29 bytes: `0A FA 16 00 02`, 22 of payload (ECG i32 first), `00 0B`."""

    __slots__ = ()

    def len_frame(self, data: bytes, at: int) -> int:
        """See Hunter."""
        return len_after(b"\x0a\xfa\x16\x00\x02", 29, data, at)

    def read(self, frame: bytes) -> tuple[Block, ...] | None:
        """See Hunter."""
        return (Block((struct.unpack_from("<i", frame, 5),)),) if frame.endswith(_FOOTER) else None


class HealthyPi5Blocks(_HealthyPi):
    """The OV3 firmware: 57 bytes of type 3 (eight ECG i32 first), and 26 of type 4, which hold no ECG."""

    __slots__ = ()

    _LENGTHS: ClassVar[dict[bytes, int]] = {b"\x32\x00\x03": 57, b"\x13\x00\x04": 26}

    def len_frame(self, data: bytes, at: int) -> int:
        """See Hunter."""
        lengths = [len_after(_MARK + head, length, data, at) for head, length in self._LENGTHS.items()]
        return max(lengths) if max(lengths) > 0 else min(lengths)

    def read(self, frame: bytes) -> tuple[Block, ...] | None:
        """See Hunter."""
        if not frame.endswith(_FOOTER):
            return None
        return (Block(tuple(struct.iter_unpack("<i", frame[5:37]))),) if frame[4] == 3 else ()
