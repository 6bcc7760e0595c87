"""Files that are there whole or not at all, and a snapshot that is written while its segment grows already."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from edgeecg.encoding import DIGEST_LEN
from edgeecg.journal.files import Files
from edgeecg.journal.reader import refusing, snapshot_name

TEMPORARY_SUFFIX: Final = ".tmp"
PIECE_BYTES: Final = 4 << 20
"""Synced at a time: who syncs another file beside this one waits for no more than that."""


@dataclass(frozen=True, slots=True)
class Promise:
    """The snapshot that a segment begins at, and that is not on the disk yet. It may be kept in any thread."""

    folder: Path
    number: int
    """The segment's."""
    files: Files

    def keep(self, parts: Iterable[bytes | memoryview]) -> bytes:
        """Have it safe on the disk; return what it is to be named by. JournalError: it is not there."""
        name, digest = snapshot_name(self.number), blake2b(digest_size=DIGEST_LEN)
        with refusing(self.folder / name, "a snapshot that can be written"):
            self.files.close(publish(self.files, self.folder, name, _digested(parts, digest)))
        return digest.digest()


def publish(files: Files, folder: Path, name: str, parts: Iterable[bytes | memoryview]) -> int:
    """A whole file under this name, or none: safe on the disk before it gets its name. Returned open."""
    temporary = folder / (name + TEMPORARY_SUFFIX)
    handle = files.open(temporary)
    try:
        files.truncate(handle, 0)
        for piece in _pieces(parts):
            files.append(handle, piece)
            files.fsync(handle)
        files.rename(temporary, folder / name)
        files.fsync_folder(folder)
    except OSError:
        with suppress(OSError):
            files.close(handle)
        with suppress(OSError):  # it takes room, and a file that failed to sync is not to be trusted again
            files.delete(temporary)
        raise
    return handle


def _digested(parts: Iterable[bytes | memoryview], digest: "blake2b") -> Iterator[bytes | memoryview]:
    for part in parts:
        digest.update(part)
        yield part


def _pieces(parts: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """Give the same bytes, the short together and the long in pieces."""
    held: list[bytes | memoryview] = []
    n_held = 0
    for part in parts:
        view = memoryview(part)
        for start in range(0, len(view), PIECE_BYTES):
            piece = view[start : start + PIECE_BYTES]
            if held and n_held + len(piece) > PIECE_BYTES:
                yield b"".join(held)
                held, n_held = [], 0
            held.append(piece)
            n_held += len(piece)
    yield b"".join(held)
