"""`quality`: one event a second: can what is read from it be trusted, and if not, why."""

from edgeecg.facts import StreamFacts
from edgeecg.stages.rows import Flat
from edgeecg.thawed import thawed
from edgeecg.types import Quality, QualityReason
from edgeecg_kernels.quality_state import quality_params as params

__all__ = ["params", "quality"]

REASONS = tuple(QualityReason)

_Quality = thawed(Quality)


def quality(facts: StreamFacts, row: Flat) -> Quality:
    """Read a row of KIND_QUALITY."""
    _, lead, start_sample, known_at, index, good, reason, bad_share, noise_mv, mains_mv, _, level_mv = row
    name, lead_name, rate_hz, why = facts.name, facts.leads[lead], facts.rate_hz, REASONS[int(reason)]
    event = _Quality(
        name, lead_name, start_sample, round(rate_hz), index, good != 0, why, bad_share, noise_mv, mains_mv, level_mv, known_at
    )
    event.__class__ = Quality
    return event
