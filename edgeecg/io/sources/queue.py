"""From a source's thread to the engine's. A live source may not wait and its queue drops; a recording can wait and its queue lets it."""

import math
from collections import OrderedDict, deque
from threading import Condition
from typing import Final

from edgeecg.io.sources.items import Item, Notice
from edgeecg.io.sources.lag import LagWatch
from edgeecg.types import Chunk, SourceChange, SourceState

MAX_VALUES: Final = 16384
"""Values one stream may have waiting: 65 s of one lead at 250 Hz, in frames of 25 samples some 200 kB."""
LEAST_COST: Final = 8
"""What a chunk weighs at least, in values: one of a single sample takes room too."""
MAX_STATES: Final = 16
"""Changes of one stream that may wait; a source that comes and goes faster than it is read is told as it is in the end."""
MAX_NOTICES: Final = 256
MAX_WAITING: Final = 256
"""Records a recording is ahead of its reader."""


def _cost(chunk: Chunk) -> int:
    return max(LEAST_COST, chunk.samples.size)


def _is_droppable(item: Item) -> bool:
    return isinstance(item, Chunk) or (isinstance(item, SourceState) and item.change == SourceChange.DROPPED)


def _len_samples(item: Item) -> int:
    if isinstance(item, Chunk):
        return len(item.samples)
    return item.count if isinstance(item, SourceState) else 0


def _now_ns(item: Item) -> int:
    if isinstance(item, Chunk):
        return item.arrival_ns
    return item.now_ns if isinstance(item, SourceState) else 0


class _Held:
    """Places in the queue that belong to one stream: its samples, what took the place of dropped ones, and all else."""

    __slots__ = ("cost", "marks", "samples", "states")

    def __init__(self) -> None:
        self.samples: deque[int] = deque()
        self.marks: deque[int] = deque()
        self.states: deque[int] = deque()
        self.cost = 0


class DroppingQueue:
    """Holds so much of each stream and no more. Its oldest samples make room: a DROPPED with their number takes their place."""

    def __init__(self, *, max_values: int = MAX_VALUES) -> None:
        self._max_values = max_values
        self._items: OrderedDict[int, Item] = OrderedDict()
        self._streams: dict[str, _Held] = {}
        self._notices: deque[Notice] = deque(maxlen=MAX_NOTICES)
        self._next_place = 0
        self._changed = Condition()
        self._is_woken = False
        self._lag = LagWatch("")
        self.dropped_samples = 0

    def push(self, item: Item) -> None:
        """Take an item in; never waits."""
        with self._changed:
            self._push(item)
            self._watch_reader(item)
            self._changed.notify()

    def push_all(self, items: list[Item]) -> None:
        """Take items in, in order; never waits."""
        if items:
            with self._changed:
                for item in items:
                    self._push(item)
                self._watch_reader(items[-1])
                self._changed.notify()

    def tell(self, notice: Notice) -> None:
        """Take a notice in; of too many the oldest goes."""
        with self._changed:
            self._notices.append(notice)
            self._changed.notify()

    def wake(self) -> None:
        """Let the reader go on though nothing came: there is work for it elsewhere."""
        with self._changed:
            self._is_woken = True
            self._changed.notify()

    def wait(self, timeout_s: float) -> bool:
        """See Outlet; a notice is something too, and so is being woken."""
        with self._changed:
            is_any = self._changed.wait_for(lambda: bool(self._items or self._notices or self._is_woken), timeout_s)
            self._is_woken = False
            return is_any

    def take(self, most: int = 1024, most_values: float = math.inf) -> list[Item]:
        """See Outlet. Samples end it too, once they are so many values: long chunks are as much work as many short ones."""
        taken: list[Item] = []
        n_values = 0
        with self._changed:
            while self._items and len(taken) < most and n_values < most_values:
                item = self._pop()
                n_values += item.samples.size if isinstance(item, Chunk) else 0
                taken.append(item)
        return taken

    def notices(self) -> list[Notice]:
        """Return the notices that wait."""
        with self._changed:
            taken = list(self._notices)
            self._notices.clear()
            return taken

    @property
    def n_waiting(self) -> int:
        """How many records wait."""
        return len(self._items)

    def oldest_ns(self) -> int | None:
        """Say when the oldest samples that wait arrived."""
        with self._changed:
            return self._oldest_ns()

    def _oldest_ns(self) -> int | None:
        return next((item.arrival_ns for item in self._items.values() if isinstance(item, Chunk)), None)

    def _watch_reader(self, newest: Item) -> None:
        """Say when what comes in now lies behind samples that nobody has taken for too long."""
        oldest_ns = self._oldest_ns()
        if isinstance(newest, Chunk) and oldest_ns is not None:
            change = self._lag.observe((newest.arrival_ns - oldest_ns) / 1e9)
            if change is not None:
                self._notices.append(change)

    def _push(self, item: Item) -> None:
        place = self._next_place
        self._next_place += 1
        self._items[place] = item
        held = self._streams.setdefault(getattr(item, "stream", ""), _Held())
        if _is_droppable(item):
            held.samples.append(place)
            held.cost += _cost(item) if isinstance(item, Chunk) else LEAST_COST
            while held.cost > self._max_values and len(held.samples) > 1:
                self._drop_oldest(held)
            return
        held.states.append(place)
        if len(held.states) > MAX_STATES:
            self._forget_history(held)

    def _pop(self) -> Item:
        place, item = self._items.popitem(last=False)
        name = getattr(item, "stream", "")
        held = self._streams[name]
        for places in (held.samples, held.marks, held.states):
            if places and places[0] == place:
                places.popleft()
                if places is held.samples:
                    held.cost -= _cost(item) if isinstance(item, Chunk) else LEAST_COST
                break
        if not (held.samples or held.marks or held.states):
            del self._streams[name]
        return item

    def _drop_oldest(self, held: _Held) -> None:
        place = held.samples.popleft()
        item = self._items[place]
        held.cost -= _cost(item) if isinstance(item, Chunk) else LEAST_COST
        if isinstance(item, Chunk):
            self.dropped_samples += len(item.samples)
        mark = held.marks[-1] if held.marks else -1
        if mark >= 0 and not any(mark < state < place for state in held.states):
            count = _len_samples(self._items[mark]) + _len_samples(item)
            self._items[mark] = _mark(item, count)
            del self._items[place]
        else:
            self._items[place] = _mark(item, _len_samples(item))
            held.marks.append(place)

    def _forget_history(self, held: _Held) -> None:
        """Keep of a stream its facts, how much was dropped, and whether it is open in the end."""
        while held.samples:
            self._drop_oldest(held)
        lasting: dict[object, int] = {}
        for place in held.states:
            item = self._items[place]
            is_clock = isinstance(item, SourceState) and item.change == SourceChange.CLOCK_SYNCHRONISED
            lasting[type(item), is_clock] = place
        kept = sorted(lasting.values())
        marks = [self._items[place] for place in held.marks]
        for place in sorted({*held.states, *held.marks} - set(kept)):
            del self._items[place]
        held.states, held.marks = deque(kept), deque()
        if marks:  # the newest state is the newest item of all: what was dropped goes before it, in its place
            newest = held.states.pop()
            state = self._items.pop(newest)
            self._items[newest] = _mark(marks[-1], sum(map(_len_samples, marks)))
            held.marks.append(newest)
            self._items[self._next_place] = state
            held.states.append(self._next_place)
            self._next_place += 1


def _mark(item: Item, count: int) -> SourceState:
    return SourceState(getattr(item, "stream", ""), SourceChange.DROPPED, _now_ns(item), count)


class WaitingQueue:
    """Holds so many records; who brings one more waits until there is room."""

    def __init__(self, *, max_items: int = MAX_WAITING) -> None:
        self._max_items = max_items
        self._items: deque[Item] = deque()
        self._changed = Condition()
        self._is_closed = False

    def push(self, item: Item) -> bool:
        """Take an item in when there is room; False: the queue was closed first."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or len(self._items) < self._max_items)
            if self._is_closed:
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def close(self) -> None:
        """Let who waits for room go on, without it."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """See Outlet."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._items), timeout_s)

    def take(self, most: int = 1024) -> list[Item]:
        """See Outlet."""
        with self._changed:
            taken = [self._items.popleft() for _ in range(min(most, len(self._items)))]
            self._changed.notify_all()
            return taken
