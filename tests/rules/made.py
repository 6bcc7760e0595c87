"""Events made by hand, and what one stream's rules say to them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from edgeecg.facts import ModelFacts
from edgeecg.rulefacts import RuleFacts, default_rules
from edgeecg.stages.rules.episodes import Owner
from edgeecg.stages.rules.heart import HELD_S, NEW_CONTACT_S
from edgeecg.stages.rules.stream import StreamRules
from edgeecg.types import (
    Alert,
    AlertState,
    Beat,
    ClockReport,
    Event,
    Flutter,
    Gap,
    GapReason,
    Morphology,
    Prediction,
    Quality,
    QualityReason,
    SignalState,
    StreamChange,
    StreamChanged,
)

HZ = 250
MODEL = ModelFacts(name="rhythm", sha256="ab" * 32, labels=("N", "A"))
OTHER = ModelFacts(name="shape", sha256="cd" * 32, labels=("x",))
W, N, U = Morphology.WIDE, Morphology.NORMAL, Morphology.UNKNOWN


def at(seconds: float) -> int:
    return round(seconds * HZ)


def rules_with(*names: str, **changes: object) -> StreamRules:
    """The default rules of these names, changed; alone on a stream of two leads."""
    facts = [replace(rule, **changes) for rule in default_rules() if rule.name in names]  # type: ignore[arg-type]
    return rules_of(*facts)


def at_first(rules: StreamRules) -> StreamRules:
    """The same on a stream that has just begun."""
    rules.heart.settles_at = at(NEW_CONTACT_S)
    return rules


def rules_of(*facts: RuleFacts) -> StreamRules:
    rules = StreamRules(Owner("s", HZ, ("I", "II"), (MODEL, OTHER)), [(rule, -1) for rule in facts])
    rules.heart.settles_at = 0  # as if it had been watched for long
    rules.take([StreamChanged("s", StreamChange.OPENED, -1, epoch=7)])
    return rules


def beat(
    seconds: float,
    shape: Morphology = N,
    *,
    width_ms: float = 80.0,
    prematurity: float = 1.0,
    lead: str = "I",
    later_s: float = 0.2,
    mv: float = 1.0,
    sure: float = 0.9,
) -> Beat:
    if shape == W and width_ms == 80.0:
        width_ms = 140.0
    return Beat("s", lead, at(seconds), sure, shape, width_ms, prematurity, 0.1, mv, False, at(seconds + later_s))


def beats(start_s: float, rr_s: float, n: int, shape: Morphology = N) -> list[Event]:
    return [beat(start_s + i * rr_s, shape) for i in range(n)]


def quality(
    start_s: float, index: float = 0.99, reason: QualityReason = QualityReason.NONE, lead: str = "I", *, level_mv: float = 0.0
) -> Quality:
    good = reason == QualityReason.NONE
    return Quality("s", lead, at(start_s), HZ, index, good, reason, 0.0, 0.01, 0.0, level_mv, at(start_s + 1.5))


def seconds(start_s: float, n: int, index: float = 0.99, reason: QualityReason = QualityReason.NONE) -> list[Event]:
    return [quality(start_s + i, index, reason) for i in range(n)]


def lead_state(
    seconds: float, *, off: bool = False, flat: bool = False, saturated: bool = False, invalid: bool = False, lead: str = "I"
) -> SignalState:
    return SignalState("s", lead, at(seconds), off, saturated, flat, invalid, False, at(seconds))


def without_numbers(start_s: float, length_s: float) -> list[Event]:
    """A device has none for so long, and is believed to have them again a second later."""
    return [lead_state(start_s, invalid=True), lead_state(start_s + length_s + HELD_S - 1 / HZ)]


def gap(start_s: float, length_s: float) -> Gap:
    return Gap("s", at(start_s), at(length_s), GapReason.LOST, at(start_s + length_s))


def changed(change: StreamChange, seconds: float) -> StreamChanged:
    return StreamChanged("s", change, at(seconds), epoch=7)


def clock(seconds: float, drift_ppm: float = 0.0, jump_us: int = 0) -> ClockReport:
    return ClockReport("s", at(seconds), drift_ppm, jump_us, at(seconds))


def answer(end_s: float, probability: float, *, late: bool = False, abstained: bool = False, model: str = "rhythm") -> Prediction:
    label = "A" if probability > 0.5 else "N"
    return Prediction(
        "s", model, 0, at(end_s - 10), at(10), -1, label, (1 - probability, probability), abstained, (0.5, 1.0), late, at(end_s + 0.5)
    )


def ordered(*groups: Iterable[Event]) -> list[Event]:
    """All of them, in the order they are reported in."""
    return sorted((event for group in groups for event in group), key=lambda event: event.reported_at)


def told(rules: StreamRules, events: Sequence[Event], until_s: float = -1.0) -> list[Alert]:
    """What is said to events, and after them until a time."""
    out = rules.take(events)
    rules.pass_time(at(until_s), out)
    return [event for event in out if isinstance(event, Alert)]


def story(alerts: Sequence[Alert]) -> list[tuple[str, AlertState, bool]]:
    """Which rule, what of it, and whether it waits for somebody."""
    return [(alert.rule, alert.state, alert.latched) for alert in alerts]


def waves(end_s: float, leakage: float = 0.4, lead: str = "I") -> Flutter:
    """Four seconds of waves that end there."""
    return Flutter("s", lead, at(end_s - 4), at(4), leakage, 5.0, 0.6, at(end_s))
