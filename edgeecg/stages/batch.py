"""Chunks of many streams, laid out for one call of the pipeline's kernel."""

from typing import Any

from numpy.typing import NDArray

from edgeecg.types import Chunk


class Batch:
    """Chunks on their way into one kernel call, long ones in pieces: columns as in `edgeecg_kernels.arena.PIECE`, row after row."""

    __slots__ = ("arrays", "owners", "pieces")

    def __init__(self) -> None:
        self.pieces: list[int] = []
        self.owners: list[int] = []
        self.arrays: list[NDArray[Any]] = []

    def clear(self) -> None:
        """Begin again, with the same lists."""
        self.pieces.clear()
        self.owners.clear()
        self.arrays.clear()

    def cut(self, owner: int, chunk: Chunk, slot: int, start: int, n: int, n_leads: int, most: int) -> None:
        """Append a chunk of n samples in pieces of at most `most`."""
        frame_len = chunk.frame_len or chunk.offset + n
        frame = chunk.sequence, chunk.device_us, chunk.arrival_ns
        for done in range(0, n, most):
            self.pieces += slot, start + done * n_leads, min(most, n - done), *frame, chunk.offset + done, frame_len
            self.owners.append(owner)

    def order(self, slot: int, order: int, now_ns: int) -> None:
        """Append a piece that brings no samples."""
        self.pieces += slot, 0, order, -1, -1, now_ns, 0, 0
        self.owners.append(0)
