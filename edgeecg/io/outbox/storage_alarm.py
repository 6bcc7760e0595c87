"""The outbox's own alarms: it is full and gives things up, or the disk takes nothing. They concern no stream."""

from dataclasses import replace
from hashlib import blake2b
from secrets import randbits
from typing import Final

from edgeecg.payload.stamped import StampedAlert
from edgeecg.types import Alert, AlertState, Measure, Priority

FULL_RULE: Final = "outbox_full"
DISK_RULE: Final = "outbox_disk"
STORAGE_RULES: Final = (FULL_RULE, DISK_RULE)


def raised(
    rule: str, cause: StampedAlert, *, value: float, limit: float, unit: str, text: str, evidence: tuple[Measure, ...] = ()
) -> StampedAlert:
    """Begin an alarm. `cause` is the alert whose coming showed it: it lends device and times."""
    epoch = randbits(63)
    alert = Alert(
        stream="",
        alert_id=blake2b(f"|{epoch}|{rule}|-1".encode(), digest_size=16).hexdigest(),
        revision=1,
        rule=rule,
        priority=Priority.TECHNICAL,
        state=AlertState.RAISED,
        latched=False,
        epoch=epoch,
        onset_sample=-1,
        sample=-1,
        value=value,
        limit=limit,
        unit=unit,
        score=1.0,
        quality=-1.0,
        text=text,
        evidence=evidence,
        reported_at=-1,
    )
    times = replace(cause.times, onset_ns=cause.times.detect_ns, event_ns=cause.times.detect_ns)
    return StampedAlert(alert, cause.device, times)


def cleared(alarm: StampedAlert, cause: StampedAlert, *, value: float, text: str) -> StampedAlert:
    """End an alarm."""
    alert = replace(alarm.alert, revision=alarm.alert.revision + 1, state=AlertState.CLEARED, value=value, text=text)
    times = replace(cause.times, onset_ns=alarm.times.onset_ns, event_ns=cause.times.detect_ns)
    return StampedAlert(alert, cause.device, times)
