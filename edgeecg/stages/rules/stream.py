"""All rules of one stream: events in, the same events and the alerts they cause out, in stream time."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from graphlib import TopologicalSorter
from struct import Struct
from typing import Any, Final

from edgeecg.rulefacts import PROBABILITY, RuleFacts
from edgeecg.stages.rules import beatwatchers, otherwatchers, silencewatchers, soundwatchers
from edgeecg.stages.rules.calm import Calm, Usual, room_of, rooms
from edgeecg.stages.rules.episodes import EPISODE_LEN, NEVER, Episode, Owner, Phase
from edgeecg.stages.rules.heart import Heart
from edgeecg.stages.rules.seen import NORMAL
from edgeecg.stages.rules.watcher import Needs, Watcher, needs_of
from edgeecg.types import (
    Beat,
    ClockReport,
    Coupling,
    Event,
    Flutter,
    Gap,
    ModelChanged,
    OverloadChanged,
    Prediction,
    Quality,
    SignalState,
    StreamChange,
    StreamChanged,
    Vitals,
)

KINDS: Final[dict[str, type[Watcher]]] = {
    "asystole": silencewatchers.Asystole, "contact": silencewatchers.ContactLost, "flutter": otherwatchers.Waves, "pause": beatwatchers.Pause, "wide-run": beatwatchers.WideRun, "bigeminy": beatwatchers.Bigeminy,
    "r-on-t": beatwatchers.ROnT, "fibrillation": otherwatchers.Fibrillation, "delay-drift": soundwatchers.DelayDrift, "signal": otherwatchers.Signal, "gap": otherwatchers.Missing,
    "silent": otherwatchers.Silent, "clock-jump": otherwatchers.ClockJump, "overload": otherwatchers.Overloaded,
    "model": otherwatchers.Unavailable,
}  # fmt: skip
MEASURED: Final[dict[str, type[Watcher]]] = {
    "rate": beatwatchers.Rate,
    "irregularity": beatwatchers.Irregular,
    "width_ms": beatwatchers.OfBeat,
    "amplitude_mv": beatwatchers.OfBeat,
    PROBABILITY: otherwatchers.Answer,
}


def watcher_of(rule: RuleFacts) -> type[Watcher]:
    """Return what watches for a rule."""
    return KINDS[rule.kind] if rule.kind in KINDS else MEASURED.get(rule.measure, beatwatchers.Measured)


_OTHERS: Final[dict[type, str]] = {
    SignalState: "signal", Gap: "gap", StreamChanged: "stream", ClockReport: "clock", Prediction: "prediction",
    Coupling: "coupling", Flutter: "flutter", ModelChanged: "model", OverloadChanged: "overload",
}  # fmt: skip
"""Events that are handed to watchers as they are, and what watchers call them."""

_HEAD = Struct("<qq")


class StreamRules:
    """The rules of one stream. What time it is it is told."""

    __slots__ = (
        "_always_beats", "_always_seconds", "_awake", "_beats", "_chain", "_episodes_due", "_every_beats", "_every_seconds", "_fastest", "_lead",
        "_longest_s", "_others", "_seconds", "_slowest", "_timed", "_vitals", "_watchers", "calm", "due", "episodes", "heart", "now", "owner", "rules",
    )  # fmt: skip

    def __init__(self, owner: Owner, rules: Sequence[tuple[RuleFacts, int]], room: memoryview | None = None, slot: int = 0) -> None:
        """`rules`: each with the place of the model it is about, or -1. `room`: where the events of many streams wait, and its slot there."""
        self.owner = owner
        self.rules = tuple(rules)
        self.heart = Heart(owner.rate_hz, owner.leads, hears=any(rule.kind == "delay-drift" for rule, _ in rules))
        self.episodes = [Episode(rule, owner) for rule, _ in rules]
        self._lead = owner.leads[0] if owner.leads else ""
        self.now = -1
        """The latest sample that decided anything here."""
        self.due = NEVER
        """When time alone decides something."""
        self._watchers = watchers = [
            watcher_of(rule)(rule, episode, self.heart, owner, model)
            for (rule, model), episode in zip(rules, self.episodes, strict=True)
        ]  # fmt: skip
        self._every_beats, self._every_seconds, self._vitals = (_wanting(watchers, name) for name in ("beat", "second", "vitals"))
        self._always_beats, self._always_seconds = _always(self._every_beats, "beat"), _always(self._every_seconds, "second")
        self._others = {kind: found for kind, name in _OTHERS.items() if (found := _wanting(watchers, name))}
        self._slowest, self._fastest, self._longest_s, _ = usual = _usual(watchers)
        self._timed = [watcher for watcher in watchers if type(watcher).due is not Watcher.due]
        asked = [*self._always_beats, *self._vitals], self._always_seconds, self._timed
        self.calm = Calm(room_of(rooms(1)) if room is None else room, slot, owner.rate_hz, usual, *asked)
        self._chain = _chain(self.episodes)
        self._plan()

    # --- what comes -----------------------------------------------------------------------------------------------

    def hear(self, events: Sequence[Event], newest: int) -> list[Event]:
        """Take events, and time up to a sample: return as `take` and `pass_time` do."""
        out = self.take(events) if events else self._rest()
        if self.due <= newest or self.calm.n_waiting:
            self.pass_time(newest, out)
        return out

    def take(self, events: Iterable[Event]) -> list[Event]:
        """Return the events, each followed by the alerts it causes, and preceded by those that were due before it."""
        self.catch_up()
        out: list[Event] = []
        for event in events:
            reported_at = event.reported_at
            seen_until = event.start_sample if type(event) is Gap else reported_at  # of what is missing nothing was due
            if self.due < seen_until:
                self.pass_time(seen_until - 1, out)
            out.append(event)
            self.one(event, reported_at, out)
        self._look()
        return out

    def _rest(self) -> list[Event]:
        """Nothing is said: remember what waited, and find out how much more may."""
        if self.calm.n_waiting:
            self.catch_up()
            self.calm.look_ahead(self.heart)
            self._look()
        return []

    def catch_up(self) -> None:
        """Remember what waited, before anything is asked."""
        if self.calm.n_waiting:
            self.now = self.calm.remember(self.heart, self.now)
            if self.owner.changed:
                self._plan()
            else:
                self._plan_watchers()

    def one(self, event: Event, reported_at: int, out: list[Event]) -> None:
        """Take one event."""
        self.now = max(self.now, reported_at)
        now = self.now
        _TAKERS.get(type(event), StreamRules.take_other)(self, event, now, out)
        if self.owner.changed:
            self._settle(now, out)
        elif type(event) is not Vitals:  # which moves nothing that time waits for
            self._plan_watchers()

    def take_beat(self, beat: Beat, now: int, out: list[Event]) -> None:
        """Take a beat, whichever lead tells it, each beat is told once: rules are asked where it is not usual, or something is pending or told."""
        if self.heart.beat(beat):
            for watcher in self._beats if self._is_usual() else self._every_beats:
                watcher.beat(now, out)

    def take_quality(self, quality: Quality, now: int, out: list[Event]) -> None:
        """Take a rated second: rules are asked where a beat in it or after it is not usual, or something is pending or told."""
        if quality.lead == self._lead:
            self.heart.quality(quality)
            for watcher in self._every_seconds if self.heart.odd_at >= quality.start_sample else self._seconds:
                watcher.second(now, out)

    def take_vitals(self, vitals: Vitals, now: int, out: list[Event]) -> None:
        """Take a second's heart rate and variability."""
        self.heart.vitals(vitals.heart_rate, vitals.rr_ms, vitals.sdnn_ms, vitals.rmssd_ms)
        for watcher in self._vitals:
            watcher.vitals(now, out)

    def take_other(self, event: Event, now: int, out: list[Event]) -> None:
        """Take any other event."""
        self._note(event)
        for watcher in self._others.get(type(event), ()):
            watcher.event(event, now, out)
        if isinstance(event, StreamChanged) and event.change == StreamChange.CLOCK_SYNCHRONISED:
            for episode in self.episodes:
                episode.tell_again(now, out)

    def _is_usual(self) -> bool:
        """Say whether the newest beat is nothing that `Needs.UNUSUAL` speaks of."""
        heart = self.heart
        beats = heart.beats
        if len(beats) < 2 or not self._slowest <= heart.rate <= self._fastest:
            return False
        before, newest = beats[-2], beats[-1]
        if newest.morphology != NORMAL or before.morphology != NORMAL:
            return False
        return (newest.sample - before.sample) / heart.rate_hz < self._longest_s

    def _note(self, event: Event) -> None:
        """Remember what the heart or the owner must know of an event before the watchers are asked."""
        if isinstance(event, SignalState):
            self.heart.signal(event)
        elif isinstance(event, Gap):
            self.heart.missed(event.start_sample, event.start_sample + event.len_samples)
            self.heart.lack(event.start_sample, event.len_samples)
        elif isinstance(event, StreamChanged):
            self.owner.epoch = event.epoch

    def pass_time(self, until: int, out: list[Event]) -> None:
        """Decide what is due up to a sample, in order."""
        self.catch_up()
        while self.due <= until:
            now = self.now = max(self.now, self.due)
            for watcher in self._timed:
                if watcher.due <= now:
                    watcher.time(now, out)
            for episode in self.episodes:
                if episode.due <= now:
                    episode.pass_time(now, out)
            self._settle(now, out)
        self._look()

    def acknowledge(self, alert_id: str, by: bytes) -> list[Event] | None:
        """A person has seen an alert; None: there is no such one here."""
        for episode in self.episodes:
            if episode.phase == Phase.TOLD and episode.alert_id == alert_id:
                self.catch_up()
                out: list[Event] = []
                episode.acknowledge(by, self.now, out)
                self._settle(self.now, out)
                self._look()
                return out
        return None

    def remove(self) -> list[Event]:
        """Say that all that is told of is over: the stream is no more."""
        self.catch_up()
        out: list[Event] = []
        for episode in self.episodes:
            episode.remove(self.now, out)
        return out

    # --- inside ---------------------------------------------------------------------------------------------------

    def _settle(self, now: int, out: list[Event]) -> None:
        """Silence what yields to what is told of now, and see when time is next."""
        for episode, uppers in self._chain:
            blocked = False
            for upper in uppers:
                if upper.phase and upper.is_announced:
                    blocked = True
            if blocked != episode.blocked:
                episode.block(now, out, blocked=blocked)
        self._plan()

    def _look(self) -> None:
        """See whether what comes next may wait."""
        self.calm.look(self.heart, self._awake, self.now)

    def _plan(self) -> None:
        self.owner.changed = False
        self._awake = [watcher for watcher in self._watchers if watcher.episode.phase]
        self._episodes_due = min([episode.due for episode in self.episodes], default=NEVER)
        self._beats = _awake(self._every_beats, self._always_beats)
        self._seconds = _awake(self._every_seconds, self._always_seconds)
        self._plan_watchers()

    def _plan_watchers(self) -> None:
        due = self._episodes_due
        for watcher in self._timed:
            due = min(due, watcher.due)
        self.due = due

    # --- state ----------------------------------------------------------------------------------------------------

    @property
    def len_bytes(self) -> int:
        """How long `to_bytes` always is."""
        return _HEAD.size + self.heart.len_bytes + len(self.episodes) * EPISODE_LEN

    def to_bytes(self) -> bytes:
        """All that was taken, as far as it matters to what comes."""
        if self.calm.n_waiting:
            self.catch_up()
            self._look()
        head = _HEAD.pack(self.owner.epoch, self.now)
        return b"".join((head, self.heart.to_bytes(), *(episode.to_bytes() for episode in self.episodes)))

    def load(self, data: bytes) -> None:
        """Become what `to_bytes` was."""
        self.calm.forget()
        self.owner.epoch, self.now = _HEAD.unpack_from(data)
        at = _HEAD.size + self.heart.len_bytes
        self.heart.load(data[_HEAD.size : at])
        for place, episode in enumerate(self.episodes):
            episode.load(data[at + place * EPISODE_LEN :])
        self._reckon()

    def _reckon(self) -> None:
        """See anew who is silent before whom: that is no state of its own."""
        for episode, uppers in self._chain:
            episode.blocked = any(upper.is_announced for upper in uppers)
        for episode in self.episodes:
            episode.plan()
        self._plan()

    def adopt(self, before: "StreamRules") -> list[Event]:
        """Go on as the rules of the same stream under other settings did; say over what belongs to rules that are no more."""
        before.catch_up()
        self.owner.epoch, self.now = before.owner.epoch, before.now
        self.heart.load(before.heart.to_bytes())
        out: list[Event] = []
        names = [model.name for model in self.owner.models]
        kept = dict(zip(self.keys(), self.episodes, strict=True))
        for key, episode in zip(before.keys(), before.episodes, strict=True):
            after = kept.get(key)
            model = episode.reading.model
            name = before.owner.models[model].name if model >= 0 else ""
            if after is None or (name and name not in names):
                episode.remove(before.now, out)
                continue
            after.load(episode.to_bytes())
            after.reading = after.reading._replace(model=names.index(name) if name else -1)
        self._reckon()
        return out

    def keys(self) -> list[tuple[RuleFacts, str]]:
        """Return what makes a rule the same under other settings: all that was set, and the model's name."""
        models = self.owner.models
        return [(rule, models[model].name if model >= 0 else "") for rule, model in self.rules]


_TAKERS: Final[dict[type, Callable[[StreamRules, Any, int, list[Event]], None]]] = {
    Beat: StreamRules.take_beat,
    Quality: StreamRules.take_quality,
    Vitals: StreamRules.take_vitals,
}


def _wanting(watchers: Sequence[Watcher], name: str) -> list[Watcher]:
    return [watcher for watcher in watchers if name in watcher.wants]


def _always(watchers: Sequence[Watcher], event: str) -> list[Watcher]:
    """Return those that are asked at an event whatever it is, and whatever was before."""
    return [watcher for watcher in watchers if needs_of(watcher, event) == Needs.ANYTHING]


def _awake(watchers: Sequence[Watcher], always: list[Watcher]) -> list[Watcher]:
    """Return those to ask at an event that is usual; in their order."""
    return [watcher for watcher in watchers if watcher.episode.phase or watcher in always]


def _usual(watchers: Sequence[Watcher]) -> Usual:
    """Return where no rule finds anything in beats."""
    rates = [watcher.rule for watcher in watchers if isinstance(watcher, beatwatchers.Rate)]
    pauses = [watcher.rule.limit for watcher in watchers if isinstance(watcher, beatwatchers.Pause)]
    slowest = max((rule.limit for rule in rates if not rule.above), default=-math.inf)
    fastest = min((rule.limit for rule in rates if rule.above), default=math.inf)
    early = [watcher.rule.limit for watcher in watchers if isinstance(watcher, beatwatchers.ROnT)]
    others = [watcher for watcher in watchers if not isinstance(watcher, beatwatchers.ROnT)]
    is_asked = any(
        needs_of(watcher, event) == Needs.UNUSUAL for watcher in others for event in ("beat", "second") if event in watcher.wants
    )
    return Usual(slowest, fastest, min(pauses, default=math.inf), math.inf if is_asked else max(early, default=0.0))


def _chain(episodes: Sequence[Episode]) -> list[tuple[Episode, list[Episode]]]:
    """Return each episode that yields with those it yields to, which come before it."""
    named: dict[str, list[Episode]] = {}
    for episode in episodes:
        named.setdefault(episode.rule.name, []).append(episode)
    above = {name: frozenset(named) & frozenset(ones[0].rule.yields_to) for name, ones in named.items()}
    order = _order(tuple(above.items()))
    chained = [(episode, [upper for other in sorted(above[name]) for upper in named[other]]) for name in order for episode in named[name]]
    return [(episode, uppers) for episode, uppers in chained if uppers]


@cache
def _order(above: tuple[tuple[str, frozenset[str]], ...]) -> tuple[str, ...]:
    """Return rules' names, each after those it yields to; for a thousand streams with the same rules it is found once."""
    return tuple(TopologicalSorter(dict(above)).static_order())
