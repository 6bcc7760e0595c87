"""OpenBCI Cyton: 33 bytes, `A0`, an 8-bit counter, eight big-endian i24, six auxiliary bytes, `C0` to `C6`. No CRC; 250 Hz."""

from typing import ClassVar

from edgeecg_wire.adapters.base import Block, Hunter, len_after

_LENGTH = 33
_FOOTERS = range(0xC0, 0xC7)


class Cyton(Hunter):
    """All eight channels as leads."""

    __slots__ = ()

    leads = 8
    rate_hz = 250.0
    counter_modulus = 256
    integrity: ClassVar[str] = "none"

    def len_frame(self, data: bytes, at: int) -> int:
        """See Hunter."""
        return len_after(b"\xa0", _LENGTH, data, at)

    def read(self, frame: bytes) -> tuple[Block, ...] | None:
        """See Hunter."""
        if frame[-1] not in _FOOTERS:
            return None
        values = tuple(int.from_bytes(frame[i : i + 3], "big", signed=True) for i in range(2, 26, 3))
        return (Block((values,), counter=frame[1]),)


def microvolts(raw: int, gain: float = 24.0) -> float:
    """Scale a raw value: the reference is 4.5 V, the gain what the channel was set to."""
    return raw * 4.5e6 / (2**23 - 1) / gain
