"""`flutter`: four seconds of nothing but waves, an event for each second that ends them."""

from edgeecg.facts import StreamFacts
from edgeecg.stages.rows import Flat
from edgeecg.types import Flutter
from edgeecg_kernels.flutter_state import SECONDS


def flutter(facts: StreamFacts, row: Flat) -> Flutter:
    """Read a row of KIND_FLUTTER."""
    _, lead, sample, known_at, leakage, waves_hz, swing_mv, *_ = row
    return Flutter(facts.name, facts.leads[lead], sample, round(SECONDS * facts.rate_hz), leakage, waves_hz, swing_mv, known_at)
