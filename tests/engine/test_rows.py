"""What the engine says is a frozen record like any other, however quickly it was made."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from edgeecg.api import run
from edgeecg.encoding import decode, encode
from edgeecg.stages.rows import rows, thawed
from edgeecg.types import Beat, Event, Quality, Vitals
from edgeecg_kernels.state import EVENT
from tests.laws.signals import heart


def test_rows_are_read_field_by_field() -> None:
    out = np.zeros(3, EVENT)
    out["kind"], out["lead"], out["sample"], out["known_at"] = (1, 2, 3), (4, 5, 6), (7, 8, 1 << 60), (9, 10, 11)
    out["value"] = np.arange(24.0).reshape(3, 8)
    first, _, last = rows(out)
    assert first == (1, 4, 7, 9, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    assert (last.sample, last.value[7]) == (1 << 60, 23.0)
    assert rows(out[:0]) == []


@pytest.mark.parametrize("kind", [Beat, Quality, Vitals])
def test_an_event_made_quickly_is_the_record_it_says_it_is(kind: type[Beat | Quality | Vitals]) -> None:
    x, _ = heart(250.0, 15.0)
    event: Event = next(event for event in run(x, 250.0) if type(event) is kind)
    twin = decode(encode(event))
    assert event == twin == replace(event)
    assert hash(event) == hash(twin)
    assert repr(event) == repr(twin)
    with pytest.raises(FrozenInstanceError):
        event.reported_at = 0  # type: ignore[misc]


def test_every_field_must_be_given() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'reported_at'"):
        thawed(Vitals)("s", 1, 60.0, 1000.0, 1.0, 1.0, 9)  # type: ignore[call-arg]
