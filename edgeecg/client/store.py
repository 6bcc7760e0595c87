"""What a subscriber has received, on its disk: before it says so to the device, and for as long as it may be sent again."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from edgeecg.errors import InputError

KEEP: Final = 200_000
"""Alerts remembered after they were taken: one sent again after so many others would pass for new."""
_PRUNE_EVERY: Final = 1000
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS alerts(
    place INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, alert_id TEXT NOT NULL, revision INTEGER NOT NULL,
    payload BLOB NOT NULL, token BLOB NOT NULL, taken INTEGER NOT NULL DEFAULT 0, UNIQUE(device, alert_id, revision));
CREATE INDEX IF NOT EXISTS untaken ON alerts(place) WHERE NOT taken;
CREATE TABLE IF NOT EXISTS acks(
    device TEXT, alert_id TEXT, revision INTEGER, name TEXT, PRIMARY KEY(device, alert_id, revision, name)) WITHOUT ROWID;
"""


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
        self._lock = Lock()
        self._n_since_pruning = 0
        try:
            self._database = _opened(path)
        except sqlite3.Error as error:
            raise InputError(f"store {path}", str(error), "a subscriber's own file, which no other uses") from error

    def add(self, received: Iterable[Received]) -> int:
        """Keep alerts; on the disk when this returns. Return how many were new."""
        with self._lock, self._transaction():
            n_before = self._database.total_changes
            self._database.executemany(
                "INSERT OR IGNORE INTO alerts(device, alert_id, revision, payload, token) VALUES (?, ?, ?, ?, ?)",
                ((*one.key, one.payload, one.token) for one in received),
            )
            return self._database.total_changes - n_before

    def untaken(self, after: int, most: int) -> list[tuple[int, Received]]:
        """Return alerts nobody has taken, with their places, in the order they came."""
        with self._lock:
            found = self._database.execute(
                """SELECT place, device, alert_id, revision, payload, token FROM alerts
                   WHERE NOT taken AND place>? ORDER BY place LIMIT ?""",
                (after, most),
            )
            return [(place, Received(Key(device, alert_id, revision), *rest)) for place, device, alert_id, revision, *rest in found]

    def mark_taken(self, places: Sequence[int]) -> None:
        """Do not give these again; now and then forget the oldest."""
        with self._lock, self._transaction():
            self._database.executemany("UPDATE alerts SET taken=1 WHERE place=?", ((place,) for place in places))
            self._n_since_pruning += len(places)
            if self._n_since_pruning >= _PRUNE_EVERY:
                self._n_since_pruning = 0
                self._database.execute("DELETE FROM alerts WHERE taken AND place <= (SELECT max(place) FROM alerts) - ?", (KEEP,))

    def token(self, key: Key) -> bytes | None:
        """Return what came with an alert and has to go back with an answer to it; None: it is not known here."""
        with self._lock:
            found = self._database.execute("SELECT token FROM alerts WHERE device=? AND alert_id=? AND revision=?", key).fetchone()
            return found and bytes(found[0])

    def missing(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """Return by device and alert the revisions that never came between some that did."""
        with self._lock:
            found = self._database.execute(
                """SELECT device, alert_id, min(revision), max(revision), group_concat(revision) FROM alerts
                   GROUP BY device, alert_id HAVING count(*) <= max(revision) - min(revision)"""
            ).fetchall()
        return {
            (device, alert_id): tuple(sorted(set(range(first, last)) - set(map(int, have.split(",")))))
            for device, alert_id, first, last, have in found
        }

    # --- acknowledgements ---------------------------------------------------------------------------------------------

    def add_ack(self, key: Key, name: str) -> None:
        """Keep an acknowledgement until the device knows of it."""
        with self._lock:
            self._database.execute("INSERT OR IGNORE INTO acks VALUES (?, ?, ?, ?)", (*key, name))

    def acks(self) -> list[Ack]:
        """Return the acknowledgements no device has confirmed."""
        with self._lock:
            found = self._database.execute(
                "SELECT device, alert_id, revision, name, token FROM acks JOIN alerts USING (device, alert_id, revision)"
            )
            return [Ack(Key(device, alert_id, revision), name, token) for device, alert_id, revision, name, token in found]

    def forget_acks(self, device: str, alert_id: str, before: int) -> None:
        """The device has said what became of them."""
        with self._lock:
            self._database.execute("DELETE FROM acks WHERE device=? AND alert_id=? AND revision<?", (device, alert_id, before))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def _transaction(self) -> sqlite3.Connection:
        """Commits at its end, rolls back after an error."""
        self._database.execute("BEGIN IMMEDIATE")
        return self._database


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
