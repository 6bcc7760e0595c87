"""What a device keeps retained on the broker: whether it is there, and what it is alarming on."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, Literal

from pydantic import Field

from edgeecg.payload.alert import MAX_TEXT, Moment
from edgeecg.payload.door import Hex32, Model, Name, Revision, Whole, read
from edgeecg.payload.stamped import StampedAlert
from edgeecg.types import Alert, Priority

MAX_BYTES: Final = 1 << 15
MAX_ACTIVE: Final = 64


class Status(Model):
    """Online, or offline: said by itself when it leaves, by the broker when it is gone."""

    format: Literal["edgeecg/status/1"] = Field("edgeecg/status/1", alias="schema")
    device: Name
    status: Literal["online", "offline"]
    version: str = Field(max_length=32)


class ActiveModel(Model):
    """An alert that is on, or latched."""

    alert_id: Hex32
    revision: Revision
    stream: str = Field(max_length=128)
    rule: str = Field(max_length=64)
    priority: Literal["technical", "low", "medium", "high"]
    state: Literal["raised", "updated", "acknowledged", "cleared"]
    latched: bool
    text: str = Field(max_length=MAX_TEXT)
    acknowledged_by: str = Field(max_length=64)


class State(Model):
    """What a device is alarming on now: counted by priority, the gravest first."""

    format: Literal["edgeecg/state/1"] = Field("edgeecg/state/1", alias="schema")
    device: Name
    technical: Whole
    low: Whole
    medium: Whole
    high: Whole
    text: str = Field(max_length=MAX_TEXT, description="Of the gravest; empty: nothing is wrong")
    active: tuple[ActiveModel, ...] = Field(max_length=MAX_ACTIVE)
    t_publish: Moment


def read_status(payload: bytes, *, device: str) -> Status:
    """Read a device's status."""
    return read(Status, payload, where=f"status of {device}", max_bytes=MAX_BYTES)


def read_state(payload: bytes, *, device: str) -> State:
    """Read a device's state."""
    return read(State, payload, where=f"state of {device}", max_bytes=MAX_BYTES)


def state_of(device: str, active: Sequence[StampedAlert], now: str) -> bytes:
    """Return a device's state as JSON: all counted, the gravest named."""
    counts = Counter(one.alert.priority for one in active)
    said = {
        "schema": "edgeecg/state/1",
        "device": device,
        **{priority.name.lower(): counts[priority] for priority in Priority},
        "text": active[0].alert.text[:MAX_TEXT] if active else "",
        "active": [_said(one.alert) for one in active[:MAX_ACTIVE]],
        "t_publish": now,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(errors="replace")


def _said(alert: Alert) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "revision": alert.revision,
        "stream": alert.stream[:128],
        "rule": alert.rule[:64],
        "priority": alert.priority.name.lower(),
        "state": alert.state.name.lower(),
        "latched": alert.latched,
        "text": alert.text[:MAX_TEXT],
        "acknowledged_by": alert.acknowledged_by[:64],
    }
