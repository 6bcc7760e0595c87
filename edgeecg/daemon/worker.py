"""The engine's thread: takes what waits, has it written down and run, hands on what was decided."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Thread
from typing import Final

from edgeecg.daemon.clock import Clock
from edgeecg.daemon.inbox import Inbox
from edgeecg.daemon.keeper import Keeper
from edgeecg.daemon.numbers import Numbers
from edgeecg.daemon.overrun import Overrun
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig
from edgeecg.io.sources.intake import FORGET_AFTER_NS
from edgeecg.io.sources.items import Item, Notice
from edgeecg.io.sources.reception import Reception
from edgeecg.types import Chunk, ConfigChange, Record, SourceChange, SourceState, Tick

MOST_AT_ONCE: Final = 512
MOST_VALUES: Final = 8192
"""Records of one engine call, and values: what comes first in a backlog is decided, and told, before all of it has been read."""
IDLE_S: Final = 0.5
LOOK_EVERY_NS: Final = 60 * 10**9
"""How often it is seen which streams are closed for so long that nothing is kept of them."""


class Worker:
    """Everything that is fed is fed here, in one order, by one thread."""

    def __init__(
        self,
        inbox: Inbox,
        keeper: Keeper[Engine],
        reception: Reception,
        clock: Clock,
        *,
        numbers: Numbers,
        draw_epoch: Callable[[], int],
        passed: Callable[[int], None],
        noticed: Callable[[Notice], None],
        may_rotate: Callable[[], bool],
        rotated: Callable[[], None],
        snapshot_every_s: float,
    ) -> None:
        """`passed` is told of each Tick that has been through the engine; `rotated` of each snapshot on disk."""
        self._inbox, self._keeper, self._reception, self._clock, self._numbers = inbox, keeper, reception, clock, numbers
        self._draw_epoch, self._passed, self._noticed = draw_epoch, passed, noticed
        self._may_rotate, self._rotated = may_rotate, rotated
        self.snapshot_every_s = snapshot_every_s
        self._snapshot_ns = clock.now_ns()
        self._open: set[str] = set()
        self._looked_ns = clock.now_ns()
        self._overrun = Overrun()
        self._is_stopping = False
        self._thread = Thread(target=self._run, name="engine", daemon=True)
        self.failure: BaseException | None = None
        """What ended the thread: a fault of the program."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """The thread is there."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float) -> bool:
        """Feed what still waits, then end; False: that takes longer."""
        self._is_stopping = True
        self._inbox.queue.wake()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while self.step(IDLE_S) or not self._is_stopping:
                pass
        except BaseException as failure:  # who waits for this thread says so, and the watchdog is not fed
            self.failure = failure
            raise

    def step(self, timeout_s: float) -> bool:
        """Feed one call's worth; return whether there was anything."""
        self._inbox.wait(timeout_s)
        for notice in self._inbox.queue.notices():
            self._noticed(notice)
        records = self._records(self._inbox.take(MOST_AT_ONCE, MOST_VALUES))
        if not records:
            return False
        self._time_queue(records)
        self._numbers.begin()
        self._keeper.feed(records)
        if said := self._overrun.observe(records, self._clock.now_ns()):
            self._inbox.order(said)
        for record in records:
            if isinstance(record, Tick):
                self._passed(record.now_ns)
                self._rotate_if_due(record.now_ns)
                self._forget_if_due(record.now_ns)
        return True

    def open_streams(self) -> tuple[str, ...]:
        """Return the streams whose sources are there."""
        return tuple(self._open)

    def _time_queue(self, records: Sequence[Record]) -> None:
        oldest = next((record for record in records if isinstance(record, Chunk)), None)
        if oldest is not None:
            self._numbers.since(oldest.arrival_ns, "queue")

    def _records(self, items: Sequence[Item]) -> list[Record]:
        """Turn what came into what is fed: settings that a person changed are merged with what devices said of themselves."""
        records: list[Record] = []
        plain: list[Item] = []
        for item in items:
            if isinstance(item, ConfigChange):
                records += [*self._reception.records(plain), *self._reconfigured(item.config)]
                plain = []
            else:
                plain.append(item)
        records += self._reception.records(plain)
        records = [self._begun(record) for record in records]
        for record in records:
            self._note_open(record)
        return records

    def _begun(self, record: Record) -> Record:
        """A stream without a sample has an epoch of its own: one that was forgotten and begins anew must not give its alerts' ids again."""
        if isinstance(record, SourceState) and record.change == SourceChange.OPENED and self._keeper.engine.next_sample(record.stream) <= 0:
            return replace(record, epoch=self._draw_epoch())
        return record

    def _reconfigured(self, config: EngineConfig) -> list[Record]:
        """A stream whose facts are others now begins anew, and its source will not open it again."""
        before = {facts.name: facts for facts in self._reception.config.streams}
        change = self._reception.redescribed(config)
        now_ns = self._clock.now_ns()
        anew = [facts.name for facts in change.config.streams if facts.name in self._open and before.get(facts.name) != facts]
        return [change, *(SourceState(name, SourceChange.OPENED, now_ns, epoch=self._draw_epoch()) for name in anew)]

    def _note_open(self, record: Record) -> None:
        if isinstance(record, SourceState):
            if record.change == SourceChange.OPENED:
                self._open.add(record.stream)
            elif record.change == SourceChange.LOST:
                self._open.discard(record.stream)
            elif record.change == SourceChange.DROPPED:
                self._numbers.dropped.add(record.count)
            self._numbers.open_streams.set(len(self._open))

    def _forget_if_due(self, now_ns: int) -> None:
        if now_ns - self._looked_ns >= LOOK_EVERY_NS:
            self._looked_ns = now_ns
            closed = set(self._keeper.engine.heard_before(now_ns - FORGET_AFTER_NS)) - self._open
            if change := self._reception.without(closed):
                self._keeper.feed(change)

    def _rotate_if_due(self, now_ns: int) -> None:
        keeper, age_s = self._keeper, (now_ns - self._snapshot_ns) / 1e9
        is_due = keeper.wants_rotation or age_s >= self.snapshot_every_s
        if is_due and (keeper.is_behind or not keeper.is_writing) and self._may_rotate() and keeper.rotate():
            self._snapshot_ns = now_ns
        if keeper.rotated():
            self._rotated()
