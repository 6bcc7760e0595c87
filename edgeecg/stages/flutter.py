"""`flutter`: four seconds of nothing but waves, an event for each second that ends them."""

from edgeecg.facts import StreamFacts
from edgeecg.stages.rows import Row
from edgeecg.types import Flutter
from edgeecg_kernels.flutter_state import SECONDS


def flutter(facts: StreamFacts, row: Row) -> Flutter:
    """Read a row of KIND_FLUTTER."""
    leakage, waves_hz, swing_mv = row.value[:3]
    len_samples = round(SECONDS * facts.rate_hz)
    return Flutter(facts.name, facts.leads[row.lead], row.sample, len_samples, leakage, waves_hz, swing_mv, row.known_at)
