"""What watches how a heart sounds."""

from typing import Final

from edgeecg.stages.rules.delays import Delays
from edgeecg.stages.rules.episodes import Phase
from edgeecg.stages.rules.readings import Reading
from edgeecg.stages.rules.watcher import Needs, Watcher, needs
from edgeecg.types import Coupling, Event, SoundReason

CONFIDENT: Final = 0.5
"""Of a delay that is told with less nothing is held to follow."""
UNHEARD_S: Final = 30.0
"""With no delay told for this long, the last ones say nothing more."""


class DelayDrift(Watcher):
    """The first sound comes later after the R peak, or sooner, than it usually does in this person."""

    __slots__ = ()
    wants = frozenset({"coupling", "second"})

    def event(self, event: Event, now: int, out: list[Event]) -> None:
        assert isinstance(event, Coupling)
        delays = self.heart.delays
        assert isinstance(delays, Delays)
        if event.reason != SoundReason.NONE or event.confidence < CONFIDENT:
            return
        delays.take(event.delay_ms)
        if not delays.are_known:
            return
        drift_ms = delays.now_ms - delays.usual_ms
        beyond = -1 if self.inhibited else self.beyond(abs(drift_ms))
        if beyond > 0:
            evidence = (delays.now_ms, delays.usual_ms, event.delay_sd_ms)
            self.episode.holds(now, Reading(now, now, drift_ms, event.confidence, self.heart.index, (), evidence), out)
        elif beyond < 0:
            self.episode.over(now, out)

    @needs(Needs.ITSELF)
    def second(self, now: int, out: list[Event]) -> None:
        if self.episode.phase != Phase.IDLE and now - self.episode.reading.sample > UNHEARD_S * self.owner.rate_hz:
            self.episode.over(now, out)
