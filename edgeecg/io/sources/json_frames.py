"""Samples as JSON, for devices whose makers want text: every message says all that is needed to understand it alone.

    {"rate_hz": 250, "samples": [12, 14, null, 9]}
    {"device": "belt-7", "rate_hz": 250, "leads": ["I", "II"], "samples": [[12, 3], [14, 2]],
     "mv_per_unit": 0.001, "offset_units": 0, "sequence": 41, "device_us": 1234567}

`null` is a missing sample. A sequence counts to 65535 and begins again at 0. Without `mv_per_unit` a unit is a millivolt.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.facts import MAX_FRAME_LEN, MAX_LEADS

MAX_LEAD_LEN: Final = 32
"""Of a lead's name: alerts say it."""
MAX_SEQUENCE: Final = 0xFFFF
MAX_DEVICE_US: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class JsonFrame:
    """One message."""

    device: str
    rate_hz: float
    leads: tuple[str, ...]
    mv_per_unit: float
    offset_units: float
    sequence: int
    device_us: int
    samples: NDArray[np.float64]


def parse(payload: bytes) -> JsonFrame:
    """Read a message; InputError says which part of it cannot be read."""
    try:
        told = json.loads(payload, parse_constant=_no_constant, parse_float=float, parse_int=float)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError("json", _first_line(error), "a JSON object") from None
    if not isinstance(told, dict):
        raise InputError("json", type(told).__name__, "a JSON object")
    unknown = sorted(set(told) - _KEYS)
    if unknown:
        raise InputError("json", f"a key {unknown[0]!r}", f"one of {', '.join(sorted(_KEYS))}")
    samples = _samples(told.get("samples"))
    return JsonFrame(
        device=_text(told, "device"),
        rate_hz=_number(told, "rate_hz", None, "a rate > 0", lambda rate_hz: rate_hz > 0),
        leads=_leads(told.get("leads"), samples.shape[1] if samples.ndim > 1 else 1),
        mv_per_unit=_number(told, "mv_per_unit", 1.0, "a number that is not 0", lambda scale: scale != 0),
        offset_units=_number(told, "offset_units", 0.0, "a number", lambda _: True),
        sequence=_count(told, "sequence", MAX_SEQUENCE),
        device_us=_count(told, "device_us", MAX_DEVICE_US),
        samples=samples,
    )


_KEYS: Final = {"device", "rate_hz", "leads", "mv_per_unit", "offset_units", "sequence", "device_us", "samples"}


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON; a missing sample is null")


def _first_line(error: Exception) -> str:
    return str(error).split("\n", maxsplit=1)[0]


def _text(told: dict[str, Any], key: str) -> str:
    value = told.get(key, "")
    if not isinstance(value, str):
        raise InputError(f"json.{key}", repr(value), "a text")
    return value


def _number(told: dict[str, Any], key: str, default: float | None, allowed: str, holds: Callable[[float], bool]) -> float:
    value = told.get(key, default)
    if not isinstance(value, float) or not np.isfinite(value) or not holds(value):
        raise InputError(f"json.{key}", "missing" if value is None else repr(value), allowed)
    return value


def _count(told: dict[str, Any], key: str, most: int) -> int:
    """A double holds every whole number up to 2**53: 285 years of microseconds."""
    value = _number(told, key, -1.0, f"a whole number from 0 to {most}", lambda number: number == int(number) and -1 <= number <= most)
    return int(value)


def _leads(told: Any, n_columns: int) -> tuple[str, ...]:
    if told is None:
        return tuple(str(i + 1) for i in range(n_columns)) if n_columns > 1 else ("I",)
    if not isinstance(told, list) or not all(
        isinstance(name, str) and name.isprintable() and 1 <= len(name) <= MAX_LEAD_LEN for name in told
    ):
        raise InputError("json.leads", repr(told), f"a list of names, each of 1 to {MAX_LEAD_LEN} characters that can be shown")
    if len(told) != n_columns:
        raise InputError("json.leads", f"{len(told)} names", f"{n_columns}, one for each value of an instant")
    return tuple(told)


def _samples(told: Any) -> NDArray[np.float64]:
    if not isinstance(told, list) or not 1 <= len(told) <= MAX_FRAME_LEN:
        got = f"{len(told)} of them" if isinstance(told, list) else repr(told)
        raise InputError("json.samples", got, f"a list of 1 to {MAX_FRAME_LEN}")
    rows = told if isinstance(told[0], list) else [[value] for value in told]
    n_columns = len(rows[0])
    if not 1 <= n_columns <= MAX_LEADS or not all(isinstance(row, list) and len(row) == n_columns for row in rows):
        raise InputError("json.samples", "rows of many lengths, or of none", f"1 to {MAX_LEADS} values in every instant")
    if not all(value is None or isinstance(value, float) for row in rows for value in row):
        raise InputError("json.samples", "a value that is none", "numbers, or null where one is missing")
    values = np.array([[np.nan if value is None else value for value in row] for row in rows], np.float64)
    return values if isinstance(told[0], list) and n_columns > 1 else values[:, 0]
