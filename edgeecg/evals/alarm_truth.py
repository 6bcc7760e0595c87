"""Which urgent alerts on an annotated recording are true: what the annotators say of rhythm and beats is the judge.

Ventricular tachycardia: five or more beats V (or flutter waves) in a row with five of them at 100 a minute. An alert is true if such
a run is under way up to ten seconds before it is told, neither true nor false within a shorter or slower run of three or more or in
marked fibrillation, else false; ventricular fibrillation is true there too. Asystole: no annotated beat in the four seconds before. Rates: the annotated beats of the ten
seconds before have, over six intervals, a rate beyond the limit, but for a twentieth; where fibrillation has ended since, over as many as there
are, two at least.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgeecg.evals.ec57 import BEAT_SYMBOLS, Truth, truth_of
from edgeecg.io.wfdb import Annotations
from edgeecg.rulefacts import Priority, default_rules
from edgeecg.types import Alert, AlertState

VENTRICULAR = ("V", "!")
VENTRICULAR_RULES = ("v-tach", "v-fib")
RUN_BEATS, RUN_RATE = 5, 100.0
SHORT_RUN_BEATS = 3
RATE_INTERVALS = 6
RATE_INTERVALS_MIN = 2
LATE_S = 10.0
SHARE = 0.05
ABOVE = {rule.name: rule.above for rule in default_rules() if rule.measure == "rate"}


@dataclass(frozen=True, slots=True)
class Run:
    """Ventricular beats in a row."""

    first: int
    last: int
    n_beats: int
    fastest: float
    """Rate over its fastest five beats; 0: it has fewer."""

    @property
    def is_tachycardia(self) -> bool:
        """Whether it must be told."""
        return self.n_beats >= RUN_BEATS and self.fastest >= RUN_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmScore:
    """One recording."""

    record: str
    hours: float
    runs: int
    """Ventricular tachycardias."""
    found: int
    true: Counter[str]
    false: Counter[str]
    neither: Counter[str]
    """Ventricular tachycardia told of in a run that is nearly one, or in fibrillation."""


def runs_of(annotations: Annotations, rate_hz: float) -> list[Run]:
    """Return every run of three or more."""
    beats = [
        (sample, symbol in VENTRICULAR)
        for sample, symbol in zip(annotations.samples.tolist(), annotations.symbols.tolist(), strict=True)
        if symbol in BEAT_SYMBOLS or symbol in VENTRICULAR
    ]
    runs: list[Run] = []
    run: list[int] = []
    for sample, wide in [*beats, (0, False)]:
        if wide:
            run.append(sample)
            continue
        if len(run) >= SHORT_RUN_BEATS:
            fives = [run[i + RUN_BEATS - 1] - run[i] for i in range(len(run) - RUN_BEATS + 1)]
            runs.append(Run(run[0], run[-1], len(run), 60.0 * rate_hz * (RUN_BEATS - 1) / min(fives) if fives else 0.0))
        run = []
    return runs


def high_ones(alerts: Iterable[Alert]) -> list[Alert]:
    """Return the first revision of each alert that is, or became, urgent."""
    first: dict[str, Alert] = {}
    for alert in alerts:
        if alert.priority == Priority.HIGH:
            first.setdefault(alert.alert_id, alert)
    return list(first.values())


def score_alarms(name: str, alerts: Sequence[Alert], annotations: Annotations, rate_hz: float, len_samples: int) -> AlarmScore:
    """Judge the urgent ones of the alerts on one recording. A run is found if an alert is open in it, or told soon after."""
    runs, truth = runs_of(annotations, rate_hz), truth_of(annotations)
    ends = {alert.alert_id: alert.reported_at for alert in alerts if alert.state == AlertState.CLEARED}
    urgent = high_ones(alerts)
    true, false, neither = Counter[str](), Counter[str](), Counter[str]()
    for alert in urgent:
        if alert.rule in VENTRICULAR_RULES:
            under_way = [run for run in runs if _under_way(run.first, run.last, alert, rate_hz)]
            in_vf = any(_under_way(first, last, alert, rate_hz) for first, last in truth.vf)
            is_true = any(run.is_tachycardia for run in under_way) or (in_vf and alert.rule == "v-fib")
            (true if is_true else neither if under_way or in_vf else false)[alert.rule] += 1
        else:
            (true if _is_true(alert, truth, rate_hz) else false)[alert.rule] += 1
    told = [(alert.reported_at, ends.get(alert.alert_id, len_samples)) for alert in urgent if alert.rule in VENTRICULAR_RULES]
    must = [run for run in runs if run.is_tachycardia]
    found = sum(any(begin <= run.last + LATE_S * rate_hz and end >= run.first for begin, end in told) for run in must)
    hours = len_samples / rate_hz / 3600
    return AlarmScore(record=name, hours=hours, runs=len(must), found=found, true=true, false=false, neither=neither)


def _under_way(first: int, last: float, alert: Alert, rate_hz: float) -> bool:
    return first <= alert.reported_at <= last + LATE_S * rate_hz


def _is_true(alert: Alert, truth: Truth, rate_hz: float) -> bool:
    before = truth.beats[truth.beats <= alert.reported_at]
    if alert.rule == "asystole":
        return bool(len(before) == 0 or alert.reported_at - before[-1] >= alert.limit * rate_hz)
    since = alert.reported_at - (LATE_S + 60.0 * RATE_INTERVALS / alert.limit) * rate_hz
    recent = before[before > since]
    n = RATE_INTERVALS
    if any(since < last <= alert.reported_at for _, last in truth.vf):
        n = min(n, len(recent) - 1)
    if not RATE_INTERVALS_MIN <= n < len(recent):
        return False
    rates = 60.0 * rate_hz * n / (recent[n:] - recent[:-n])
    above = ABOVE[alert.rule]
    return bool(rates.max() > alert.limit * (1 - SHARE)) if above else bool(rates.min() < alert.limit * (1 + SHARE))


def add_up(scores: Sequence[AlarmScore]) -> AlarmScore:
    """Add up recordings."""
    return AlarmScore(
        record="all",
        hours=sum(one.hours for one in scores),
        runs=sum(one.runs for one in scores),
        found=sum(one.found for one in scores),
        true=sum((one.true for one in scores), Counter()),
        false=sum((one.false for one in scores), Counter()),
        neither=sum((one.neither for one in scores), Counter()),
    )
