"""A daemon's life on a disk that fails at its n-th operation: a machine that raises alerts, a keeper, and an outbox that is a dict."""

import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from edgeecg.daemon import keeper
from edgeecg.daemon.keeper import Given, Keeper
from edgeecg.encoding import encode
from edgeecg.errors import JournalError
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.journal import Limits
from edgeecg.types import Alert, AlertState, Chunk, Event, Priority, Record, Tick
from tests.journal.memory_files import MemoryFiles, PowerCut
from tests.journal.test_journal import HOME

CONFIG = EngineConfig(streams=(StreamFacts(name="ward 3", rate_hz=250),))
LIMITS = Limits(size_cap_bytes=1 << 20, segment_bytes=1500, keep_segments=2, sync_calls=5)


class AlertingToy:
    """Its state depends on every bit it was fed, and so do its alerts: about one in two calls raises one."""

    revision = 1

    def __init__(self, config: EngineConfig = CONFIG) -> None:
        self.config, self.state, self.fed = config, 1, 0

    def feed_many(self, records: Sequence[Record], /) -> tuple[tuple[Event, ...], ...]:
        return tuple(self._feed(record) for record in records)

    def _feed(self, record: Record) -> tuple[Event, ...]:
        self.state, self.fed = zlib.crc32(encode(record), self.state), self.fed + 1
        return (alert_of(self.state, self.revision),) if self.state % 2 else ()

    def snapshot(self) -> bytes:
        return self.state.to_bytes(4, "little") + self.fed.to_bytes(4, "little")

    def frozen(self) -> Callable[[], list[bytes]]:
        copied = self.snapshot()
        return lambda: [copied]

    def waiting(self) -> tuple[Event, ...]:
        return ()

    def restore(self, data: bytes, /) -> tuple[Event, ...]:
        self.state, self.fed = int.from_bytes(data[:4], "little"), int.from_bytes(data[4:8], "little")
        return ()


def alert_of(state: int, revision: int) -> Alert:
    return Alert(
        stream="ward 3", alert_id=f"{state:032x}", revision=revision, rule="asystole", priority=Priority.HIGH, state=AlertState.RAISED,
        latched=False, epoch=7, onset_sample=state, sample=state, value=4.5, limit=4.0, unit="s", score=1.0, quality=0.9,
        text="no beat", reported_at=state,
    )  # fmt: skip


def input_of(n_calls: int, seed: int = 0) -> list[tuple[Record, ...]]:
    rng = random.Random(seed)
    return [(Chunk("ward 3", np.array([rng.randrange(999)], "<i2"), n), Tick(n))[: 1 + n % 2] for n in range(1, n_calls + 1)]


class Machine(keeper.Machine, Protocol):
    """An engine that knows how many records it was fed."""

    fed: int


M = TypeVar("M", bound=Machine)


@dataclass(frozen=True)
class Case(Generic[M]):
    """What a life is made of."""

    config: EngineConfig
    limits: Limits
    make: Callable[[EngineConfig], M]
    calls: list[tuple[Record, ...]]


CALLS_MEANWHILE = 3
"""How many the engine is fed while a snapshot is on its way, in one place of which all of it is written."""


@dataclass
class Life(Generic[M]):
    """From a start to a kill, a power cut or the end of the input."""

    case: Case[M]
    files: MemoryFiles = field(default_factory=MemoryFiles)
    outbox: dict[tuple[str, int], Alert] = field(default_factory=dict)
    puts: int = 0
    refused_starts: int = 0
    rotated: int = 0
    _meanwhile_until: int = 0
    _jobs: list[tuple[int, Callable[[], None]]] = field(default_factory=list)

    def live(self, *, end_after: int | None = None) -> None:
        """Feed from where the engine stands. A supervisor tries again when the start fails."""
        keeper = self._started()
        calls = self.case.calls
        done = count_of_calls(calls, keeper.engine.fed)
        for number, call in enumerate(calls[done:end_after]):
            keeper.feed(call)
            while self._jobs and self._jobs[0][0] <= number:
                self._jobs.pop(0)[1]()
            self.rotated += keeper.rotated()
            if keeper.is_behind or (keeper.wants_rotation and not keeper.is_writing):
                self._meanwhile_until = number + CALLS_MEANWHILE
                keeper.rotate()

    def _started(self) -> Keeper[M]:
        case = self.case
        self._jobs.clear()
        for _ in range(30):
            try:
                return Keeper(
                    HOME,
                    case.config,
                    told=self._told,
                    make_engine=case.make,
                    limits=case.limits,
                    files=self.files,
                    meanwhile=lambda job: self._jobs.append((self._meanwhile_until, job)),
                )
            except JournalError:
                self.refused_starts += 1
        raise AssertionError("thirty starts failed")

    def _told(self, _records: Sequence[Record], given: Given) -> None:
        for event in (event for events in given for event in events if isinstance(event, Alert)):
            name = event.alert_id, event.revision
            assert self.outbox.setdefault(name, event) == event, "one name, two alerts"
            self.puts += 1


def count_of_calls(calls: list[tuple[Record, ...]], records: int) -> int:
    done = 0
    while records > 0:
        records -= len(calls[done])
        done += 1
    assert records == 0, "the engine stands within a call"
    return done


def unfaulted(case: Case[Any]) -> tuple[set[tuple[str, int]], int]:
    """What the outbox holds in the end when nothing fails, and how many operations that takes."""
    life = Life(case)
    life.live()
    return set(life.outbox), life.files.operations


def outcomes(case: Case[M], how: str, at: Iterator[int] | range, *, times: int = 1) -> Iterator[tuple[int, Life[M]]]:
    """Give each life in which operation n fails, lived to its end: a power cut is followed by another start."""
    for n in at:
        rng = random.Random(n)
        life = Life(case, MemoryFiles(fail_at=n, how=how, times=times, choose=rng.randrange))
        try:
            life.live()
        except PowerCut:
            life.files = life.files.after_power_cut()
            life.live()
        yield n, life
