"""A kernel's rows as events, all numbers of a row at a time: fields of a structured scalar cost more than the rest of an event."""

from struct import Struct
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Flat: TypeAlias = tuple[int, int, int, int, float, float, float, float, float, float, float, float]
"""A row as what there is most of is made from: kind, lead, sample, known_at and the eight values."""

_LAYOUT = Struct("=iiqq8d")


class Row(NamedTuple):
    """One row of `edgeecg_kernels.state.EVENT`."""

    kind: int
    lead: int
    sample: int
    known_at: int
    value: list[float]

    @classmethod
    def of(cls, flat: Flat) -> "Row":
        """Return the same by name."""
        return cls(*flat[:4], list(flat[4:]))


def bytes_of(out: NDArray[Any]) -> memoryview:
    """Return the bytes of an array of rows, as `flat_rows` reads them, whatever is written to it later."""
    return out.view(np.uint8).data


def flat_rows(rows: memoryview, n: int) -> list[Flat]:
    """Read the first n rows."""
    return list(_LAYOUT.iter_unpack(rows[: n * _LAYOUT.size]))
