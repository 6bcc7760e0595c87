import struct
from contextlib import suppress
from dataclasses import FrozenInstanceError, astuple, fields, replace
from itertools import chain
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg import types
from edgeecg.encoding import (
    SAMPLE_TYPES,
    SCHEMA,
    TAGS,
    Item,
    config_from_bytes,
    config_to_bytes,
    decode,
    decode_all,
    digest,
    encode,
    encode_all,
    events_crc,
)
from edgeecg.errors import JournalError
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.spelling import Spelling
from edgeecg.types import Beat, Chunk, ConfigChange, Gap, GapReason, Inference, Morphology, Prediction, Tick, WindowReady
from tests.journal.items import CHUNKS, CONFIGS, items_of

ALL_TYPES = (*get_args(types.Record), *get_args(types.Event))
ITEMS = st.one_of(*map(items_of, ALL_TYPES))


def spoilt(**fields: Any) -> Chunk:
    return replace(CHUNK, **fields)


CHUNK = Chunk("s", np.array([1, -2], "<i2"), 3, 4, 5, 6, 7)


def bits(value: Any) -> Any:
    """Comparable to the last bit: NaN payloads, the sign of zero, a dtype and a shape are part of it."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, tuple):
        return tuple(map(bits, value))
    if hasattr(value, "__dataclass_fields__"):
        return type(value), tuple(bits(getattr(value, field.name)) for field in fields(value))
    return type(value), value


def test_every_record_and_event_has_a_tag() -> None:
    assert set(TAGS.values()) == set(ALL_TYPES)
    assert len(TAGS) == len(ALL_TYPES)
    assert all(tag < 64 for tag, cls in TAGS.items() if cls in get_args(types.Record))
    assert all(64 < tag < 256 for tag, cls in TAGS.items() if cls in get_args(types.Event))


def test_chunk_written_by_hand_has_the_fields_it_has() -> None:
    named = ["stream", "samples", "arrival_ns", "sequence", "device_us", "offset", "frame_len", "frames"]
    assert [field.name for field in fields(Chunk)] == named


def test_frames_cut_short_are_no_rows() -> None:
    data = bytearray(encode(replace(CHUNK, frames=np.arange(8).reshape(2, 4))))
    del data[-3:]
    data[9] -= 3  # the length of the table, low byte first
    with pytest.raises(JournalError, match=r"Chunk\.frames: 61 bytes is not rows of 32"):
        decode(bytes(data))


@pytest.mark.parametrize("cls", ALL_TYPES, ids=lambda cls: cls.__name__)
def test_what_is_written_is_read_to_the_last_bit(cls: type) -> None:
    @given(items_of(cls))
    def check(item: Item) -> None:
        data = encode(item)
        assert bits(decode(data)) == bits(item)
        assert encode(decode(data)) == data

    check()


@given(st.lists(ITEMS, max_size=6))
def test_many_are_one_after_the_other(items: list[Item]) -> None:
    data = encode_all(items)
    assert data == struct.pack("<I", len(items)) + b"".join(map(encode, items))
    assert bits(decode_all(data)) == bits(tuple(items))


@given(CONFIGS, CONFIGS)
def test_settings_have_one_digest_each(config: EngineConfig, other: EngineConfig) -> None:
    assert config_from_bytes(config_to_bytes(config)) == config
    assert (digest(config) == digest(other)) == (bits(config) == bits(other))
    assert len(digest(config)) == 16


def test_samples_come_back_aligned_read_only_and_alone() -> None:
    data = b"#" + encode(replace(CHUNK, samples=np.array([[1.5, 2.5]])))
    chunk = decode(data[1:])
    assert isinstance(chunk, Chunk)
    assert chunk.samples.flags.aligned
    assert not chunk.samples.flags.writeable
    assert chunk.samples.flags.c_contiguous
    alone: Any = chunk.samples.base
    assert isinstance(alone, bytes)
    assert len(alone) == 16


def test_samples_of_any_order_in_memory_are_the_same_bytes() -> None:
    samples = np.arange(24, dtype="<i4").reshape(4, 6)
    for view in (samples[::2, 1::2], samples.T, np.asfortranarray(samples), samples[::-1]):
        assert encode(replace(CHUNK, samples=view)) == encode(replace(CHUNK, samples=view.copy()))


def test_the_bytes_are_these() -> None:
    # Journals are kept: whoever changes this raises RULES in edgeecg.encoding.
    assert encode(CHUNK).hex() == (
        "01" "00" "01" "0100" "04000000" "00000000" "0300000000000000" "0400000000000000" "0500000000000000" "0600000000000000" "0700000000000000"
        "73" "0100" "feff"
    )  # fmt: skip
    assert encode(Tick(-2)).hex() == "02feffffffffffffff"
    assert encode(Gap("ä", 1, 2, GapReason.REOPENED, 3)).hex() == (
        "42" "02000000" "0100000000000000" "0200000000000000" "03" "0300000000000000" "c3a4"
    )  # fmt: skip
    assert encode(Inference("s", "", 1, (0.5,))).hex() == "0501000000000000000100000000000000080000000000000073000000000000e03f"


@given(ITEMS, st.data())
def test_no_bytes_do_harm_and_what_is_read_is_canonical(item: Item, data: st.DataObject) -> None:
    spoiled = bytearray(encode(item))
    for _ in range(data.draw(st.integers(1, 4))):
        spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255) | st.sampled_from((0, 1, 127, 128, 255)))
    cut = bytes(spoiled[: data.draw(st.integers(0, len(spoiled)))])
    for hostile in (bytes(spoiled), cut, bytes(spoiled) + b"\0"):
        try:
            read = decode(hostile)
        except JournalError:
            continue
        assert encode(read) == hostile


@given(st.binary(max_size=200))
def test_noise_is_refused_or_canonical(noise: bytes) -> None:
    for tag in (b"", *(bytes([tag]) for tag in TAGS)):
        try:
            read = decode(tag + noise)
        except JournalError:
            continue
        assert encode(read) == tag + noise
    for reader in (decode_all, config_from_bytes):
        try:
            reader(noise)
        except JournalError:
            continue


@pytest.mark.parametrize("cls", ALL_TYPES, ids=lambda cls: cls.__name__)
def test_every_cut_is_refused(cls: type) -> None:
    @given(items_of(cls))
    def check(item: Item) -> None:
        data = encode(item)
        for end in range(len(data)):
            with pytest.raises(JournalError):
                decode(data[:end])

    check()


@pytest.mark.parametrize("hostile", [
    encode(CHUNK)[:5] + b"\xff" * 4 + encode(CHUNK)[9:],  # 4 GiB of samples
    b"\x01\x00\x02\x01\x00" + bytes(4) + bytes(40) + b"s" + b"\xff" * 4 + bytes(4),  # (2**32 - 1, 0): an empty array, and it may be
    b"\x01\x00\x08\x00\x00" + bytes(4) + bytes(40) + b"\xff" * 28 + bytes(4),  # empty too, but its other sides overflow
    b"\x01\x00\x00\x00\x00" + bytes(4) + bytes(40),  # no dimension
    b"\x01\x63\x01\x00\x00" + bytes(4) + bytes(40),  # no such type
    b"\x42" + b"\xff" * 4 + bytes(25),  # 4 GiB of text
    encode_all([Tick(1)])[:-9],
    encode_all([Tick(1)]) + encode(Tick(2)),
    b"\xff\xff\xff\xff",
    b"",
], ids=range(10))  # fmt: skip
def test_announced_lengths_are_not_believed(hostile: bytes) -> None:
    with suppress(JournalError):
        assert encode(decode(hostile)) == hostile
    with pytest.raises(JournalError):
        decode_all(hostile)


def test_what_a_kernel_gave_is_written_as_what_it_means() -> None:
    plain = Beat("s", "I", 5, 0.5, Morphology.WIDE, 90.0, 1.0, 0.1, 1.2, late=True, reported_at=9)
    given = replace(plain, sample=np.int64(5), confidence=np.float32(0.5), late=np.bool_(True), morphology=2)  # type: ignore[arg-type]
    assert encode(given) == encode(plain)
    assert bits(decode(encode(given))) == bits(plain)


@pytest.mark.parametrize("name", ["", "ä€😀", "\udcff", "a\ud800b", "\x00"])
def test_a_name_may_be_any_text(name: str) -> None:
    for item in (replace(CHUNK, stream=name), Gap(name, 1, 2, GapReason.REOPENED, 3)):
        assert bits(decode(encode(item))) == bits(item)


def test_a_shape_is_what_its_bytes_are() -> None:
    data = encode(replace(CHUNK, samples=np.zeros((3, 2), "<i2")))
    sides = struct.pack("<II", 3, 2)
    assert data.count(sides) == 1
    for other in ((2, 2), (3, 3), (0, 2), (2**32 - 1, 2**32 - 1)):
        with pytest.raises(JournalError, match=r"Chunk\.samples"):
            decode(data.replace(sides, struct.pack("<II", *other)))
    assert bits(decode(data.replace(sides, struct.pack("<II", 2, 3)))) == bits(replace(CHUNK, samples=np.zeros((2, 3), "<i2")))
    odd = bytearray(encode(CHUNK))[:-1]
    odd[5] -= 1
    with pytest.raises(JournalError, match="3 bytes"):
        decode(odd)


def test_something_optional_is_there_in_one_way_only() -> None:
    data = config_to_bytes(EngineConfig(streams=(StreamFacts(name="a", rate_hz=250.0, rails_units=(-3.0, 3.0)),)))
    there = b"\x01" + struct.pack("<dd", -3.0, 3.0)
    assert data.count(there) == 1
    with pytest.raises(JournalError, match="optional: 2 is not 1"):
        config_from_bytes(data.replace(there, b"\x02" + there[1:]))


@pytest.mark.parametrize(("item", "where"), [
    (spoilt(arrival_ns=2**63), "Chunk.arrival_ns"),
    (spoilt(sequence=-(2**63) - 1), "Chunk.sequence"),
    (spoilt(device_us=1.5), "Chunk.device_us"),
    (spoilt(offset=2**70), "Chunk.offset"),
    (spoilt(frame_len=None), "Chunk.frame_len"),
    (spoilt(stream=5), "Chunk.stream"),
    (spoilt(frames=[(2, 0, 0, 0)]), "Chunk.frames"),
    (spoilt(frames=np.zeros((0, 4), "<i8")), "Chunk.frames"),
    (spoilt(frames=np.zeros((1, 3), "<i8")), "Chunk.frames"),
    (spoilt(frames=np.zeros((1, 4), "<f8")), "Chunk.frames"),
    (spoilt(stream="x" * 65536), "Chunk.stream"),
    (spoilt(samples=[1, 2]), "Chunk.samples"),
    (spoilt(samples=np.zeros(2, ">i2")), "Chunk.samples"),
    (spoilt(samples=np.zeros(2, "c16")), "Chunk.samples"),
    (spoilt(samples=np.zeros(2, "O")), "Chunk.samples"),
    (spoilt(samples=np.array(2, "<i2")), "Chunk.samples"),
    (spoilt(samples=np.zeros((1,) * 9, "<i2")), "Chunk.samples"),
    (Tick(2**63), "Tick.now_ns"),
    (Tick(1.0), "Tick.now_ns"),  # type: ignore[arg-type]
    (Gap("s", 1, 2, 99, 3), "Gap.reason"),  # type: ignore[arg-type]
    (Gap(None, 1, 2, GapReason.REOPENED, 3), "Gap.stream"),  # type: ignore[arg-type]
    (Inference("s", "m", 1, ("x",)), "Inference.scores"),  # type: ignore[arg-type]
    (Inference("s", "m", 1, 5), "Inference.scores"),  # type: ignore[arg-type]
    (ConfigChange(None), "ConfigChange.config"),  # type: ignore[arg-type]
    (WindowReady("s", "I", "m", 1, 0, 2, 3, True, 0.0, -1, 7, b"", 9), "WindowReady.samples_mv"),  # type: ignore[arg-type]
    (Beat("s", "I", 1, 10**400, Morphology.WIDE, 0.0, 0.0, 0.0, 0.0, False, 2), "Beat.confidence"),
    (GapReason.REOPENED, "encode"),
], ids=str)  # fmt: skip
def test_what_cannot_be_written_is_named(item: Any, where: str) -> None:
    for write in (encode, lambda one: encode_all([one])):
        with pytest.raises(JournalError) as caught:
            write(item)
        assert caught.value.where == where
        assert len(str(caught.value)) < 400


def test_settings_that_do_not_hold_together_are_not_read() -> None:
    data = encode(ConfigChange(EngineConfig(streams=(StreamFacts(name="a", rate_hz=250.0),))))
    for rate_hz in (1.0, float("nan"), float("inf")):
        with pytest.raises(JournalError):
            decode(data.replace(struct.pack("<d", 250.0), struct.pack("<d", rate_hz)))


def test_crc_is_over_the_bytes_of_all_events_in_their_order() -> None:
    one, two = Gap("s", 1, 2, GapReason.REOPENED, 3), Gap("s", 1, 2, GapReason.DROPPED, 3)
    assert events_crc(()) == 0
    crcs = [events_crc(events) for events in ((one,), (two,), (one, two), (two, one), (one, one))]
    assert len({0, *crcs}) == 6
    assert events_crc(iter((one, two))) == events_crc([one, two])


def test_crc_sees_every_bit_of_a_float() -> None:
    prediction = Prediction("s", "m", 1, 0, 2, -1, "x", (0.0, 0.1 + 0.2), False, (), late=False, reported_at=9)
    seen = {events_crc((replace(prediction, probabilities=values),)) for values in ((0.0, 0.1 + 0.2), (-0.0, 0.1 + 0.2), (0.0, 0.3))}
    assert len(seen) == 3


def test_a_type_nobody_has_thought_of_is_refused_at_once() -> None:
    from dataclasses import make_dataclass

    for hint in (complex, list[int], tuple[int, str], int | None, tuple[bool, ...], dict[str, int]):
        with pytest.raises(TypeError, match="no spelling"):
            Spelling(make_dataclass("Odd", [("field", hint)]))


def test_schema_changes_with_every_field() -> None:
    from dataclasses import make_dataclass

    plain = make_dataclass("Thing", [("a", int), ("b", float)])
    others: list[list[tuple[str, type]]] = [
        [("b", float), ("a", int)],
        [("a", int)],
        [("a", float), ("b", float)],
        [("a", int), ("c", float)],
    ]
    texts = {Spelling(made).text for made in (plain, *(make_dataclass("Thing", named) for named in others))}
    assert len(texts) == 5
    assert "DROPPED" in Spelling(Gap).text
    assert 0 < SCHEMA < 2**32


def test_what_is_read_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        decode(encode(Tick(1))).now_ns = 2  # type: ignore[union-attr,misc]
    assert astuple(decode(encode(Tick(1)))) == (1,)


@given(st.lists(CHUNKS, min_size=1, max_size=3))
def test_a_sample_type_keeps_its_number(chunks: list[Chunk]) -> None:
    assert [dtype.str for dtype in SAMPLE_TYPES[:4]] == ["<i2", "<i4", "<f4", "<f8"]
    assert set(chain(chunk.samples.dtype for chunk in chunks)) <= set(SAMPLE_TYPES)
