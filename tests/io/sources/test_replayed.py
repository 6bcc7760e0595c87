"""Samples that somebody sends a second time: whatever the source, the engine counts none of them twice."""

from collections.abc import Callable

import numpy as np
import pytest

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.intake import RESTART_FRAMES
from edgeecg.io.sources.queue import DroppingQueue
from edgeecg.io.sources.reception import Reception
from edgeecg.io.sources.topics import Topics
from edgeecg.types import Chunk, Event, Gap, GapReason, Record, RefusalReason, Refused
from edgeecg_wire.codec import encode
from tests.io.sources.publishing import hello, raw, samples

FRAME_NS = 100_000_000
N_FRAMES = 40
STREAM = "d/ecg"


def as_frames(number: int) -> bytes:
    greeting = encode(hello("d")) if number == 0 else b""
    return greeting + encode(samples(number))


def as_json(number: int) -> bytes:
    values = ",".join(str(number * 25 + i) for i in range(25))
    return f'{{"rate_hz": 250, "sequence": {number}, "device_us": {number * 100_000}, "samples": [{values}]}}'.encode()


def heard(messages: list[tuple[int, bytes]]) -> tuple[list[Event], int]:
    """What an engine says to messages at their times, and the number of the next sample."""
    queue = DroppingQueue()
    topics, reception, engine = Topics("b", epoch=6, claims=Claims(), queue=queue), Reception(EngineConfig()), Engine(EngineConfig())
    events: list[Event] = []
    for at_ns, payload in messages:
        topics.take(raw("d"), payload, at_ns, retained=False)
        records: list[Record] = reception.records(queue.take())
        assert all(np.isfinite(record.samples).all() for record in records if isinstance(record, Chunk))
        events += [event for given in engine.feed_many(records) for event in given]
    return events, engine.next_sample(STREAM)


@pytest.mark.parametrize("message", [as_frames, as_json])
@pytest.mark.parametrize(("which", "later_frames"), [(39, 0), (36, 0), (5, 0), (5, 600)])
def test_a_frame_that_is_sent_again_is_refused_and_no_sample_is_counted_twice(
    message: Callable[[int], bytes], which: int, later_frames: int
) -> None:
    honest = [(1 + (n + 1) * FRAME_NS, message(n)) for n in range(N_FRAMES)]
    at_ns = honest[-1][0] + 1_000_000 + later_frames * FRAME_NS
    said, end = heard(honest)
    assert not [event for event in said if isinstance(event, Refused)]
    later = [(at_ns + (n + 1) * FRAME_NS, message(N_FRAMES + n)) for n in range(3)]
    again, end_again = heard([*honest, (at_ns, message(which)), *later])
    reasons = {event.reason for event in again if isinstance(event, Refused)}
    assert reasons <= {RefusalReason.DUPLICATE}
    assert not [event for event in again if isinstance(event, Gap)], "it is no restart either"
    assert end_again == end + 3 * 25


@pytest.mark.parametrize("message", [as_frames, as_json])
def test_a_device_that_began_anew_and_whose_word_of_it_was_lost_is_heard_again(message: Callable[[int], bytes]) -> None:
    before = [(1 + (n + 1) * FRAME_NS, message(n)) for n in range(60)]
    at_ns = before[-1][0]
    after = [(at_ns + (n + 1) * FRAME_NS, message(n)) for n in range(1, 20)]
    events, _ = heard([*before, *after])
    (gap,) = [event for event in events if isinstance(event, Gap)]
    assert gap.reason == GapReason.RESTARTED
    assert gap.len_samples == pytest.approx(RESTART_FRAMES * 25, abs=50)
