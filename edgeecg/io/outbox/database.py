"""The outbox's file: one writer, every commit on the disk before it returns, and set aside when it is damaged."""

import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_bytes
from types import TracebackType
from typing import Any, Final, Protocol, Self

from edgeecg.errors import EdgeEcgError

SCHEMA_VERSION: Final = 1
_PRAGMAS: Final = (
    "locking_mode=EXCLUSIVE",
    "journal_mode=WAL",
    "synchronous=FULL",
    "wal_autocheckpoint=2048",
    "journal_size_limit=8388608",
)
"""EXCLUSIVE: a second process is refused, and the write-ahead log needs no shared memory. A commit that moves the log into the file takes
two more fsyncs and many writes: with 8 MiB of log it is one in some hundreds."""
_TABLES: Final = (
    """CREATE TABLE alerts(
        place INTEGER PRIMARY KEY AUTOINCREMENT, alert_id TEXT NOT NULL, revision INTEGER NOT NULL, priority INTEGER NOT NULL,
        body BLOB NOT NULL, waveform BLOB, UNIQUE(alert_id, revision))""",
    "CREATE TABLE receipts(alert_id TEXT, revision INTEGER, name TEXT, PRIMARY KEY(alert_id, revision, name)) WITHOUT ROWID",
    "CREATE TABLE retired(alert_id TEXT, revision INTEGER, place INTEGER NOT NULL, PRIMARY KEY(alert_id, revision)) WITHOUT ROWID",
    """CREATE TABLE active(
        alert_id TEXT PRIMARY KEY, graver_since INTEGER NOT NULL, acknowledged_revision INTEGER NOT NULL, body BLOB NOT NULL)
        WITHOUT ROWID""",
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID",
)


class OutboxError(EdgeEcgError):
    """The disk did not take or give what was asked: nothing of it was done."""


class Connection(Protocol):
    """What is used of sqlite3's connection, in autocommit mode; apsw's has it too."""

    def execute(self, statement: str, bindings: Sequence[Any] = (), /) -> Iterable[Any]:
        """Run one statement; rows are tuples."""

    def close(self) -> None:
        """Let go of the file."""


class Engine(Protocol):
    """Who opens files: sqlite3, or one whose disk fails on purpose."""

    errors: tuple[type[Exception], ...]
    damage: tuple[type[Exception], ...]
    """Those that say that the file itself is no good."""

    def connect(self, path: Path) -> Connection:
        """Open or make a file."""


class Sqlite:
    """Python's own."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    damage: tuple[type[Exception], ...] = (sqlite3.DatabaseError,)

    def connect(self, path: Path) -> Connection:
        """Without threads' guard: the outbox has a lock. Readable by its owner alone."""
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.0)


class Database:
    """One open file. Whatever fails closes it; the next use opens it again."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self._path, self._engine = path, engine
        self._connection: Connection | None = None
        self._failures: tuple[type[Exception], ...] = (*engine.errors, OSError)
        self.n_faults = 0
        self.set_aside: Path | None = None
        """Where a damaged file was moved to."""

    def rows(self, statement: str, *bindings: Any) -> list[Any]:
        """Run a statement of its own and return its rows; raise OutboxError."""
        try:
            return list(self._open().execute(statement, bindings))
        except self._failures as error:
            self.n_faults += 1
            self.close()
            if self._is_damage(error):
                self._move_aside()
            raise OutboxError(f"{self._path}: {error}") from error

    def transaction(self) -> "Transaction":
        """Return a context in which all is done, on disk, or nothing."""
        return Transaction(self)

    def close(self) -> None:
        """Let go of the file; what was committed is there."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*self._engine.errors):
                connection.close()

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._opened()
        return self._connection

    def _opened(self) -> Connection:
        connection = self._engine.connect(self._path)
        try:
            for pragma in _PRAGMAS:
                list(connection.execute(f"PRAGMA {pragma}"))
            self._prepare(connection)
            list(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"))  # after an fsync that failed, what lies in the log is written anew
        except BaseException:
            with suppress(*self._engine.errors):
                connection.close()
            raise
        return connection

    def _prepare(self, connection: Connection) -> None:
        [(version,)] = connection.execute("PRAGMA user_version")
        if version == SCHEMA_VERSION:
            return
        if version:
            raise OutboxError(f"{self._path}: schema {version} is not {SCHEMA_VERSION}")
        list(connection.execute("BEGIN IMMEDIATE"))
        for table in _TABLES:
            list(connection.execute(table))
        list(connection.execute("INSERT INTO meta VALUES ('secret', ?), ('passed', 0)", (token_bytes(32),)))
        list(connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}"))
        list(connection.execute("COMMIT"))

    def _is_damage(self, error: BaseException) -> bool:
        text = str(error)
        return isinstance(error, self._engine.damage) and ("malformed" in text or "not a database" in text)

    def _move_aside(self) -> None:
        """Keep a damaged file for who wants to look; the journal's replay brings back what no snapshot has passed."""
        n = 1
        while (aside := self._path.with_name(f"{self._path.name}.damaged-{n}")).exists():
            n += 1
        self._path.rename(aside)
        for suffix in ("-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self.set_aside = aside


class Transaction:
    """BEGIN at its start, COMMIT at its end; after an error nothing of it was done."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Self:
        self.execute("BEGIN IMMEDIATE")
        return self

    def execute(self, statement: str, *bindings: Any) -> list[Any]:
        """Run one statement in it."""
        return self._database.rows(statement, *bindings)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.execute("COMMIT")
        else:
            self._database.close()  # rolls back
