"""Samples as JSON: what a message means, and which part of one cannot be read."""

import json
from typing import Any

import numpy as np
import pytest

from edgeecg.errors import InputError
from edgeecg.io.sources.json_frames import parse

GOOD: dict[str, Any] = {"rate_hz": 250, "samples": [1, 2.5, None]}


def read(**changes: Any) -> Any:
    return parse(json.dumps(GOOD | changes).encode())


def test_the_least_and_the_most_a_message_can_say() -> None:
    least = read()
    assert (least.device, least.rate_hz, least.leads, least.mv_per_unit, least.sequence, least.device_us) == (
        "",
        250.0,
        ("I",),
        1.0,
        -1,
        -1,
    )
    np.testing.assert_array_equal(least.samples, [1, 2.5, np.nan])
    most = read(
        device="d", leads=["I", "II"], samples=[[1, 2], [3, None]], mv_per_unit=-0.5, offset_units=7, sequence=65535, device_us=2**53
    )
    assert (most.leads, most.mv_per_unit, most.offset_units, most.sequence, most.device_us) == (("I", "II"), -0.5, 7.0, 65535, 2**53)
    np.testing.assert_array_equal(most.samples, [[1, 2], [3, np.nan]])
    assert read(samples=[[1], [2]]).samples.shape == (2,)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rate_hz": None}, "json.rate_hz: missing is not a rate > 0"),
        ({"rate_hz": 0}, "json.rate_hz: 0.0 is not a rate > 0"),
        ({"rate_hz": True}, "json.rate_hz: True is not a rate > 0"),
        ({"rate_hz": 10**400}, "json.rate_hz: inf is not a rate > 0"),
        ({"samples": 3}, "json.samples: 3.0 is not a list of 1 to 65536"),
        ({"samples": []}, "json.samples: 0 of them is not a list of 1 to 65536"),
        ({"samples": [1, "2"]}, "json.samples: a value that is none is not numbers"),
        ({"samples": [1, True]}, "json.samples: a value that is none is not numbers"),
        ({"samples": [[1, 2], [3]]}, "json.samples: rows of many lengths, or of none is not 1 to 12 values"),
        ({"samples": [[], []]}, "json.samples: rows of many lengths, or of none is not 1 to 12 values"),
        ({"samples": [[1], 2]}, "json.samples: rows of many lengths, or of none is not 1 to 12 values"),
        ({"leads": ["I", "II"]}, "json.leads: 2 names is not 1, one for each value"),
        ({"leads": "I"}, "json.leads: 'I' is not a list of names"),
        ({"leads": ["\ud800"]}, "json.leads: ['\\ud800'] is not a list of names"),
        ({"leads": ["I\n"]}, "json.leads: ['I\\n'] is not a list of names"),
        ({"leads": [""]}, "json.leads: [''] is not a list of names"),
        ({"leads": ["I" * 33]}, f"json.leads: ['{'I' * 33}'] is not a list of names"),
        ({"device": 7}, "json.device: 7.0 is not a text"),
        ({"mv_per_unit": 0}, "json.mv_per_unit: 0.0 is not a number that is not 0"),
        ({"sequence": 65536}, "json.sequence: 65536.0 is not a whole number from 0 to 65535"),
        ({"sequence": 1.5}, "json.sequence: 1.5 is not a whole number"),
        ({"smaples": [1]}, "json: a key 'smaples' is not one of device"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        read(**changes)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize("payload", [b"{", b"[1]", b"\xff{}", b'{"samples": [NaN]}', b"[" * 100_000, b'{"rate_hz": 1' + b"0" * 5000 + b"}"])
def test_what_is_no_json_is_refused(payload: bytes) -> None:
    with pytest.raises(InputError, match=r"^json"):
        parse(payload)
