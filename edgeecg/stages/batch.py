"""Chunks of many streams, laid out for one call of the pipeline's kernel."""

from struct import Struct
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from edgeecg.types import FRAME_FIELDS, Chunk
from edgeecg_kernels.arena import PIECE

NO_SAMPLES = np.zeros(0)
PACKED: Final = Struct(f"={len(PIECE.names or ())}q")
"""A row of `edgeecg_kernels.arena.PIECE`: one of its numbers after the other."""
_SLOT = Struct("=q")


def are_frames(chunk: Chunk, n: int) -> bool:
    """Tell whether what a chunk of n samples says of its frames can be: they are whole, and make it up. One that says nothing is one frame."""
    frames = chunk.frames
    if frames is None:
        return True
    is_table = frames.dtype == np.int64 and frames.ndim == 2 and frames.shape[1] == len(FRAME_FIELDS)
    return bool(is_table and chunk.offset == 0 and chunk.frame_len == 0 and (frames[:, 0] >= 0).all() and frames[:, 0].sum() == n)


class Batch:
    """Chunks on their way into one kernel call, long ones in pieces."""

    __slots__ = ("arrays", "dtypes", "owners", "pieces", "slots", "start")

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        """As `PACKED` has them."""
        self.owners: list[int] = []
        self.arrays: list[NDArray[Any]] = []
        self.dtypes: set[np.dtype[Any]] = set()
        """Of its arrays."""
        self.slots: set[int] = set()
        """Streams of sound that are in it, where it is one of sound."""
        self.start = 0
        """How many values its arrays hold together."""

    def clear(self) -> None:
        """Begin again, with the same lists."""
        self.pieces.clear()
        self.owners.clear()
        self.arrays.clear()
        self.dtypes.clear()
        self.slots.clear()
        self.start = 0

    def add(self, owner: int, chunk: Chunk, slot: int, n: int, n_leads: int, most: int) -> None:
        """Append a chunk of n samples with all that belongs to it."""
        self.cut(owner, chunk, slot, self.start, n, n_leads, most)
        self.arrays.append(chunk.samples)
        self.dtypes.add(chunk.samples.dtype)
        self.start += n * n_leads

    def cut(self, owner: int, chunk: Chunk, slot: int, start: int, n: int, n_leads: int, most: int) -> None:
        """Append a chunk of n samples in pieces of at most `most`."""
        if chunk.frames is not None:
            self._cut_frames(owner, chunk.frames, slot, start, n_leads, most)
            return
        frame_len = chunk.frame_len or chunk.offset + n
        frame = chunk.sequence, chunk.device_us, chunk.arrival_ns
        for done in range(0, n, most):
            self.pieces.append(PACKED.pack(slot, start + done * n_leads, min(most, n - done), *frame, chunk.offset + done, frame_len))
            self.owners.append(owner)

    def _cut_frames(self, owner: int, frames: NDArray[np.int64], slot: int, start: int, n_leads: int, most: int) -> None:
        """Append each frame with the stamps it came with: to the kernel it is as if it had come alone."""
        for frame_len, sequence, device_us, arrival_ns in frames.tolist():
            for done in range(0, frame_len, most):
                piece = start + done * n_leads, min(most, frame_len - done), sequence, device_us, arrival_ns, done, frame_len
                self.pieces.append(PACKED.pack(slot, *piece))
                self.owners.append(owner)
            start += frame_len * n_leads

    def order(self, slot: int, order: int, now_ns: int) -> None:
        """Append a piece that brings no samples."""
        self.pieces.append(PACKED.pack(slot, 0, order, -1, -1, now_ns, 0, 0))
        self.owners.append(0)

    def slot(self, piece: int) -> int:
        """Return whose it is."""
        slot: int = _SLOT.unpack_from(self.pieces[piece])[0]
        return slot

    def laid_out(self) -> tuple[NDArray[np.float64], NDArray[np.void], NDArray[np.int64]]:
        """Return its values, its pieces and room for where their rows end."""
        pieces = np.frombuffer(bytearray().join(self.pieces), PIECE)  # that can be written to, as the kernel is compiled for
        return self._values(), pieces, np.zeros(len(pieces), np.int64)

    def _values(self) -> NDArray[np.float64]:
        """Where all are of one type their bytes are put together: numpy takes four times as long to copy a short array after the other."""
        arrays = self.arrays
        if not arrays:
            return NO_SAMPLES
        if len(arrays) == 1:
            values = arrays[0].astype(np.float64)
            return values if values.ndim == 1 else values.ravel()
        if len(self.dtypes) == 1:
            try:
                return np.frombuffer(b"".join(cast("list[bytes]", arrays)), arrays[0].dtype).astype(np.float64)
            except (TypeError, ValueError):  # one whose values lie apart, or none at all
                pass
        return np.concatenate(arrays, axis=None, dtype=np.float64)
