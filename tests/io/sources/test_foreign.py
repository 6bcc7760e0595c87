"""Devices that say nothing of themselves: what is learned of them, and that nothing heard meanwhile is lost."""

import random
from itertools import pairwise

import numpy as np
import pytest

from edgeecg.io.sources import estimate
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.foreign import Foreign, ForeignDevice
from edgeecg.io.sources.formats import AUTO
from edgeecg.io.sources.intake import Intake
from edgeecg.io.sources.items import Announced, Item, Notice
from edgeecg.io.sources.line import Unrecognised
from edgeecg.io.sources.refusals import Refusals
from edgeecg.types import Chunk, SourceChange, SourceState
from edgeecg_wire.adapters.chords import START
from tests.wire.foreign import FORMATS, Format

Sent = list[tuple[int, ...]]


def intake(notices: list[Notice] | None = None) -> Intake:
    told: list[Notice] = [] if notices is None else notices
    return Intake("tty", 6, Claims(), Refusals(told.append), told.append)


def sent(made: Format, rate_hz: float, seconds: float, rng: random.Random) -> tuple[list[tuple[bytes, int]], Sent]:
    """What a USB line brings of it, up to twenty milliseconds late, in the pieces it comes in; and the instants it holds."""
    instants: Sent = []
    pieces: list[tuple[bytes, int]] = []
    waiting, i, at_ns = b"", 0, 0
    while at_ns < seconds * 1e9:
        at_ns += rng.randrange(1, 20_000_000)
        while len(instants) / rate_hz * 1e9 <= at_ns:
            frame, held = made.frame(i, rng)
            waiting, i = waiting + frame, i + 1
            instants += held
        cut = rng.randrange(len(waiting) + 1)
        pieces.append((waiting[:cut], at_ns))
        waiting = waiting[cut:]
    pieces.append((waiting, at_ns))
    return pieces, instants


def values(items: list[Item]) -> Sent:
    rows = [row for item in items if isinstance(item, Chunk) for row in item.samples.reshape(len(item.samples), -1).tolist()]
    return [tuple(int(value) for value in row) for row in rows]


@pytest.mark.parametrize("made", FORMATS, ids=lambda made: made.adapter)
def test_what_is_heard_while_learning_is_delivered_and_the_rate_is_found(made: Format) -> None:
    pieces, instants = sent(made, 250, 7.0, random.Random(1))
    device = ForeignDevice(intake(), Foreign(stream="bench", format=made.adapter))
    items = [item for data, arrival_ns in pieces for item in device.feed(data, arrival_ns)]
    announced, opened = items[:2]
    assert isinstance(announced, Announced)
    assert isinstance(opened, SourceState)
    assert (announced.facts.name, announced.facts.rate_hz) == ("bench", 250.0)
    assert (opened.change, opened.epoch) == (SourceChange.OPENED, 6)
    n_leads = len(announced.facts.leads)
    assert values(items) == [instant[:n_leads] for instant in instants][: len(values(items))]
    assert len(values(items)) >= len(instants) - 8  # the last of a format that is believed late are not yet believed
    assert device.integrity == ("crc-4" if made.adapter.startswith("bitalino") else "none")


def test_counters_are_handed_on_and_a_narrow_one_is_widened() -> None:
    for adapter, bits in (("chords-1", 8), ("bitalino-1", 16)):
        made = next(one for one in FORMATS if one.adapter == adapter)
        pieces, _ = sent(made, 250, 6.0, random.Random(2))
        device = ForeignDevice(intake(), Foreign(stream="b", format=adapter))
        items = [item for data, arrival_ns in pieces for item in device.feed(data, arrival_ns)]
        assert isinstance(items[0], Announced)
        assert items[0].facts.sequence_bits == bits
        sequences = [item.sequence for item in items if isinstance(item, Chunk)]
        assert {(after - before) % (1 << bits) for before, after in pairwise(sequences)} == {1}


def test_frames_lost_over_a_narrow_counters_rounds_are_told_by_arrival() -> None:
    made = next(one for one in FORMATS if one.adapter == "bitalino-1")
    rng = random.Random(3)
    device = ForeignDevice(intake(), Foreign(stream="b", format="bitalino-1", rate_hz=1000, mv_per_unit=0.003))
    items: list[Item] = []
    for i in [*range(200), *range(500, 700)]:
        items += device.feed(made.frame(i, rng)[0], i * 1_000_000)
    sequences = [item.sequence for item in items if isinstance(item, Chunk)]
    jump = max(after - before for before, after in pairwise(sequences))
    assert jump == pytest.approx(300, abs=16), "no counter of four bits can see three hundred frames"


def test_leads_off_is_an_instant_without_a_value() -> None:
    device = ForeignDevice(intake(), Foreign(stream="b", format="lines", rate_hz=250, mv_per_unit=0.01))
    items = device.feed(b"512\n!\n!\n500\n", 0)
    (chunk,) = [item for item in items if isinstance(item, Chunk)]
    np.testing.assert_array_equal(chunk.samples, [512, np.nan, np.nan, 500])


def test_a_rate_the_engine_cannot_take_is_refused_once_and_the_line_stays_silent() -> None:
    notices: list[Notice] = []
    device = ForeignDevice(intake(notices), Foreign(stream="b", format="lines"))
    items = [item for i in range(600) for item in device.feed(b"512\n", i * 20_000_000)]
    assert items == []
    assert [str(notice) for notice in notices] == ["tty: stream 'b'.rate_hz: 50.0 is not a rate from 100 to 2000 Hz in steps of 0.1"]


def test_after_a_replug_it_is_the_same_stream_without_learning_again() -> None:
    device = ForeignDevice(intake(), Foreign(stream="b", format="lines", rate_hz=250, mv_per_unit=0.01))
    first = device.feed(b"1\n2\n", 0)
    lost = device.line_lost(10)
    again = device.feed(b"3\n", 10**9)
    assert [type(item).__name__ for item in (*first, *lost, *again)] == [
        "Announced",
        "SourceState",
        "Chunk",
        "SourceState",
        "Announced",
        "SourceState",
        "Chunk",
    ]


@pytest.mark.parametrize("made", FORMATS, ids=lambda made: made.adapter)
def test_a_line_is_recognised_and_nothing_of_it_is_lost(made: Format) -> None:
    pieces, instants = sent(made, 250, 8.0, random.Random(4))
    line = Unrecognised(intake(), Foreign(stream="bench", format=AUTO))
    items = [item for data, arrival_ns in pieces for item in line.feed(data, arrival_ns)]
    assert line.format == made.adapter if not made.adapter.startswith("bitalino-5") else line.format in {"bitalino-5", "bitalino-6"}
    assert isinstance(items[0], Announced)
    n_leads = len(items[0].facts.leads)
    if line.format == made.adapter:
        assert values(items)[:1000] == [instant[:n_leads] for instant in instants][:1000]


def test_a_line_of_no_known_format_is_refused_with_what_it_begins_with() -> None:
    notices: list[Notice] = []
    line = Unrecognised(intake(notices), Foreign(stream="b", format=AUTO))
    rng = random.Random(5)
    for i in range(20):
        line.feed(rng.randbytes(100), i * 100_000_000)
    assert str(notices[0]).startswith("tty: line: 1600 bytes that begin ")
    assert str(notices[0]).endswith(" is not in a format that is known")


def test_a_silent_line_is_asked_in_one_way_after_the_other() -> None:
    line = Unrecognised(intake(), Foreign(stream="b", format=AUTO))
    asked = [data for second in range(6) if (data := line.due(second * 10**9))]
    assert len(asked) == 3
    assert asked[1].endswith(START)
    assert asked[2] == asked[0]


def test_a_line_that_speaks_is_not_asked_while_it_is_listened_to() -> None:
    line = Unrecognised(intake(), Foreign(stream="b", format=AUTO))
    line.feed(b"4", 0)
    assert [line.due(ms * 1_000_000) for ms in (0, 500, 1900)] == [b"", b"", b""]
    assert line.due(2_100_000_000)


def test_estimates() -> None:
    assert [estimate.usual_rate_hz(hz) for hz in (249.0, 251.4, 243.2, 999.0, 131.4)] == [250.0, 250.0, 243.0, 1000.0, 131.0]
    assert estimate.slope_hz([0.0, 1.0, 2.0], [0, 250, 500]) == 250.0
    assert estimate.slope_hz([1.0, 1.0], [0, 9]) == 0.0
    wave = 512 + 100 * np.sin(np.arange(5000) / 40)
    mv_per_unit, offset = estimate.scale(wave, 250)
    assert mv_per_unit == pytest.approx(1.5 / 200, rel=0.01)
    assert offset == pytest.approx(512, abs=5)
    assert estimate.scale(np.full(10, np.nan), 250) == (1.0, 0.0)
    assert estimate.scale(np.full(500, 7.0), 250) == (1.0, 7.0)
