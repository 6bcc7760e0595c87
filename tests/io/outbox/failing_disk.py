"""A disk in memory that fails at its n-th write or fsync, in one of the ways disks do, and forgets in a power cut what was not synced."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

FAULTS = ("error", "torn", "full", "lying fsync", "power")
"""A write or fsync that fails and does nothing; does half of it; has no room; fails and drops what it should have synced; and the end."""


@dataclass
class File:
    """What a reader sees, and what a power cut leaves, with the writes between."""

    seen: bytearray = field(default_factory=bytearray)
    safe: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes]] = field(default_factory=list)
    """(offset, data); an offset of -1 is a truncation to the length in data."""


def _apply(target: bytearray, offset: int, data: bytes) -> None:
    if offset < 0:
        del target[int.from_bytes(data, "big") :]
        return
    target.extend(bytes(max(0, offset - len(target))))
    target[offset : offset + len(data)] = data


class Disk:
    """Files by name, and the fault that is to come: at operation `at`, and every `every`-th after it where that is given."""

    def __init__(self, *, at: int = -1, fault: str = "error", every: int = 0) -> None:
        self.files: dict[str, File] = {}
        self.at, self.fault, self.every = at, fault, every
        self.n_operations = 0
        self.n_faults = 0
        self.is_dead = False

    def operation(self) -> bool:
        """Count one; return whether it is to fail."""
        self.n_operations += 1
        past = self.n_operations - self.at
        if self.is_dead or (self.at >= 0 and (past == 0 or (self.every and past > 0 and past % self.every == 0))):
            self.n_faults += 1
            self.is_dead |= self.fault == "power"
            return True
        return False

    def after_power_cut(self, seed: int) -> "Disk":
        """Return what is found: all that was synced, and of the rest what happened to be written, the last of it perhaps half."""
        draw, found = random.Random(seed), Disk()
        for name, file in self.files.items():
            content = bytearray(file.safe)
            for offset, data in file.pending:
                if draw.random() < 0.5:
                    _apply(content, offset, data if offset < 0 else data[: draw.randint(0, len(data))])
            found.files[name] = File(bytearray(content), bytearray(content))
        return found


class Vfs(apsw.VFS):
    """SQLite's way to a disk."""

    vfs_name: str

    def __init__(self, name: str) -> None:
        self.disk = Disk()
        self.vfs_name = name
        super().__init__(name, "")

    def excepthook(self, *_: Any) -> bool:
        """A fault on purpose is no news."""
        return True

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        return name

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802
        flags[1] = flags[0]
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or "temporary"
        return VfsFile(self.disk, self.disk.files.setdefault(path, File()))

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: ARG002, N802
        return pathname in self.disk.files

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: ARG002, N802
        if self.disk.operation():
            raise apsw.IOError
        self.disk.files.pop(filename, None)


class VfsFile:
    """One open file. Not a VFSFile: no real one stands behind it."""

    def __init__(self, disk: Disk, file: File) -> None:
        self.disk, self.file = disk, file

    def excepthook(self, *_: Any) -> None:
        """A fault on purpose is no news."""

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        return bytes(self.file.seen[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self.disk.operation():
            if self.disk.fault in {"torn", "power"}:
                self._write(data[: len(data) // 2], offset)
            raise apsw.FullError if self.disk.fault == "full" else apsw.IOError
        self._write(data, offset)

    def _write(self, data: bytes, offset: int) -> None:
        _apply(self.file.seen, offset, bytes(data))
        self.file.pending.append((offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        if self.disk.operation():
            raise apsw.IOError
        self._write_truncation(newsize)

    def _write_truncation(self, newsize: int) -> None:
        del self.file.seen[newsize:]
        self.file.pending.append((-1, newsize.to_bytes(8, "big")))

    def xSync(self, flags: int) -> None:  # noqa: ARG002, N802
        if self.disk.operation():
            if self.disk.fault == "lying fsync":
                self.file.pending.clear()
            raise apsw.IOError
        for offset, data in self.file.pending:
            _apply(self.file.safe, offset, data)
        self.file.pending.clear()

    def xFileSize(self) -> int:  # noqa: N802
        return len(self.file.seen)

    def xLock(self, level: int) -> None:  # noqa: N802
        """One process."""

    def xUnlock(self, level: int) -> None:  # noqa: N802
        """One process."""

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:  # noqa: ARG002, N802
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return 4096

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return 0

    def xClose(self) -> None:  # noqa: N802
        """Without sync."""


class Apsw:
    """An outbox's engine on such a disk."""

    errors: tuple[type[Exception], ...] = (apsw.Error,)
    damage: tuple[type[Exception], ...] = (apsw.CorruptError, apsw.NotADBError)

    def __init__(self, vfs: Vfs, disk: Disk) -> None:
        self.vfs, self.disk = vfs, disk

    def connect(self, path: Path) -> apsw.Connection:
        self.vfs.disk = self.disk
        return apsw.Connection(str(path), vfs=self.vfs.vfs_name)
