"""What the engine says is a frozen record like any other, however quickly it was made."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from edgeecg.api import run
from edgeecg.encoding import decode, encode
from edgeecg.facts import StreamFacts
from edgeecg.stages.qrs import beat
from edgeecg.stages.quality import quality
from edgeecg.stages.rows import Flat, Row, bytes_of, flat_rows
from edgeecg.stages.vitals import vitals
from edgeecg.thawed import thawed
from edgeecg.types import Beat, Event, Morphology, Quality, QualityReason, Vitals
from edgeecg_kernels.state import EVENT
from tests.laws.signals import heart


def test_rows_are_read_field_by_field() -> None:
    out = np.zeros(3, EVENT)
    out["kind"], out["lead"], out["sample"], out["known_at"] = (1, 2, 3), (4, 5, 6), (7, 8, 1 << 60), (9, 10, 11)
    out["value"] = np.arange(24.0).reshape(3, 8)
    first, _, last = flat_rows(bytes_of(out), 3)
    assert Row.of(first) == (1, 4, 7, 9, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    assert (Row.of(last).sample, Row.of(last).value[7]) == (1 << 60, 23.0)
    assert flat_rows(bytes_of(out), 1) == [first]
    assert flat_rows(bytes_of(out), 0) == []


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


def test_every_value_lands_in_its_own_field() -> None:
    facts = StreamFacts(name="s", rate_hz=360.0, leads=("I", "II"))
    row: Flat = (0, 1, 70, 90, 0.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)
    assert beat(facts, row) == Beat(
        stream="s", lead="II", sample=70, confidence=0.5, morphology=Morphology.WIDE, width_ms=3.0, prematurity=4.0,
        template_distance=5.0, amplitude_mv=6.0, late=True, reported_at=90,
    )  # fmt: skip
    assert quality(facts, row) == Quality(
        stream="s", lead="II", start_sample=70, len_samples=360, index=0.5, good=True, reason=QualityReason.DOUBT, bad_share=4.0,
        noise_mv=5.0, mains_mv=6.0, level_mv=8.0, reported_at=90,
    )  # fmt: skip
    assert vitals(facts, row) == Vitals(
        stream="s", sample=70, heart_rate=0.5, rr_ms=2.0, sdnn_ms=3.0, rmssd_ms=4.0, n_intervals=5, reported_at=90
    )  # fmt: skip
