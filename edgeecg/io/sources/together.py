"""Streams that were recorded together, delivered as they would have come: the one way to put an ECG and its sound in turn."""

import heapq
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from numpy.typing import NDArray

from edgeecg.types import Chunk, SourceChange, SourceState

CHUNK_S: Final = 0.1


class Recorded(NamedTuple):
    """One stream: its name, all its samples, its rate."""

    stream: str
    samples: NDArray[Any]
    rate_hz: float


def together(
    streams: Sequence[Recorded], *, epoch: int = 0, start_ns: int = 0, chunk_s: float = CHUNK_S
) -> Iterator[tuple[float, Chunk | SourceState]]:
    """Give (when it is due, in seconds; what): all open, deliver chunks in the order of their last samples, of one instant as given, are lost."""
    for one in streams:
        yield 0.0, SourceState(one.stream, SourceChange.OPENED, start_ns, epoch=epoch)
    last_s = 0.0
    for last_s, _, chunk in heapq.merge(*(_chunks(one, order, start_ns, chunk_s) for order, one in enumerate(streams))):
        yield last_s, chunk
    for one in streams:
        yield last_s, SourceState(one.stream, SourceChange.LOST, start_ns + round(last_s * 1e9))


def _chunks(one: Recorded, order: int, start_ns: int, chunk_s: float) -> Iterator[tuple[float, int, Chunk]]:
    step = max(1, round(chunk_s * one.rate_hz))
    for number, start in enumerate(range(0, len(one.samples), step)):
        piece = one.samples[start : start + step]
        due_s = (start + len(piece)) / one.rate_hz
        # (due, order) differ for any two chunks of different streams: chunks themselves are never compared
        yield due_s, order, Chunk(one.stream, piece, start_ns + round(due_s * 1e9), number & 0xFFFF)
