"""What goes when the outbox is full: waveforms first, then alerts from technical to medium, the oldest first. A high alert never."""

from typing import Final

from edgeecg.io.outbox.database import Transaction
from edgeecg.io.outbox.rows import Lost, remove
from edgeecg.io.outbox.storage_alarm import STORAGE_RULES
from edgeecg.types import Priority

_BATCH: Final = 64
_SPARED: Final = ", ".join(f"'{rule}'" for rule in STORAGE_RULES)


def make_room(transaction: Transaction, wanted: int, passed: int, lost: Lost) -> int:
    """Give up what it takes to free so many bytes, as far as the order allows; return how many were freed."""
    freed = 0
    while freed < wanted and (n_bytes := _drop_waveforms(transaction, wanted - freed, lost)):
        freed += n_bytes
    while freed < wanted and (n_bytes := _drop_alerts(transaction, wanted - freed, passed, lost)):
        freed += n_bytes
    return freed


def _drop_waveforms(transaction: Transaction, wanted: int, lost: Lost) -> int:
    found = transaction.execute(
        "SELECT place, length(waveform) FROM alerts WHERE waveform IS NOT NULL ORDER BY priority, place LIMIT ?", _BATCH
    )
    freed = 0
    for place, n_bytes in found:
        if freed < wanted:
            transaction.execute("UPDATE alerts SET waveform=NULL WHERE place=?", place)
            lost.n_waveforms += 1
            freed += n_bytes
    return freed


def _drop_alerts(transaction: Transaction, wanted: int, passed: int, lost: Lost) -> int:
    found = transaction.execute(
        f"""SELECT alert_id, revision FROM alerts WHERE priority<? AND json_extract(CAST(body AS TEXT), '$.rule') NOT IN ({_SPARED})
            ORDER BY priority, place LIMIT ?""",  # noqa: S608  # constants
        int(Priority.HIGH),
        _BATCH,
    )
    freed = 0
    for alert_id, revision in found:
        if freed < wanted:
            freed += remove(transaction, (alert_id, revision), passed) or 0
            lost.n_alerts += 1
    return freed
