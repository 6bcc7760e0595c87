from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg.errors import SnapshotError
from edgeecg.snapshot import MAGIC, pack, unpack

BELONGS: dict[str, Any] = {"schema": 3, "config_digest": b"0123456789abcdef", "model_hashes": ["aa" * 32, "bb" * 32]}
SECTIONS = {"streams": b"\x01\x02", "engine": b"", "leads": bytes(50)}
SEALED_LEN = 16


def sealed(content: bytes) -> bytes:
    return content + blake2b(content, digest_size=SEALED_LEN).digest()


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=20), st.binary(max_size=100), max_size=6),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=32),
    st.lists(st.text(st.characters(codec="utf-8"), max_size=70), max_size=4),
)
def test_what_is_packed_is_unpacked(sections: dict[str, bytes], schema: int, config_digest: bytes, models: list[str]) -> None:
    data = pack(sections, schema=schema, config_digest=config_digest, model_hashes=models)
    assert unpack(data, schema=schema, config_digest=config_digest, model_hashes=models) == sections
    backwards = dict(reversed(sections.items()))
    assert pack(backwards, schema=schema, config_digest=config_digest, model_hashes=tuple(models)) == data


def test_any_bytes_like_is_taken_and_bytes_of_their_own_are_given() -> None:
    data = pack({"a": memoryview(bytearray(b"xyz")), "b": bytearray(8)}, **BELONGS)  # type: ignore[dict-item]
    mutable = bytearray(data)
    sections = unpack(memoryview(mutable), **BELONGS)
    mutable[:] = bytes(len(mutable))
    assert sections == {"a": b"xyz", "b": bytes(8)}
    assert all(type(section) is bytes for section in sections.values())


@pytest.mark.parametrize(("other", "where"), [
    ({"schema": 4}, r"snapshot.schema: 3 is not 4"),
    ({"config_digest": b"0123456789abcdeX"}, "snapshot.config_digest: 30313233"),
    ({"config_digest": b""}, "snapshot.config_digest"),
    ({"model_hashes": ["aa" * 32]}, "snapshot.model_hashes"),
    ({"model_hashes": ["bb" * 32, "aa" * 32]}, "snapshot.model_hashes"),
    ({"model_hashes": []}, "snapshot.model_hashes"),
])  # fmt: skip
def test_what_it_was_not_made_for_is_refused_by_name(other: dict[str, Any], where: str) -> None:
    with pytest.raises(SnapshotError, match=where) as caught:
        unpack(pack(SECTIONS, **BELONGS), **(BELONGS | other))
    assert str(caught.value.got) != caught.value.allowed


def test_every_cut_and_every_wrong_bit_is_refused() -> None:
    data = pack(SECTIONS, **BELONGS)
    for end in range(len(data)):
        with pytest.raises(SnapshotError, match=r"magic|digest"):
            unpack(data[:end], **BELONGS)
    for place in range(len(data)):
        for bit in range(8):
            spoiled = bytearray(data)
            spoiled[place] ^= 1 << bit
            with pytest.raises(SnapshotError, match=r"magic|digest"):
                unpack(spoiled, **BELONGS)
    with pytest.raises(SnapshotError, match="digest"):
        unpack(data + b"\0", **BELONGS)


@given(st.binary(max_size=100))
def test_noise_is_refused(noise: bytes) -> None:
    for data in (noise, MAGIC + noise, sealed(noise), sealed(MAGIC + noise)):
        with pytest.raises(SnapshotError):
            unpack(data, **BELONGS)


@given(st.data())
def test_a_right_digest_over_wrong_bytes_does_no_harm(data: st.DataObject) -> None:
    """Whatever is accepted is what `pack` would have written, so nothing in it was half understood."""
    content = bytearray(pack(SECTIONS, **BELONGS)[:-SEALED_LEN])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(len(MAGIC), len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(len(MAGIC), len(content)))
    for hostile in (sealed(bytes(content)), sealed(bytes(content[:end])), sealed(bytes(content) + b"\0")):
        try:
            sections = unpack(hostile, **BELONGS)
        except SnapshotError:
            continue
        assert pack(sections, **BELONGS) == hostile


def test_sections_out_of_order_or_twice_are_refused() -> None:
    for names in (b"ba", b"aa"):
        one, two = names[:1], names[1:]
        table = b"\2\0" + b"\1\0" + one + bytes(8) + b"\1\0" + two + bytes(8)
        head = pack({}, **BELONGS)[: -SEALED_LEN - 2]
        with pytest.raises(SnapshotError, match="sections"):
            unpack(sealed(head + table), **BELONGS)


@pytest.mark.parametrize("bad", [
    {"schema": -1}, {"schema": 2**32}, {"config_digest": bytes(65536)}, {"model_hashes": ["x" * 65536]}, {"model_hashes": ["\udc00"]},
])  # fmt: skip
def test_what_cannot_be_packed_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(SnapshotError, match="snapshot"):
        pack(SECTIONS, **(BELONGS | bad))
