"""The oracle of `vitals`: at every rated second, everything anew from the whole list of beats and ratings so far."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

UNKNOWN = -1.0


@dataclass
class Beat:
    place: int
    known_at: int
    wide: bool
    number: int = 1  # 2: another was passed over before it


@dataclass
class Second:
    start: int
    known_at: int
    good: bool


@dataclass
class Interval:
    end: int
    length: int
    trusted: bool
    normal: bool
    beats: int


def intervals(beats: Sequence[Beat], seconds: Sequence[Second]) -> list[Interval]:
    """Return the intervals between the beats of the rated seconds."""
    found: list[Interval] = []
    last, last_trusted, last_ectopic, wide_share = -1, False, False, 0.0
    waiting: list[Beat] = []
    unheard = list(beats)
    for second in seconds:
        while unheard and unheard[0].known_at <= second.known_at:
            waiting.append(unheard.pop(0))
        waiting.sort(key=lambda beat: beat.place)
        while waiting and waiting[0].place < second.start + 250:
            beat = waiting.pop(0)
            trusted = second.good and beat.place >= second.start
            wide_share += 0.05 * (int(beat.wide) - wide_share)
            ectopic = beat.wide and wide_share < 0.5
            if last >= 0:
                length = beat.place - last
                if length <= 0:
                    continue
                latest = [one for one in found if one.trusted][-10:]
                recent = sorted(one.length for one in latest if one.end >= beat.place - 15 * 250)
                usual = recent[len(recent) // 2] if len(recent) >= 3 else length
                ectopic = ectopic or length < 0.8 * usual
                both = trusted and last_trusted
                normal = both and not ectopic and not last_ectopic and length < 1.5 * usual and beat.number == 1
                found.append(Interval(beat.place, length, both, normal, beat.number))
            last, last_trusted, last_ectopic = beat.place, trusted, ectopic
        if not second.good:
            last_trusted = False
    return found


def vitals(beats: Sequence[Beat], seconds: Sequence[Second]) -> list[list[float]]:
    """Return heart rate, RR, SDNN, RMSSD, count of normal intervals and of recent ones, for every second."""
    rows = []
    for n in range(1, len(seconds) + 1):
        end = seconds[n - 1].start + 250
        found = intervals(beats, seconds[:n])
        recent: list[Interval] = []
        for one in reversed(found[-10:]):
            if one.end >= end - 15 * 250 and sum(other.beats for other in recent) < 10:
                recent.append(one)
        number = sum(one.beats for one in recent)
        rate = rr = sdnn = rmssd = UNKNOWN
        few_bad = sum(1 for second in seconds[max(n - 10, 0) : n] if not second.good) <= 3
        if number >= 3 and (seconds[n - 1].good or few_bad):
            rate, rr = 60.0 * 250 * number / sum(one.length for one in recent), 4.0 * found[-1].length / found[-1].beats
        normal = [one for one in found if one.normal]
        minute = [one for one in normal if one.end >= end - 60 * 250][-256:]
        if len(minute) >= 5:
            total, squares = sum(one.length for one in minute), sum(one.length**2 for one in minute)
            sdnn = 4.0 * math.sqrt((len(minute) * squares - total * total) / (len(minute) * (len(minute) - 1)))
        follows = {b.end: b.length - a.length for a, b in pairwise(normal) if a.end == b.end - b.length}
        changes = [follows[one.end] for one in minute if one.end in follows]
        if len(changes) >= 5:
            rmssd = 4.0 * math.sqrt(sum(change**2 for change in changes) / len(changes))
        rows.append([rate, rr, sdnn, rmssd, float(len(minute)), float(number)])
    return rows
