"""A rule as data: what is to be told to people, at which limit, and how loudly. Frozen, checked when made."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from edgeecg.errors import ConfigError

MAX_RULES = 64
MAX_S = 86_400.0


class Priority(IntEnum):
    """How soon somebody must look."""

    TECHNICAL = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


THRESHOLD = "threshold"
KINDS: Mapping[str, str] = MappingProxyType({
    THRESHOLD: "a measure is above or below `limit`",
    "asystole": "no QRS complex for `limit` seconds",
    "contact": "no QRS complex for `limit` seconds, in which the lead moved far from its baseline, as when an electrode does",
    "flutter": "for `limit` seconds a lead shows waves and no QRS complexes, as of ventricles that flutter or fibrillate",
    "pause": "an RR interval of at least `limit` seconds",
    "wide-run": "at least `limit` and at most `at_most` wide beats in a row, at `at_rate` a minute or faster",
    "bigeminy": "a wide beat after every other one, `limit` times",
    "r-on-t": "a wide beat that comes before `limit` of the usual RR interval is over, and a pause after it",
    "fibrillation": "a model says `label` with a probability of at least `limit`, and the RR intervals are irregular",
    "delay-drift": "from R to the first heart sound it takes `limit` ms more, or less, than it usually does",
    "signal": "a lead is off, saturated, or gives no numbers",
    "gap": "at least `limit` seconds of samples are missing, at once or beyond a fiftieth of the time",
    "silent": "a device sends nothing, or its source is lost",
    "clock-jump": "the device's clock jumps by at least `limit` seconds",
    "overload": "windows come at least `limit` times as far apart as configured",
    "model": "a model cannot run, or was refused",
})  # fmt: skip
"""What a rule can watch for: a closed set."""

PROBABILITY = "probability"
MEASURES: Mapping[str, str] = MappingProxyType({
    "rate": "1/min",
    "heart_rate": "1/min",
    "rr_ms": "ms",
    "sdnn_ms": "ms",
    "rmssd_ms": "ms",
    "irregularity": "%",
    "ectopic_rate": "1/min",
    "width_ms": "ms",
    "amplitude_mv": "mV",
    "quality": "1",
    "noise_mv": "mV",
    "mains_mv": "mV",
    "drift_ppm": "ppm",
    PROBABILITY: "1",
})  # fmt: skip
"""What a threshold can be set on, with its unit. `rate` is of the last beats, at every beat; `heart_rate` is that of `Vitals`."""

LEAD_OFF, NOISE, DOUBT = "lead-off", "noise", "doubt"
INHIBITORS = (LEAD_OFF, NOISE, DOUBT)
"""While this holds, a rule about the heart counts as over: nothing is seen, the last second was bad for noise, or was doubtful for
whatever reason, an arrhythmia being one. A gap is no choice: nothing is read across one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """One rule."""

    name: str
    kind: str
    priority: Priority
    title: str = ""
    """What people read; empty: the name."""
    enabled: bool = True
    streams: tuple[str, ...] = ()
    """Which streams it is for; empty: all."""
    limit: float = 0.0
    measure: str = ""
    """Of a threshold: one of MEASURES."""
    above: bool = True
    """Of a threshold: it holds above the limit, else below."""
    hysteresis: float = 0.0
    """Of a threshold: how far back beyond its limit the measure must come to be over."""
    model: str = ""
    """Which model's answers count; empty: any that knows the label."""
    label: str = ""
    at_rate: float = 0.0
    at_most: int = 0
    """Of a run: the most beats; 0: no end. A run with an end is told when it has ended."""
    for_s: float = 0.0
    """It is told once it has held for this long; what interrupts it takes off as much as it lasts."""
    clear_for_s: float = 10.0
    """It is over once it has not held for this long."""
    latch: bool = False
    """Over, it stays until a person acknowledges it."""
    escalate_after_s: float = 0.0
    """Unacknowledged for this long it rises to `escalate_to`; 0: never."""
    escalate_to: Priority = Priority.HIGH
    yields_to: tuple[str, ...] = ()
    """While one of these rules is told of, this one is not: of a chain only the top is announced."""
    inhibited_by: tuple[str, ...] = ()
    update_every_s: float = 10.0
    """News of what is already told comes no more often than this."""

    def __post_init__(self) -> None:
        where = f"rule {self.name!r}"
        _require(bool(self.name), "rule.name", repr(self.name), "a name that is not empty")
        _require(self.kind in KINDS, f"{where}.kind", repr(self.kind), f"one of {', '.join(KINDS)}")
        threshold = self.kind == THRESHOLD
        measures = (*MEASURES,) if threshold else ("",)
        _require(self.measure in measures, f"{where}.measure", repr(self.measure), f"one of {', '.join(MEASURES)}, of a threshold only")
        asks_model = self.kind == "fibrillation" or self.measure == PROBABILITY
        _require(bool(self.label) == asks_model, f"{where}.label", repr(self.label), "given where a model is asked, and only there")
        _require(not self.model or asks_model, f"{where}.model", repr(self.model), "given where a model is asked only")
        _require(math.isfinite(self.limit), f"{where}.limit", self.limit, "a finite number")
        _require(self.limit > 0 or threshold or self.kind in {"signal", "silent", "model"}, f"{where}.limit", self.limit, "more than 0")
        waits = self.kind != "flutter" or self.limit <= FLUTTER_S
        _require(waits, f"{where}.limit", self.limit, f"at most {FLUTTER_S:g} s, for waves are said by so many; `for_s` asks for more")
        _require(0 <= self.hysteresis < math.inf, f"{where}.hysteresis", self.hysteresis, "0 or more, and finite")
        _require(0 <= self.at_rate <= 400, f"{where}.at_rate", self.at_rate, "0 to 400 a minute")
        counted = self.kind not in _COUNTED or (self.limit == int(self.limit) and 2 <= self.limit <= MAX_RUN_LIMIT)
        _require(counted, f"{where}.limit", self.limit, f"a whole number from 2 to {MAX_RUN_LIMIT}")
        lasts = self.for_s == 0 or not (self.kind in _MOMENTARY or self.at_most)
        _require(lasts, f"{where}.for_s", self.for_s, "0, for what is over when it is seen")
        ends_late = self.at_most == 0 or self.limit <= self.at_most <= MAX_RUN_LIMIT
        _require(ends_late, f"{where}.at_most", self.at_most, f"0, or from limit, {self.limit:g}, to {MAX_RUN_LIMIT}")
        for name, least in (("for_s", 0.0), ("clear_for_s", 0.0), ("escalate_after_s", 0.0), ("update_every_s", 1.0)):
            value = getattr(self, name)
            _require(least <= value <= MAX_S, f"{where}.{name}", value, f"{least:g} to {MAX_S:g} s")
        unknown = [name for name in self.inhibited_by if name not in INHIBITORS]
        _require(not unknown, f"{where}.inhibited_by", ", ".join(unknown), f"among {', '.join(INHIBITORS)}")
        _require(len(set(self.inhibited_by)) == len(self.inhibited_by), f"{where}.inhibited_by", "a name twice", "each name once")
        _require(self.name not in self.yields_to, f"{where}.yields_to", self.name, "another rule")


FLUTTER_S = 4.0
"""Waves are looked at by so many seconds: a rule that asked for more at once would never be told."""
MAX_RUN_LIMIT = 12
"""Most beats or pairs that a rule may ask for; what goes on beyond is counted on."""
_COUNTED = frozenset({"wide-run", "bigeminy"})
_MOMENTARY = frozenset({"pause", "r-on-t", "gap", "clock-jump"})


def _require(holds: bool, where: str, got: object, allowed: str) -> None:
    if not holds:
        raise ConfigError(where, got, allowed)


MIN_LOW_RATE, MAX_HIGH_RATE = 30.0, 200.0
"""Extreme limits never lie beyond these."""

_SEEN = (LEAD_OFF, NOISE)
_SURE = (LEAD_OFF, NOISE, DOUBT)


def default_rules(low_rate: float = 50.0, high_rate: float = 120.0) -> tuple[RuleFacts, ...]:
    """Return the rules of a bedside monitor, for a person whose heart rate is to stay between two limits."""
    return (*_high(low_rate, high_rate), *_rhythm(low_rate, high_rate), *_sounds(), *_technical())


def _high(low_rate: float, high_rate: float) -> tuple[RuleFacts, ...]:
    high = Priority.HIGH
    slow, fast = max(MIN_LOW_RATE, low_rate - 10), min(MAX_HIGH_RATE, high_rate + 20)
    return (
        RuleFacts(
            name="v-fib", title="Ventricular fibrillation", kind="flutter", priority=high, limit=4.0, for_s=2.0, clear_for_s=5.0,
            latch=True, inhibited_by=(LEAD_OFF,),
        ),
        RuleFacts(
            name="asystole", title="Asystole", kind="asystole", priority=high, limit=4.0, clear_for_s=5.0, latch=True, yields_to=("v-fib",),
            inhibited_by=_SEEN,
        ),
        RuleFacts(
            name="v-tach", title="Ventricular tachycardia", kind="wide-run", priority=high, limit=5, at_rate=100, clear_for_s=5.0,
            latch=True, yields_to=("v-fib",), inhibited_by=_SEEN,
        ),
        RuleFacts(
            name="extreme-bradycardia", title="Extreme bradycardia", kind=THRESHOLD, measure="rate", above=False, priority=high,
            limit=slow, hysteresis=2, for_s=1.0, latch=True, yields_to=("asystole", "v-fib"), inhibited_by=_SURE,
        ),
        RuleFacts(
            name="extreme-tachycardia", title="Extreme tachycardia", kind=THRESHOLD, measure="rate", priority=high,
            limit=fast, hysteresis=5, for_s=2.0, latch=True, yields_to=("v-tach", "v-fib"), inhibited_by=_SURE,
        ),
    )  # fmt: skip


def _rhythm(low_rate: float, high_rate: float) -> tuple[RuleFacts, ...]:
    medium, low = Priority.MEDIUM, Priority.LOW
    runs = ("v-tach", "v-fib")
    return (
        RuleFacts(
            name="contact-lost", title="Heart not seen: electrode?", kind="contact", priority=medium, limit=4.0, clear_for_s=2.0,
            yields_to=("asystole", "v-fib"), inhibited_by=_SEEN,
        ),
        RuleFacts(
            name="bradycardia", title="Bradycardia", kind=THRESHOLD, measure="rate", above=False, priority=medium, limit=low_rate,
            hysteresis=2, for_s=3.0, yields_to=("extreme-bradycardia", "asystole", "v-fib"), inhibited_by=_SURE,
            escalate_after_s=600.0,
        ),
        RuleFacts(
            name="tachycardia", title="Tachycardia", kind=THRESHOLD, measure="rate", priority=medium, limit=high_rate,
            hysteresis=5, for_s=2.0, yields_to=("extreme-tachycardia", "v-tach", "v-fib"), inhibited_by=_SURE, escalate_after_s=600.0,
        ),
        RuleFacts(
            name="ventricular-run", title="Ventricular run", kind="wide-run", priority=medium, limit=3, at_most=4, clear_for_s=60.0,
            yields_to=runs, inhibited_by=_SEEN,
        ),
        RuleFacts(name="pause", title="Pause", kind="pause", priority=medium, limit=3.0, clear_for_s=60.0, yields_to=("asystole", "v-fib"), inhibited_by=_SURE),
        RuleFacts(
            name="atrial-fibrillation", title="Atrial fibrillation", kind="fibrillation", priority=medium, label="A", limit=0.5,
            for_s=15.0, clear_for_s=60.0, inhibited_by=_SURE, update_every_s=60.0,
        ),
        RuleFacts(name="r-on-t", title="R on T", kind="r-on-t", priority=medium, limit=1 / 3, clear_for_s=60.0, yields_to=runs, inhibited_by=_SURE),
        RuleFacts(
            name="couplet", title="Couplet", kind="wide-run", priority=low, limit=2, at_most=2, clear_for_s=60.0,
            yields_to=("v-tach", "v-fib", "ventricular-run"), inhibited_by=_SEEN, update_every_s=60.0,
        ),
        RuleFacts(
            name="bigeminy", title="Bigeminy", kind="bigeminy", priority=low, limit=3, clear_for_s=20.0, yields_to=runs,
            inhibited_by=_SURE, update_every_s=60.0,
        ),
        RuleFacts(
            name="irregular-rhythm", title="Irregular rhythm", kind=THRESHOLD, measure="irregularity", priority=low, limit=10.0,
            hysteresis=2.0, for_s=30.0, clear_for_s=60.0, yields_to=("atrial-fibrillation", "bigeminy", "v-fib"), inhibited_by=_SURE, update_every_s=60.0,
        ),
    )  # fmt: skip


def _sounds() -> tuple[RuleFacts, ...]:
    return (
        RuleFacts(
            name="delay-drift", title="Electromechanical delay", kind="delay-drift", priority=Priority.MEDIUM, limit=20.0, hysteresis=5.0,
            for_s=60.0, clear_for_s=60.0, inhibited_by=(DOUBT,), update_every_s=60.0,
        ),
        RuleFacts(
            name="abnormal-sound", title="Abnormal heart sound", kind=THRESHOLD, measure=PROBABILITY, label="abnormal", priority=Priority.LOW,
            limit=0.5, for_s=60.0, clear_for_s=60.0, inhibited_by=(DOUBT,), update_every_s=60.0,
        ),
    )  # fmt: skip


def _technical() -> tuple[RuleFacts, ...]:
    technical = Priority.TECHNICAL
    return (
        RuleFacts(name="lead-off", title="No signal", kind="signal", priority=technical, for_s=2.0, clear_for_s=2.0, escalate_after_s=60.0, escalate_to=Priority.MEDIUM),
        RuleFacts(
            name="poor-signal", title="Poor signal", kind=THRESHOLD, measure="quality", above=False, priority=technical, limit=0.5,
            for_s=10.0, clear_for_s=5.0, yields_to=("lead-off",), inhibited_by=(LEAD_OFF,), update_every_s=60.0,
        ),
        RuleFacts(name="gap", title="Samples missing", kind="gap", priority=technical, limit=1.0, clear_for_s=10.0),
        RuleFacts(name="silent", title="Device silent", kind="silent", priority=technical, clear_for_s=0.0),
        RuleFacts(name="clock-jump", title="Clock jumped", kind="clock-jump", priority=technical, limit=0.1, clear_for_s=60.0),
        RuleFacts(
            name="clock-drift", title="Clock out of range", kind=THRESHOLD, measure="drift_ppm", priority=technical, limit=500.0,
            hysteresis=100.0, clear_for_s=60.0, update_every_s=600.0,
        ),
        RuleFacts(name="overload", title="Overload", kind="overload", priority=technical, limit=2, clear_for_s=0.0),
        RuleFacts(name="model", title="Model unavailable", kind="model", priority=technical, clear_for_s=0.0),
    )  # fmt: skip
