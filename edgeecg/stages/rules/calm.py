"""A heart that beats on as it did: what its events say is remembered some seconds at a time, and not event by event.

What a fleet's rules remember is larger than any cache: to reach for all of one stream's takes longer than to think about an
event. So events in which no rule could find anything, of a stream of which nothing is pending and nothing told, wait in the kernel
(`edgeecg_kernels.calm`, which alone decides what those are) until something else comes, or time has come to what was due: then they are
remembered, in their order, before anything is asked. Rules say nothing earlier or later for it, and nothing else. A rhythm that is called
irregular may last for days: who watches it is asked about the seconds that waited when they are remembered, and they wait only as long
as nothing could be said of them.

Here the rules say what they would find nothing in, and take back what waited: the few numbers that a heart learns from.
"""

import struct
from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeecg.stages.rules import beatwatchers, silencewatchers
from edgeecg.stages.rules.episodes import NEVER
from edgeecg.stages.rules.heart import DOUBTFUL, RATE_WITHIN_S, STEADY_BEATS, Heart
from edgeecg.stages.rules.seen import NORMAL, SEEN, Seen
from edgeecg.stages.rules.watcher import Watcher
from edgeecg.types import Event
from edgeecg_kernels.calm_state import ALARM_INTERVALS, ALONE, CALM_STATE, MOST


def _place(name: str) -> int:
    assert CALM_STATE.fields is not None
    return int(CALM_STATE.fields[name][1])


_AT_SAID, _AT_WAITS, _AT_PIECES, _AT_SET = _place("is_now"), _place("beats"), _place("pieces"), _place("second_len")
_AT_PLACES, _AT_BEATS, _AT_SECONDS = _place("place"), _place("beat"), _place("second")
_FLAG, _SAID, _WAITS, _SET = Struct("=q"), Struct("=6qd"), Struct("=5q2dq4d"), Struct("=3q6d")
"""Fields of CALM_STATE, many at once: one of a record by its name takes numpy as long as all of them."""
_PLACES, _BEAT, _SECOND = Struct(f"={1 + ALARM_INTERVALS}q"), Struct("=q4d"), Struct("=2d2q")
_NOTHING = bytes(_WAITS.size)


def rooms(n: int) -> NDArray[np.void]:
    """Return room for what waits of so many streams; it is no state of theirs, and no snapshot has it."""
    return np.zeros(n, CALM_STATE)


def room_of(rooms: NDArray[np.void]) -> memoryview:
    """Return their bytes, to be read and written by the rules."""
    return rooms.view(np.uint8).data


class Usual(NamedTuple):
    """Where no rule finds anything in beats."""

    slowest: float
    fastest: float
    """Between these rates."""
    longest_s: float
    """Below this RR interval."""
    least_prematurity: float
    """In a beat of another shape, alone, that comes no earlier."""


class Calm:
    """What waits of one stream, and whether anything may."""

    __slots__ = ("_at", "_can_be", "_irregular", "_room")

    def __init__(
        self,
        room: memoryview,
        slot: int,
        rate_hz: float,
        usual: Usual,
        asked: Sequence[Watcher],
        seconds: Sequence[Watcher],
        timed: Sequence[Watcher],
    ) -> None:
        """Ready for a stream whose rules find nothing in what is `usual`.

        `room`: the bytes of `rooms`, and its place there; `asked`: who is asked at every beat or at vitals, whatever they are; `seconds`: who is
        at every rated second; `timed`: who waits for a sample.
        """
        self._room, self._at = room, slot * CALM_STATE.itemsize
        silent = [watcher.patience for watcher in timed if isinstance(watcher, silencewatchers.NoBeat)]
        self._can_be = not asked and all(map(_is_patient, seconds)) and len(silent) == len(timed)
        self._irregular = tuple(watcher for watcher in seconds if isinstance(watcher, beatwatchers.Irregular))
        limits = (watcher.rule.limit for watcher in seconds if type(watcher) is beatwatchers.Measured)
        lengths = round(rate_hz), round(RATE_WITHIN_S * rate_hz), min(silent, default=NEVER)
        _SET.pack_into(room, self._at + _AT_SET, *lengths, rate_hz, *usual[:3], max(DOUBTFUL, *limits, DOUBTFUL), usual.least_prematurity)

    def look(self, heart: Heart, awake: Sequence[Watcher], now: int) -> None:
        """See whether events may wait from `now` on; `awake`: of whose rules something is pending or told."""
        room, at = self._room, self._at
        until = min([watcher.steady_until(now) for watcher in awake], default=NEVER)
        if not self._can_be or until <= now or len(heart.beats) <= ALARM_INTERVALS or _is_troubled(heart):
            _FLAG.pack_into(room, at + _AT_SAID, 0)
            return
        newest = heart.beats[-1 - ALARM_INTERVALS :]
        left = (
            min([watcher.regular_until for watcher in self._irregular if not watcher.episode.phase], default=heart.turn + MOST) - heart.turn
        )
        tallest_mv = max(heart.usual_mv, *[abs(beat.amplitude_mv) for beat in newest[-STEADY_BEATS:]])
        since_odd = ALONE if newest[-1].morphology == newest[-2].morphology == NORMAL else int(newest[-1].morphology == NORMAL)
        _SAID.pack_into(room, at + _AT_SAID, 1, since_odd, heart.watched_from, until, heart.odd_at, left, tallest_mv)
        _PLACES.pack_into(room, at + _AT_PLACES, *[beat.sample for beat in newest])

    def look_ahead(self, heart: Heart) -> None:
        """Find out up to when the rhythm cannot be irregular, before a second is rated after that."""
        for watcher in self._irregular:
            if watcher.rule.above:
                watcher.regular_until = max(watcher.regular_until, heart.regular_until(watcher.rule.limit))

    def _awake(self) -> list[beatwatchers.Irregular]:
        return [watcher for watcher in self._irregular if watcher.episode.phase]

    @property
    def n_waiting(self) -> int:
        """Pieces of input whose events wait."""
        return int(_FLAG.unpack_from(self._room, self._at + _AT_PIECES)[0])

    def remember(self, heart: Heart, now: int) -> int:
        """Tell the heart what waited since `now`; return the newest sample that decided something. Until the next `look` nothing waits."""
        room, at = self._room, self._at
        n_beats, n_seconds, _, newest, rated_until, noise_mv, mains_mv, has_vitals, *vitals = _WAITS.unpack_from(room, at + _AT_WAITS)
        beats, seconds = self._beats(n_beats), self._seconds(n_seconds)
        awake = self._awake()
        if awake:
            _look_late(heart, awake, beats, seconds, now)
        else:
            heart.beats_on(beats)
            for index, level_mv, _, _ in seconds:
                heart.good_second(index, level_mv)
        if seconds:
            heart.rated(rated_until, noise_mv, mains_mv)
        if has_vitals:
            heart.vitals(*vitals)
        self.forget()
        return int(max(now, newest))

    def _beats(self, n: int) -> list[Seen]:
        room, at = self._room, self._at
        first = at + _AT_PLACES + _PLACES.size
        places = struct.unpack_from(f"={n}q", room, first)
        values = _BEAT.iter_unpack(room[at + _AT_BEATS : at + _AT_BEATS + n * _BEAT.size])
        return [SEEN((place, *value)) for place, value in zip(places, values, strict=True)]

    def _seconds(self, n: int) -> list[tuple[float, float, int, int]]:
        """Of each its index and its level, when it was told, and how many beats before it."""
        first = self._at + _AT_SECONDS
        return list(_SECOND.iter_unpack(self._room[first : first + n * _SECOND.size]))

    def forget(self) -> None:
        """Have nothing waiting, and nothing wait until the next `look`."""
        _FLAG.pack_into(self._room, self._at + _AT_SAID, 0)
        self._room[self._at + _AT_WAITS : self._at + _AT_WAITS + _WAITS.size] = _NOTHING


def _look_late(
    heart: Heart, awake: Sequence[Watcher], beats: Sequence[Seen], seconds: Sequence[tuple[float, float, int, int]], now: int
) -> None:
    """Have who watches an irregular rhythm see each second after the beats that came before it, as if nothing had waited."""
    done, said = 0, list[Event]()
    for index, level_mv, rated_at, upto in seconds:
        heart.beats_on(beats[done:upto])
        heart.good_second(index, level_mv)
        for watcher in awake:
            watcher.second(max(now, rated_at), said)
        done = upto
    heart.beats_on(beats[done:])
    assert not said


def _is_troubled(heart: Heart) -> bool:
    """Say whether the heart is not seen as it usually is."""
    return bool(heart.trouble or heart.moved_at or heart.stands_in or any(heart.flags))


def _is_patient(watcher: Watcher) -> bool:
    """Say whether who is asked at every second would find nothing, while idle, in those that wait."""
    if isinstance(watcher, silencewatchers.NoBeat):  # time says when it is due, and beats only put it off
        return True
    if isinstance(watcher, beatwatchers.Irregular):  # it knows how many beats it will take
        return watcher.rule.above
    return type(watcher) is beatwatchers.Measured and watcher.rule.measure == "quality" and not watcher.rule.above
