"""An engine small enough to see through, whose state depends on every bit it was ever fed; and records to feed it."""

import random
import zlib
from collections.abc import Sequence

import numpy as np

from edgeecg.encoding import encode
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.types import Chunk, Event, Gap, GapReason, Inference, Record, Tick, WindowExpired

CONFIG = EngineConfig(streams=(StreamFacts(name="ward 3", rate_hz=250), StreamFacts(name="b", rate_hz=360, leads=("I", "II"))))


class ToyEngine:
    def __init__(self, config: EngineConfig = CONFIG) -> None:
        self.config, self.state = config, 1

    def feed_many(self, records: Sequence[Record], /) -> tuple[tuple[Event, ...], ...]:
        return tuple(self._feed(record) for record in records)

    def _feed(self, record: Record) -> tuple[Event, ...]:
        self.state = zlib.crc32(encode(record), self.state)
        stream = getattr(record, "stream", "")
        events = (Gap(stream, self.state, 3, GapReason.REOPENED, 7), WindowExpired(stream, "m", self.state % 1000, 9))
        return events[: self.state % 3]

    def snapshot(self) -> bytes:
        return b"toy" + self.state.to_bytes(4, "little") * 5

    def restore(self, data: bytes, /) -> None:
        self.state = int.from_bytes(data[3:7], "little")


def some_records(rng: random.Random) -> tuple[Record, ...]:
    """One call's worth: from nothing to a few of different kinds."""
    kinds = (
        lambda: Chunk("ward 3", np.array([rng.randrange(-999, 999) for _ in range(rng.randrange(4))], "<i2"), rng.randrange(2**40)),
        lambda: Chunk("b", np.array([[rng.random(), rng.random()]], "<f4"), 5, sequence=rng.randrange(2**16)),
        lambda: Tick(rng.randrange(2**40)),
        lambda: Inference("ward 3", "m", rng.randrange(9), (rng.random(), rng.random())),
    )
    return tuple(rng.choice(kinds)() for _ in range(rng.randrange(4)))
