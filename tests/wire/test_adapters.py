"""Devices people own: their frames are read, noise is told as skipped, and no cut of the bytes changes what is read."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg_wire.adapters import ADAPTERS, Block, Reading, Skipped, recognise
from edgeecg_wire.adapters.base import MAX_SKIPPED
from edgeecg_wire.adapters.bitalino import LOCK, Bitalino, crc4
from edgeecg_wire.adapters.chords import BOARDS, Chords
from edgeecg_wire.adapters.cyton import microvolts
from edgeecg_wire.adapters.lines import MAX_LINE, Lines
from edgeecg_wire.codec import encode
from edgeecg_wire.frames import Samples
from tests.wire.foreign import FORMATS, Format, Instant, bitalino, chords, cyton, healthypi_4, long_division
from tests.wire.strategies import cuts_of

BY_NAME = {format_.adapter: format_ for format_ in FORMATS}
every_format = pytest.mark.parametrize("name", BY_NAME)


def sent(format_: Format, n: int, seed: int = 0) -> tuple[list[bytes], list[Instant]]:
    rng = random.Random(seed)
    frames = [format_.frame(i, rng) for i in range(n)]
    return [wire for wire, _ in frames], [instant for _, instants in frames for instant in instants]


def instants_of(readings: list[Reading]) -> list[Instant]:
    return [instant for reading in readings if isinstance(reading, Block) for instant in reading.instants]


@every_format
def test_what_a_device_sends_is_read_value_for_value(name: str) -> None:
    wires, instants = sent(BY_NAME[name], 300)
    adapter = ADAPTERS[name]()
    readings = adapter.feed(b"".join(wires) + wires[-1] * LOCK)
    assert instants_of(readings)[: len(instants)] == instants
    assert not any(isinstance(reading, Skipped) for reading in readings[:200])
    assert {len(instant) for instant in instants} == {adapter.leads}
    assert adapter.integrity == ("crc-4" if "bitalino" in name else "none")


@every_format
@given(data=st.data())
def test_no_cut_of_the_bytes_changes_what_is_read(name: str, data: st.DataObject) -> None:
    wires, _ = sent(BY_NAME[name], 12, seed=data.draw(st.integers(0, 100)))
    wires.insert(data.draw(st.integers(0, 12)), data.draw(st.binary(max_size=40)))
    line = b"".join(wires)[data.draw(st.integers(0, 30)) :]
    whole = ADAPTERS[name]().feed(line)
    for pieces in (data.draw(cuts_of(line)), [line[i : i + 1] for i in range(len(line))]):
        adapter = ADAPTERS[name]()
        assert [reading for piece in pieces for reading in adapter.feed(piece)] == whole


@every_format
@given(line=st.binary(max_size=300))
def test_nothing_a_line_brings_does_harm(name: str, line: bytes) -> None:
    adapter = ADAPTERS[name]()
    readings = adapter.feed(line)
    assert sum(reading.len_bytes for reading in readings if isinstance(reading, Skipped)) <= adapter.len_skipped <= len(line)


@every_format
def test_frames_after_noise_are_found_again(name: str) -> None:
    wires, instants = sent(BY_NAME[name], 40)
    readings = ADAPTERS[name]().feed(b"\xff" * 1000 + b"\n" + b"".join(wires) + wires[-1] * LOCK)
    assert isinstance(readings[0], Skipped)
    found = instants_of(readings)
    assert found[: len(instants)] == instants


@every_format
def test_memory_does_not_grow(name: str) -> None:
    adapter = ADAPTERS[name]()
    for _ in range(20):
        adapter.feed(b"\xc7" * 2_000)
    assert len(adapter._held) <= max(MAX_LINE, 8 * LOCK, 64)  # type: ignore[attr-defined]


@every_format
def test_a_line_says_what_it_is(name: str) -> None:
    wires, _ = sent(BY_NAME[name], 400)
    looks_like = {"bitalino-5": "bitalino-6"}.get(name, name)
    assert recognise(b"".join(wires)) == looks_like
    assert recognise(b"".join(wires)[7:]) == looks_like


def test_our_own_frames_and_noise_are_recognised_as_such() -> None:
    own = b"".join(encode(Samples(0, i, i, 250_000, 1, 16, 0, 0, bytes(50))) for i in range(10))
    assert recognise(own[5:]) == "edgeecg"
    assert recognise(random.Random(1).randbytes(5000)) is None
    assert recognise(b"") is None


def test_counters_are_given_where_a_device_has_one() -> None:
    for format_, adapter in ((cyton, ADAPTERS["cyton"]()), (chords(2, 10), Chords(2)), (bitalino(3), Bitalino(3))):
        line = b"".join(format_(i, random.Random(i))[0] for i in range(300))
        counters = [reading.counter for reading in adapter.feed(line) if isinstance(reading, Block)]
        assert adapter.counter_modulus is not None
        assert counters[:290] == [i % adapter.counter_modulus for i in range(290)]


def test_a_value_the_boards_converter_cannot_give_is_no_frame() -> None:
    frame = b"\xc7\x7c\x00" + (1024).to_bytes(2, "big") + b"\x01"
    assert Chords(1, "uno-r3").feed(frame * 2) == []
    assert instants_of(Chords(1, "uno-r4").feed(frame)) == [(1024,)]
    assert {board.bits for board in BOARDS.values()} == {10, 12, 14}


def test_a_frame_inside_a_false_start_is_still_found() -> None:
    wire, instants = healthypi_4(0, random.Random(0))
    readings = ADAPTERS["healthypi-4"]().feed(wire[:20] + wire + wire)
    assert readings[0] == Skipped(20)
    assert instants_of(readings) == [*instants, *instants]


@given(st.binary(min_size=2, max_size=8))
def test_crc4_is_the_remainder_of_long_division(data: bytes) -> None:
    assert crc4(data) == long_division(data)


def test_a_bitalino_is_believed_after_four_frames_that_count_up() -> None:
    wires = [bitalino(1)(i, random.Random(i))[0] for i in range(10)]
    assert Bitalino(1).feed(b"".join(wires[:3])) == []
    assert len(Bitalino(1).feed(b"".join(wires[:4]))) == 4
    assert [type(reading) for reading in Bitalino(1).feed(wires[0] * 8)] == []


def test_frames_a_bitalino_left_out_cost_no_others() -> None:
    wires = [bitalino(2)(i, random.Random(i))[0] for i in range(40)]
    readings = Bitalino(2).feed(b"".join(wires[:10] + wires[15:]))
    assert [reading.counter for reading in readings if isinstance(reading, Block)] == [i % 16 for i in range(40) if not 10 <= i < 15]
    assert len(readings) == 35


def test_lines_say_leads_off_and_time() -> None:
    assert Lines().feed(b"!\r\n512\n") == [Block((), leads_off=True), Block(((512,),))]
    assert Lines("ts,ecg").feed(b"1000,-3\n") == [Block(((-3,),), clock_us=1_000_000)]
    assert Lines("ts,ecg", time_unit_us=1).feed(b"7, 5 \n") == [Block(((5,),), clock_us=7)]


@pytest.mark.parametrize("line", [b"5 12", b"1,2", b"0x10", b"--5", b"nan", b"99999999999", "५".encode(), b"1.5"])
def test_a_line_that_is_no_number_is_skipped(line: bytes) -> None:
    assert Lines().feed(line + b"\n7\n") == [Skipped(len(line) + 1), Block(((7,),))]


def test_a_line_without_end_is_skipped_once() -> None:
    assert Lines().feed(b"1" * 500 + b"\n2\n") == [Skipped(MAX_LINE + 1), Block(((2,),))]
    adapter = Lines()
    pieces = [b"1" * 40, b"1" * 40, b"1" * 200, b"1\n2\n"]
    assert [reading for piece in pieces for reading in adapter.feed(piece)] == [Skipped(MAX_LINE + 1), Block(((2,),))]


def test_cyton_scales_as_its_maker_says() -> None:
    assert microvolts(2**23 - 1) == pytest.approx(187_500.0)


def test_skipped_bytes_are_told_in_time() -> None:
    readings = ADAPTERS["cyton"]().feed(b"\x00" * (2 * MAX_SKIPPED + 5))
    assert readings == [Skipped(MAX_SKIPPED), Skipped(MAX_SKIPPED)]
