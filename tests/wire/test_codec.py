"""Law 10: what is encoded is what is decoded, however the bytes are cut; what is damaged is never a sample."""

import dataclasses
import random
import zlib
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg_wire import cobs
from edgeecg_wire.codec import Damaged, Decoder, Overlong, Refused, Result, Unknown, WireError, encode, seal
from edgeecg_wire.frames import DEVICE, FRAMES, MAX_FRAME, MAX_SEGMENT, Battery, Frame, Hello, Samples, Start, Stream
from tests.naive import wire_scan as naive
from tests.wire.strategies import any_frame, cuts_of, lines, samples

ECG = Samples(0, 7, 123_456, 250_000, 1, 16, 0, 0, bytes(range(100)))


def read(*pieces: bytes) -> list[Result]:
    decoder = Decoder()
    return [result for piece in pieces for result in decoder.feed(piece)]


@given(any_frame())
def test_decoding_undoes_encoding(frame: Frame) -> None:
    assert read(encode(frame)) == [frame]


@given(st.lists(any_frame(), max_size=6))
def test_frames_come_out_in_the_order_they_went_in(frames: list[Frame]) -> None:
    assert read(b"".join(map(encode, frames))) == frames


@given(lines(), st.data())
def test_no_cut_of_the_bytes_changes_what_is_read(line: bytes, data: st.DataObject) -> None:
    whole = read(line)
    assert read(*data.draw(cuts_of(line))) == whole
    assert read(*(line[i : i + 1] for i in range(len(line)))) == whole


@given(lines())
def test_a_frame_after_anything_at_all_and_a_zero_is_read(line: bytes) -> None:
    assert read(line, b"\0", encode(ECG))[-1] == ECG


@given(lines())
def test_nothing_is_held_but_one_segment(line: bytes) -> None:
    decoder = Decoder()
    for i in range(0, len(line), 7):
        decoder.feed(line[i : i + 7])
        assert len(decoder._held) <= MAX_SEGMENT


def test_a_peer_that_never_ends_its_frame_fills_nothing() -> None:
    decoder = Decoder()
    results = [result for _ in range(100) for result in decoder.feed(b"\x01" * 100_000)]
    assert results == [Overlong()]
    assert decoder._held == b""
    assert decoder.feed(b"\x01\0" + encode(ECG)) == [ECG]


@given(samples(), st.data())
def test_one_changed_byte_is_never_a_sample(frame: Samples, data: st.DataObject) -> None:
    wire = bytearray(encode(frame))
    at = data.draw(st.integers(0, len(wire) - 1))
    wire[at] ^= data.draw(st.integers(1, 255))
    assert not any(isinstance(result, Samples) for result in read(bytes(wire), b"\0"))


@given(st.binary(max_size=1100))
def test_cobs_agrees_with_the_obvious_one(data: bytes) -> None:
    stuffed = cobs.encode(data)
    assert stuffed == naive.cobs_encode(data)
    assert 0 not in stuffed
    assert cobs.decode(stuffed) == data


@given(st.binary(min_size=1, max_size=600).map(lambda data: data.replace(b"\0", b"\xff")))
def test_cobs_reads_any_segment_as_the_obvious_one_does(segment: bytes) -> None:
    assert cobs.decode(segment) == naive.cobs_decode(segment)


@pytest.mark.parametrize("length", [253, 254, 255, 507, 508, 509])
@pytest.mark.parametrize("end", [b"", b"\0", b"\x01"])
def test_cobs_at_the_edges_of_a_full_block(length: int, end: bytes) -> None:
    data = b"\x07" * length + end
    assert cobs.encode(data) == naive.cobs_encode(data)
    assert cobs.decode(cobs.encode(data)) == data


def test_the_crc_is_the_one_of_iso_hdlc() -> None:
    assert naive.crc32(b"123456789") == zlib.crc32(b"123456789") == 0xCBF43926


def test_an_unfinished_frame_is_nothing_yet() -> None:
    decoder = Decoder()
    wire = encode(ECG)
    assert [decoder.feed(wire[i : i + 1]) for i in range(len(wire) - 1)] == [[]] * (len(wire) - 1)
    assert decoder.feed(wire[-1:]) == [ECG]


def test_damage_says_how() -> None:
    wire = encode(ECG)
    assert read(b"\x09\x01\0") == [Damaged("cobs", 2)]
    assert read(b"\x02\x01\0") == [Damaged("short", 2)]
    assert read(wire[:40] + bytes([wire[40] ^ 4]) + wire[41:]) == [Damaged("crc", len(wire) - 1)]


def test_a_newer_peer_is_told_from_a_broken_one() -> None:
    assert read(seal(b"\x02\x02" + bytes(11))) == [Unknown(2, 2, 13)]
    assert read(seal(b"\x01\x7a" + bytes(20))) == [Unknown(1, 0x7A, 22)]


def test_a_frame_that_lies_about_its_length_is_refused_with_a_sentence() -> None:
    body = bytearray(cast(bytes, cobs.decode(encode(ECG)[:-1]))[:-4])
    body[17] = 51
    assert read(seal(bytes(body))) == [Refused(Samples.TYPE, "length", "data: 100 bytes are not 51 x 1 samples of 16 bits")]


def test_a_hello_with_a_device_id_that_is_a_path_is_refused() -> None:
    good = Hello(DEVICE, 0, 0, "AA", "", 64, 0, ())
    (result,) = read(seal(cast(bytes, cobs.decode(encode(good)[:-1]))[:-4].replace(b"AA", b"..")))
    assert isinstance(result, Refused)
    assert result.detail.startswith("device_id: '..' is not ")


BAD: list[tuple[Frame, str]] = [
    (dataclasses.replace(ECG, leads=9), "Samples.leads: 9 is not in 1..8"),
    (dataclasses.replace(ECG, bits=20), "Samples.bits: 20 is not 16 or 24"),
    (dataclasses.replace(ECG, data=bytes(101)), "Samples.data: 101 bytes are not whole samples"),
    (dataclasses.replace(ECG, data=b""), "Samples.count: 0 is not at least 1"),
    (dataclasses.replace(ECG, data=bytes(1000)), "Samples: 1028 bytes are more than 1019"),
    (dataclasses.replace(ECG, sequence=65536), "Samples: a field does not fit its type"),
    (dataclasses.replace(ECG, stream=8), "Samples.stream: 8 is not in 0..7"),
    (dataclasses.replace(ECG, clock_us=-1), "Samples: a field does not fit its type"),
    (Battery(DEVICE, 0, 0, 50, 2, 0), "Battery.charging: 2 is not in 0..1"),
    (Start(DEVICE, 0, 2**63, 1), "Start.clock_us: 9223372036854775808 is not in 0..9223372036854775807"),
    (Hello(DEVICE, 0, 0, "a b", "", 64, 0, ()), "Hello.device_id: 'a b' is not"),
    (Hello(DEVICE, 0, 0, "a", "ü", 64, 0, ()), "Hello.firmware: 'ü' is not"),
]


@pytest.mark.parametrize(("frame", "sentence"), BAD, ids=[f"{i}: {sentence[:24]}" for i, (_, sentence) in enumerate(BAD)])
def test_a_frame_that_breaks_a_rule_is_not_sent(frame: Frame, sentence: str) -> None:
    with pytest.raises(WireError) as caught:
        encode(frame)
    assert str(caught.value).startswith(sentence)


def test_two_streams_of_one_number_are_not_sent() -> None:
    stream = Stream(0, 1, 1, 16, 0, 250_000, 0, 0, (0,) * 8)
    with pytest.raises(WireError, match="two have one number"):
        encode(Hello(DEVICE, 0, 0, "a", "", 64, 0, (stream, stream)))


def test_records_are_frozen_and_without_a_dictionary() -> None:
    for record in (*FRAMES.values(), Stream, Damaged, Overlong, Unknown, Refused):
        assert "__slots__" in vars(record)
    with pytest.raises(dataclasses.FrozenInstanceError):
        ECG.stream = 1  # type: ignore[misc]
    assert not hasattr(Decoder(), "__dict__")


def test_fifty_samples_are_a_hundred_and_thirty_bytes() -> None:
    assert len(encode(ECG)) == 130


def test_the_longest_frame_fits_the_longest_segment() -> None:
    data = random.Random(0).randbytes(990).replace(b"\0", b"\x01")
    frame = Samples(1, 0x0101, 0x0101010101010101, 0x01010101, 1, 16, 1, 257, data)
    assert 28 + len(data) == MAX_FRAME - 1
    assert len(encode(frame)) <= MAX_SEGMENT + 1
    assert read(encode(frame)) == [frame]
