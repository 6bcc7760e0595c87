"""Events and samples become messages that say what they were, and samples lie where the engine counted them."""

import json
import math
from base64 import b64decode
from typing import get_args

import numpy as np
import pytest

from edgeecg.facts import StreamFacts
from edgeecg.live.messages import KINDS, NAMES, UNSAID, line, of_event, of_samples, placed
from edgeecg.live.tap import MOST_CALLS, Tap
from edgeecg.types import (
    Beat,
    Chunk,
    Event,
    Gap,
    GapReason,
    HeartSound,
    Morphology,
    SoundKind,
    StreamChange,
    StreamChanged,
    Tick,
    WindowExpired,
)


def chunk(n: int, *, stream: str = "a") -> Chunk:
    return Chunk(stream, np.arange(n, dtype=np.int16), 0)


def test_chunks_lie_one_behind_the_other_before_the_next_sample() -> None:
    assert [start for start, _ in placed([chunk(10), chunk(5), chunk(20)], [], 135)] == [115, 110, 100]


def test_a_gap_lies_between_the_chunks_it_was_between() -> None:
    gap = Gap("a", 110, 40, GapReason.LOST, 155)
    assert [start for start, _ in placed([chunk(10), chunk(5)], [gap], 155)] == [150, 100]


def test_a_gap_before_the_first_chunk_moves_nothing() -> None:
    gap = Gap("a", 90, 10, GapReason.LOST, 110)
    assert [start for start, _ in placed([chunk(10)], [gap], 110)] == [100]


def test_samples_are_millivolt_of_the_first_lead() -> None:
    facts = StreamFacts(name="a", rate_hz=250, leads=("I", "II"), mv_per_unit=0.01, offset_units=100)
    two = Chunk("a", np.array([[100, 7], [200, 7], [0, 7]], dtype=np.int16), 0)
    message = of_samples(facts, 17, two, 0.25)
    assert np.frombuffer(b64decode(message["mv"]), "<f4").tolist() == pytest.approx([0.0, 1.0, -1.0])
    assert (message["start_sample"], message["behind_s"]) == (17, 0.25)


def test_every_event_is_either_told_or_named_as_unsaid() -> None:
    assert {of_kind for of_kind in get_args(Event) if of_kind not in UNSAID} == set(KINDS) - set(UNSAID)
    assert KINDS[StreamChanged] == "stream_changed"


def test_an_event_is_told_by_its_fields_and_numbers_that_are_none_are_null() -> None:
    beat = Beat("a", "I", 500, 0.9, Morphology.WIDE, math.nan, math.inf, 0.1, 1.5, late=False, reported_at=560)
    message = json.loads(line(of_event(beat) or {}))
    assert message["kind"] == "beat"
    assert (message["sample"], message["morphology"], message["late"]) == (500, "wide", False)
    assert message["width_ms"] is None
    assert message["prematurity"] is None


def test_no_field_of_an_event_takes_the_place_of_its_kind() -> None:
    sound = HeartSound("a", SoundKind.S2, 500, 400, 380.0, 80.0, 0.1, 0.9, 560)
    message = of_event(sound) or {}
    assert (message["kind"], message["which"]) == ("heart_sound", "s2")
    assert not any("which" in names for names in NAMES.values())


def test_what_is_the_engines_own_business_is_not_told() -> None:
    assert of_event(WindowExpired("a", "m", 1, 2)) is None


def test_the_tap_keeps_the_newest_calls_and_no_more() -> None:
    tap = Tap(lambda: 7, lambda _: 42)
    for n in range(MOST_CALLS + 10):
        tap.hear([Tick(n)], [()])
    calls = tap.take()
    assert len(calls) == MOST_CALLS
    assert calls[-1].records[0] == Tick(MOST_CALLS + 9)
    assert tap.take() == []


def test_the_tap_notes_where_each_stream_stands() -> None:
    tap = Tap(lambda: 7, {"a": 30, "b": 9}.__getitem__)
    tap.hear([chunk(10), chunk(5), chunk(9, stream="b"), Tick(1)], [(), (), (StreamChanged("b", StreamChange.OPENED, 0, 1),), ()])
    (call,) = tap.take()
    assert call.ends == {"a": 30, "b": 9}
