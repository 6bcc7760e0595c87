"""Reading a source as a daemon does: until something holds, with a deadline, never for a while."""

import time
from collections import Counter
from collections.abc import Callable

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig
from edgeecg.io.sources.items import Item, Notice
from edgeecg.io.sources.queue import DroppingQueue
from edgeecg.io.sources.reception import Reception
from edgeecg.types import Event, SourceChange, SourceState

PATIENCE_S = 60.0


class Listener:
    """Takes from a queue, feeds an engine, and keeps all of it."""

    def __init__(self, queue: DroppingQueue) -> None:
        self._queue = queue
        self._reception = Reception(EngineConfig())
        self._engine = Engine(EngineConfig())
        self.items: list[Item] = []
        self.events: list[Event] = []
        self.notices: list[Notice] = []
        self.changes: Counter[SourceChange] = Counter()

    def step(self, timeout_s: float) -> None:
        self._queue.wait(timeout_s)
        self.notices += self._queue.notices()
        items = self._queue.take()
        self.items += items
        self.changes.update(item.change for item in items if isinstance(item, SourceState))
        for events in self._engine.feed_many(self._reception.records(items)):
            self.events += events

    def until(self, holds: Callable[["Listener"], object], what: str) -> None:
        """Read on until it holds; fail, saying what, when patience ends."""
        end = time.monotonic() + PATIENCE_S
        while not holds(self):
            left_s = end - time.monotonic()
            assert left_s > 0, f"waited {PATIENCE_S} s for {what}; last notices: {self.notices[-3:]}, last items: {self.items[-3:]}"
            self.step(min(left_s, 0.5))

    def of(self, *kinds: type) -> list[Item]:
        return [item for item in self.items if isinstance(item, kinds)]

    def sentences(self) -> list[str]:
        return [str(notice) for notice in self.notices]
