"""`quality`: one event a second: can what is read from it be trusted, and if not, why."""

from edgeecg.facts import StreamFacts
from edgeecg.stages.rows import Row, thawed
from edgeecg.types import Quality, QualityReason
from edgeecg_kernels.quality_state import quality_params as params

__all__ = ["params", "quality"]

REASONS = tuple(QualityReason)

_Quality = thawed(Quality)


def quality(facts: StreamFacts, row: Row) -> Quality:
    """Read a row of KIND_QUALITY."""
    index, good, reason, bad_share, noise_mv, mains_mv, _, _ = row.value
    event = _Quality(
        stream=facts.name,
        lead=facts.leads[row.lead],
        start_sample=row.sample,
        len_samples=round(facts.rate_hz),
        index=index,
        good=good != 0,
        reason=REASONS[int(reason)],
        bad_share=bad_share,
        noise_mv=noise_mv,
        mains_mv=mains_mv,
        reported_at=row.known_at,
    )
    event.__class__ = Quality
    return event
