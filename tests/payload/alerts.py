"""Alerts to try things with."""

from typing import Any

from hypothesis import strategies as st

from edgeecg.payload.names import Names
from edgeecg.payload.stamped import Snippet, StampedAlert, Times, stamp
from edgeecg.types import Alert, AlertState, Measure, Priority

DEVICE = "dev-1"
T0_NS = 1_790_000_000_123_456_000


def alert(number: int = 1, revision: int = 1, **said: Any) -> Alert:
    """One of a device's alerts; the number makes its id."""
    plain: dict[str, Any] = {
        "stream": "d/ecg",
        "alert_id": f"{number:032x}",
        "revision": revision,
        "rule": "asystole",
        "priority": Priority.HIGH,
        "state": AlertState.RAISED if revision == 1 else AlertState.UPDATED,
        "latched": False,
        "epoch": 5,
        "onset_sample": 10,
        "sample": 1010,
        "value": 4.25,
        "limit": 4.0,
        "unit": "s",
        "score": 1.0,
        "quality": 0.9,
        "text": "No beat for 4.25 s (limit 4 s)",
        "beats": (1, 9),
        "evidence": (Measure("rr", 812.0, "ms"),),
        "reported_at": 1011,
    }
    return Alert(**(plain | said))


def stamped(number: int = 1, revision: int = 1, *, snippet: Snippet | None = None, device: str = DEVICE, **said: Any) -> StampedAlert:
    """The same, as it goes into an outbox."""
    times = Times(T0_NS - 4_000_000_000, T0_NS, T0_NS + 1_000_000, is_synchronised=True)
    return stamp(alert(number, revision, **said), device=device, names=Names(), times=times, snippet=snippet)


_FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32).map(float)
_SAMPLE = st.integers(-1, (1 << 63) - 1)
_WORDS = st.text(max_size=30)
_NS = st.integers(0, 4_000_000_000_000_000).map(lambda us: us * 1000)


@st.composite
def any_stamped(draw: st.DrawFn) -> StampedAlert:
    """Any that the payload has room for."""
    looked_from = draw(_SAMPLE)
    one = Alert(
        stream=draw(_WORDS),
        alert_id=f"{draw(st.integers(0, (1 << 128) - 1)):032x}",
        revision=draw(st.integers(1, (1 << 31) - 1)),
        rule=draw(st.text(min_size=1, max_size=30)),
        priority=draw(st.sampled_from(Priority)),
        state=draw(st.sampled_from(AlertState)),
        latched=draw(st.booleans()),
        epoch=draw(st.integers(0, (1 << 63) - 1)),
        onset_sample=draw(_SAMPLE),
        sample=draw(_SAMPLE),
        value=draw(_FINITE),
        limit=draw(_FINITE),
        unit=draw(_WORDS),
        score=draw(st.floats(0, 1)),
        quality=draw(st.floats(-1, 1)),
        text=draw(_WORDS),
        model=draw(_WORDS),
        model_sha256=draw(st.sampled_from(["", "ab" * 32])),
        beats=tuple(draw(st.lists(st.integers(0, 1 << 40), max_size=5))),
        evidence=tuple(draw(st.lists(st.builds(Measure, _WORDS, _FINITE, _WORDS), max_size=3))),
        looked_from=looked_from,
        looked_len=draw(st.integers(0, 10**6)) if looked_from >= 0 else 0,
        activation=tuple(draw(st.lists(_FINITE, max_size=8))) if looked_from >= 0 else (),
        acknowledged_by=draw(_WORDS),
        reported_at=draw(_SAMPLE),
    )
    snippet = draw(st.none() | st.builds(Snippet, _WORDS, st.integers(0, 1 << 40), st.just(250.0), st.tuples(st.integers(-9999, 9999))))
    return StampedAlert(one, DEVICE, Times(draw(_NS), draw(_NS), draw(_NS), draw(st.booleans())), snippet)
