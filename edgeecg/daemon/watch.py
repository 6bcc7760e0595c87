"""The watchdog is fed by a probe that came through queue, engine and sink in time, and by nothing else."""

from typing import Final

from edgeecg.daemon import systemd
from edgeecg.daemon.clock import Clock

GRACE: Final = 2.0
"""A probe that is missing for so many limits is a trouble to be told."""


class Watch:
    """Follows probes: each is a Tick, and carries the time at which it was sent on its way."""

    def __init__(self, clock: Clock, limit_s: float) -> None:
        self._clock, self._limit_s = clock, limit_s
        self._last_ns = clock.now_ns()
        self.n_fed = self.n_late = 0

    def came_through(self, sent_ns: int) -> None:
        """A probe has passed everything."""
        self._last_ns = max(self._last_ns, sent_ns)
        if self._age_s(sent_ns) <= self._limit_s:
            self.n_fed += 1
            systemd.notify(systemd.ALIVE)
        else:
            self.n_late += 1

    def trouble(self) -> str:
        """Say for how long no probe has come through; nothing, where one has."""
        age_s = self._age_s(self._last_ns)
        return f"probe: {age_s:.1f} s since one came through queue, engine and sink" if age_s > GRACE * self._limit_s else ""

    def _age_s(self, sent_ns: int) -> float:
        return (self._clock.now_ns() - sent_ns) / 1e9 / self._clock.speed
