"""An alert on the wire: written with what is known, read with nothing taken on trust."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from edgeecg.errors import InputError
from edgeecg.payload.door import Finite, Hex32, Model, Name, Revision, Sample, Whole, read
from edgeecg.payload.stamped import Snippet, StampedAlert, Times
from edgeecg.types import Alert, AlertState, Measure, Priority

SCHEMA: Final = "edgeecg/alert/1"
MAX_BYTES: Final = 1 << 16
MAX_BEATS: Final = 512
MAX_EVIDENCE: Final = 64
MAX_ACTIVATION: Final = 64
MAX_TEXT: Final = 500
MAX_SAMPLES: Final = 5000
_US: Final = 1000


def _is_utc(value: datetime) -> datetime:
    if value.utcoffset() is None or value.utcoffset():
        raise ValueError("not in UTC")
    return value


Moment = Annotated[datetime, Field(strict=False, description="RFC 3339, UTC, in microseconds"), AfterValidator(_is_utc)]


class MeasureModel(Model):
    """Something measured that the alert rests on."""

    name: str = Field(max_length=64)
    value: Finite | None = Field(description="null: not a finite number")
    unit: str = Field(max_length=32)


class LookedAt(Model):
    """Where in its window the model looked."""

    from_sample: Whole
    len_samples: Whole
    activation: tuple[Finite, ...] = Field(max_length=MAX_ACTIVATION, description="Class activation, coarse, scaled to at most 1")


class Waveform(Model):
    """A stretch of one lead, only where the device's owner asked for it."""

    lead: str = Field(max_length=32)
    start_sample: Whole
    rate_hz: Finite = Field(gt=0)
    unit: Literal["uV"]
    samples: tuple[int, ...] = Field(max_length=MAX_SAMPLES)


class AlertModel(Model):
    """One revision of one alert. (alert_id, revision) names it: a receiver that has this pair already has it all."""

    format: Literal["edgeecg/alert/1"] = Field(alias="schema")
    device: Name
    stream: str = Field(max_length=128, description="Empty: the device itself")
    alert_id: Hex32
    revision: Revision
    rule: str = Field(min_length=1, max_length=64)
    priority: Literal["technical", "low", "medium", "high"]
    state: Literal["raised", "updated", "acknowledged", "cleared"]
    latched: bool = Field(description="What it is about is over; it stays until a person acknowledges it")
    epoch: Whole
    onset_sample: Sample
    sample: Sample = Field(description="Where what decided this revision lies")
    reported_at: Sample
    value: Finite | None
    limit: Finite | None
    unit: str = Field(max_length=32)
    score: float = Field(ge=0, le=1)
    quality: float = Field(ge=-1, le=1, description="-1: unknown")
    text: str = Field(max_length=MAX_TEXT)
    model: str = Field(max_length=128)
    model_sha256: str = Field(pattern="^([0-9a-f]{64})?$")
    beats: tuple[Whole, ...] = Field(max_length=MAX_BEATS, description="R peaks it rests on")
    evidence: tuple[MeasureModel, ...] = Field(max_length=MAX_EVIDENCE)
    looked_at: LookedAt | None
    acknowledged_by: str = Field(max_length=64)
    clock: Literal["synchronised", "unsynchronised"]
    t_onset: Moment
    t_event: Moment
    t_detect: Moment
    t_publish: Moment
    waveform: Waveform | None = None


# --- writing ------------------------------------------------------------------------------------------------------


def body_of(stamped: StampedAlert) -> bytes:
    """Return an alert's JSON but for its waveform and `t_publish`, which are put on as it is sent. Too long a list is cut."""
    alert, times = stamped.alert, stamped.times
    said = {
        "schema": SCHEMA,
        "device": stamped.device,
        "stream": alert.stream[:128],
        "alert_id": alert.alert_id,
        "revision": alert.revision,
        "rule": alert.rule[:64],
        "priority": alert.priority.name.lower(),
        "state": alert.state.name.lower(),
        "latched": alert.latched,
        "epoch": alert.epoch,
        "onset_sample": alert.onset_sample,
        "sample": alert.sample,
        "reported_at": alert.reported_at,
        "value": _finite(alert.value),
        "limit": _finite(alert.limit),
        "unit": alert.unit[:32],
        "score": _clipped(alert.score, 0.0),
        "quality": _clipped(alert.quality, -1.0),
        "text": alert.text[:MAX_TEXT],
        "model": alert.model[:128],
        "model_sha256": alert.model_sha256,
        "beats": alert.beats[-MAX_BEATS:],
        "evidence": [{"name": one.name[:64], "value": _finite(one.value), "unit": one.unit[:32]} for one in alert.evidence[:MAX_EVIDENCE]],
        "looked_at": _looked_at(alert),
        "acknowledged_by": alert.acknowledged_by[:64],
        "clock": "synchronised" if times.is_synchronised else "unsynchronised",
        "t_onset": moment(times.onset_ns),
        "t_event": moment(times.event_ns),
        "t_detect": moment(times.detect_ns),
    }
    return _json(said)


def waveform_of(snippet: Snippet | None) -> bytes | None:
    """Return a snippet's JSON: kept beside the body, so that it can be given up alone."""
    if snippet is None:
        return None
    samples = snippet.samples_uv[:MAX_SAMPLES]
    return _json(
        {"lead": snippet.lead[:32], "start_sample": snippet.start_sample, "rate_hz": snippet.rate_hz, "unit": "uV", "samples": samples}
    )


def published(body: bytes, waveform: bytes | None, publish_ns: int) -> bytes:
    """Return what is sent, now."""
    snippet = b"" if waveform is None else b',"waveform":' + waveform
    return body[:-1] + snippet + b',"t_publish":"' + moment(publish_ns).encode() + b'"}'


def of_device(body: bytes, device: str) -> bytes:
    """Return a body as it is sent by this name: one that waited while its device was given another would be refused by who hears it."""
    said = json.loads(body)
    return body if said["device"] == device else _json(said | {"device": device})


def moment(wall_ns: int) -> str:
    """Return nanoseconds since 1970 as RFC 3339 in UTC."""
    seconds, rest_ns = divmod(wall_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns // _US:06d}Z"


def _looked_at(alert: Alert) -> dict[str, Any] | None:
    if alert.looked_from < 0:
        return None
    activation = [_finite(one) or 0.0 for one in alert.activation[:MAX_ACTIVATION]]
    return {"from_sample": alert.looked_from, "len_samples": alert.looked_len, "activation": activation}


def _finite(value: float) -> float | None:
    return float(value) if abs(value) < float("inf") else None  # False for NaN too


def _clipped(value: float, least: float) -> float:
    return min(1.0, max(least, float(value))) if value == value else least  # noqa: PLR0124  # NaN


def _json(said: dict[str, Any]) -> bytes:
    """Write it; half a character, which no UTF-8 has, becomes a question mark: an alert is told, whatever somebody called a lead."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(errors="replace")


# --- reading ------------------------------------------------------------------------------------------------------


def read_alert(payload: bytes, *, device: str) -> StampedAlert:
    """Read an alert that came on a topic of `device`; raise InputError where it is not one of that device's."""
    where = f"alert of {device}"
    model = read(AlertModel, payload, where=where, max_bytes=MAX_BYTES)
    if model.device != device:
        raise InputError(f"{where}: device", repr(model.device), f"{device!r}, whose topic this is")
    times = Times(_ns(model.t_onset), _ns(model.t_event), _ns(model.t_detect), model.clock == "synchronised")
    return StampedAlert(_alert(model), device, times, _snippet(model.waveform), _ns(model.t_publish))


def _alert(model: AlertModel) -> Alert:
    looked = model.looked_at
    return Alert(
        stream=model.stream,
        alert_id=model.alert_id,
        revision=model.revision,
        rule=model.rule,
        priority=Priority[model.priority.upper()],
        state=AlertState[model.state.upper()],
        latched=model.latched,
        epoch=model.epoch,
        onset_sample=model.onset_sample,
        sample=model.sample,
        value=_number(model.value),
        limit=_number(model.limit),
        unit=model.unit,
        score=model.score,
        quality=model.quality,
        text=model.text,
        model=model.model,
        model_sha256=model.model_sha256,
        beats=model.beats,
        evidence=tuple(Measure(one.name, _number(one.value), one.unit) for one in model.evidence),
        looked_from=looked.from_sample if looked else -1,
        looked_len=looked.len_samples if looked else 0,
        activation=looked.activation if looked else (),
        acknowledged_by=model.acknowledged_by,
        reported_at=model.reported_at,
    )


def _snippet(waveform: Waveform | None) -> Snippet | None:
    if waveform is None:
        return None
    return Snippet(waveform.lead, waveform.start_sample, waveform.rate_hz, waveform.samples)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _ns(value: datetime) -> int:
    whole = value.replace(microsecond=0)
    return int(whole.timestamp()) * 1_000_000_000 + value.microsecond * _US
