"""A file system in memory that is as unkind as a real one may be: it loses what was not synced, and fails when told to."""

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Choose = Callable[[int], int]
"""Given n, one of 0 .. n-1."""


class PowerCut(BaseException):
    """Nothing runs after this: no handler of the code under test may see it as an error."""


@dataclass
class _Inode:
    data: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    poisoned: bool = False
    """A sync failed: the system holds the pages for clean and never writes them."""


@dataclass
class MemoryFiles:
    """Operation `fail_at`, counted from 0, and those after it fail; `how`: before or after their effect, or power cut."""

    fail_at: int = -1
    how: str = "before"
    times: int = 1
    choose: Choose = lambda _: 0
    operations: int = 0
    log: list[str] = field(default_factory=list)
    names: dict[Path, _Inode] = field(default_factory=dict)
    durable: dict[Path, _Inode] = field(default_factory=dict)
    pending: list[tuple[Path, Path | None, _Inode | None]] = field(default_factory=list)
    handles: dict[int, _Inode] = field(default_factory=dict)

    def _step(self, name: str, effect: Callable[[], None], partial: Callable[[], None] = lambda: None) -> None:
        number, self.operations = self.operations, self.operations + 1
        self.log.append(name)
        if not 0 <= self.fail_at <= number < self.fail_at + self.times:
            effect()
            return
        if self.how == "after":
            effect()
        else:
            partial()
        if self.how == "cut":
            raise PowerCut
        raise OSError(errno.ENOSPC if name == "append" else errno.EIO, f"told to fail: {name}")

    def make_folder(self, folder: Path) -> None:
        del folder  # there is but one
        self._step("make_folder", lambda: None)

    def sizes(self, folder: Path) -> dict[str, int]:
        return {path.name: len(inode.data) for path, inode in self.names.items() if path.parent == folder}

    def read(self, path: Path) -> bytes:
        if path not in self.names:
            raise FileNotFoundError(path)
        return bytes(self.names[path].data)

    def open(self, path: Path) -> int:
        def effect() -> None:
            if path not in self.names:
                self.names[path] = _Inode()
                self.pending.append((path, None, self.names[path]))

        self._step("open", effect)
        inode = self.names[path]
        if any(inode is other for other in self.handles.values()):
            raise BlockingIOError(errno.EAGAIN, "locked")
        handle = self.operations
        self.handles[handle] = inode
        return handle

    def append(self, handle: int, data: bytes | memoryview) -> None:
        inode = self.handles[handle]

        def part() -> None:
            inode.data += data[: self.choose(len(data) + 1)]

        def whole() -> None:
            inode.data += data

        self._step("append", whole, part)

    def truncate(self, handle: int, len_bytes: int) -> None:
        def effect() -> None:
            del self.handles[handle].data[len_bytes:]

        self._step("truncate", effect)

    def fsync(self, handle: int) -> None:
        inode = self.handles[handle]

        def effect() -> None:
            if not inode.poisoned:
                inode.synced = bytes(inode.data)

        def failure() -> None:
            inode.poisoned = True

        self._step("fsync", effect, failure)

    def close(self, handle: int) -> None:
        del self.handles[handle]
        self._step("close", lambda: None)

    def rename(self, old: Path, new: Path) -> None:
        def effect() -> None:
            self.names[new] = self.names.pop(old)
            self.pending.append((new, old, self.names[new]))

        self._step("rename", effect)

    def delete(self, path: Path) -> None:
        def effect() -> None:
            if path not in self.names:
                raise FileNotFoundError(path)
            del self.names[path]
            self.pending.append((path, None, None))

        self._step("delete", effect)

    def fsync_folder(self, folder: Path) -> None:
        del folder

        def effect() -> None:
            self.durable = dict(self.names)
            self.pending.clear()

        self._step("fsync_folder", effect)

    def after_power_cut(self) -> "MemoryFiles":
        """What the next start finds: all that was synced, and of the rest what `choose` picks."""
        names = dict(self.durable)
        for path, old, inode in self.pending:
            if not self.choose(2):
                continue
            if inode is None:
                names.pop(path, None)
                continue
            names[path] = inode
            if old is not None:
                names.pop(old, None)
        return MemoryFiles(names={path: self._kept(inode) for path, inode in names.items()}).settled()

    def settled(self) -> "MemoryFiles":
        """All of it safe."""
        for inode in self.names.values():
            inode.synced = bytes(inode.data)
        self.durable = dict(self.names)
        self.pending.clear()
        return self

    def copy(self) -> "MemoryFiles":
        """Another disk with the same files."""
        return MemoryFiles(names={path: _Inode(bytearray(inode.data)) for path, inode in self.names.items()}).settled()

    def _kept(self, inode: _Inode) -> _Inode:
        """What was synced, all, a part of what was added, or its length with zeros for its end."""
        written = bytes(inode.data)
        if inode.poisoned or not written.startswith(inode.synced):
            return _Inode(bytearray((inode.synced, written)[0 if inode.poisoned else self.choose(2)]))
        added = len(written) - len(inode.synced)
        part = written[: len(inode.synced) + self.choose(added + 1)]
        options = (inode.synced, written, part, part + bytes(len(written) - len(part)))
        return _Inode(bytearray(options[self.choose(4)]))
