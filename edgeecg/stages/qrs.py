"""`qrs`: one event a beat."""

from typing import Any

from edgeecg.facts import StreamFacts
from edgeecg.types import Beat, Morphology
from edgeecg_kernels.qrs_state import qrs_params as params

__all__ = ["beat", "params"]


def beat(facts: StreamFacts, row: Any) -> Beat:
    """Read a row of KIND_BEAT."""
    confidence, morphology, width_ms, prematurity, distance, amplitude_mv, late, _ = row["value"].tolist()
    return Beat(
        stream=facts.name,
        lead=facts.leads[int(row["lead"])],
        sample=int(row["sample"]),
        confidence=confidence,
        morphology=Morphology(int(morphology)),
        width_ms=width_ms,
        prematurity=prematurity,
        template_distance=distance,
        amplitude_mv=amplitude_mv,
        late=bool(late),
        reported_at=int(row["known_at"]),
    )
