"""A recording fed to the engine as a device would have delivered it, as fast as asked."""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.io.sources.pace import Pace
from edgeecg.rulefacts import default_rules
from edgeecg.types import Chunk, Event, Record

AS_FAST_AS_POSSIBLE = math.inf
CHUNK_S = 0.1
"""What a device would have delivered at a time."""
RULES = tuple(replace(rule, latch=False) for rule in default_rules() if rule.kind != "silent")
"""A bedside monitor's; but nobody is there to acknowledge, and a recording that ends is no device gone silent."""


class Player:
    """Records of one stream through an engine of its own; `computing_s` is what the engine itself has taken so far."""

    def __init__(self, facts: StreamFacts, *, speed: float = AS_FAST_AS_POSSIBLE) -> None:
        self._engine = Engine(EngineConfig(streams=(facts,), rules=RULES))
        self._rate_hz = facts.rate_hz
        self._speed = speed
        self.computing_s = 0.0

    def play(self, records: Iterable[Record]) -> Iterator[tuple[int, tuple[Event, ...]]]:
        """Give, record by record, how many samples have come and what they decided."""
        pace = Pace(self._speed)
        n_come = 0
        for record in records:
            if isinstance(record, Chunk):
                n_come += len(record.samples)
                pace.wait_for(n_come / self._rate_hz)
            begin = time.perf_counter()
            events = self._engine.feed(record)
            self.computing_s += time.perf_counter() - begin
            yield n_come, events
