"""Alerts on a terminal or in a service's log: one line each."""

from typing import Final

from edgeecg.payload.alert import moment
from edgeecg.payload.stamped import StampedAlert
from edgeecg.types import Priority

MARKS: Final = {Priority.HIGH: "!!!", Priority.MEDIUM: "!!", Priority.LOW: "!", Priority.TECHNICAL: "-"}

_JOINERS: Final = "\u200c\u200d"
"""Persian and emoji are written with these, which do nothing else."""


def line_of(stamped: StampedAlert) -> str:
    """Return an alert as a line: when, how grave, what became of it, whose, and its text, which names value and limit."""
    alert, times = stamped.alert, stamped.times
    clock = "" if times.is_synchronised else " (clock: unsynchronised)"
    by = f" by {printable(alert.acknowledged_by)}" if alert.acknowledged_by else ""
    state = f"{alert.state.name.lower()}{by}"
    whose = printable(alert.stream or stamped.device)
    return (
        f"{moment(times.event_ns)}{clock} {MARKS[alert.priority]:3} {alert.priority.name.lower()} {state} {whose}: {printable(alert.text)}"
    )


def printable(text: str) -> str:
    """Return it with what would move a terminal's cursor, end the line or turn it round written out: a device may say anything."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in _JOINERS else one.encode("unicode_escape").decode("ascii") for one in text)
