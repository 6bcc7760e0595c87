"""What every adapter gives, and how a format without an honest frame is hunted for in a stream of bytes."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

MAX_SKIPPED = 256


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive instants, each a raw value for every lead. `counter` and `clock_us` are the device's own, where it has them."""

    instants: tuple[tuple[int, ...], ...]
    counter: int | None = None
    clock_us: int | None = None
    leads_off: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """Bytes no frame was found in; told when one is found again, and at the latest after MAX_SKIPPED of them."""

    len_bytes: int


Reading = Block | Skipped


class Adapter(Protocol):
    """A sans-IO decoder of a device somebody owns. Any cut of the bytes gives the same readings."""

    integrity: ClassVar[str]  # "none", or the check a frame carries

    @property
    def leads(self) -> int:
        """Values in an instant."""

    @property
    def rate_hz(self) -> float | None:
        """None: the device does not say; it is estimated from arrivals."""

    @property
    def counter_modulus(self) -> int | None:
        """None: losses cannot be counted."""

    @property
    def len_skipped(self) -> int:
        """Bytes no frame was found in, so far."""

    def feed(self, data: bytes) -> list[Reading]:
        """Return what the bytes completed, in order."""


class Skipping:
    """Counts the bytes that are no frame, and tells them in runs."""

    __slots__ = ("_skipped", "len_skipped")

    def __init__(self) -> None:
        self._skipped = 0
        self.len_skipped = 0

    def _skip(self, readings: list[Reading]) -> None:
        self.len_skipped += 1
        self._skipped += 1
        if self._skipped == MAX_SKIPPED:
            self._tell_skipped(readings)

    def _tell_skipped(self, readings: list[Reading]) -> None:
        if self._skipped:
            readings.append(Skipped(self._skipped))
        self._skipped = 0


class Hunter(Skipping):
    """Finds frames that can only be recognised by their looks: after anything that is none, it moves on by one byte."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        super().__init__()
        self._held = b""

    def len_frame(self, data: bytes, at: int) -> int:
        """Return the length of the frame that seems to begin here, 0 for none, -1 where more bytes must tell. A frame is short."""
        raise NotImplementedError

    def read(self, frame: bytes) -> tuple[Block, ...] | None:
        """Return what a frame holds, or None where it is no frame after all."""
        raise NotImplementedError

    def feed(self, data: bytes) -> list[Reading]:
        """Return what the bytes completed, in order."""
        data, at = self._held + data, 0
        readings: list[Reading] = []
        while at < len(data):
            n = self.len_frame(data, at)
            if n < 0 or at + n > len(data):
                break
            blocks = self.read(data[at : at + n]) if n else None
            if blocks is None:
                self._skip(readings)
                at += 1
                continue
            self._tell_skipped(readings)
            readings.extend(blocks)
            at += n
        self._held = data[at:]
        return readings


def len_after(header: bytes, length: int, data: bytes, at: int) -> int:
    """`len_frame` for a format whose frames all begin with the same bytes."""
    seen = data[at : at + len(header)]
    if seen == header:
        return length
    return -1 if header.startswith(seen) else 0
