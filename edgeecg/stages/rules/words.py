"""What people read: one sentence a kind of rule, with the value, its unit and the limit; and the names of the evidence."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from edgeecg.rulefacts import MEASURES, THRESHOLD, RuleFacts
from edgeecg.stages.rules.heart import INVALID, LACKS_OF, NO_NUMBERS, OFF, SATURATED, SEVERAL
from edgeecg.stages.rules.readings import Reading
from edgeecg.types import GapReason, Measure, ModelChange, StreamChange

UNITS: Final[Mapping[str, str]] = MappingProxyType({
    "asystole": "s", "contact": "s", "flutter": "s", "pause": "s", "wide-run": "beats", "bigeminy": "beats", "r-on-t": "1", "fibrillation": "1", "delay-drift": "ms", "signal": "leads",
    "gap": "s", "silent": "1", "clock-jump": "s", "overload": "1", "model": "1",
})  # fmt: skip
"""What a kind's value and limit count in; a threshold has its measure's unit."""

EVIDENCE: Final[Mapping[str, tuple[tuple[str, str], ...]]] = MappingProxyType({
    THRESHOLD: (("rr", "ms"),),
    "asystole": (("flat_line", "1"),),
    "contact": (("flat_line", "1"),),
    "flutter": (("leakage", "1"), ("waves", "Hz"), ("swing", "mV")),
    "pause": (("rate", "1/min"),),
    "wide-run": (("rate", "1/min"), ("width", "ms"), ("wide_share", "1")),
    "bigeminy": (("rate", "1/min"),),
    "r-on-t": (("prematurity", "1"), ("pause", "1")),
    "fibrillation": (("irregularity", "%"), ("rate", "1/min")),
    "delay-drift": (("delay", "ms"), ("usual_delay", "ms"), ("delay_sd", "ms")),
})  # fmt: skip
"""Name and unit of each number in a reading's evidence."""

_UNIT_WORDS = {"1/min": "/min", "1": ""}
_MEASURED = {
    "rate": "heart rate", "heart_rate": "heart rate", "rr_ms": "RR interval", "sdnn_ms": "SDNN", "rmssd_ms": "RMSSD",
    "irregularity": "RR intervals change by", "ectopic_rate": "ectopic beats", "width_ms": "QRS width", "amplitude_mv": "R amplitude",
    "quality": "quality", "noise_mv": "noise", "mains_mv": "mains", "drift_ppm": "drift",
}  # fmt: skip
_FLAGS = ((OFF, "off"), (SATURATED, "saturated"), (INVALID, "without numbers"))
_CHANGES = {StreamChange.SILENT: "sends nothing", StreamChange.LOST: "its source is lost"}
_MODEL_CHANGES = {ModelChange.UNAVAILABLE: "cannot run", ModelChange.REFUSED: "was refused"}


def unit(rule: RuleFacts) -> str:
    """Return what a rule's value and limit count in."""
    return MEASURES[rule.measure] if rule.kind == THRESHOLD else UNITS[rule.kind]


def evidence(rule: RuleFacts, reading: Reading, times: int) -> tuple[Measure, ...]:
    """Name the numbers of a reading, and how often it was found, where that was more than once."""
    named = tuple(Measure(name, value, its) for (name, its), value in zip(EVIDENCE.get(rule.kind, ()), reading.evidence, strict=False))
    return (*named, Measure("times", float(times), "1")) if times > 1 else named


def sentence(rule: RuleFacts, reading: Reading, leads: tuple[str, ...], model: str, *, is_over: bool) -> str:
    """Return the text of an alert."""
    title = (rule.title or rule.name) + (" over" if is_over else "")
    return f"{title}: {_SENTENCES[rule.kind](rule, reading, leads, model)}"


def _threshold(rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], model: str) -> str:
    what = f"{rule.label} by {model}," if rule.label else _MEASURED[rule.measure]
    its = _UNIT_WORDS.get(unit(rule), f" {unit(rule)}")
    return f"{what} {_spelled(reading.value)}{its} (limit {rule.limit:g}{its})"


def _spelled(value: float) -> str:
    """Three digits, and of what is larger all before the point."""
    return f"{value:.3g}" if abs(value) < 999.5 else f"{value:.0f}"


def _asystole(rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], _model: str) -> str:
    line = ", flat line" if reading.evidence[0] else ""
    return f"no beat for {reading.value:.1f} s{line} (limit {rule.limit:g} s)"


def _flutter(rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], _model: str) -> str:
    _leakage, waves_hz, swing_mv = reading.evidence
    return f"waves at {waves_hz:.1f} Hz of {swing_mv:.1f} mV, no QRS complexes for {reading.value:.0f} s (limit {rule.limit:g} s)"


def _pause(rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], _model: str) -> str:
    return f"{reading.value:.1f} s between two beats (limit {rule.limit:g} s)"


def _wide_run(rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], _model: str) -> str:
    at = f" at {rule.at_rate:g}/min" if rule.at_rate else ""
    return f"{reading.value:.0f} wide beats at {reading.evidence[0]:.0f}/min (limit {rule.limit:g}{at})"


def _bigeminy(rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], _model: str) -> str:
    return f"every other beat wide, {reading.value:.0f} times (limit {rule.limit:g})"


def _r_on_t(rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], _model: str) -> str:
    return f"a wide beat after {reading.value:.2f} of the usual interval, then a pause (limit {rule.limit:.2f})"


def _fibrillation(rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], model: str) -> str:
    return (
        f"{rule.label} by {model} with probability {reading.value:.2f}, RR irregular by {reading.evidence[0]:.0f} % (limit {rule.limit:g})"
    )


def _delay_drift(rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], _model: str) -> str:
    delay_ms, usual_ms, _sd = reading.evidence
    return f"R to first sound {delay_ms:.0f} ms, usually {usual_ms:.0f} ms: {reading.value:+.0f} ms (limit {rule.limit:g} ms)"


def _signal(_rule: RuleFacts, reading: Reading, leads: tuple[str, ...], _model: str) -> str:
    """`detail`: which leads from bit 8 on, and all their flags below."""
    names = ", ".join(lead for i, lead in enumerate(leads) if reading.detail >> 8 + i & 1)
    return f"{names} {', '.join(word for flag, word in _FLAGS if reading.detail & flag)}"


def _gap(rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], _model: str) -> str:
    """`detail`: why, and whether there was more than one."""
    beyond = f" beyond {100 // LACKS_OF} % of the time" if reading.detail & SEVERAL else ""
    reason = reading.detail & ~SEVERAL
    why = "without numbers" if reason == NO_NUMBERS else GapReason(reason).name.lower()
    return f"{reading.value:.1f} s{beyond}, {why} (limit {rule.limit:g} s)"


def _silent(_rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], _model: str) -> str:
    return _CHANGES[StreamChange(reading.detail)]


def _clock_jump(rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], _model: str) -> str:
    return f"{reading.value:+.3f} s (limit {rule.limit:g} s)"


def _overload(rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], _model: str) -> str:
    return f"windows come {reading.value:.0f} times as far apart (limit {rule.limit:g})"


def _model(_rule: RuleFacts, reading: Reading, _leads: tuple[str, ...], model: str) -> str:
    return f"{model} {_MODEL_CHANGES[ModelChange(reading.detail)]}"


_SENTENCES: Final[Mapping[str, Callable[[RuleFacts, Reading, tuple[str, ...], str], str]]] = MappingProxyType({
    THRESHOLD: _threshold, "asystole": _asystole, "contact": _asystole, "flutter": _flutter, "pause": _pause, "wide-run": _wide_run, "bigeminy": _bigeminy, "r-on-t": _r_on_t,
    "fibrillation": _fibrillation, "delay-drift": _delay_drift, "signal": _signal, "gap": _gap, "silent": _silent, "clock-jump": _clock_jump, "overload": _overload,
    "model": _model,
})  # fmt: skip
