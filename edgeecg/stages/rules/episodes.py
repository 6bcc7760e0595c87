"""The life of one rule on one stream: it begins to hold, is told, brought up to date, acknowledged, and is over.

All of time is sample numbers. What an episode waits for is in `due`; whoever owns it calls `pass_time` then.
"""

from collections.abc import Sequence
from enum import IntEnum
from hashlib import blake2b
from struct import Struct
from typing import Final

from edgeecg.facts import ModelFacts
from edgeecg.rulefacts import Priority, RuleFacts
from edgeecg.stages.rules import words
from edgeecg.stages.rules.readings import NOTHING, READING_LEN, Reading
from edgeecg.types import Alert, AlertState, Event

NEVER: Final = 2**62
"""Later than every sample."""
MAX_NAME_LEN: Final = 64
"""Bytes of the name of who acknowledges."""
NEWS: Final = 0.05
"""A value that has changed by a smaller share than this is no news."""


class Phase(IntEnum):
    """Where a rule is."""

    IDLE = 0
    PENDING = 1
    """It holds, or did a moment ago, and nobody has been told."""
    TOLD = 2


class Pace:
    """How seldom models are asked: one for all streams."""

    __slots__ = ("hop_factor",)

    def __init__(self) -> None:
        self.hop_factor = 1


class Owner:
    """Whose rules these are."""

    __slots__ = ("changed", "epoch", "leads", "models", "name", "pace", "rate_hz")

    def __init__(self, name: str, rate_hz: float, leads: tuple[str, ...], models: Sequence[ModelFacts], pace: Pace | None = None) -> None:
        self.name, self.rate_hz, self.leads, self.models, self.pace = name, rate_hz, leads, models, pace or Pace()
        self.epoch = 0
        self.changed = False
        """One of its episodes is not as it was."""


_COUNTS = (
    "phase", "latched", "risen", "revision", "times", "last_onset", "onset", "credit", "counted_at", "over_at", "raised_at", "said_at",
    "has_news",
)  # fmt: skip
_STATE = Struct(f"<{len(_COUNTS)}qdB{MAX_NAME_LEN}s")
EPISODE_LEN: Final = _STATE.size + READING_LEN


class Episode:
    """One rule on one stream."""

    __slots__ = (
        "_clear_len", "_escalate_len", "_for_len", "_owner", "_planned", "_update_len", "acknowledged_by", "blocked", "due", "fresh_len", "reading",
        "rule", "said_value", *_COUNTS,
    )  # fmt: skip

    phase: int
    latched: int
    """1: over, but not acknowledged."""
    risen: int
    """1: nobody saw it in time, and it has been given its higher priority."""
    revision: int
    times: int
    """How often it happened, of what lasts but a moment."""
    last_onset: int
    onset: int
    credit: int
    """For how long it has held, less what interrupted it: as of `counted_at`."""
    counted_at: int
    over_at: int
    """Since when it does not hold; -1: it does."""
    raised_at: int
    said_at: int
    has_news: int

    def __init__(self, rule: RuleFacts, owner: Owner) -> None:
        self.rule, self._owner = rule, owner
        lengths = (round(s * owner.rate_hz) for s in (rule.for_s, rule.clear_for_s, rule.escalate_after_s, rule.update_every_s))
        self._for_len, self._clear_len, self._escalate_len, self._update_len = lengths
        self.blocked = False
        """A rule it yields to is told of."""
        self.fresh_len = NEVER
        """For so long after what was seen time alone may make it told; later it must be seen again."""
        self.due = NEVER
        self._planned = (int(Phase.IDLE), 0, NEVER)
        self.last_onset = -1
        self._forget()

    def _forget(self) -> None:
        self.phase, self.due = Phase.IDLE, NEVER
        self.latched = self.risen = self.revision = self.times = self.credit = self.has_news = 0
        self.onset = self.counted_at = self.over_at = self.raised_at = self.said_at = -1
        self.said_value = 0.0
        self.acknowledged_by = b""
        self.reading = NOTHING

    # --- what comes -----------------------------------------------------------------------------------------------

    @property
    def is_announced(self) -> bool:
        """People are told that it holds now: what yields to it is silent."""
        return self.phase == Phase.TOLD and not self.latched

    def holds(self, now: int, reading: Reading, out: list[Event], activation: tuple[float, ...] = ()) -> None:
        """It was seen to hold."""
        if self.phase == Phase.IDLE:
            self.phase, self.onset, self.counted_at, self.over_at = Phase.PENDING, reading.onset, now, now
        self._count(now)
        is_other = reading.detail != self.reading.detail  # another lead, or another reason
        self.over_at = -1
        self.reading = reading
        if self.phase == Phase.PENDING:
            self._ripen(now, out, activation)
        elif self.latched:
            self._return(now, out, activation)
        elif self.times > 1 or is_other or abs(reading.value - self.said_value) > NEWS * abs(self.said_value):
            self.has_news = 1
            if now >= self.said_at + self._update_len:
                self._say(AlertState.UPDATED, now, out, activation)
        self.plan()

    def over(self, now: int, out: list[Event]) -> None:
        """It was seen not to hold."""
        if self.phase == Phase.IDLE or self.over_at >= 0:
            return
        self._count(now)
        self.over_at = now
        if self.phase == Phase.TOLD and not self._clear_len and not self.latched:
            self._conclude(now, out)
        self.plan()

    def happened(self, now: int, reading: Reading, out: list[Event]) -> None:
        """It was seen to hold for a moment."""
        self.times += 1
        self.holds(now, reading, out)
        self.over(now, out)

    def pass_time(self, now: int, out: list[Event]) -> None:
        """It is `due`."""
        if self.phase == Phase.PENDING:
            self._count(now)
            if self.over_at >= 0 and self.credit <= 0:
                self._forget()
            else:
                self._ripen(now, out)
        elif 0 <= self.over_at <= now - self._clear_len and not self.latched:
            self._conclude(now, out)
        elif self._may_rise() and now >= self.raised_at + self._escalate_len:
            self.risen = 1
            self._say(AlertState.UPDATED, now, out)
        elif self.has_news and now >= self.said_at + self._update_len:
            self._say(AlertState.UPDATED, now, out)
        self.plan()

    def block(self, now: int, out: list[Event], *, blocked: bool) -> None:
        """A rule it yields to is told of, or no longer."""
        self.blocked = blocked
        if blocked and self.is_announced:
            self._say(AlertState.CLEARED, now, out)
            holds_on, reading = self.over_at < 0, self.reading
            self._forget()
            if holds_on:  # in silence, to be told anew when it may be
                self.phase, self.onset, self.counted_at, self.credit, self.reading = Phase.PENDING, now, now, self._for_len, reading
        elif not blocked and self.latched:
            self._return(now, out)
        elif not blocked and self.phase == Phase.PENDING:
            self._count(now)
            self.onset = now if self.credit >= self._for_len else self.onset
            self._ripen(now, out)
        self.plan()

    def acknowledge(self, by: bytes, now: int, out: list[Event]) -> None:
        """A person has seen it."""
        if self.acknowledged_by:
            return
        self.acknowledged_by = by
        self._say(AlertState.ACKNOWLEDGED, now, out)
        if self.latched:
            self._end(now, out)
        self.plan()

    def tell_again(self, now: int, out: list[Event]) -> None:
        """The host has learned what time it is: what is told of is told once more, with its times."""
        if self.phase == Phase.TOLD:
            self._say(AlertState.UPDATED, now, out)
            self.plan()

    def remove(self, now: int, out: list[Event]) -> None:
        """Its rule or its stream is no more."""
        if self.phase == Phase.TOLD:
            self._end(now, out)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _count(self, now: int) -> None:
        if self.phase == Phase.PENDING:
            passed = now - self.counted_at
            self.credit = max(0, self.credit - passed) if self.over_at >= 0 else min(self._for_len, self.credit + passed)
            self.counted_at = now

    def _ripen(self, now: int, out: list[Event], activation: tuple[float, ...] = ()) -> None:
        if self.credit >= self._for_len and self.over_at < 0 and not self.blocked:
            self.phase, self.raised_at = Phase.TOLD, now
            self.onset = self.last_onset = max(self.onset, self.last_onset + 1)  # an id is never given twice
            self._say(AlertState.RAISED, now, out, activation)

    def _return(self, now: int, out: list[Event], activation: tuple[float, ...] = ()) -> None:
        """It was over, nobody has seen it, and it is there again: the same alert, once no rule it yields to is told of."""
        if self.over_at < 0 and not self.blocked:
            self.latched = 0
            self._say(AlertState.UPDATED, now, out, activation)

    def _conclude(self, now: int, out: list[Event]) -> None:
        if self.rule.latch and not self.acknowledged_by:
            self.latched = 1
            self._say(AlertState.UPDATED, now, out)
        else:
            self._end(now, out)

    def _end(self, now: int, out: list[Event]) -> None:
        self.latched = 0
        self._say(AlertState.CLEARED, now, out)
        self._forget()

    def _may_rise(self) -> bool:
        rises = self._escalate_len > 0 and self.rule.escalate_to > self.rule.priority
        return rises and not self.risen and not self.acknowledged_by

    def plan(self) -> None:
        """Say when time alone will decide something; where that, and what is told, is as it was, nobody else need plan anew."""
        if self.phase == Phase.IDLE:
            self.due = NEVER
        elif self.phase == Phase.PENDING:
            left = self.credit if self.over_at >= 0 else self._for_len - self.credit
            self.due = self.counted_at + left
            if self.over_at < 0 and (self.blocked or self.due > self.reading.sample + self.fresh_len):
                self.due = NEVER
        else:
            ends = NEVER if self.over_at < 0 or self.latched else self.over_at + self._clear_len
            rises = self.raised_at + self._escalate_len if self._may_rise() else NEVER
            news = self.said_at + self._update_len if self.has_news else NEVER
            self.due = min(ends, rises, news)
        planned = int(self.phase), self.latched, self.due
        if planned != self._planned:
            self._planned = planned
            self._owner.changed = True

    def steady_until(self, now: int) -> int:
        """Return before which sample nothing is said, forgotten or due, whatever is seen of it from `now` on."""
        if self.phase == Phase.PENDING:
            return self.counted_at + min(self.credit, self._for_len - self.credit)
        over_at = now if self.over_at < 0 else self.over_at
        return now if self.latched else min(self.due, self.said_at + self._update_len, over_at + self._clear_len)

    # --- what is said ---------------------------------------------------------------------------------------------

    @property
    def alert_id(self) -> str:
        """The same for every revision and in every replay."""
        owner = self._owner
        name = f"{owner.name}|{owner.epoch}|{self.rule.name}|{self.onset}"
        return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def _say(self, state: AlertState, now: int, out: list[Event], activation: tuple[float, ...] = ()) -> None:
        rule, owner, reading = self.rule, self._owner, self.reading
        self.revision += 1
        self.said_at, self.said_value, self.has_news = now, reading.value, 0
        model = owner.models[reading.model] if reading.model >= 0 else None
        name = model.name if model else ""
        is_over = state == AlertState.CLEARED or bool(self.latched)
        out.append(
            Alert(
                stream=owner.name,
                alert_id=self.alert_id,
                revision=self.revision,
                rule=rule.name,
                priority=Priority(rule.escalate_to if self.risen else rule.priority),
                state=state,
                latched=bool(self.latched),
                epoch=owner.epoch,
                onset_sample=self.onset,
                sample=reading.sample,
                value=reading.value,
                limit=rule.limit,
                unit=words.unit(rule),
                score=reading.score,
                quality=reading.quality,
                text=words.sentence(rule, reading, owner.leads, name, is_over=is_over),
                model=name,
                model_sha256=model.sha256 if model else "",
                beats=reading.beats,
                evidence=words.evidence(rule, reading, self.times),
                looked_from=reading.looked_from,
                looked_len=reading.looked_len,
                activation=activation,
                acknowledged_by=self.acknowledged_by.decode(),
                reported_at=now,
            )
        )

    # --- state ----------------------------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """All of it, always as long; what it waits for follows. Nearly every episode of a fleet is idle, and knows one number."""
        if self.phase == Phase.IDLE:
            return IDLE_HEAD + _LAST_ONSET.pack(self.last_onset) + IDLE_TAIL
        return self.spelled()

    def spelled(self) -> bytes:
        """All of it, field by field."""
        counts = [getattr(self, name) for name in _COUNTS]
        return _STATE.pack(*counts, self.said_value, len(self.acknowledged_by), self.acknowledged_by) + self.reading.to_bytes()

    def load(self, data: bytes) -> None:
        """Become what `to_bytes` was."""
        *counts, self.said_value, name_len, name = _STATE.unpack_from(data)
        for field, value in zip(_COUNTS, counts, strict=True):
            setattr(self, field, value)
        self.acknowledged_by = name[:name_len]
        self.reading = Reading.from_bytes(data[_STATE.size : EPISODE_LEN])
        self.plan()


_LAST_ONSET = Struct("<q")
_AT = _COUNTS.index("last_onset") * _LAST_ONSET.size
_IDLE = Episode(RuleFacts(name="idle", kind="silent", priority=Priority.LOW), Owner("", 1.0, (), ())).spelled()
IDLE_HEAD, IDLE_TAIL = _IDLE[:_AT], _IDLE[_AT + _LAST_ONSET.size :]
