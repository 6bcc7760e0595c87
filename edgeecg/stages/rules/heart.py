"""What the events of one stream have said of its heart and its signal: all that rules ask, in one bounded state."""

from collections.abc import Sequence
from itertools import islice, pairwise, takewhile
from operator import sub
from struct import Struct
from types import MappingProxyType
from typing import Final

from edgeecg.rulefacts import DOUBT, LEAD_OFF, NOISE
from edgeecg.stages.rules.delays import Delays
from edgeecg.stages.rules.seen import NORMAL, SEEN, WIDE, Seen, alike
from edgeecg.types import Beat, Quality, QualityReason, SignalState
from edgeecg_kernels.calm_state import ALARM_INTERVALS, FAINT, MOVED_MV
from edgeecg_kernels.signal import HOLD
from edgeecg_kernels.state import GRID_HZ

MAX_BEATS: Final = 40
ALARM_INTERVALS_MIN: Final = 3
RATE_WITHIN_S: Final = 15.0
"""A rate is of the last ALARM_INTERVALS RR intervals, of three at least, none older than this."""
SLOW, STEADY_PIECES = 60.0, 1.6
"""Over moments that were not seen, as by a radio that loses a frame every few seconds, a rate may rest on the intervals between them: a slow one is never
known else. A higher one must be steady: no interval longer than another by this factor."""
GAIN_SHARE: Final = 1 / 8
LOSS_SHARE: Final = 1 / 32
"""A heart that stops leaves noise, in which a detector that adapts finds beats before long. They are faint, and end no asystole."""
TALL, TALLEST = 2.0, 4.0
"""A spark is no beat, and must not make faint what is one. What is so many times as tall as usual teaches as slowly as a loss, and nothing more than so many
times; and while a contact settles the median is the usual one."""
NEW_CONTACT_S, STEADY_BEATS, EVEN, SAME_PACE, SURE_BEAT = 10.0, 4, 1.25, 0.15, 0.8
"""A contact that comes back may have lost most of its gain. So many sure beats, evenly and at the pace from before, are the heart's own, be
they ever so faint; noise keeps no time."""
MOVED_SHARE, MOVED_TIMES, LEVELS = 0.4, 4.0, 1 / 8
"""Half a second as far from its baseline as MOVED_MV, by such a share of the usual height, and so many times as far as those before, is no wave of the heart
and no wander: the contact moved."""
UNSEEN_S: Final = 3.0
"""An interval longer than this in which the contact moved is none between two beats: those between were not seen."""
HELD_S: Final = HOLD / GRID_HZ
"""A lead is said to be back so long after it was."""
MOMENT_S: Final = 1.0
"""What is not seen for no longer can hide a beat, but not that there are none."""
LACKS_OF, MOST_LACKED_S = 50, 3.0
"""What is missing adds up but for a fiftieth of the time, and is never remembered as more than so much."""
NO_NUMBERS: Final = 0
"""Beside the reasons of gaps: samples came, and were none."""
SEVERAL: Final = 1 << 8
"""Beside the reason of a gap: others before it count too."""
SETTLED_S: Final = 1.0
"""A second that begins no later after such a moment looks moved by it."""
IRREGULAR_INTERVALS_MIN: Final = 20
MAX_ECTOPIC: Final = 128
ECTOPIC_WITHIN_S: Final = 60.0
PREMATURE: Final = 0.8
SPOILING = frozenset({QualityReason.MOTION, QualityReason.WANDER})
"""What makes beats that are none. Doubt and odd beats are no reason to look away: they are what an arrhythmia looks like."""
DOUBTFUL: Final = 0.5
"""At a smaller chance that all its beats were found, and only they, a second is in doubt."""
TROUBLE: Final = MappingProxyType({LEAD_OFF: 1, NOISE: 2, DOUBT: 4})
_NOISE, _DOUBT = TROUBLE[NOISE], TROUBLE[DOUBT]
UNKNOWN: Final = -1.0

OFF, SATURATED, FLAT, INVALID = 1, 2, 4, 8
BLIND: Final = OFF | SATURATED | INVALID
"""Nothing is seen of the heart. A flat line is seen: it may be that there is nothing to see."""


_BEAT = Struct("<qqdddd")
_COUNTS = (
    "begins_at",
    "missed_from",
    "left_at",
    "lacking",
    "lacking_at",
    "watched_from",
    "blind_from",
    "contact_at",
    "moved_at",
    "rated_until",
    "stands_in",
    "trouble",
    "settles_at",
)
_VALUES = (
    "rate", "index", "heart_rate", "rr_ms", "sdnn_ms", "rmssd_ms", "noise_mv", "mains_mv", "drift_ppm", "amplitude_mv", "usual_mv", "usual_second_mv", "surety", "pace", "level_mv",
)  # fmt: skip
_NUMBERS = Struct(f"<QQ{len(_COUNTS)}q{len(_VALUES)}d")
_SAMPLES = Struct(f"<{MAX_ECTOPIC}q")
_INTERVAL = Struct("<qq")


class Heart:
    """One stream as its events have it."""

    __slots__ = (
        "_before", "_ectopic_len", "_first", "_intervals", "_lead", "_rate_len", "beats", "delays", "ectopic", "flags", "odd_at", "rate_hz", "turn",
        *_COUNTS, *_VALUES,
    )  # fmt: skip

    begins_at: int
    """Beats before this sample are no neighbours of those to come."""
    missed_from: int
    """Where the moment that was not seen last began; it ended at `begins_at`. The same: it was no moment."""
    left_at: int
    """The last beat known before that; 0: nothing else was seen between that moment and the one before."""
    lacking: int
    """Samples that are missing beyond one in LACKS_OF, times LACKS_OF, as of `lacking_at`."""
    lacking_at: int
    watched_from: int
    """There has been no beat since that is not faint; moved on by what was not seen."""
    blind_from: int
    """Where the lead was last seen to go off, or to say nothing."""
    contact_at: int
    """Where the lead came back last."""
    moved_at: int
    """The end of the first second in which the contact was seen to move since the last beat that is not faint; 0: in none."""
    rated_until: int
    """The end of the last second that was rated."""
    stands_in: int
    """1: the first lead is blind, and the second has told beats since."""
    trouble: int
    """What beats are not to be trusted for: bits of TROUBLE."""
    settles_at: int
    """Until then a contact is new, at the stream's beginning or when a lead first says something: what it does while it settles blinds a detector for seconds."""
    rate: float
    """Beats a minute over the last RR intervals."""
    index: float
    heart_rate: float
    rr_ms: float
    sdnn_ms: float
    rmssd_ms: float
    noise_mv: float
    mains_mv: float
    drift_ppm: float
    amplitude_mv: float
    usual_mv: float
    """How high R peaks are, without their sign."""
    usual_second_mv: float
    """The same of the second lead, where that told of a beat."""
    surety: float
    """The index of the last seconds, the latest weighing a third."""
    level_mv: float
    """How far from its baseline half a second usually lies."""
    pace: float
    """The rate before the lead went off last."""

    def __init__(self, rate_hz: float, leads: tuple[str, ...], *, hears: bool = False) -> None:
        self.rate_hz = rate_hz
        self.delays = Delays() if hears else None
        self._lead = {lead: i for i, lead in enumerate(leads)}
        self._first = leads[0] if leads else ""
        self._rate_len = round(RATE_WITHIN_S * rate_hz)
        self._ectopic_len = round(ECTOPIC_WITHIN_S * rate_hz)
        self.beats: list[Seen] = []
        """Ascending; none from before what interrupted the signal last."""
        self._intervals: list[int] = []
        """Between them."""
        self._before: list[tuple[int, int]] = []
        """The last RR intervals, each whole, from before moments that were not seen: where one begins, and ends."""
        self.turn = 0
        """Counts the beats appended, and counts many where they changed otherwise: what was read off them may be kept till then."""
        self.odd_at = -1
        """Where the last of them is that is not of the usual shape."""
        self.ectopic: list[int] = []
        self.flags = bytearray(len(leads))
        for name in _COUNTS:
            setattr(self, name, 0)
        for name in _VALUES:
            setattr(self, name, UNKNOWN)
        self._settle(0)

    # --- what comes -----------------------------------------------------------------------------------------------

    def beat(self, beat: Beat) -> bool:
        """Take a beat; say whether it is the newest: others were found late, and are put in their place."""
        sample, beats = beat.sample, self.beats
        is_first = beat.lead == self._first
        if sample < self.begins_at:
            self._before_it_was_missed(sample, abs(beat.amplitude_mv), is_first=is_first)
            return False
        if not is_first and self.flags[0] & BLIND and not self.stands_in and not self._let_stand_in(beat):
            return False
        seen = SEEN((sample, beat.morphology, beat.confidence, beat.width_ms, beat.prematurity, beat.amplitude_mv))
        if is_first:
            self.amplitude_mv = beat.amplitude_mv
        if self.moved_at or sample < self.settles_at:
            self._see_again(sample)
        newest = not beats or sample > beats[-1].sample
        if newest:
            self._append(seen)
        else:
            self._put_in_place(seen)
        if seen.morphology != NORMAL:
            self.odd_at = max(self.odd_at, sample)
        if seen.morphology == WIDE or 0 < seen.prematurity < PREMATURE:
            self.ectopic.append(sample)
            del self.ectopic[:-MAX_ECTOPIC]
        if newest and (not self._is_faint(abs(beat.amplitude_mv), is_first=is_first) or self._is_new_contact()):
            self.watched_from = max(self.watched_from, sample)
            self.moved_at = 0
        self.rate = self._rate()
        return newest

    def _before_it_was_missed(self, sample: int, height_mv: float, *, is_first: bool) -> None:
        """Take a beat that was known only when a moment after it was missing: the heart was seen to beat up to there."""
        is_blind = self.flags[0] & BLIND and not is_first
        if is_blind or not sample < self.missed_from < self.begins_at or self._is_faint(height_mv, is_first=is_first):
            return
        self.watched_from = max(self.watched_from, sample + self.begins_at - self.missed_from)
        if 0 < self.left_at < sample:
            self._before = [*self._before, (self.left_at, sample)][-ALARM_INTERVALS:]
            self.left_at = sample

    def beats_on(self, seen: Sequence[Seen]) -> None:
        """Take beats of the first lead, each newer than all before, as `beat` would one by one while no contact moves."""
        for one in seen:
            sample, morphology, _, _, prematurity, amplitude_mv = one
            self._append(one)
            if morphology != NORMAL:
                self.odd_at = sample
            if morphology == WIDE or 0 < prematurity < PREMATURE:
                self.ectopic.append(sample)
            if not self._is_faint(abs(amplitude_mv), is_first=True) or self._is_new_contact():
                self.watched_from = max(self.watched_from, sample)
        if seen:
            del self.ectopic[:-MAX_ECTOPIC]
            self.amplitude_mv = seen[-1].amplitude_mv
            self.rate = self._rate()

    def _see_again(self, sample: int) -> None:
        """A beat is seen after the contact moved, or is new: if long after the one before, there were others between them."""
        if self.beats and sample - self.beats[-1].sample > UNSEEN_S * self.rate_hz:
            self._begin_anew(sample)

    def _append(self, seen: Seen) -> None:
        beats = self.beats
        if beats:
            self._intervals.append(seen.sample - beats[-1].sample)
        beats.append(seen)
        self.turn += 1
        if len(beats) > MAX_BEATS:
            del beats[0], self._intervals[0]

    def _put_in_place(self, seen: Seen) -> None:
        beats = self.beats
        at = len(beats)
        while at and beats[at - 1].sample >= seen.sample:
            at -= 1
        beats.insert(at, seen)
        del beats[:-MAX_BEATS]
        self._measure_intervals()

    def _measure_intervals(self) -> None:
        self.turn += MAX_BEATS
        self._intervals = [after.sample - before.sample for before, after in pairwise(self.beats)]

    def _is_faint(self, height_mv: float, *, is_first: bool) -> bool:
        """Say whether a beat is small beside those before it on its lead, and learn: a loss of height more slowly than a gain."""
        known_mv = self.usual_mv if is_first else self.usual_second_mv
        usual_mv = known_mv if known_mv > 0 else height_mv
        if is_first and self.beats and self.beats[-1].sample < self.settles_at:
            heights = sorted(abs(beat.amplitude_mv) for beat in self.beats)
            self.usual_mv = usual_mv = heights[(len(heights) - 1) // 2]
        elif is_first:
            self.usual_mv = _taught_by(height_mv, usual_mv)
        else:
            self.usual_second_mv = _taught_by(height_mv, usual_mv)
        return height_mv < FAINT * usual_mv

    def _let_stand_in(self, beat: Beat) -> bool:
        """Look through the second lead while the first is blind, from a beat on that it is sure of; return whether it is."""
        if beat.confidence < SURE_BEAT or beat.sample < self.blind_from:
            return False
        self.stands_in = 1
        self.missed(self.blind_from, beat.sample)
        self._trouble(LEAD_OFF, there=False)
        return True

    def _is_new_contact(self) -> bool:
        """Say whether the last beats are faint because the contact is another: their height is the usual one then."""
        last = self.beats[-STEADY_BEATS:]
        since = max(self.contact_at, 1)
        if (
            len(last) < STEADY_BEATS
            or self.pace <= 0
            or not since <= last[0].sample <= last[-1].sample < since + NEW_CONTACT_S * self.rate_hz
        ):
            return False
        is_own = abs(self.rate_of(last) - self.pace) < SAME_PACE * self.pace and min(beat.confidence for beat in last) >= SURE_BEAT
        if not is_own or not alike(last, EVEN):
            return False
        self.usual_mv = max(abs(beat.amplitude_mv) for beat in last)
        return True

    def _begin_anew(self, at: int) -> None:
        """No beat before is a neighbour of those to come."""
        self.beats.clear()
        self._before.clear()
        self._measure_intervals()
        self.rate = UNKNOWN
        self.begins_at = self.missed_from = max(self.begins_at, at)
        self.left_at = 0

    def lack(self, start: int, length: int) -> None:
        """Samples never came."""
        known = max(0, self.lacking - (start - self.lacking_at))
        self.lacking = min(known, round(MOST_LACKED_S * self.rate_hz) * LACKS_OF) + length * LACKS_OF
        self.lacking_at = start + length

    def missed(self, start: int, end: int) -> None:
        """Nothing was seen from `start` up to `end`: what comes after begins anew. A moment stops the watch for beats, and a rate is known on."""
        is_moment = end - start <= MOMENT_S * self.rate_hz
        before = self._whole_intervals(start) if is_moment else []
        left_at = self.beats[-1].sample if self.beats and is_moment else 0
        self._begin_anew(end)
        if is_moment:
            self.missed_from, self.left_at, self._before = start, left_at, before
            self.watched_from += end - max(start, min(self.watched_from, end))
        else:
            self.watched_from = max(self.watched_from, end)

    def _whole_intervals(self, until: int) -> list[tuple[int, int]]:
        """Return the last RR intervals that end before `until`."""
        return [*self._before, *((a.sample, b.sample) for a, b in pairwise(self.beats) if b.sample < until)][-ALARM_INTERVALS:]

    def signal(self, state: SignalState) -> None:
        """Take what a lead's state has become."""
        lead = self._lead[state.lead]
        was = self.flags[0] & BLIND
        self.flags[lead] = state.lead_off * OFF | state.saturated * SATURATED | state.flat * FLAT | state.invalid * INVALID
        is_blind = self.flags[0] & BLIND
        if lead and self.stands_in and self.flags[lead] & BLIND:
            self._lose_sight(state.sample)
        if lead or bool(was) == bool(is_blind):
            return
        if is_blind:
            self.pace = self.rate
            self._lose_sight(state.sample)
            return
        self.contact_at = state.sample
        if self.usual_mv == UNKNOWN:
            self._settle(state.sample)
        seen_from = self.seen_from(state.sample)
        if not self.stands_in and was == INVALID and seen_from - self.blind_from <= MOMENT_S * self.rate_hz:
            self._had_no_numbers(self.blind_from, seen_from)
        elif not self.stands_in:
            self.missed(self.blind_from, state.sample)
        self.stands_in = 0
        self._trouble(LEAD_OFF, there=False)

    def seen_from(self, back_at: int) -> int:
        """Return where what was seen begins again of a lead that is said there to be back."""
        return back_at - round(HELD_S * self.rate_hz) + 1

    def _had_no_numbers(self, start: int, end: int) -> None:
        """A moment for which the device had none: as if its samples were missing. Beats have been told since."""
        since = [beat for beat in self.beats if beat.sample >= end]
        self.missed(start, end)
        self.lack(start, end - start)
        self.beats = since
        self._measure_intervals()
        self.rate = self._rate()

    def _settle(self, since: int) -> None:
        self.settles_at = since + round(NEW_CONTACT_S * self.rate_hz)

    def _lose_sight(self, sample: int) -> None:
        self.blind_from, self.stands_in = sample, 0
        self._trouble(LEAD_OFF, there=True)

    def quality(self, quality: Quality) -> None:
        """Take a second's rating."""
        self._grow_sure(quality.index)
        self.rated(quality.start_sample + quality.len_samples, quality.noise_mv, quality.mains_mv)
        if self._is_jump(quality.level_mv) and not self.moved_at and self.watched_from < self.rated_until:
            self._move_contact()
        spoilt = not quality.good and quality.reason in SPOILING and not self._follows_a_gap(quality.start_sample)
        self.trouble = self.trouble & ~(_NOISE | _DOUBT) | spoilt * _NOISE | (quality.index < DOUBTFUL) * _DOUBT

    def _follows_a_gap(self, second: int) -> bool:
        """Say whether a moment is missing just before a second: filters that begin anew after it move the line by themselves."""
        settled = self.begins_at + SETTLED_S * self.rate_hz
        is_gap = self.missed_from < self.begins_at == self.lacking_at  # and no lead that was off, or saturated by what moves
        return is_gap and self.missed_from - self.rate_hz < second < settled

    def good_second(self, index: float, level_mv: float) -> None:
        """Learn from a second without trouble in which no contact moves, as `quality` would; the last of several is to be `rated`."""
        self._grow_sure(index)
        self._is_jump(level_mv)

    def rated(self, until: int, noise_mv: float, mains_mv: float) -> None:
        """Know the second that ends there as the newest."""
        self.rated_until, self.noise_mv, self.mains_mv = until, noise_mv, mains_mv

    def _grow_sure(self, index: float) -> None:
        self.index = index
        self.surety += (index - self.surety) / 3 if self.surety != UNKNOWN else index - UNKNOWN

    def _is_jump(self, level_mv: float) -> bool:
        """Say whether a second's level is a jump, and learn how far levels usually are."""
        usual_mv = max(0.0, self.level_mv)
        self.level_mv = usual_mv + LEVELS * (level_mv - usual_mv)
        return level_mv > max(MOVED_MV, MOVED_SHARE * self.usual_mv, MOVED_TIMES * usual_mv)

    def _move_contact(self) -> None:
        """The second rated last says that the contact is another from now on; a lead that is off has said so, and when, itself."""
        if not self.flags[0] & BLIND and self.contact_at < self.watched_from:
            self.pace = self.rate
        self.moved_at = self.rated_until
        self.contact_at = max(self.contact_at, self.rated_until)

    def _trouble(self, what: str, *, there: bool) -> None:
        self.trouble = self.trouble | TROUBLE[what] if there else self.trouble & ~TROUBLE[what]

    def vitals(self, heart_rate: float, rr_ms: float, sdnn_ms: float, rmssd_ms: float) -> None:
        """Take a second's heart rate and variability."""
        self.heart_rate, self.rr_ms, self.sdnn_ms, self.rmssd_ms = heart_rate, rr_ms, sdnn_ms, rmssd_ms

    # --- what is asked --------------------------------------------------------------------------------------------

    def _rate(self) -> float:
        beats = self.beats
        n = min(ALARM_INTERVALS, len(beats) - 1)
        while n >= ALARM_INTERVALS_MIN:
            length = beats[-1].sample - beats[-1 - n].sample
            if length <= self._rate_len:
                return 60.0 * self.rate_hz * n / length
            n -= 1
        return self._pieced_rate()

    def _pieced_rate(self) -> float:
        """Return a rate over moments that were not seen, of the whole intervals between them."""
        if not self._before:
            return UNKNOWN
        whole = self._whole_intervals(self.beats[-1].sample + 1 if self.beats else self.begins_at)
        recent = [end - start for start, end in whole if whole[-1][1] - start <= self._rate_len]
        if len(recent) < ALARM_INTERVALS_MIN:
            return UNKNOWN
        rate = 60.0 * self.rate_hz * len(recent) / sum(recent)
        return rate if rate <= SLOW or max(recent) <= STEADY_PIECES * min(recent) else UNKNOWN

    def rate_of(self, beats: Sequence[Seen]) -> float:
        """Beats a minute from the first to the last of two or more."""
        return 60.0 * self.rate_hz * (len(beats) - 1) / (beats[-1].sample - beats[0].sample)

    def n_rated(self) -> int:
        """Return how many beats lie before the end of the second rated last; 0, if none of them lies in it."""
        n = len(self.beats)
        while n and self.beats[n - 1].sample >= self.rated_until:
            n -= 1
        return n if n and self.beats[n - 1].sample >= self.rated_until - self.rate_hz else 0

    def usual_width_ms(self) -> float:
        """Median width of the beats kept that have the usual shape; 0: there is none."""
        widths = sorted(beat.width_ms for beat in self.beats if beat.morphology == NORMAL)
        return widths[len(widths) // 2] if widths else 0.0

    def irregularity(self) -> float:
        """Median difference between successive RR intervals over the median interval, in percent: a few odd beats do not matter."""
        n = len(self._intervals)
        if n < IRREGULAR_INTERVALS_MIN:
            return UNKNOWN
        changes, lengths = self._ranked()
        return 100.0 * changes[n // 2] / lengths[n // 2]

    def regular_until(self, percent: float) -> int:
        """Return up to which `turn` the rhythm cannot be more irregular than this, whatever beats come: a median moves by a rank a beat."""
        n = len(self._intervals)
        if n < IRREGULAR_INTERVALS_MIN:
            return self.turn + IRREGULAR_INTERVALS_MIN - 1 - n
        changes, lengths = self._ranked()
        above, below = islice(changes, n // 2, None), reversed(lengths[: n // 2 + 1])
        regular = takewhile(lambda pair: pair[1] > 0 and 100.0 * pair[0] / pair[1] <= percent, zip(above, below, strict=False))
        return self.turn + sum(1 for _ in regular) - 1

    def _ranked(self) -> tuple[list[int], list[int]]:
        intervals = self._intervals
        return sorted(map(abs, map(sub, intervals[1:], intervals))), sorted(intervals)

    def ectopic_rate(self, now: int) -> float:
        """Wide or premature beats in the last minute."""
        since = now - self._ectopic_len
        return float(sum(sample > since for sample in self.ectopic))

    # --- state ----------------------------------------------------------------------------------------------------

    @property
    def len_bytes(self) -> int:
        """How long `to_bytes` always is."""
        return (
            _NUMBERS.size
            + len(self.flags)
            + MAX_BEATS * _BEAT.size
            + _SAMPLES.size
            + ALARM_INTERVALS * _INTERVAL.size
            + (self.delays.len_bytes if self.delays else 0)
        )

    def to_bytes(self) -> bytes:
        """All of it."""
        numbers = [*(getattr(self, name) for name in _COUNTS), *(getattr(self, name) for name in _VALUES)]
        beats = b"".join([_BEAT.pack(*beat) for beat in self.beats])
        ectopic = self.ectopic + [0] * (MAX_ECTOPIC - len(self.ectopic))
        before = b"".join([_INTERVAL.pack(*one) for one in self._before])
        head = _NUMBERS.pack(len(self.beats), len(self.ectopic), *numbers)
        delays = self.delays.to_bytes() if self.delays else b""
        padded = beats.ljust(MAX_BEATS * _BEAT.size, b"\0"), _SAMPLES.pack(*ectopic), before.ljust(ALARM_INTERVALS * _INTERVAL.size, b"\0")
        return b"".join((head, self.flags, *padded, delays))

    def load(self, data: bytes) -> None:
        """Become what `to_bytes` was, be it of one that hears or of one that does not."""
        n_beats, n_ectopic, *numbers = _NUMBERS.unpack_from(data)
        for name, value in zip((*_COUNTS, *_VALUES), numbers, strict=True):
            setattr(self, name, value)
        at = _NUMBERS.size + len(self.flags)
        self.flags[:] = data[_NUMBERS.size : at]
        self.beats = [Seen(*row) for row in _BEAT.iter_unpack(data[at : at + n_beats * _BEAT.size])]
        self._measure_intervals()
        self.odd_at = max((beat.sample for beat in self.beats if beat.morphology != NORMAL), default=-1)
        at += MAX_BEATS * _BEAT.size
        self.ectopic = list(_SAMPLES.unpack_from(data, at)[:n_ectopic])
        at += _SAMPLES.size
        delays_at = at + ALARM_INTERVALS * _INTERVAL.size
        self._before = [(start, end) for start, end in _INTERVAL.iter_unpack(data[at:delays_at]) if end > start]
        delays = data[delays_at:]
        if self.delays and delays:
            self.delays.load(delays)


def _taught_by(height_mv: float, usual_mv: float) -> float:
    """Return the usual height after another beat: it follows a loss more slowly than a gain, and what is too tall no faster."""
    if usual_mv < height_mv <= TALL * usual_mv:
        return usual_mv + GAIN_SHARE * (height_mv - usual_mv)
    return usual_mv + LOSS_SHARE * (min(height_mv, TALLEST * usual_mv) - usual_mv)
