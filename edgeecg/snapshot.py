"""A snapshot's container: named sections of bytes that belong to one schema, one configuration and one set of models.

It is opened whole or not at all: nothing in it is looked at before its digest agrees, and nothing of it is handed out
before all it was made for agrees. What is inside a section is its owner's business. A section is to be copied into an
array before a kernel runs on it: compiled code writes through an array made over `bytes`, and corrupts whoever shares them.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from struct import Struct
from struct import error as struct_error
from typing import Final, TypeAlias

from edgeecg.errors import SnapshotError

MAGIC: Final = b"edgeECGs\x01\x00\x00\x00"
"""The last four bytes are the version of this container."""

_DIGEST_LEN = 16
_SCHEMA, _SHORT, _LONG = Struct("<I"), Struct("<H"), Struct("<Q")


Part: TypeAlias = bytes | memoryview


def pack(sections: Mapping[str, Part], *, schema: int, config_digest: bytes, model_hashes: Sequence[str]) -> bytes:
    """The container's bytes: equal for equal contents, in whatever order the sections were given."""
    return b"".join(parts_of(sections, schema=schema, config_digest=config_digest, model_hashes=model_hashes))


def parts_of(sections: Mapping[str, Part], *, schema: int, config_digest: bytes, model_hashes: Sequence[str]) -> list[Part]:
    """The same bytes, in pieces: no section is copied, which holds up every thread for as long as it takes."""
    try:
        parts: list[Part] = [MAGIC, _SCHEMA.pack(schema), _short(config_digest), _SHORT.pack(len(model_hashes))]
        parts += [_short(model.encode()) for model in model_hashes]
        parts.append(_SHORT.pack(len(sections)))
        names = sorted(sections)
        parts += [_short(name.encode()) + _LONG.pack(memoryview(sections[name]).nbytes) for name in names]
    except (struct_error, UnicodeEncodeError) as reason:
        raise SnapshotError("snapshot", reason, "a schema of 32 bits, at most 65535 names, each of at most 65535 bytes") from reason
    parts += [sections[name] for name in names]
    return [*parts, _digest(*parts)]


def unpack(data: bytes | bytearray | memoryview, *, schema: int, config_digest: bytes, model_hashes: Sequence[str]) -> dict[str, bytes]:
    """The sections, each a copy of its own; SnapshotError names what does not agree."""
    content = _whole(memoryview(data).toreadonly().cast("B"))
    reader = _Reader(content, len(MAGIC))
    _agree("schema", reader.number(_SCHEMA), schema)
    _agree("config_digest", reader.short().hex(), config_digest.hex())
    _agree("model_hashes", [reader.text() for _ in range(reader.number(_SHORT))], list(model_hashes))
    table = [(reader.text(), reader.number(_LONG)) for _ in range(reader.number(_SHORT))]
    names = [name for name, _ in table]
    if names != sorted(set(names)):
        raise SnapshotError("snapshot.sections", names, "different names, sorted")
    sections = {name: reader.take(length) for name, length in table}
    _agree("length", len(content), reader.position)
    return sections


def _whole(data: memoryview) -> memoryview:
    _agree("magic", bytes(data[: len(MAGIC)]), MAGIC)
    content, got = data[:-_DIGEST_LEN], bytes(data[-_DIGEST_LEN:])
    allowed = _digest(content)
    if got != allowed:
        raise SnapshotError("snapshot.digest", got.hex(), f"{allowed.hex()}, the digest of its {len(content)} bytes: it is cut or damaged")
    return content


def _agree(what: str, got: object, allowed: object) -> None:
    if got != allowed:
        raise SnapshotError(f"snapshot.{what}", got, f"{allowed}")


def _short(value: bytes) -> bytes:
    return _SHORT.pack(len(value)) + value


def _digest(*parts: Part) -> bytes:
    running = blake2b(digest_size=_DIGEST_LEN)
    for part in parts:
        running.update(part)
    return running.digest()


class _Reader:
    """Takes what is announced if it is there: a digest can be right over bytes that no `pack` wrote."""

    def __init__(self, data: memoryview, position: int) -> None:
        self.data, self.position = data, position

    def take(self, length: int) -> bytes:
        start, left = self.position, len(self.data) - self.position
        if length > left:
            raise SnapshotError(f"snapshot, byte {start}", f"{length} bytes", f"at most the {left} that are left")
        self.position += length
        return bytes(self.data[start : self.position])

    def number(self, spelled: Struct) -> int:
        return int(spelled.unpack(self.take(spelled.size))[0])

    def short(self) -> bytes:
        return self.take(self.number(_SHORT))

    def text(self) -> str:
        value = self.short()
        try:
            return value.decode()
        except UnicodeDecodeError as reason:
            raise SnapshotError(f"snapshot, byte {self.position}", value[:20], "a name in UTF-8") from reason
