"""What a read brings of our own protocol: a few frames are decoded one by one; of many, those that follow each other are one run."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edgeecg_wire import frames as f
from edgeecg_wire.codec import Decoder, Result

MANY_BYTES: Final = 2048
"""In a read from which on the scanner is the faster way: some tens of frames."""
_TWO_BYTES: Final = np.dtype("<i2")  # numpy takes longer to read its name than to make an array


@dataclass(frozen=True, slots=True)
class Run:
    """Frames of one stream, all alike, each the next of the one before by its counter and by its clock; `dropped` is the first's."""

    stream: int
    rate_millihz: int
    leads: int
    bits: int
    lead_off: int
    dropped: int
    table: NDArray[np.int64]
    """A row of `edgeecg.types.FRAME_FIELDS` each: the clock as sent, and when they arrived, which is for the reader to fill in."""
    values: NDArray[np.int32]
    """Sample after sample, the leads side by side."""

    def samples(self) -> NDArray[Any]:
        """See `samples_of`: those of all frames."""
        return shaped(self.values.astype("<i2" if self.bits == 16 else "<i4"), self.leads, self.lead_off)

    def frames(self) -> Iterator[f.Samples]:
        """Give them one by one, as the decoder would have."""
        dropped, done = self.dropped, 0
        for count, sequence, clock_us, _ in self.table.tolist():
            values = self.values[done : done + count * self.leads]
            data = values.astype("<i2").tobytes() if self.bits == 16 else _three_bytes(values)
            yield f.Samples(self.stream, sequence, clock_us, self.rate_millihz, self.leads, self.bits, self.lead_off, dropped, data)
            dropped, done = 0, done + len(values)


Reading: TypeAlias = Result | Run


class Reader:
    """Bytes in, readings out; any cut of the bytes gives the same frames."""

    __slots__ = ("_decoder",)

    def __init__(self) -> None:
        self._decoder = Decoder()

    def feed(self, data: bytes) -> Iterable[Reading]:
        """Give what the bytes completed, in order; to be taken before more is fed."""
        if len(data) < MANY_BYTES:
            return self._decoder.feed(data)
        from edgeecg.io.sources.scanned import readings  # noqa: PLC0415  (a compiler, which most lines never need)

        line, after = self._decoder.whole(data)
        return chain(readings(line), after)


def _three_bytes(values: NDArray[np.int32]) -> bytes:
    return values.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def samples_of(frame: f.Samples) -> NDArray[Any]:
    """Return its samples, (n,) or (n, leads); those of a lead the device says is off are NaN."""
    if frame.bits == 16:
        flat: NDArray[Any] = np.frombuffer(frame.data, _TWO_BYTES)
    else:
        low_first = np.frombuffer(frame.data, np.uint8).reshape(-1, 3)
        padded = np.zeros((len(low_first), 4), np.uint8)
        padded[:, 1:] = low_first
        flat = padded.view("<i4")[:, 0] >> 8
    return shaped(flat, frame.leads, frame.lead_off)


def shaped(flat: NDArray[Any], leads: int, lead_off: int) -> NDArray[Any]:
    """Return samples that stand side by side as `samples_of` does."""
    made = flat if leads == 1 else flat.reshape(-1, leads)
    if lead_off and (off := [lead for lead in range(leads) if lead_off >> lead & 1]):
        made = made.astype(np.float64)
        made[..., off if leads > 1 else slice(None)] = np.nan
    return made
