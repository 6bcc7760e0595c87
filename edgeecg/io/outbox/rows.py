"""What waits in an outbox: one row a pair (alert id, revision)."""

from dataclasses import dataclass, field
from typing import NamedTuple

from edgeecg.io.outbox.database import Transaction
from edgeecg.payload.alert import body_of, waveform_of
from edgeecg.payload.stamped import StampedAlert

ROW_BYTES = 200
"""What a row takes beside its body and waveform, index included."""

Key = tuple[str, int]
"""An alert's id and the revision."""


class Row(NamedTuple):
    """An alert that waits, without its body."""

    key: Key
    priority: int
    place: int
    """When it was put in: the least is the oldest."""


class Content(NamedTuple):
    """What is sent of a row, but for the time it is sent."""

    body: bytes
    waveform: bytes | None

    @property
    def n_bytes(self) -> int:
        """What it takes on disk, about."""
        return ROW_BYTES + len(self.body) + len(self.waveform or b"")


@dataclass(slots=True)
class Lost:
    """What was given up for want of room."""

    n_waveforms: int = 0
    n_alerts: int = 0

    def __bool__(self) -> bool:
        return bool(self.n_waveforms or self.n_alerts)


@dataclass(slots=True)
class OutboxCounters:
    """What became of what was put in."""

    n_put: int = 0
    n_repeated: int = 0
    """Pairs that had been put before: a replay brings them."""
    n_retired: int = 0
    n_waiting: int = 0
    n_bytes: int = 0
    n_unstored: int = 0
    """Held in memory: the disk did not take them."""
    n_faults: int = 0
    lost: Lost = field(default_factory=Lost)


def content_of(alert: StampedAlert) -> Content:
    """Return what is stored and sent of an alert."""
    return Content(body_of(alert), waveform_of(alert.snippet))


def insert(transaction: Transaction, alert: StampedAlert) -> tuple[Row, int] | None:
    """Store an alert and return its row with its bytes; None: this pair has been here before."""
    content = content_of(alert)
    found = transaction.execute(
        """INSERT INTO alerts(alert_id, revision, priority, body, waveform) SELECT ?, ?, ?, ?, ?
           WHERE NOT EXISTS (SELECT 1 FROM retired WHERE alert_id=? AND revision=?)
           ON CONFLICT DO NOTHING RETURNING place""",
        *alert.key,
        int(alert.alert.priority),
        *content,
        *alert.key,
    )
    return (Row(alert.key, int(alert.alert.priority), found[0][0]), content.n_bytes) if found else None


def remove(transaction: Transaction, key: Key, passed: int) -> int | None:
    """Take a row out, remember its pair unless a snapshot has passed it, and return its bytes; None: it is not here."""
    found = transaction.execute(
        f"""DELETE FROM alerts WHERE alert_id=? AND revision=?
            RETURNING place, {ROW_BYTES} + length(body) + coalesce(length(waveform), 0)""",  # noqa: S608  # a constant
        *key,
    )
    if not found:
        return None
    place, n_bytes = found[0]
    if place > passed:
        transaction.execute("INSERT OR REPLACE INTO retired VALUES (?, ?, ?)", *key, place)
    transaction.execute("DELETE FROM receipts WHERE alert_id=? AND revision=?", *key)
    return int(n_bytes)
