"""The daemon as something to look at: its tap, its local socket, and acknowledgements that come back over it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import edgeecg
from edgeecg.config import Settings
from edgeecg.daemon.clock import Clock
from edgeecg.engine import Engine
from edgeecg.errors import InputError
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.live.reader import socket_in
from edgeecg.live.server import LiveServer
from edgeecg.live.tap import Tap
from edgeecg.live.telling import Subject, Telling
from edgeecg.payload.names import Names
from edgeecg.payload.topics import NAME
from edgeecg.types import Alert

log: Final = logging.getLogger("edgeecg")


class Live:
    """Made by the daemon, beside its sinks. What goes wrong here stays here."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        engine: Engine,
        outbox: Outbox,
        names: Names,
        troubles: Callable[[], Sequence[str]],
        acknowledge: Callable[[str, str], None],
    ) -> None:
        self._people, self._outbox, self._acknowledge = settings.alerts.people, outbox, acknowledge
        self._engine, self._names = engine, names
        self._tap = Tap(clock.now_ns, engine.next_sample)
        self.hear = self._tap.hear
        subject = Subject(
            device=settings.device.name,
            version=edgeecg.__version__,
            speed=clock.speed,
            people=self._people,
            config=lambda: engine.config,
            troubles=troubles,
            active=self._active,
            n_changes=lambda: outbox.n_changes,
            wall_ns=clock.wall_ns,
        )
        self._server: LiveServer | None = None
        try:
            self._server = LiveServer(socket_in(settings.state.path()), self._tap, Telling(subject), clock.now_ns, self.acknowledge)
        except OSError as error:
            log.error("nobody can look at this daemon: %s", error)  # noqa: TRY400 - a person reads this, no stack

    def start(self) -> None:
        """Let readers in."""
        if self._server is not None:
            self._server.start()

    def stop(self) -> None:
        """Let them go."""
        if self._server is not None:
            self._server.stop()

    @property
    def trouble(self) -> str:
        """Why nobody can look any more, or nothing."""
        failure = None if self._server is None else self._server.failure
        return "" if failure is None else f"live: its thread has ended: {failure!r}"

    def acknowledge(self, alert_id: str, revision: int, by: str) -> None:
        """Take a person's word as a subscriber's is taken; InputError says why not."""
        if not NAME.fullmatch(by):
            raise InputError("acknowledgement: by", repr(by[:80]), "a name: letters, digits, '.', '_' and '-'")
        if self._people and by not in self._people:
            raise InputError(f"acknowledgement of {by}", "of somebody else", f"of {' or '.join(self._people)} (alerts.people)")
        self._outbox.check_acknowledgement(alert_id, revision)
        self._acknowledge(alert_id, by)
        self._outbox.acknowledged(alert_id, revision)

    def _active(self) -> list[tuple[Alert, int]]:
        """What is on, each under its stream's own name, which does not leave this machine."""
        own = {self._names.stream(facts.name): facts.name for facts in self._engine.config.streams}
        stamped = self._outbox.active()
        return [(replace(one.alert, stream=own.get(one.alert.stream, one.alert.stream)), one.times.onset_ns) for one in stamped]
