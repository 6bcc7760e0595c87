"""A kernel's rows, out of the array in one go: fields of a structured scalar cost more than the rest of an event."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Row(NamedTuple):
    """One row of `edgeecg_kernels.state.EVENT`."""

    kind: int
    lead: int
    sample: int
    known_at: int
    value: list[float]


def rows(out: NDArray[np.void]) -> list[Row]:
    """Read rows."""
    return [Row(kind, lead, sample, known_at, value.tolist()) for kind, lead, sample, known_at, value in out.tolist()]
