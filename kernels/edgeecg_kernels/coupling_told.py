"""Coupling of the beats that the sound stage tells of: an entry of its own, called once a beat.

No paper: what `coupling_beat` is handed. A call from Python costs a hundredth of the work on a beat, and whoever changes one
of the two stages compiles only that.
"""

from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.coupling import coupling_beat, coupling_reset

USUAL = 1
"""A beat's morphology as `edgeecg.types.Morphology` has it: of others nothing is learned."""


@kernel
def begin_coupling(states: Any, which: int) -> None:
    """Begin with a heart nothing is known of."""
    coupling_reset(states[which])


@kernel
def couple_told(states: Any, which: int, params: Any, work: Any, told: Any, index: int, rows: Any) -> None:
    """Learn the beat told[index] of one stream of sound, and fill rows[0] with what is known with it."""
    beat = told[index]["beat"]
    rr_s = beat["rr_ms"] / 1000.0 if beat["rr_ms"] > 0.0 else 0.0
    usual = beat["morphology"] == USUAL
    coupling_beat(states[which], params[0], work[0], told[index]["plain"], told[index]["lead"], rr_s, usual, rows[0])
