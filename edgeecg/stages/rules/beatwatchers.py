"""What watches beats, and what is measured of them: rates, pauses, shapes in a row."""

from itertools import pairwise
from typing import Final

from edgeecg.rulefacts import RuleFacts
from edgeecg.stages.rules.episodes import Episode, Owner, Phase
from edgeecg.stages.rules.heart import UNKNOWN, Heart
from edgeecg.stages.rules.readings import MAX_TOLD_BEATS, Reading
from edgeecg.stages.rules.seen import NORMAL, WIDE, Seen, alike
from edgeecg.stages.rules.watcher import STALE_S, BeatWatcher, Needs, Watcher, needs
from edgeecg.types import ClockReport, Event
from edgeecg_kernels.calm_state import ALARM_INTERVALS

ALIKE: Final = 1.6
"""In a run of wide beats no RR interval is longer than another by more: noise and double counts come at odd times."""
ALIKE_IN_DOUBT, HEIGHT_IN_DOUBT = 1.4, 2.0
"""In doubt its intervals, and the heights of its R peaks, differ by no more, and all point to one side: one focus made them."""
BROAD_MS, BROAD_BEATS = 100.0, 3
ALIKE_IF_NARROW, WIDTH_IF_NARROW, LEAST_SURE, MEAN_SURE = 1.2, 1.6, 0.7, 0.87
"""With fewer beats as broad as this it must keep better time, its widths be alike, and the detector be sure of each and of all: peaks of
motion are narrow, one so and one so. A ventricle's may be narrow, too, in one lead."""
ENDING: Final = 3
NARROWER: Final = 0.8
SLOWER: Final = 0.9
"""A run has ended with three beats in a row that are neither wide nor as broad as it was, or at nine tenths of its lowest rate."""
SURE, FASTER = 0.9, 1.2
"""And it is faster: a resting heart whose beats are counted twice is at 120 a minute."""
STEADY, STEADY_IN_DOUBT = 2.8, 1.8
"""A high rate of RR intervals that differ by more is one of beats counted twice, or, after seconds of doubt, of noise between beats."""
NARROW, ODD_BEATS = 0.8, 3
"""Nor is it one, after seconds of doubt, with so many of its beats narrower than this share of the usual: motion's peaks between beats; or
with so many wide ones that no one focus made."""
PAUSE_AFTER: Final = 1.2
"""An interval longer than the usual one by this factor is a pause."""

_SAID_WITH = {
    "heart_rate": "vitals", "rr_ms": "vitals", "sdnn_ms": "vitals", "rmssd_ms": "vitals", "drift_ppm": "clock",
}  # fmt: skip


class Rate(BeatWatcher):
    """A threshold on the rate of the last beats."""

    __slots__ = ()

    @needs(Needs.SEVERAL)
    def beat(self, now: int, out: list[Event]) -> None:
        value = self.heart.rate
        beyond = -1 if value == UNKNOWN or self.inhibited else self.beyond(value)
        if beyond > 0 and self.rule.above and not self._is_of_one_heart():
            beyond = -1
        beats = self.heart.beats[-MAX_TOLD_BEATS:]
        if beyond > 0 and len(beats) > 1:  # else a moment was not seen just now: the next beat will say
            rr_ms = 1000.0 * (beats[-1].sample - beats[-2].sample) / self.owner.rate_hz
            self.episode.holds(now, self.in_beats(beats, value, (rr_ms,))._replace(onset=now), out)
        elif beyond < 0:
            self.episode.over(now, out)

    def _is_of_one_heart(self) -> bool:
        """Say whether the heart made all beats of a high rate, as far as intervals and widths tell."""
        beats = self.heart.beats[-1 - ALARM_INTERVALS :]
        if not in_doubt(self.heart):
            return alike(beats, STEADY)
        least_ms = NARROW * self.heart.usual_width_ms()
        few_narrow = sum(beat.width_ms < least_ms for beat in beats) < ODD_BEATS
        few_wide = sum(beat.morphology == WIDE for beat in beats) < ODD_BEATS
        return alike(beats, STEADY_IN_DOUBT) and few_narrow and (few_wide or from_one_focus(beats))


class Measured(Watcher):
    """A threshold on what is said once a second, or of the clock."""

    __slots__ = ("wants",)

    def __init__(self, rule: RuleFacts, episode: Episode, heart: Heart, owner: Owner, model: int) -> None:
        super().__init__(rule, episode, heart, owner, model)
        self.wants = frozenset({_SAID_WITH.get(rule.measure, "second")})

    def value(self, now: int) -> float:
        """Return the measure as it is now."""
        heart, measure = self.heart, self.rule.measure
        if measure == "ectopic_rate":
            return heart.ectopic_rate(now)
        if measure == "quality":
            return heart.index
        return float(getattr(heart, measure))

    def look(self, now: int, out: list[Event]) -> None:
        """Ask for the measure, and tell."""
        value = self.value(now)
        beyond = -1 if value == UNKNOWN or self.inhibited else self.beyond(value)
        if beyond > 0:
            self.episode.holds(now, Reading(now, now, value, 1.0, self.heart.index), out)
        elif beyond < 0:
            self.episode.over(now, out)

    second = vitals = look

    def event(self, event: Event, now: int, out: list[Event]) -> None:
        """Take a report of the clock: of its drift."""
        assert isinstance(event, ClockReport)
        if not event.jump_us:
            self.heart.drift_ppm = abs(event.drift_ppm)
            self.look(now, out)


class OfBeat(Watcher):
    """A threshold on what each beat says of itself: without one for a while, the last one says nothing more."""

    __slots__ = ()
    wants = frozenset({"beat", "second"})

    def value(self) -> float | None:
        """Return the measure of the newest beat; the height is the first lead's, and -1 mV is one like any other."""
        heart = self.heart
        if self.rule.measure == "width_ms":
            return heart.beats[-1].width_ms
        return None if heart.stands_in or heart.usual_mv == UNKNOWN else heart.amplitude_mv

    def beat(self, now: int, out: list[Event]) -> None:
        value = self.value()
        beyond = -1 if value is None or self.inhibited else self.beyond(value)
        if value is not None and beyond > 0:
            self.episode.holds(now, Reading(now, now, value, 1.0, self.heart.index), out)
        elif beyond < 0:
            self.episode.over(now, out)

    @needs(Needs.ITSELF)
    def second(self, now: int, out: list[Event]) -> None:
        beats = self.heart.beats
        if self.inhibited or not beats or now - beats[-1].sample > STALE_S * self.owner.rate_hz:
            self.episode.over(now, out)


class Irregular(Measured):
    """A threshold on how irregular the rhythm is: forty intervals are ranked only where a few more beats could have taken it past the limit."""

    __slots__ = ("regular_until",)

    def __init__(self, rule: RuleFacts, episode: Episode, heart: Heart, owner: Owner, model: int) -> None:
        super().__init__(rule, episode, heart, owner, model)
        self.regular_until = -1
        """Up to this turn of the heart it finds nothing, whatever beats come."""

    def value(self, now: int) -> float:
        """Return how irregular it is: unknown without a beat for a while, for what the last ones said holds no more."""
        heart = self.heart
        return UNKNOWN if now - heart.watched_from > STALE_S * self.owner.rate_hz else heart.irregularity()

    def steady_until(self, now: int) -> int:
        """It is shown each second later, as if none had waited."""
        return self.episode.steady_until(now)

    def second(self, now: int, out: list[Event]) -> None:
        if self.episode.phase != Phase.IDLE or not self.rule.above:
            self.look(now, out)
        elif self.heart.turn > self.regular_until:
            self.look(now, out)
            self.regular_until = self.heart.regular_until(self.rule.limit)


class Pause(Watcher):
    """Too long between two beats."""

    __slots__ = ()

    wants = frozenset({"beat"})

    @needs(Needs.SEVERAL)
    def beat(self, now: int, out: list[Event]) -> None:
        beats = self.heart.beats[-2:]
        if len(beats) < 2 or self.inhibited:
            return
        silent_s = (beats[1].sample - beats[0].sample) / self.owner.rate_hz
        if silent_s >= self.rule.limit:
            self.episode.happened(now, self.in_beats(beats, silent_s, (60.0 / silent_s,)), out)


def in_doubt(heart: Heart) -> bool:
    """Say whether the last seconds were: what is found in them may be noise."""
    return 0 <= heart.surety < SURE


def from_one_focus(run: list[Seen]) -> bool:
    """Say whether wide beats that may be noise look as if one place in the ventricles made them all."""
    heights = [abs(beat.amplitude_mv) for beat in run]
    if len({beat.amplitude_mv > 0 for beat in run}) > 1 or max(heights) > HEIGHT_IN_DOUBT * min(heights):
        return False
    if any(beat.morphology == NORMAL for beat in run):  # the heart's own, among noise
        return False
    if sum(beat.width_ms >= BROAD_MS for beat in run) >= BROAD_BEATS:
        return alike(run, ALIKE_IN_DOUBT)
    widths, sure = [beat.width_ms for beat in run], [beat.confidence for beat in run]
    is_sure = min(sure) >= LEAST_SURE and sum(sure) >= MEAN_SURE * len(run)
    return is_sure and alike(run, ALIKE_IF_NARROW) and max(widths) <= WIDTH_IF_NARROW * min(widths)


class WideRun(BeatWatcher):
    """Wide beats in a row. With an end, told when it has ended; without, told with the beat that makes it one."""

    __slots__ = ()

    @needs(Needs.SEVERAL)
    def second(self, now: int, out: list[Event]) -> None:
        """A run that did not speak for itself is looked at again once the seconds it lies in are rated."""
        super().second(now, out)
        if self.episode.phase != Phase.IDLE or self.rule.at_most or self.inhibited:
            return
        n = self.heart.n_rated()
        if n:
            self._begins(self.heart.beats[:n], now, out, doubtful=in_doubt(self.heart))

    @needs(Needs.SEVERAL)
    def beat(self, now: int, out: list[Event]) -> None:
        if self.inhibited:
            self.episode.over(now, out)
        elif self.rule.at_most:
            self._ended(now, out)
        elif self.episode.phase != Phase.IDLE and self.episode.over_at < 0:
            self._goes_on(now, out)
        else:
            self._begins(self.heart.beats, now, out, doubtful=True)

    def _told(self, run: list[Seen], n: int) -> Reading:
        width_ms = sum(beat.width_ms for beat in run) / len(run)
        wide_share = sum(beat.morphology == WIDE for beat in run) / len(run)
        return self.in_beats(run, float(n), (self.heart.rate_of(run), width_ms, wide_share))

    def _ended(self, now: int, out: list[Event]) -> None:
        beats, n = self.heart.beats, 0
        if beats[-1].morphology == WIDE:
            return
        while n < len(beats) - 1 and beats[-2 - n].morphology == WIDE:
            n += 1
        bounded = len(beats) > n + 1
        run = beats[-1 - n : -1]
        if bounded and self.rule.limit <= n <= self.rule.at_most and alike(run, ALIKE) and self.heart.rate_of(run) >= self.rule.at_rate:
            self.episode.happened(now, self._told(run, n), out)

    def _begins(self, beats: list[Seen], now: int, out: list[Event], *, doubtful: bool) -> None:
        """All of the last n are wide; or, of one more, all but one, where two of unknown shape stand for one."""
        n = int(self.rule.limit)
        if beats[-1].morphology == NORMAL:
            return
        at_rate = self.rule.at_rate * (FASTER if doubtful else 1.0)
        for length in (n, n + 1):
            run = beats[-length:]
            halves = sum(2 if beat.morphology == WIDE else beat.morphology != NORMAL for beat in run)
            if (
                len(run) == length
                and halves >= 2 * n
                and (from_one_focus(run) if doubtful else alike(run, ALIKE))
                and self.heart.rate_of(run) >= at_rate
            ):
                self.episode.holds(now, self._told(run, length), out)
                return

    def _goes_on(self, now: int, out: list[Event]) -> None:
        """Its shape may become the usual one: a run is over when beats are narrower again, or slow."""
        rule, was = self.rule, self.episode.reading
        run = self.heart.beats[-max(2, min(int(rule.limit), len(self.heart.beats))) :]
        narrow = [beat.morphology != WIDE and beat.width_ms < NARROWER * was.evidence[1] for beat in run[-ENDING:]]
        if len(run) < 2 or all(narrow) or self.heart.rate_of(run) < SLOWER * rule.at_rate:
            self.episode.over(now, out)
            return
        told = self._told(run, int(was.value) + 1)
        evidence = (told.evidence[0], was.evidence[1], told.evidence[2])
        self.episode.holds(now, told._replace(onset=was.onset, evidence=evidence), out)


class Bigeminy(BeatWatcher):
    """Every other beat is wide."""

    __slots__ = ()

    @needs(Needs.SEVERAL)
    def beat(self, now: int, out: list[Event]) -> None:
        n = 2 * int(self.rule.limit)
        run = self.heart.beats[-n:]
        shapes = [beat.morphology == WIDE for beat in run]
        alternate = len(run) == n and all(before != after for before, after in pairwise(shapes))
        if alternate and not self.inhibited:
            self.episode.holds(now, self.in_beats(run, self.rule.limit, (self.heart.rate_of(run),)), out)
        else:
            self.episode.over(now, out)


class ROnT(Watcher):
    """A wide beat on the T wave of the one before, and a pause after it."""

    __slots__ = ()

    wants = frozenset({"beat"})

    @needs(Needs.UNUSUAL)
    def beat(self, now: int, out: list[Event]) -> None:
        beats = self.heart.beats[-3:]
        if len(beats) < 3 or self.inhibited:
            return
        early, after = beats[1], beats[2]
        if early.morphology == WIDE and 0 < early.prematurity < self.rule.limit and after.prematurity > PAUSE_AFTER:
            self.episode.happened(now, self.in_beats(beats, early.prematurity, (early.prematurity, after.prematurity)), out)
