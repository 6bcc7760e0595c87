"""What is being alarmed on now, and which acknowledgement of it may pass."""

import json
from dataclasses import dataclass, replace

from edgeecg.errors import InputError
from edgeecg.io.outbox.database import Database, Transaction
from edgeecg.payload.alert import body_of, published, read_alert
from edgeecg.payload.stamped import StampedAlert
from edgeecg.types import AlertState


@dataclass(frozen=True, slots=True)
class Active:
    """An alert that is on, or latched."""

    stamped: StampedAlert
    graver_since: int
    """The revision that gave it its priority: who has seen only earlier ones has not seen how grave it is."""
    acknowledged_revision: int = 0


class ActiveAlerts:
    """By alert id. Kept in memory, and on disk with what changed it."""

    def __init__(self) -> None:
        self._by_id: dict[str, Active] = {}
        self._unsaved: set[str] = set()
        self.n_changes = 0
        """Counts up whenever what is on has changed."""

    def load(self, database: Database) -> None:
        """Read what was on when the file was last closed, as far as this version can read it."""
        for graver_since, acknowledged_revision, body in database.rows("SELECT graver_since, acknowledged_revision, body FROM active"):
            try:
                stamped = read_alert(published(body, None, 0), device=json.loads(body)["device"])
            except InputError:  # an older version's: its next revision takes its place
                continue
            self._by_id[stamped.alert.alert_id] = Active(stamped, graver_since, acknowledged_revision)

    def observe(self, stamped: StampedAlert) -> None:
        """Take in a revision, unless a later one is known."""
        alert = stamped.alert
        known = self._by_id.get(alert.alert_id)
        if known is not None and alert.revision <= known.stamped.alert.revision:
            return
        self._unsaved.add(alert.alert_id)
        self.n_changes += 1
        if alert.state == AlertState.CLEARED and not alert.latched:
            self._by_id.pop(alert.alert_id, None)
        elif known is None or alert.priority > known.stamped.alert.priority:
            self._by_id[alert.alert_id] = Active(stamped, alert.revision, known.acknowledged_revision if known else 0)
        else:
            self._by_id[alert.alert_id] = replace(known, stamped=stamped)

    def save(self, transaction: Transaction) -> None:
        """Write what changed; `saved` is to follow once it is committed."""
        for alert_id in self._unsaved:
            one = self._by_id.get(alert_id)
            if one is None:
                transaction.execute("DELETE FROM active WHERE alert_id=?", alert_id)
            else:
                transaction.execute(
                    "INSERT OR REPLACE INTO active VALUES (?, ?, ?, ?)",
                    alert_id,
                    one.graver_since,
                    one.acknowledged_revision,
                    body_of(one.stamped),
                )

    def saved(self) -> None:
        """What was written is on the disk."""
        self._unsaved.clear()

    def now(self) -> tuple[StampedAlert, ...]:
        """Return what is on, the gravest first, then the oldest."""
        alerts = [one.stamped for one in self._by_id.values()]
        return tuple(sorted(alerts, key=lambda one: (-one.alert.priority, one.times.onset_ns, one.alert.alert_id)))

    def of_rule(self, rule: str) -> StampedAlert | None:
        """Return the alert of a rule that has at most one."""
        return next((one.stamped for one in self._by_id.values() if one.stamped.alert.rule == rule), None)

    def check(self, alert_id: str, revision: int) -> None:
        """Raise InputError unless a person who has seen this revision may acknowledge the alert, for the first time."""
        where = f"acknowledgement of {alert_id}"
        one = self._by_id.get(alert_id)
        if one is None:
            raise InputError(where, "late", "of an alert that is on")
        if revision <= one.acknowledged_revision:
            raise InputError(f"{where}: revision", revision, f"above {one.acknowledged_revision}, which has been acknowledged")
        if revision < one.graver_since:
            raise InputError(f"{where}: revision", revision, f"at least {one.graver_since}, in which it became graver")

    def acknowledged(self, alert_id: str, revision: int) -> None:
        """Note that the engine was told."""
        one = self._by_id.get(alert_id)
        if one is not None:
            self._by_id[alert_id] = replace(one, acknowledged_revision=max(revision, one.acknowledged_revision))
            self._unsaved.add(alert_id)
