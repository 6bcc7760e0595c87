"""What watches everything but beats: models' answers, leads, gaps, devices, clocks, and the engine itself."""

from typing import ClassVar, Final

from edgeecg.rulefacts import RuleFacts
from edgeecg.stages.rules.episodes import Episode, Owner, Phase
from edgeecg.stages.rules.heart import BLIND, EVEN, LACKS_OF, NO_NUMBERS, SEVERAL, Heart
from edgeecg.stages.rules.readings import MAX_TOLD_BEATS, Reading
from edgeecg.stages.rules.seen import NORMAL, WIDE, Seen, alike
from edgeecg.stages.rules.watcher import Needs, Watcher, needs
from edgeecg.types import (
    ClockReport,
    Event,
    Flutter,
    Gap,
    ModelChange,
    ModelChanged,
    OverloadChanged,
    Prediction,
    SignalState,
    StreamChange,
    StreamChanged,
)

IRREGULAR_PERCENT: Final = 8.0
"""RR intervals of a regular rhythm change by less."""
NO_ANSWER_S: Final = 10.0
"""Without an answer for this long, counted from the end of the last one's window, a model has none."""
LATE_S: Final = 5.0
"""Where models are asked more seldom than that, so long after the next answer is due."""

OWN_BEATS: Final = 3
"""So many beats of the usual shape, evenly, are the heart's own: no ventricle that fibrillates makes them."""
UNEVEN: Final = 0.5
"""Waves that leak so much begin a fibrillation as often as they are motion or a tachycardia; that a heart beats on under them one beat of the
usual shape tells, or a run.
"""
RUN_BEATS: Final = 4
"""So many wide beats, evenly, are a run: fibrillation has its beats found at odd times."""
UNSAID_S: Final = 1.25
"""Waves are said each second: they are over where the next one does not say so."""


class Answer(Watcher):
    """A threshold on the probability of a model's label."""

    __slots__ = ()
    wants = frozenset({"prediction", "second"})

    def __init__(self, rule: RuleFacts, episode: Episode, heart: Heart, owner: Owner, model: int) -> None:
        super().__init__(rule, episode, heart, owner, model)
        episode.fresh_len = round(NO_ANSWER_S * owner.rate_hz)

    @needs(Needs.ITSELF)
    def second(self, now: int, out: list[Event]) -> None:
        """Having no answer is no answer: what the last one said holds no more, but until the next is due, however seldom that is."""
        if self.episode.phase == Phase.IDLE:
            return
        reading = self.episode.reading
        hop_s = self.owner.models[reading.model].hop_s * self.owner.pace.hop_factor
        if now - reading.sample > max(NO_ANSWER_S, hop_s + LATE_S) * self.owner.rate_hz:
            self.episode.over(now, out)

    def event(self, event: Event, now: int, out: list[Event]) -> None:
        assert isinstance(event, Prediction)
        place = next((i for i, model in enumerate(self.owner.models) if model.name == event.model), -1)
        labels = self.owner.models[place].labels if place >= 0 else ()
        if event.late or event.abstained or self.rule.model not in {"", event.model} or self.rule.label not in labels:
            return
        probability = event.probabilities[labels.index(self.rule.label)]
        evidence = self.evidence()
        beyond = self.beyond(probability) if self.agrees(evidence) and not self.inhibited else -1
        if beyond > 0:
            sample = event.start_sample + event.len_samples - 1
            onset, looked = event.start_sample, (event.start_sample, event.len_samples)
            beats = tuple(beat.sample for beat in self.heart.beats if beat.sample >= onset)[-MAX_TOLD_BEATS:]
            reading = Reading(max(onset, 0), sample, probability, probability, self.heart.index, beats, evidence, 0, place, *looked)
            self.episode.holds(now, reading, out, event.activation)
        elif beyond < 0:
            self.episode.over(now, out)

    def evidence(self) -> tuple[float, ...]:
        """Return what the engine itself has to say."""
        return ()

    def agrees(self, evidence: tuple[float, ...]) -> bool:
        """Say whether that speaks for the label."""
        del evidence
        return True


class Fibrillation(Answer):
    """A model says so, and the RR intervals are irregular."""

    __slots__ = ()

    def evidence(self) -> tuple[float, ...]:
        return self.heart.irregularity(), self.heart.rate

    def agrees(self, evidence: tuple[float, ...]) -> bool:
        return evidence[0] >= IRREGULAR_PERCENT


class Waves(Watcher):
    """Nothing but waves, as of ventricles that flutter or fibrillate: noise and doubt are what that looks like."""

    __slots__ = ()
    wants = frozenset({"flutter", "second"})

    def event(self, event: Event, now: int, out: list[Event]) -> None:
        assert isinstance(event, Flutter)
        if self.inhibited or self._beats_go_on(event):
            return
        goes_on = self.episode.phase != Phase.IDLE and self.episode.over_at < 0
        onset = self.episode.reading.onset if goes_on else max(event.start_sample, 0)
        lasted, rate_hz = event.start_sample + event.len_samples - onset, self.owner.rate_hz
        if lasted < round(self.rule.limit * rate_hz):  # in samples: at 173.6 Hz four seconds of them last 3.998
            return
        evidence = (event.leakage, event.waves_hz, event.swing_mv)
        self.episode.holds(now, Reading(onset, now, lasted / rate_hz, 1.0 - event.leakage, self.heart.index, (), evidence), out)

    def _beats_go_on(self, waves: Flutter) -> bool:
        """Say whether the heart beats on: as it did, under a tremor, or in a tachycardia, whose complexes are waves themselves."""
        beats = [beat for beat in self.heart.beats if beat.sample >= waves.start_sample]
        own = [beat for beat in beats if beat.morphology == NORMAL]
        if waves.leakage >= UNEVEN:
            return bool(own) or _has_run(beats)
        return len(own) >= OWN_BEATS and alike(own, EVEN)

    @needs(Needs.ITSELF)
    def second(self, now: int, out: list[Event]) -> None:
        """It is over when it is not said any more."""
        if self.episode.phase != Phase.IDLE and now - self.episode.reading.sample > UNSAID_S * self.owner.rate_hz:
            self.episode.over(now, out)


def _has_run(beats: list[Seen]) -> bool:
    runs = (beats[i : i + RUN_BEATS] for i in range(len(beats) - RUN_BEATS + 1))
    return any(all(beat.morphology == WIDE for beat in run) and alike(run, EVEN) for run in runs)


class Signal(Watcher):
    """A lead says nothing."""

    __slots__ = ()
    wants = frozenset({"signal"})

    def event(self, event: Event, now: int, out: list[Event]) -> None:
        assert isinstance(event, SignalState)
        sample = event.sample
        flags, leads, n = 0, 0, 0
        for i, lead in enumerate(self.heart.flags):
            flags |= lead & BLIND
            leads |= bool(lead & BLIND) << i
            n += bool(lead & BLIND)
        if n:
            self.episode.holds(now, Reading(sample, sample, float(n), detail=leads << 8 | flags), out)
        else:
            self.episode.over(now, out)


class Missing(Watcher):
    """Samples never came: many at once, or few again and again."""

    __slots__ = ()
    wants = frozenset({"gap", "signal"})

    def event(self, event: Event, now: int, out: list[Event]) -> None:
        heart = self.heart
        if isinstance(event, Gap):
            self._missed(event.start_sample, event.len_samples, event.reason, now, out)
        elif isinstance(event, SignalState) and heart.begins_at == heart.lacking_at == heart.seen_from(event.sample):
            self._missed(heart.missed_from, heart.begins_at - heart.missed_from, NO_NUMBERS, now, out)

    def _missed(self, start: int, length: int, reason: int, now: int, out: list[Event]) -> None:
        missing_s = self.heart.lacking / LACKS_OF / self.owner.rate_hz
        if missing_s >= self.rule.limit:
            detail = reason | (self.heart.lacking > length * LACKS_OF) * SEVERAL
            self.episode.happened(now, Reading(start, start + length, missing_s, detail=int(detail)), out)


class Silent(Watcher):
    """The device sends nothing."""

    __slots__ = ()
    wants = frozenset({"stream"})
    is_over: ClassVar = frozenset({StreamChange.LIVE, StreamChange.OPENED})
    begins: ClassVar = frozenset({StreamChange.SILENT, StreamChange.LOST})

    def event(self, event: Event, now: int, out: list[Event]) -> None:
        assert isinstance(event, StreamChanged)
        if event.change in self.begins:
            self.episode.holds(now, Reading(now, now, 1.0, detail=int(event.change)), out)
        elif event.change in self.is_over:
            self.episode.over(now, out)


class ClockJump(Watcher):
    """The device's clock jumped."""

    __slots__ = ()
    wants = frozenset({"clock"})

    def event(self, event: Event, now: int, out: list[Event]) -> None:
        assert isinstance(event, ClockReport)
        jump_s = event.jump_us / 1e6
        if abs(jump_s) >= self.rule.limit:
            self.episode.happened(now, Reading(event.sample, event.sample, jump_s), out)


class Overloaded(Watcher):
    """More work than there is time for: of the whole engine."""

    __slots__ = ()
    wants = frozenset({"overload"})

    def event(self, event: Event, now: int, out: list[Event]) -> None:
        assert isinstance(event, OverloadChanged)
        if event.hop_factor >= self.rule.limit:
            self.episode.holds(now, Reading(now, now, float(event.hop_factor)), out)
        else:
            self.episode.over(now, out)


class Unavailable(Watcher):
    """A model does not run: of the whole engine, one a model."""

    __slots__ = ()
    wants = frozenset({"model"})

    def event(self, event: Event, now: int, out: list[Event]) -> None:
        assert isinstance(event, ModelChanged)
        if event.model != self.owner.models[self.model].name:
            return
        if event.change == ModelChange.READY:
            self.episode.over(now, out)
        else:
            self.episode.holds(now, Reading(now, now, 1.0, detail=int(event.change), model=self.model), out)
