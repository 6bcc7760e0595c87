"""`vitals`: heart rate and its variability, one event a second."""

from edgeecg.facts import StreamFacts
from edgeecg.stages.rows import Row, thawed
from edgeecg.types import Vitals

_Vitals = thawed(Vitals)


def vitals(facts: StreamFacts, row: Row) -> Vitals:
    """Read a row of KIND_VITALS."""
    heart_rate, rr_ms, sdnn_ms, rmssd_ms, n_intervals = row.value[:5]
    event = _Vitals(
        stream=facts.name,
        sample=row.sample,
        heart_rate=heart_rate,
        rr_ms=rr_ms,
        sdnn_ms=sdnn_ms,
        rmssd_ms=rmssd_ms,
        n_intervals=int(n_intervals),
        reported_at=row.known_at,
    )
    event.__class__ = Vitals
    return event
