"""What the journal needs of a file system, and the real one. Nothing else in the core touches files."""

import fcntl
import os
from pathlib import Path
from typing import Final, Protocol


class Files(Protocol):
    """What the journal needs of a file system; each may raise OSError."""

    def make_folder(self, folder: Path) -> None:
        """Make it and its parents, unless they are there."""

    def sizes(self, folder: Path) -> dict[str, int]:
        """Each file's name and bytes; nothing where there is no folder."""

    def read(self, path: Path) -> bytes:
        """The whole of it."""

    def open(self, path: Path) -> int:
        """For appending and for this process alone, made if absent."""

    def append(self, handle: int, data: bytes | memoryview) -> None:
        """All of it, or an error after any part of it."""

    def truncate(self, handle: int, len_bytes: int) -> None:
        """Keep the first bytes only."""

    def fsync(self, handle: int) -> None:
        """What was written survives a power cut, once this returns."""

    def close(self, handle: int) -> None:
        """Without fsync."""

    def rename(self, old: Path, new: Path) -> None:
        """At once or not at all, over what is there."""

    def delete(self, path: Path) -> None:
        """One file."""

    def fsync_folder(self, folder: Path) -> None:
        """What was made, renamed and deleted survives a power cut, once this returns."""


class Disk:
    """The real file system."""

    def make_folder(self, folder: Path) -> None:
        """Readable by its owner alone: an ECG identifies the person."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def sizes(self, folder: Path) -> dict[str, int]:
        """Regular files only."""
        return {path.name: path.stat().st_size for path in folder.glob("*") if path.is_file()}

    def read(self, path: Path) -> bytes:
        """The whole of it."""
        return path.read_bytes()

    def open(self, path: Path) -> int:
        """Locked: a second writer is refused."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise
        return handle

    def append(self, handle: int, data: bytes | memoryview) -> None:
        """As many writes as it takes: one, unless the disk is nearly full."""
        written = os.write(handle, data)
        while written < len(data):
            written += os.write(handle, data[written:])

    def truncate(self, handle: int, len_bytes: int) -> None:
        """Keep the first bytes only."""
        os.ftruncate(handle, len_bytes)

    def fsync(self, handle: int) -> None:
        """What was written survives a power cut, once this returns."""
        os.fsync(handle)

    def close(self, handle: int) -> None:
        """Without fsync."""
        os.close(handle)

    def rename(self, old: Path, new: Path) -> None:
        """At once or not at all, over what is there."""
        old.replace(new)

    def delete(self, path: Path) -> None:
        """One file."""
        path.unlink()

    def fsync_folder(self, folder: Path) -> None:
        """What was made, renamed and deleted survives a power cut, once this returns."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


DISK: Final = Disk()
