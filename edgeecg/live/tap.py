"""Hears every call of the engine in the engine's own thread, so it only puts it down: bounded, never waiting."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from edgeecg.types import Chunk, Event, Record

MOST_CALLS: Final = 2048
"""What may lie here until it is looked at, several seconds' worth; more, and the oldest goes."""


class Call(NamedTuple):
    """One call of the engine."""

    now_ns: int
    records: Sequence[Record]
    given: Sequence[Sequence[Event]]
    ends: dict[str, int]
    """The number of each stream's next sample, for streams that were given samples."""


class Tap:
    """One thread hears, one takes."""

    def __init__(self, now_ns: Callable[[], int], next_sample: Callable[[str], int]) -> None:
        self._now_ns, self._next_sample = now_ns, next_sample
        self._calls: deque[Call] = deque(maxlen=MOST_CALLS)

    def hear(self, records: Sequence[Record], given: Sequence[Sequence[Event]]) -> None:
        """Put down a call that has just been made."""
        ends = {record.stream: self._next_sample(record.stream) for record in records if type(record) is Chunk}
        self._calls.append(Call(self._now_ns(), records, given, ends))

    def take(self) -> list[Call]:
        """Return what was heard since."""
        calls = []
        while self._calls:
            calls.append(self._calls.popleft())
        return calls
