"""Alerts on this machine, beside the broker: lines of the log, and a file if one is named. No outbox: what is missed here is sent all the same."""

import logging
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edgeecg.config.settings import Alerts
from edgeecg.io.sinks.console import line_of
from edgeecg.io.sinks.jsonl import JsonlSink
from edgeecg.payload.stamped import StampedAlert
from edgeecg.types import AlertState, Priority

log: Final = logging.getLogger("edgeecg.alerts")

MOST_WAITING: Final = 4096
"""More within a second, and the oldest are not said."""


class Aloud:
    """Hears on the engine's thread and speaks on the daemon's: a terminal or a disk that is slow holds up no alert."""

    def __init__(self, alerts: Alerts, folder: Path) -> None:
        """A file that cannot be written is refused now; a relative name is one in `folder`."""
        self._is_logged = alerts.log
        self._file = JsonlSink(folder / alerts.file) if alerts.file is not None else None
        self._n_failed = 0
        self._waiting: deque[StampedAlert] = deque(maxlen=MOST_WAITING)

    def hear(self, alerts: Sequence[StampedAlert]) -> None:
        """Put down what is to be said."""
        self._waiting.extend(alerts)

    def say(self) -> None:
        """Say what was heard since; the log does not repeat an alert that goes on."""
        alerts = [self._waiting.popleft() for _ in range(len(self._waiting))]
        for one in alerts:
            if self._is_logged and one.alert.state != AlertState.UPDATED:
                is_urgent = one.alert.priority == Priority.HIGH and one.alert.state == AlertState.RAISED
                log.log(logging.WARNING if is_urgent else logging.INFO, "%s", line_of(one))
        if self._file is not None and alerts:
            self._file.put(alerts)
            if self._file.n_failed > self._n_failed:
                log.error("alerts.file: the disk did not take %d alerts", self._file.n_failed - self._n_failed)
                self._n_failed = self._file.n_failed

    def close(self) -> None:
        """Say the last of it."""
        self.say()
        if self._file is not None:
            self._file.close()
