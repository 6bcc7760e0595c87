"""Law 9 through the engine itself: cut a journal at every byte, and what is left gives what it gave, byte for byte."""

from pathlib import Path

import numpy as np
import pytest

from edgeecg.encoding import encode_all
from edgeecg.engine import Engine
from edgeecg.errors import JournalError
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.journal import open_for_append, recover, replay
from edgeecg.journal.reader import segment_name
from edgeecg.types import Chunk, ConfigChange, Event, Overload, Record, SourceChange, SourceState, Tick
from tests.journal.memory_files import MemoryFiles

HOME = Path("/journal")
CONFIG = EngineConfig(
    streams=(StreamFacts(name="a", rate_hz=250), StreamFacts(name="b", rate_hz=360, leads=("I", "II"), mv_per_unit=0.005)),
    models=(ModelFacts(name="m", sha256="ab" * 32, labels=("x", "y"), window_s=1.0, hop_s=1.0, deadline_s=0.5),),
)
LESS = EngineConfig(streams=CONFIG.streams[:1], models=CONFIG.models)


def heart(start: int, length: int, rate_hz: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    t = (np.arange(start, start + length) / rate_hz) % 0.8
    return np.exp(-0.5 * ((t - 0.4) / 0.012) ** 2) - 0.2 * np.exp(-0.5 * ((t - 0.44) / 0.02) ** 2)


def calls(seconds: float) -> list[tuple[Record, ...]]:
    """Two streams, a lost frame, a stranger, nonsense, and fewer streams towards the end."""
    opened = [SourceState(name, SourceChange.OPENED, 0, epoch=number) for number, name in enumerate("ab")]
    made: list[tuple[Record, ...]] = [tuple(opened)]
    for number in range(round(seconds * 4)):
        now_ns = (number + 1) * 250_000_000
        a = heart(number * 62, 62, 250).astype("<f4")
        b = np.stack([heart(number * 90, 90, 360) * 200, heart(number * 90, 90, 360) * -100], axis=1).astype("<i2")
        both = (Chunk("a", a, now_ns, sequence=number), Chunk("b", b, now_ns, sequence=number + (number > 3)))
        made.append((*both, Tick(now_ns)) if number % 3 else both)
    wrong = np.zeros((3, 2), "<i2")
    made.insert(len(made) // 2, (Chunk("nobody", wrong, 5), Overload(0), Chunk("a", wrong, 5), Overload(2)))
    made.insert(-2, (ConfigChange(LESS),))
    return made


def record(files: MemoryFiles, records: list[tuple[Record, ...]]) -> tuple[Engine, list[bytes], int]:
    engine, states, events = Engine(CONFIG), [], 0
    with open_for_append(HOME, config=CONFIG, files=files) as journal:
        for call in records:
            states.append(engine.snapshot())
            journal.append(call)
            given = engine.feed_many(call)
            events += sum(map(len, given))
            journal.answered(given)
    return engine, [*states, engine.snapshot()], events


def test_cut_at_every_byte_it_gives_what_it_gave() -> None:
    """What is left at each byte is compared with what was written; what it gives, once for each number of calls left."""
    files, records = MemoryFiles(), calls(1.5)
    _, states, events = record(files, records)
    assert events > 5
    whole, written = files.read(HOME / segment_name(1)), list(recover(HOME, files)[1])
    seen = set()
    for cut in range(len(whole) + 1):
        files.names[HOME / segment_name(1)].data[:] = whole[:cut]
        _, entries, report = recover(HOME, files)
        left = list(entries)
        assert [encode_all(entry.records) for entry in left] == [encode_all(entry.records) for entry in written[: len(left)]]
        assert [entry.answers for entry in left[:-1]] == [entry.answers for entry in written[: len(left)][:-1]]
        if (report.calls, report.unanswered) not in seen:
            seen.add((report.calls, report.unanswered))
            _assert_it_gives_what_it_gave(files, states[report.calls])
    assert len(seen) == 2 * len(records) + 1


def _assert_it_gives_what_it_gave(files: MemoryFiles, state: bytes) -> None:
    replayed = replay(HOME, Engine, files)
    _, entries, report = recover(HOME, files)
    assert (replayed.calls, replayed.unanswered) == (report.calls, report.unanswered is not None)
    engine = Engine(CONFIG)
    for entry in entries:
        engine.feed_many(entry.records)
    assert engine.snapshot() == state


def test_across_rotations_it_arrives_at_the_snapshots_it_arrived_at() -> None:
    files, engine = MemoryFiles(), Engine(CONFIG)
    with open_for_append(HOME, config=CONFIG, files=files) as journal:
        for number, call in enumerate(calls(6)):
            journal.append(call)
            journal.answered(engine.feed_many(call))
            if number % 5 == 4:
                journal.rotate(engine.snapshot(), config=engine.config)
    report = replay(HOME, Engine, files)
    assert report.snapshots_compared >= 3
    assert report.events > 20
    snapshot, entries, found = recover(HOME, files)
    assert snapshot is not None
    assert found.config == engine.config
    again = Engine(found.config)
    again.restore(snapshot)
    for entry in entries:
        again.feed_many(entry.records)
    assert again.snapshot() == engine.snapshot()


def test_an_engine_with_another_bit_is_found_out() -> None:
    files = MemoryFiles()
    record(files, calls(3))

    class Off(Engine):
        def feed_many(self, records: object) -> tuple[tuple[Event, ...], ...]:
            scaled = tuple(
                Chunk(item.stream, item.samples * np.float32(1 + 2**-20), item.arrival_ns, item.sequence)
                if isinstance(item, Chunk) and item.stream == "a" and item.samples.ndim == 1
                else item
                for item in records  # type: ignore[attr-defined]
            )
            return super().feed_many(scaled)

    with pytest.raises(JournalError, match=r"call \d+, record \d+ \(.* of '"):
        replay(HOME, Off, files)
