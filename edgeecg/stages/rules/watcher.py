"""What watches for a rule. A watcher has no state of its own: the heart remembers, its episode lives."""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final, TypeVar

from edgeecg.rulefacts import RuleFacts
from edgeecg.stages.rules.episodes import NEVER, Episode, Owner, Phase
from edgeecg.stages.rules.heart import TROUBLE, Heart
from edgeecg.stages.rules.readings import MAX_TOLD_BEATS, Reading
from edgeecg.stages.rules.seen import Seen
from edgeecg.types import Event

STALE_S: Final = 4.0
"""Without a beat for this long, what the last ones said holds no more."""


WAITING: Final = frozenset({"beat", "second", "vitals"})
"""Events of a calm heart that may wait."""


M = TypeVar("M", bound=Callable[..., None])


class Needs(IntEnum):
    """What must have happened for a rule of which nothing is pending or told, or that does not hold any more, to find anything at an event."""

    ANYTHING = 0
    """It must be asked always; so is who says nothing else."""
    UNUSUAL = 1
    """The newest beat, or the one before, is not of the usual shape, their interval is a pause, or the rate is beyond a limit.
    Of a second: a beat in it, or after it, is not of the usual shape."""
    SEVERAL = 2
    """As UNUSUAL, but that a beat of another shape is not alone: of the two before it one is not of the usual shape either."""
    ITSELF = 3
    """It finds nothing, unless it was pending or told before."""


def needs(what: Needs) -> Callable[[M], M]:
    """Say so of a method: most rules are idle nearly always, and to ask them all at every event costs more than finding the beats."""

    def mark(method: M) -> M:
        method.needs = what  # type: ignore[attr-defined]
        return method

    return mark


def needs_of(watcher: "Watcher", event: str) -> Any:
    """Return what a watcher's method for an event needs; one that is written anew needs anything, until it says otherwise."""
    return getattr(getattr(type(watcher), event), "needs", Needs.ANYTHING)


class Watcher:
    """One rule, looking at one stream."""

    __slots__ = ("_fears", "episode", "heart", "model", "owner", "rule")

    wants: frozenset[str] = frozenset()
    """Names of events: `beat`, `second` (rated), `vitals`, `flutter`, `signal`, `prediction`, `coupling`, `gap`, `stream`, `clock`, `overload`, `model`."""

    def __init__(self, rule: RuleFacts, episode: Episode, heart: Heart, owner: Owner, model: int) -> None:
        self.rule, self.episode, self.heart, self.owner, self.model = rule, episode, heart, owner, model
        self._fears = sum(TROUBLE[name] for name in rule.inhibited_by)

    @property
    def inhibited(self) -> bool:
        """What it would see now is not to be trusted."""
        return self.heart.trouble & self._fears != 0

    @property
    def due(self) -> int:
        """When time alone decides something that events do not."""
        return NEVER

    def steady_until(self, now: int) -> int:
        """Return before which sample nothing that waits, from `now` on, could change what is pending or told.

        What does not hold cannot cease to once more, and in a calm heart begins no more than if it were idle; who wants none of it hears none.
        """
        episode = self.episode
        return episode.due if episode.over_at >= 0 or not self.wants & WAITING else now

    def time(self, now: int, out: list[Event]) -> None:
        """It is `due`."""

    def beat(self, now: int, out: list[Event]) -> None:
        """The newest beat has come."""

    def second(self, now: int, out: list[Event]) -> None:
        """A second was rated."""

    def vitals(self, now: int, out: list[Event]) -> None:
        """Heart rate and variability were said."""

    def event(self, event: Event, now: int, out: list[Event]) -> None:
        """One of the other events has come."""

    def in_beats(self, beats: list[Seen], value: float, evidence: tuple[float, ...] = ()) -> Reading:
        """Return what was found in some beats."""
        score = sum(beat.confidence for beat in beats) / len(beats)
        told = tuple(beat.sample for beat in beats[-MAX_TOLD_BEATS:])
        return Reading(beats[0].sample, beats[-1].sample, value, score, self.heart.index, told, evidence)

    def beyond(self, value: float) -> int:
        """Return 1 where a value is beyond the limit, -1 where it is back by the hysteresis, 0 between."""
        rule = self.rule
        past = value - rule.limit if rule.above else rule.limit - value
        return 1 if past > 0 else -1 if past < -rule.hysteresis else 0


class BeatWatcher(Watcher):
    """One that looks at beats: without any, what they said holds no more."""

    __slots__ = ()
    wants = frozenset({"beat", "second"})

    @needs(Needs.ITSELF)
    def second(self, now: int, out: list[Event]) -> None:
        if self.episode.phase != Phase.IDLE and (self.inhibited or now - self.heart.watched_from > STALE_S * self.owner.rate_hz):
            self.episode.over(now, out)
