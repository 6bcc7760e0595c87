"""Events as JSON, one object a line, for other programs."""

import enum
import json
import math
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from edgeecg.types import Event


def print_json(events: Iterable[Event]) -> None:
    """Print each event, its type under `event`; bytes as base64, enums by name, what is not finite as null."""
    for event in events:
        print(json.dumps({"event": type(event).__name__, **asdict(event, dict_factory=_plain)}, allow_nan=False))


def _plain(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in fields}


def _plain_value(value: Any) -> Any:
    match value:
        case enum.Enum():
            return value.name.lower()
        case bytes():
            return b64encode(value).decode("ascii")
        case float() if not math.isfinite(value):
            return None
        case tuple():
            return [_plain_value(one) for one in value]
        case _:
            return value
