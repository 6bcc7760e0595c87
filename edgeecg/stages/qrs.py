"""`qrs`: one event a beat."""

from edgeecg.facts import StreamFacts
from edgeecg.stages.rows import Row, thawed
from edgeecg.types import Beat, Morphology
from edgeecg_kernels.qrs_state import qrs_params as params

__all__ = ["beat", "params"]

MORPHOLOGIES = tuple(Morphology)

_Beat = thawed(Beat)


def beat(facts: StreamFacts, row: Row) -> Beat:
    """Read a row of KIND_BEAT."""
    confidence, morphology, width_ms, prematurity, distance, amplitude_mv, late, _ = row.value
    event = _Beat(
        stream=facts.name,
        lead=facts.leads[row.lead],
        sample=row.sample,
        confidence=confidence,
        morphology=MORPHOLOGIES[int(morphology)],
        width_ms=width_ms,
        prematurity=prematurity,
        template_distance=distance,
        amplitude_mv=amplitude_mv,
        late=late != 0,
        reported_at=row.known_at,
    )
    event.__class__ = Beat
    return event
