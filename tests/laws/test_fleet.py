"""Law 11: `feed_many` is `feed` for each, whatever the grouping and whoever is beside."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.types import Chunk, Event, Inference, Overload, Record, SourceChange, SourceState, Tick
from tests.laws.machines import RULES
from tests.laws.signals import heart

STREAMS = (
    StreamFacts(name="a", rate_hz=250.0, sequence_bits=16),
    StreamFacts(
        name="b", rate_hz=360.0, leads=("I", "II"), mv_per_unit=0.005, offset_units=1024, sequence_bits=8, frame_len=30, reorder_frames=3
    ),
    StreamFacts(name="c", rate_hz=1000.0, device_clock_bits=32),
    StreamFacts(name="d", rate_hz=800.0, sequence_bits=16, frame_len=25, reorder_frames=2, sound_of="a"),
    StreamFacts(name="e", rate_hz=1000.0, device_clock_bits=32, sound_of="c"),
)
MODELS = (
    ModelFacts(name="m", sha256="0" * 64, labels=("x", "y"), window_s=1.0, hop_s=0.5, deadline_s=0.5),
    ModelFacts(name="hears", sha256="0" * 64, labels=("x", "y"), window_s=1.0, hop_s=0.5, deadline_s=0.5, sound_hz=1000.0),
)


def records_of(facts: StreamFacts, seed: int, seconds: float) -> list[Record]:
    """One stream's records: frames with losses, a copy, one out of turn, a lost source."""
    rng = np.random.default_rng(seed)
    x, _ = heart(facts.rate_hz, seconds, seed=seed)
    units = np.round(x / facts.mv_per_unit + facts.offset_units) if facts.mv_per_unit < 1 else x
    frame_len = facts.frame_len or 25
    records: list[Record] = [SourceState(facts.name, SourceChange.OPENED, 0, epoch=seed)]
    for frame in range(len(x) // frame_len):
        samples = units[frame * frame_len : (frame + 1) * frame_len]
        if facts.mv_per_unit < 1:
            samples = samples.astype(np.int16)
        if len(facts.leads) == 2:
            samples = np.stack([samples, samples[::-1]], axis=1)
        time_us = round(frame * frame_len / facts.rate_hz * 1e6)
        sequence = frame % 2**facts.sequence_bits if facts.sequence_bits else -1
        records.append(Chunk(facts.name, samples, time_us * 1000, sequence, time_us if facts.device_clock_bits else -1))
    for _ in range(6):
        at = int(rng.integers(2, len(records) - 3))
        kind = int(rng.integers(0, 4))
        if kind == 0:
            del records[at]
        elif kind == 1:
            records.insert(at, records[at])
        elif kind == 2:
            records[at], records[at + 1] = records[at + 1], records[at]
        else:
            records.insert(at, Chunk(facts.name, np.zeros((2, 7)), 0))
    records.insert(len(records) // 2, SourceState(facts.name, SourceChange.LOST, 0))
    records.insert(len(records) // 2 + 2, SourceState(facts.name, SourceChange.OPENED, round(seconds * 5e8)))
    return [*records, Tick(round((seconds + 9) * 1e9))]


def engine() -> Engine:
    return Engine(EngineConfig(streams=STREAMS, models=MODELS, rules=RULES))


def mix(seed: int) -> list[Record]:
    """Several streams' records, shuffled together, each in its own order."""
    queues = [records_of(facts, seed, 4.0) for facts in STREAMS]
    queues.append([Overload(2), Inference("a", "m", 0, (0.5, 0.5)), Chunk("nobody", np.zeros(3), 0), Overload(99), Tick(5)])
    rng = np.random.default_rng(seed)
    mixed: list[Record] = []
    while any(queues):
        queue = queues[int(rng.choice([i for i, queue in enumerate(queues) if queue]))]
        take = int(rng.integers(1, 9))
        mixed += queue[:take]
        del queue[:take]
    return mixed


@given(seed=st.integers(0, 10_000), data=st.data())
def test_any_grouping_gives_what_feeding_each_gives(seed: int, data: st.DataObject) -> None:
    records = mix(seed)
    one, many = engine(), engine()
    expected = [one.feed(record) for record in records]
    got: list[tuple[Event, ...]] = []
    while len(got) < len(records):
        got += many.feed_many(records[len(got) : len(got) + data.draw(st.sampled_from((1, 3, 50, 1000)))])
    assert got == expected
    assert many.snapshot() == one.snapshot()


def test_streams_do_not_see_each_other() -> None:
    together, alone = engine(), engine()
    theirs = [record for facts in STREAMS for record in records_of(facts, 4, 6.0)[:-1]]
    of_b = [record for record in theirs if getattr(record, "stream", "") == "b"]  # whom no sound belongs to
    events = [event for events in together.feed_many(theirs) for event in events if event.stream == "b"]
    assert events == [event for events in alone.feed_many(of_b) for event in events]
    assert len(events) > 10
