"""Alerts on a terminal or in a service's log: one line each."""

from typing import Final

from edgeecg.payload.alert import moment
from edgeecg.payload.stamped import StampedAlert
from edgeecg.types import Priority

_MARKS: Final = {Priority.HIGH: "!!!", Priority.MEDIUM: "!!", Priority.LOW: "!", Priority.TECHNICAL: "-"}


def line_of(stamped: StampedAlert) -> str:
    """Return an alert as a line: when, how grave, what became of it, whose, and its text, which names value and limit."""
    alert, times = stamped.alert, stamped.times
    clock = "" if times.is_synchronised else " (clock: unsynchronised)"
    by = f" by {alert.acknowledged_by}" if alert.acknowledged_by else ""
    state = f"{alert.state.name.lower()}{by}"
    whose = alert.stream or stamped.device
    text = alert.text if alert.text.isprintable() else alert.text.encode("unicode_escape").decode("ascii")
    return f"{moment(times.event_ns)}{clock} {_MARKS[alert.priority]:3} {alert.priority.name.lower()} {state} {whose}: {text}"
