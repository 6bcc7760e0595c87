"""What a subscriber has received, on its disk: before it says so to the device, and for as long as it may be sent again."""

import sqlite3
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from edgeecg.errors import EdgeEcgError, InputError

KEEP: Final = 200_000
"""Alerts remembered after they were taken: one sent again after so many others would pass for new."""
MOST_MISSING: Final = 1000
"""Revisions of one alert that are named: a device may say that it is at its two-thousand-millionth."""
_PRUNE_EVERY: Final = 1000
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS alerts(
    place INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, alert_id TEXT NOT NULL, revision INTEGER NOT NULL,
    payload BLOB NOT NULL, token BLOB NOT NULL, taken INTEGER NOT NULL DEFAULT 0, UNIQUE(device, alert_id, revision));
CREATE INDEX IF NOT EXISTS untaken ON alerts(place) WHERE NOT taken;
CREATE TABLE IF NOT EXISTS acks(
    device TEXT, alert_id TEXT, revision INTEGER, name TEXT, PRIMARY KEY(device, alert_id, revision, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS own(id TEXT NOT NULL);
INSERT INTO own SELECT lower(hex(randomblob(4))) WHERE NOT EXISTS (SELECT 1 FROM own);
"""


class StoreError(EdgeEcgError):
    """The disk did not take or give what was asked: nothing of it was done."""


class Key(NamedTuple):
    """A revision of an alert of a device."""

    device: str
    alert_id: str
    revision: int


class Received(NamedTuple):
    """An alert as it came."""

    key: Key
    payload: bytes
    token: bytes


class Ack(NamedTuple):
    """A person has seen a revision, and the device has not said yet that it knows."""

    key: Key
    name: str
    token: bytes


class Store:
    """One file, one process. May be called from any thread."""

    def __init__(self, path: Path | str) -> None:
        self._path, self._lock = path, Lock()
        self._n_since_pruning = 0
        try:
            self._database = _opened(path)
        except sqlite3.Error as error:
            raise InputError(f"store {path}", str(error), "a subscriber's own file, which no other uses") from error
        [(self.own_id,)] = self._database.execute("SELECT id FROM own")
        """Of this file and no other: two subscribers by one name are two to the broker, and each gets all that comes."""

    def add(self, received: Iterable[Received], taken: Container[Key] = ()) -> int:
        """Keep alerts, and that some were taken already; on the disk when this returns. Return how many were new."""
        with self._transaction() as database:
            n_before = database.total_changes
            database.executemany(
                "INSERT OR IGNORE INTO alerts(device, alert_id, revision, payload, token, taken) VALUES (?, ?, ?, ?, ?, ?)",
                ((*one.key, one.payload, one.token, one.key in taken) for one in received),
            )
            return database.total_changes - n_before

    def untaken(self, after: int, most: int) -> list[tuple[int, Received]]:
        """Return alerts nobody has taken, with their places, in the order they came."""
        with self._asked():
            found = self._database.execute(
                """SELECT place, device, alert_id, revision, payload, token FROM alerts
                   WHERE NOT taken AND place>? ORDER BY place LIMIT ?""",
                (after, most),
            )
            return [(place, Received(Key(device, alert_id, revision), *rest)) for place, device, alert_id, revision, *rest in found]

    def mark_taken(self, places: Sequence[int]) -> None:
        """Do not give these again; now and then forget the oldest."""
        with self._transaction():
            self._database.executemany("UPDATE alerts SET taken=1 WHERE place=?", ((place,) for place in places))
            self._n_since_pruning += len(places)
            if self._n_since_pruning >= _PRUNE_EVERY:
                self._n_since_pruning = 0
                self._database.execute("DELETE FROM alerts WHERE taken AND place <= (SELECT max(place) FROM alerts) - ?", (KEEP,))

    def token(self, key: Key) -> bytes | None:
        """Return what came with an alert and has to go back with an answer to it; None: it is not known here."""
        with self._asked():
            found = self._database.execute("SELECT token FROM alerts WHERE device=? AND alert_id=? AND revision=?", key).fetchone()
            return found and bytes(found[0])

    def after(self, key: Key) -> list[Received]:
        """Return the revisions of an alert that are here and later than one of it."""
        with self._asked():
            found = self._database.execute(
                "SELECT revision, payload, token FROM alerts WHERE device=? AND alert_id=? AND revision>? ORDER BY revision", key
            )
            return [Received(key._replace(revision=revision), *rest) for revision, *rest in found]

    def missing(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """Return by device and alert the revisions that never came between some that did, the first of them."""
        with self._asked():
            found = self._database.execute(
                """SELECT device, alert_id, min(revision), max(revision), group_concat(revision) FROM alerts
                   GROUP BY device, alert_id HAVING count(*) <= max(revision) - min(revision)"""
            ).fetchall()
        return {
            (device, alert_id): tuple(islice(_left_out(first, last, have), MOST_MISSING)) for device, alert_id, first, last, have in found
        }

    # --- acknowledgements ---------------------------------------------------------------------------------------------

    def add_ack(self, key: Key, name: str) -> None:
        """Keep an acknowledgement until the device knows of it."""
        with self._asked():
            self._database.execute("INSERT OR IGNORE INTO acks VALUES (?, ?, ?, ?)", (*key, name))

    def acks(self) -> list[Ack]:
        """Return the acknowledgements no device has confirmed."""
        with self._asked():
            found = self._database.execute(
                "SELECT device, alert_id, revision, name, token FROM acks JOIN alerts USING (device, alert_id, revision)"
            )
            return [Ack(Key(device, alert_id, revision), name, token) for device, alert_id, revision, name, token in found]

    def forget_acks(self, device: str, alert_id: str, before: int) -> None:
        """The device has said what became of them."""
        with self._asked():
            self._database.execute("DELETE FROM acks WHERE device=? AND alert_id=? AND revision<?", (device, alert_id, before))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _asked(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._database
            except sqlite3.Error as error:
                raise StoreError(f"store {self._path}: {error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commits at its end, rolls back after an error."""
        with self._asked() as database:
            database.execute("BEGIN IMMEDIATE")
            with database:
                yield database


def _left_out(first: int, last: int, have: str) -> Iterator[int]:
    there = set(map(int, have.split(",")))
    return (revision for revision in range(first, last) if revision not in there)


def _opened(path: Path | str) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.0)
    try:
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
            database.execute(f"PRAGMA {pragma}")
        database.executescript(_TABLES)
    except BaseException:
        database.close()  # another process has the file: nothing of ours stays open
        raise
    return database
