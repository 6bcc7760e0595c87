"""What watches for beats that do not come: a heart that stops, or a contact through which it is not seen any more."""

from typing import Final

from edgeecg.rulefacts import RuleFacts
from edgeecg.stages.rules.episodes import NEVER, Episode, Owner
from edgeecg.stages.rules.heart import FLAT, NEW_CONTACT_S, Heart
from edgeecg.stages.rules.readings import Reading
from edgeecg.stages.rules.watcher import Needs, Watcher, needs
from edgeecg.types import Event

DECIDED_S: Final = 0.3
"""A beat is told of this long after its R peak, but for doubtful ones: what has not come by then is waited for no longer."""


class NoBeat(Watcher):
    """No beat for too long: no event says so."""

    __slots__ = ("patience",)
    wants = frozenset({"beat", "second", "signal"})

    def __init__(self, rule: RuleFacts, episode: Episode, heart: Heart, owner: Owner, model: int) -> None:
        super().__init__(rule, episode, heart, owner, model)
        self.patience = round((rule.limit + DECIDED_S) * owner.rate_hz)
        """How many samples without a beat are too many."""

    @property
    def ripe_at(self) -> int:
        """From when on it holds, unless a beat comes."""
        return self.heart.watched_from + self.patience

    @property
    def due(self) -> int:
        episode = self.episode
        holds = episode.phase and episode.over_at < 0  # it is asked again with every second
        return NEVER if holds or self.heart.trouble & self._fears else self.ripe_at

    @needs(Needs.ITSELF)
    def beat(self, now: int, out: list[Event]) -> None:
        if now < self.ripe_at:  # it was none of the faint ones
            self.episode.over(now, out)

    def second(self, now: int, out: list[Event]) -> None:
        if self.inhibited:
            self.episode.over(now, out)
        elif now >= self.ripe_at:
            self.time(now, out)

    def event(self, event: Event, now: int, out: list[Event]) -> None:
        if self.inhibited or now < self.ripe_at:  # a lead is off, or was
            self.episode.over(now, out)

    def time(self, now: int, out: list[Event]) -> None:
        since, heart = self.heart.watched_from, self.heart
        silent_s = (now - since) / self.owner.rate_hz
        last = tuple(beat.sample for beat in heart.beats[-1:])
        flat = float(bool(heart.flags[heart.stands_in] & FLAT))
        self.episode.holds(now, Reading(since, now, silent_s, 1.0, heart.index, last, (flat,)), out)


class Asystole(NoBeat):
    """The heart has stopped; or, where the contact has just moved, it is waited for to be seen again."""

    __slots__ = ()

    @property
    def ripe_at(self) -> int:
        moved_at, decided = self.heart.moved_at, round(DECIDED_S * self.owner.rate_hz)
        settles_at = max(self.heart.settles_at, moved_at + round(NEW_CONTACT_S * self.owner.rate_hz) if moved_at else 0)
        return max(super().ripe_at, settles_at + decided)


class ContactLost(NoBeat):
    """The contact has moved, and the heart is not seen since: it may have stopped as well."""

    __slots__ = ()

    @property
    def ripe_at(self) -> int:
        return super().ripe_at if self.heart.moved_at else NEVER
