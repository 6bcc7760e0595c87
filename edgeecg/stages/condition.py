"""`condition`: what a lead's converter can give, and what is wrong with the lead, as events."""

import numpy as np
from numpy.typing import NDArray

from edgeecg.facts import StreamFacts
from edgeecg.stages.rows import Row
from edgeecg.types import SignalState
from edgeecg_kernels.condition_state import condition_params
from edgeecg_kernels.state import FLAG_FLAT, FLAG_INVALID, FLAG_LEAD_OFF, FLAG_MAINS, FLAG_SATURATED


def params(facts: StreamFacts) -> NDArray[np.void]:
    """Return CONDITION_PARAMS of shape (1,): the converter's rails in mV, where the facts know them."""
    if facts.rails_units is None:
        return condition_params()
    low, high = sorted((units - facts.offset_units) * facts.mv_per_unit for units in facts.rails_units)
    return condition_params(rail_low_mv=low, rail_high_mv=high)


def signal_state(facts: StreamFacts, row: Row) -> SignalState:
    """Read a row of KIND_SIGNAL."""
    flags = int(row.value[0])
    return SignalState(
        stream=facts.name,
        lead=facts.leads[row.lead],
        sample=row.sample,
        lead_off=bool(flags & FLAG_LEAD_OFF),
        saturated=bool(flags & FLAG_SATURATED),
        flat=bool(flags & FLAG_FLAT),
        invalid=bool(flags & FLAG_INVALID),
        mains=bool(flags & FLAG_MAINS),
        reported_at=row.known_at,
    )
