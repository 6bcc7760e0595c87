"""Events and samples as messages: one JSON object each, `kind` first. docs/live.md says what they hold."""

import json
import math
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from re import sub
from typing import Any, Final, TypeAlias, get_args

import numpy as np

from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.types import Chunk, ClockReport, Event, Gap, Measure, Refused, WindowExpired, WindowReady

Message: TypeAlias = dict[str, Any]

VERSION: Final = 1
_ENCODER: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"))  # json.dumps makes one each time, beside the engine
UNSAID: Final = (WindowReady, WindowExpired, ClockReport, Refused)
"""What is the engine's own business, and not for looking at."""


def of_config(config: EngineConfig) -> Message:
    """Return what streams and models there are."""
    return {
        "kind": "streams",
        "streams": [
            {"name": one.name, "rate_hz": one.rate_hz, "leads": list(one.leads), "sound_of": one.sound_of} for one in config.streams
        ],
        "models": [
            {"name": one.name, "labels": list(one.labels), "shown": list(one.shown or one.labels), "independent": one.independent}
            for one in config.models
        ],
    }


def of_event(event: Event) -> Message | None:
    """Return an event's fields under its kind, a kind of its own as `which`; None: it is not for looking at."""
    if isinstance(event, UNSAID):
        return None
    return {"kind": KINDS[type(event)], **{"which" if name == "kind" else name: plain(getattr(event, name)) for name in NAMES[type(event)]}}


def of_samples(facts: StreamFacts, start_sample: int, chunk: Chunk, behind_s: float) -> Message:
    """Return the first lead of a chunk in millivolt, as base64 of float32, little endian."""
    samples = chunk.samples if chunk.samples.ndim == 1 else chunk.samples[:, 0]
    millivolt = ((samples.astype(np.float64) - facts.offset_units) * facts.mv_per_unit).astype("<f4")
    return {
        "kind": "samples",
        "stream": chunk.stream,
        "start_sample": start_sample,
        "mv": b64encode(millivolt.tobytes()).decode("ascii"),
        "behind_s": round(behind_s, 4),
    }


def placed(chunks: Sequence[Chunk], gaps: Iterable[Gap], next_sample: int) -> Iterator[tuple[int, Chunk]]:
    """Give where each chunk of one stream begins, the last first: they lie before `next_sample`, with the gaps between them."""
    before = {gap.start_sample + gap.len_samples: gap.start_sample for gap in gaps if gap.len_samples > 0}
    end = next_sample
    for chunk in reversed(chunks):
        end = before.get(end, end)
        end -= len(chunk.samples)
        yield end, chunk


def line(message: Mapping[str, Any]) -> bytes:
    """Write a message on a line of its own."""
    return _ENCODER.encode(message).encode() + b"\n"


def plain(value: Any) -> Any:
    """Return what JSON can hold: enums by name, numbers that are none as null, bytes as base64."""
    match value:
        case Enum():
            return value.name.lower()
        case bytes():
            return b64encode(value).decode("ascii")
        case float():
            return round(value, 6) if math.isfinite(value) else None
        case tuple():
            return [plain(one) for one in value]
        case Measure():
            return {name: plain(getattr(value, name)) for name in NAMES[Measure]}
        case _:
            return value


NAMES: Final = {kind: tuple(field.name for field in fields(kind)) for kind in (*get_args(Event), Measure)}
KINDS: Final = {kind: sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower() for kind in get_args(Event)}
