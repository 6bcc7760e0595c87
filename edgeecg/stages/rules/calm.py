"""A heart that beats on as it did: what its events say is remembered some seconds at a time, and not event by event.

What a fleet's rules remember is larger than any cache: to reach for all of one stream's takes longer than to think about an
event. So events in which no rule could find anything, of a stream of which nothing is pending and nothing told, wait here
until something else comes, or time has come to what was due: then they are remembered, in their order, before anything is
asked. Rules say nothing earlier or later for it, and nothing else. A rhythm that is called irregular may last for days: who watches it is
asked about the seconds that waited when they are remembered, and they wait only as long as nothing could be said of them.

What waits is the few numbers that a heart learns from: were the events kept, each new one would take memory that no cache holds.
"""

from collections.abc import Sequence
from typing import Final

from edgeecg.stages.rules import beatwatchers, silencewatchers
from edgeecg.stages.rules.episodes import NEVER
from edgeecg.stages.rules.heart import DOUBTFUL, MOVED_MV, RATE_INTERVALS, RATE_WITHIN_S, Heart
from edgeecg.stages.rules.seen import NORMAL, SEEN, Seen
from edgeecg.stages.rules.watcher import Watcher
from edgeecg.types import Beat, Event, Quality, Vitals

MOST: Final = 64
"""Events that wait."""


class Calm:
    """What waits of one stream, and whether anything may."""

    __slots__ = (
        "_beats", "_beats_left", "_can_be", "_fastest", "_irregular", "_lead", "_least_index", "_longest_s", "_newest",
        "_odd_at", "_rate_hz", "_recent", "_second", "_seconds", "_slowest", "_turn", "_vitals", "_was_normal", "is_now", "n_waiting", "until",
    )  # fmt: skip

    def __init__(
        self, rate_hz: float, lead: str, usual: tuple[float, float, float], asked: Sequence[Watcher], seconds: Sequence[Watcher]
    ) -> None:
        """Ready for a stream whose rules find nothing between the rates and below the RR interval that are `usual`.

        `asked`: who is asked at every beat or at vitals, whatever they are; `seconds`: who is at every rated second.
        """
        self._rate_hz, self._lead = rate_hz, lead
        self._slowest, self._fastest, self._longest_s = usual
        self._can_be = not asked and all(map(_is_patient, seconds))
        self._irregular = tuple(watcher for watcher in seconds if isinstance(watcher, beatwatchers.Irregular))
        limits = (watcher.rule.limit for watcher in seconds if type(watcher) is beatwatchers.Measured)
        self._least_index = max(DOUBTFUL, *limits, DOUBTFUL)
        self._beats: list[Seen] = []
        self._seconds: list[tuple[float, float, int, int]] = []
        """Of each its index and its level, when it was told, and how many beats before it."""
        self._second: Quality | None = None
        self._vitals: Vitals | None = None
        """The last of each, of those that wait."""
        self._newest = -1
        """The sample that decided the last of them."""
        self.n_waiting = 0
        """Events that wait."""
        self._recent: list[int] = []
        """The last beats, those that wait too, as many as a rate is of."""
        self._was_normal = False
        """The last of them was."""
        self._turn = self._odd_at = -1
        self._beats_left = 0
        """How many may wait before the rhythm could be irregular."""
        self.is_now = False
        """Nothing is pending or told, but for an irregular rhythm, and the heart is seen."""
        self.until = NEVER
        """What is decided from this sample on does not wait: of an irregular rhythm something could be said."""

    def beat(self, beat: Beat, heart: Heart) -> None:
        """Note a beat that did not wait, once the heart has it."""
        if heart.turn != self._turn + 1:  # not just one more: what was before is no neighbour, or others stand between
            self._recent.clear()
        self._turn = heart.turn
        self._recent.append(beat.sample)
        del self._recent[: -1 - RATE_INTERVALS]
        self._was_normal = beat.morphology == NORMAL

    def look(self, heart: Heart, n_awake: int, now: int) -> None:
        """See whether events may wait from `now` on; of so many rules something is pending or told."""
        self.is_now = False
        if not self._can_be or len(self._recent) <= RATE_INTERVALS or heart.turn != self._turn:
            return
        if heart.trouble or heart.moved_at or heart.stands_in or any(heart.flags):
            return
        awake, idle = self._awake(), [watcher for watcher in self._irregular if not watcher.episode.phase]
        if n_awake > len(awake):
            return
        self.is_now = True
        self.until = min([watcher.episode.steady_until(now) for watcher in awake], default=NEVER)
        self._beats_left = min([watcher.regular_until for watcher in idle], default=heart.turn + MOST) - heart.turn
        self._odd_at = heart.odd_at

    def _awake(self) -> list[Watcher]:
        return [watcher for watcher in self._irregular if watcher.episode.phase]

    def waits(self, events: Sequence[Event], due: int) -> bool:
        """Keep events in which no rule could find anything, and that come before anything is due; False: there are others among them."""
        if not self.is_now or self.n_waiting + len(events) > MOST:
            return False
        last, recent, newest = min(due, self.until - 1), self._recent, self._newest
        beats, seconds, second, vitals = self._beats, self._seconds, self._second, self._vitals
        n_beats, n_seconds = len(beats), len(seconds)
        for event in events:
            newest = max(newest, event.reported_at)
            if newest > last:
                break
            if type(event) is Beat:
                recent = [*recent[1:], event.sample]
                if not self._is_usual(event, recent):
                    break
                beats.append(SEEN((event.sample, NORMAL, event.confidence, event.width_ms, event.prematurity, event.amplitude_mv)))
            elif type(event) is Quality:
                if len(beats) > self._beats_left or not self._is_good(event):
                    break
                second = event
                seconds.append((event.index, event.level_mv, newest, len(beats)))
            elif type(event) is Vitals:
                vitals = event
            else:
                break
        else:
            self._recent, self._newest, self._second, self._vitals = recent, newest, second, vitals
            self.n_waiting += len(events)
            return True
        del beats[n_beats:], seconds[n_seconds:]
        return False

    def _is_usual(self, beat: Beat, recent: list[int]) -> bool:
        """Say whether a beat is the newest, no pause, of the usual shape as the one before, and leaves the rate where no rule finds anything."""
        if not self._was_normal or beat.morphology != NORMAL or beat.lead != self._lead:
            return False
        since, length = recent[-1] - recent[-2], recent[-1] - recent[0]
        if since <= 0 or since / self._rate_hz >= self._longest_s or length > round(RATE_WITHIN_S * self._rate_hz):
            return False
        return self._slowest <= 60.0 * self._rate_hz * RATE_INTERVALS / length <= self._fastest

    def _is_good(self, quality: Quality) -> bool:
        """Say whether a second is good, and neither odd beats nor a contact that moves are in it."""
        is_sure = quality.good and quality.index >= self._least_index and quality.level_mv <= MOVED_MV
        return is_sure and quality.start_sample > self._odd_at and quality.lead == self._lead

    def remember(self, heart: Heart, now: int) -> int:
        """Tell the heart what waited since `now`; return the newest sample that decided something."""
        awake = self._awake()
        if awake:
            self._look_late(heart, awake, now)
        else:
            heart.usual_beats(self._beats)
            for index, level_mv, _, _ in self._seconds:
                heart.good_second(index, level_mv)
        if self._second is not None:
            heart.rated(self._second)
        if self._vitals is not None:
            heart.vitals(self._vitals)
        newest = max(now, self._newest)
        self._turn += len(self._beats)
        self._forget()
        return newest

    def _look_late(self, heart: Heart, awake: Sequence[Watcher], now: int) -> None:
        """Have who watches an irregular rhythm see each second after the beats that came before it, as if nothing had waited."""
        done, said = 0, list[Event]()
        for index, level_mv, rated_at, upto in self._seconds:
            heart.usual_beats(self._beats[done:upto])
            heart.good_second(index, level_mv)
            for watcher in awake:
                watcher.second(max(now, rated_at), said)
            done = upto
        heart.usual_beats(self._beats[done:])
        assert not said

    def _forget(self) -> None:
        self._beats.clear()
        self._seconds.clear()
        self._second = self._vitals = None
        self.n_waiting = 0
        self._newest = -1


def _is_patient(watcher: Watcher) -> bool:
    """Say whether who is asked at every second would find nothing, while idle, in those that wait."""
    if isinstance(watcher, silencewatchers.NoBeat):  # time says when it is due, and beats only put it off
        return True
    if isinstance(watcher, beatwatchers.Irregular):  # it knows how many beats it will take
        return watcher.rule.above
    return type(watcher) is beatwatchers.Measured and watcher.rule.measure == "quality" and not watcher.rule.above
