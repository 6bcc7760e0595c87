"""A disk that refuses when it is told to."""

import sqlite3
from pathlib import Path


class Broken:
    """A disk that takes nothing while it is broken."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    damage: tuple[type[Exception], ...] = (sqlite3.DatabaseError,)

    def __init__(self) -> None:
        self.is_broken = False

    def connect(self, path: Path) -> "BrokenConnection":
        return BrokenConnection(self, sqlite3.connect(path, isolation_level=None, check_same_thread=False))


class BrokenConnection:
    def __init__(self, disk: Broken, real: sqlite3.Connection) -> None:
        self.disk, self.real = disk, real

    def execute(self, statement: str, bindings: object = (), /) -> sqlite3.Cursor:
        if self.disk.is_broken:
            raise sqlite3.OperationalError("disk I/O error")
        return self.real.execute(statement, bindings)  # type: ignore[arg-type]

    def close(self) -> None:
        self.real.close()
