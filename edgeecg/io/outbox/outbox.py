"""Alerts on disk until somebody says that they have them.

`put` returns when an alert cannot be lost any more, or says that the disk did not take it: then it is held in memory,
sent like the others, and offered to the disk again with the next one. A pair (alert id, revision) is taken once: also
after it was retired, until a snapshot of the engine has passed it, because until then a replay may bring it again.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Final

from edgeecg.io.outbox.active import ActiveAlerts
from edgeecg.io.outbox.database import Database, Engine, OutboxError, Sqlite, Transaction
from edgeecg.io.outbox.limits import OutboxLimits
from edgeecg.io.outbox.rows import ROW_BYTES, Content, Key, Lost, OutboxCounters, Row, content_of, insert, remove
from edgeecg.io.outbox.sacrifice import make_room
from edgeecg.io.outbox.storage_alarm import DISK_RULE, FULL_RULE, cleared, raised
from edgeecg.payload.stamped import StampedAlert
from edgeecg.types import Measure, Priority

_UNSTORED: Final = 1 << 62
"""Places from here on are of rows that are not on disk: behind all that are."""


class Outbox:
    """Rows by (alert id, revision). May be called from any thread."""

    def __init__(self, path: Path | str, limits: OutboxLimits | None = None, *, engine: Engine | None = None) -> None:
        self.limits = limits or OutboxLimits()
        self._lock = RLock()
        self._database = Database(Path(path), engine or Sqlite())
        self._counters = OutboxCounters()
        self._unstored: dict[Key, StampedAlert] = {}
        self._held: dict[Key, Row] = {}
        """What of it was given out to be sent."""
        self._new: list[Row] = []
        self._active = ActiveAlerts()
        self.is_ahead = False
        """It holds alerts that no journal has the cause of."""
        self._says_ahead = False
        """And its file says so."""
        self.secret = self._first_look()
        """What its tokens are made with."""
        self._load()

    def _first_look(self) -> bytes:
        read = "SELECT value FROM meta WHERE key='secret'"
        try:
            found = self._database.rows(read)
        except OutboxError:
            if self._database.set_aside is None:
                raise
            found = self._database.rows(read)
        return bytes(found[0][0])

    @property
    def set_aside(self) -> Path | None:
        """Where a damaged file was moved to; a new one was begun."""
        return self._database.set_aside

    def _load(self) -> None:
        self._passed: int
        self._says_ahead = self.is_ahead = bool(self._database.rows("SELECT 1 FROM meta WHERE key='ahead'"))
        self._last_place: int
        [(self._passed,)] = self._database.rows("SELECT value FROM meta WHERE key='passed'")
        [(self._last_place,)] = self._database.rows("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name='alerts'), 0)")
        [(self._counters.n_waiting, self._counters.n_bytes)] = self._database.rows(
            f"SELECT count(*), coalesce(sum({ROW_BYTES} + length(body) + coalesce(length(waveform), 0)), 0) FROM alerts"  # noqa: S608
        )
        self._active.load(self._database)

    # --- in ---------------------------------------------------------------------------------------------------------

    def put(self, alerts: Sequence[StampedAlert], *, is_ahead: bool = False) -> bool:
        """Take alerts in; return whether all it holds is on the disk. `is_ahead`: no journal has what they were told from."""
        with self._lock:
            self.is_ahead = self.is_ahead or is_ahead
            for alert in alerts:
                self._unstored.setdefault(alert.key, alert)
            return self.flush()

    def flush(self) -> bool:
        """Offer the disk what it has not taken; return whether it has all now."""
        with self._lock:
            while self._unstored:
                waiting = tuple(self._unstored.values())
                try:
                    lost = self._store(waiting)
                except OutboxError:
                    self._hold()
                    return False
                self._unstored = {alarm.key: alarm for alarm in self._alarms(waiting[-1], lost)}
                self._held.clear()
            return True

    @property
    def is_durable(self) -> bool:
        """Whether all is on the disk: a snapshot of the engine may not pass what is not."""
        return not self._unstored

    def _store(self, alerts: Sequence[StampedAlert]) -> Lost:
        """All of them, or OutboxError and none."""
        counters, lost, stored = self._counters, Lost(), list[Row]()
        n_bytes = counters.n_bytes
        with self._database.transaction() as transaction:
            for alert in alerts:
                inserted = insert(transaction, alert)
                if inserted is not None:
                    stored.append(inserted[0])
                    n_bytes += inserted[1]
                    self._active.observe(alert)
            if n_bytes > self.limits.max_bytes:
                n_bytes -= make_room(transaction, n_bytes - self.limits.max_bytes * 7 // 8, self._passed, lost)
            self._active.save(transaction)
            if self.is_ahead and not self._says_ahead:
                transaction.execute("INSERT OR REPLACE INTO meta VALUES ('ahead', 1)")
        self._active.saved()
        self._says_ahead = self.is_ahead
        counters.n_put += len(stored)
        counters.n_repeated += len(alerts) - len(stored)
        counters.n_waiting += len(stored) - lost.n_alerts
        counters.n_bytes = n_bytes
        counters.lost = Lost(counters.lost.n_waveforms + lost.n_waveforms, counters.lost.n_alerts + lost.n_alerts)
        self._last_place = max([self._last_place, *(row.place for row in stored)])
        self._new += stored
        return lost

    def _alarms(self, cause: StampedAlert, lost: Lost) -> Iterable[StampedAlert]:
        """Say what is new about the store itself, now that the disk took something."""
        n_bytes, limit = self._counters.n_bytes, self.limits.max_bytes
        disk, full = self._active.of_rule(DISK_RULE), self._active.of_rule(FULL_RULE)
        if disk is not None:
            yield cleared(disk, cause, value=0, text="Alerts are stored on disk again")
        if lost and full is None:
            given_up = (Measure("waveforms given up", lost.n_waveforms, ""), Measure("alerts given up", lost.n_alerts, ""))
            text = "The store of alerts nobody has received is full: waveforms are given up, then alerts of the least priority"
            yield raised(FULL_RULE, cause, value=n_bytes, limit=limit, unit="byte", text=text, evidence=given_up)
        elif full is not None and n_bytes < limit // 2:
            yield cleared(full, cause, value=n_bytes, text="The store of alerts has room again")

    def _hold(self) -> None:
        """Go on without the disk: what it did not take is sent from memory."""
        cause = next(reversed(self._unstored.values()))
        if self._active.of_rule(DISK_RULE) is None:
            n = len(self._unstored)
            text = "The disk does not take alerts: they are sent, but would not survive a restart"
            alarm = raised(DISK_RULE, cause, value=n, limit=0, unit="alerts", text=text)
            self._unstored[alarm.key] = alarm
        for key, alert in self._unstored.items():
            if key not in self._held:
                self._held[key] = Row(key, int(alert.alert.priority), _UNSTORED + len(self._held))
                self._active.observe(alert)
                self._new.append(self._held[key])
        self._forget_least()

    def _forget_least(self) -> None:
        excess = len(self._unstored) - self.limits.max_unstored
        if excess > 0:
            lesser = sorted((int(alert.alert.priority), i, key) for i, (key, alert) in enumerate(self._unstored.items()))
            for priority, _, key in lesser[:excess]:
                if priority < Priority.HIGH:
                    del self._unstored[key]
                    self._counters.lost.n_alerts += 1

    # --- out --------------------------------------------------------------------------------------------------------

    def outstanding(self) -> list[Row]:
        """Return every row on the disk that waits, the oldest first. Raise OutboxError."""
        with self._lock:
            found = self._database.rows("SELECT alert_id, revision, priority, place FROM alerts ORDER BY place")
            return [Row((alert_id, revision), priority, place) for alert_id, revision, priority, place in found]

    def held(self) -> list[Row]:
        """Return every row that waits and that the disk did not take, the oldest first."""
        with self._lock:
            return [row for key, row in self._held.items() if key in self._unstored]

    def take_new(self) -> list[Row]:
        """Return the rows put in since this was last asked."""
        with self._lock:
            taken, self._new = self._new, []
            return taken

    def holds(self, key: Key) -> bool:
        """Whether it waits and only the memory has it."""
        return key in self._unstored

    def content(self, key: Key) -> Content | None:
        """Return what is to be sent; None: it waits no more. Raise OutboxError."""
        with self._lock:
            if key in self._unstored:
                return content_of(self._unstored[key])
            found = self._database.rows("SELECT body, waveform FROM alerts WHERE alert_id=? AND revision=?", *key)
            return Content(*found[0]) if found else None

    def retire(self, keys: Sequence[Key]) -> list[Key]:
        """Let go of rows; return those that are gone. One that is not on disk yet stays. Raise OutboxError."""
        return self._retire([(key, "") for key in keys], ())

    def receive(self, receipts: Sequence[tuple[Key, str]]) -> list[Key]:
        """Take in receipts; return the rows that are gone, because everybody who counts has them. Raise OutboxError."""
        wanted = self.limits.receivers
        return self._retire([(key, name) for key, name in receipts if name in wanted], wanted)

    def _retire(self, receipts: Sequence[tuple[Key, str]], wanted: Sequence[str]) -> list[Key]:
        with self._lock:
            gone: dict[Key, int] = {}
            with self._database.transaction() as transaction:
                for key, name in receipts:
                    if key not in self._unstored and _has_all(transaction, key, name, wanted):
                        gone.setdefault(key, remove(transaction, key, self._passed) or 0)
            n_removed = sum(n_bytes > 0 for n_bytes in gone.values())
            self._counters.n_retired += n_removed
            self._counters.n_waiting -= n_removed
            self._counters.n_bytes -= sum(gone.values())
            return list(gone)

    # --- what the engine's snapshots have passed ----------------------------------------------------------------------

    def mark(self) -> int:
        """Name all that was put in until now, for `snapshot_passed`."""
        return self._last_place

    def snapshot_passed(self, mark: int) -> bool:
        """A snapshot on disk covers all that was put in until `mark`: its pairs will not come again. False: the disk failed."""
        with self._lock:
            try:
                with self._database.transaction() as transaction:
                    transaction.execute("DELETE FROM retired WHERE place<=?", mark)
                    transaction.execute("UPDATE meta SET value=? WHERE key='passed'", mark)
            except OutboxError:
                return False
            self._passed = mark
            return True

    def caught_up(self) -> None:
        """The journal has all that alerts were told from. Where this is not written, a new start begins anew needlessly."""
        with self._lock, suppress(OutboxError):
            if self._says_ahead:
                with self._database.transaction() as transaction:
                    transaction.execute("DELETE FROM meta WHERE key='ahead'")
            self._says_ahead = self.is_ahead = False

    # --- what is on ---------------------------------------------------------------------------------------------------

    def active(self) -> tuple[StampedAlert, ...]:
        """Return what is being alarmed on, the gravest first."""
        with self._lock:
            return self._active.now()

    @property
    def n_changes(self) -> int:
        """Counts up whenever `active` has changed."""
        return self._active.n_changes

    def check_acknowledgement(self, alert_id: str, revision: int) -> None:
        """Raise InputError unless a person who has seen this revision may acknowledge the alert, for the first time."""
        with self._lock:
            self._active.check(alert_id, revision)

    def acknowledged(self, alert_id: str, revision: int) -> None:
        """Note that the engine was told; on disk with the next alert."""
        with self._lock:
            self._active.acknowledged(alert_id, revision)

    # --- looking at it ------------------------------------------------------------------------------------------------

    def counters(self) -> OutboxCounters:
        """Return what became of what was put in, as it is now."""
        with self._lock:
            return replace(self._counters, n_unstored=len(self._unstored), n_faults=self._database.n_faults)

    def close(self) -> bool:
        """Offer the disk what it has not taken, let go of the file, and say whether all is on it."""
        with self._lock:
            is_durable = self.flush()
            self._database.close()
            return is_durable


def _has_all(transaction: Transaction, key: Key, name: str, wanted: Sequence[str]) -> bool:
    """Note a receipt, and say whether it was the last one needed."""
    if len(wanted) < 2:
        return True
    transaction.execute(
        "INSERT OR IGNORE INTO receipts SELECT alert_id, revision, ? FROM alerts WHERE alert_id=? AND revision=?", name, *key
    )
    found = transaction.execute("SELECT name FROM receipts WHERE alert_id=? AND revision=?", *key)
    return set(wanted) <= {one for (one,) in found}
