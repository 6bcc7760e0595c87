"""What waits for the engine: samples, bounded and droppable, and orders, which are few and go first."""

from collections import deque
from collections.abc import Sequence
from threading import Lock

from edgeecg.io.sources.items import Item
from edgeecg.io.sources.queue import DroppingQueue
from edgeecg.types import Record


class Inbox:
    """Many threads write, the engine's reads. Answers of models, acknowledgements and settings are orders."""

    def __init__(self, *, max_values: int) -> None:
        self.queue = DroppingQueue(max_values=max_values)
        self._orders: deque[Record] = deque()
        self._lock = Lock()

    def order(self, records: Sequence[Record]) -> None:
        """Take orders in, together: nothing comes between them."""
        with self._lock:
            self._orders.extend(records)
        self.queue.wake()

    def wait(self, timeout_s: float) -> bool:
        """Return whether there is anything, at once or within the time."""
        return self.queue.wait(timeout_s)

    def take(self, most: int, most_values: float) -> list[Item]:
        """Return what waits, orders first, without waiting."""
        with self._lock:
            orders = list(self._orders)
            self._orders.clear()
        return [*orders, *self.queue.take(most, most_values)]
