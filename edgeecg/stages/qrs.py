"""`qrs`: one event a beat."""

from edgeecg.facts import StreamFacts
from edgeecg.stages.rows import Flat
from edgeecg.thawed import thawed
from edgeecg.types import Beat, Morphology
from edgeecg_kernels.qrs_state import qrs_params as params

__all__ = ["beat", "params"]

MORPHOLOGIES = tuple(Morphology)

_Beat = thawed(Beat)


def beat(facts: StreamFacts, row: Flat) -> Beat:
    """Read a row of KIND_BEAT."""
    _, lead, sample, known_at, confidence, morphology, width_ms, prematurity, distance, amplitude_mv, told, _ = row
    shape = MORPHOLOGIES[int(morphology)]
    event = _Beat(
        facts.name, facts.leads[lead], sample, confidence, shape, width_ms, prematurity, distance, amplitude_mv, told % 2 != 0, known_at
    )
    event.__class__ = Beat
    return event
