"""The last seconds of every stream's first lead, for alerts that may show what they were raised on. An ECG identifies its owner: only if asked for."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.payload.alert import MAX_SAMPLES
from edgeecg.payload.stamped import Snippet
from edgeecg.types import Alert, AlertState, Chunk, Record

MICROVOLTS: Final = 1000.0
"""In a millivolt."""


class _Tail:
    """The newest samples of one stream, without a hole: so many seconds and the chunk they begin in."""

    __slots__ = ("chunks", "end", "facts", "n_samples")

    def __init__(self, facts: StreamFacts) -> None:
        self.facts = facts
        self.chunks: deque[Chunk] = deque()
        self.n_samples = 0
        self.end = 0
        """The number of the sample after the last."""

    def take(self, chunks: list[Chunk], end: int, most: int) -> None:
        """Take a call's chunks. Where they do not make up what has come, something is missing: what was before goes."""
        came = sum(len(chunk.samples) for chunk in chunks)
        if end == self.end:
            return  # none of them was taken
        if end != self.end + came:
            self.chunks.clear()
            self.n_samples, chunks = 0, chunks[-1:] if end - self.end >= len(chunks[-1].samples) else []
        self.chunks.extend(chunks)
        self.n_samples += sum(len(chunk.samples) for chunk in chunks)
        self.end = end
        while self.chunks and self.n_samples - len(self.chunks[0].samples) >= most:
            self.n_samples -= len(self.chunks.popleft().samples)

    def until(self, sample: int, most: int) -> tuple[int, NDArray[np.float64]]:
        """Return the number of the first sample, and in microvolt all from there up to `sample`: so many at most, numbers alone."""
        if not self.chunks:
            return sample, np.empty(0)
        raw = np.concatenate([np.asarray(chunk.samples, np.float64).reshape(len(chunk.samples), -1)[:, 0] for chunk in self.chunks])
        first = self.end - len(raw)
        stop = max(0, min(sample + 1, self.end) - first)
        start = max(0, stop - most)
        holes = np.flatnonzero(~np.isfinite(raw[start:stop]))
        start += int(holes[-1]) + 1 if len(holes) else 0
        facts = self.facts
        return first + start, (raw[start:stop] - facts.offset_units) * facts.mv_per_unit * MICROVOLTS


class Snippets:
    """Hears every call of the engine, after it; `seconds` 0: nothing is kept. `next_sample` is the engine's."""

    def __init__(self, seconds: float, next_sample: Callable[[str], int]) -> None:
        self._seconds, self._next_sample = seconds, next_sample
        self._tails: dict[str, _Tail] = {}

    def configure(self, config: EngineConfig) -> None:
        """Know the streams; one that is another now begins anew."""
        if self._seconds > 0:
            known = self._tails
            self._tails = {
                facts.name: known[facts.name] if facts.name in known and known[facts.name].facts == facts else _Tail(facts)
                for facts in config.streams
            }

    def hear(self, records: Iterable[Record]) -> None:
        """Take what the engine was just given."""
        if not self._seconds > 0:
            return
        came: dict[str, list[Chunk]] = {}
        for record in records:
            if isinstance(record, Chunk) and record.stream in self._tails:
                came.setdefault(record.stream, []).append(record)
        for name, chunks in came.items():
            tail = self._tails[name]
            tail.take(chunks, self._next_sample(name), self._most(tail))

    def of(self, alert: Alert) -> Snippet | None:
        """Return what an alert was raised on; None: it was raised before, or there is nothing to show."""
        tail = self._tails.get(alert.stream)
        if tail is None or alert.state != AlertState.RAISED or alert.reported_at < 0:
            return None
        start, microvolts = tail.until(alert.reported_at, self._most(tail))
        if not len(microvolts):
            return None
        return Snippet(tail.facts.leads[0], start, tail.facts.rate_hz, tuple(np.rint(microvolts).astype(int).tolist()))

    def _most(self, tail: _Tail) -> int:
        return min(MAX_SAMPLES, round(self._seconds * tail.facts.rate_hz))
