"""The engine itself on a disk that fails: a restless heart, a monitor's rules, and a person who has seen every urgent alert."""

import struct
from collections.abc import Callable, Sequence

import numpy as np

from edgeecg.daemon.keeper import Given
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.journal import Limits
from edgeecg.rulefacts import Priority, default_rules
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.types import Acknowledge, Alert, AlertState, Chunk, Event, Record, SourceChange, SourceState
from tests.daemon.faulty import Case
from tests.daemon.killing import restless

RATE_HZ = 250
CYCLE_S = 20
CHUNK_S = 5
UNITS_A_MV = 1000.0
CONFIG = EngineConfig(streams=(StreamFacts(name="ward 3", rate_hz=RATE_HZ, mv_per_unit=1 / UNITS_A_MV),), rules=default_rules())
LIMITS = Limits(size_cap_bytes=16 << 20, segment_bytes=40_000, keep_segments=2, sync_calls=5)
_FED = struct.Struct("<q")


class Counted:
    """An engine that knows how many records it was fed."""

    def __init__(self, config: EngineConfig) -> None:
        self._engine, self.fed = Engine(config), 0

    @property
    def config(self) -> EngineConfig:
        return self._engine.config

    def feed_many(self, records: Sequence[Record], /) -> Given:
        self.fed += len(records)
        return self._engine.feed_many(records)

    def snapshot(self) -> bytes:
        return _FED.pack(self.fed) + self._engine.snapshot()

    def frozen(self) -> Callable[[], list[bytes | memoryview]]:
        head, parts = _FED.pack(self.fed), self._engine.frozen()
        return lambda: [head, *parts()]

    def waiting(self) -> tuple[Event, ...]:
        return self._engine.waiting()

    def restore(self, data: bytes, /) -> tuple[Event, ...]:
        (self.fed,) = _FED.unpack_from(data)
        return self._engine.restore(data[_FED.size :])


def engine_case(n_cycles: int, seed: int = 1) -> Case[Counted]:
    """So many times 20 s of a heart, each with an episode; what is urgent is acknowledged with the next samples."""
    setup = Setup(scenario=restless(n_cycles), seed=seed, rate_hz=RATE_HZ)
    (block,) = Simulation(setup).blocks(n_cycles * CYCLE_S * RATE_HZ, n_samples=n_cycles * CYCLE_S * RATE_HZ)
    samples = np.rint(block.ecg_mv * UNITS_A_MV).astype("<i2").reshape(-1, CHUNK_S * RATE_HZ)
    listener = Engine(CONFIG)
    calls: list[tuple[Record, ...]] = [(SourceState("ward 3", SourceChange.OPENED, 1, epoch=7),)]
    listener.feed_many(calls[0])
    seen: list[Record] = []
    for number, part in enumerate(samples):
        call = (*seen, Chunk("ward 3", part, 1 + (number + 1) * CHUNK_S * 10**9, number))
        given = listener.feed_many(call)
        urgent = [event for events in given for event in events if isinstance(event, Alert) and event.priority == Priority.HIGH]
        seen = [Acknowledge(alert.alert_id, "nurse") for alert in urgent if alert.state == AlertState.RAISED]
        calls.append(call)
    return Case(CONFIG, LIMITS, Counted, calls)
