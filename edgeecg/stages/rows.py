"""A kernel's rows as events, a column at a time: fields of a structured scalar cost more than the rest of an event."""

from dataclasses import fields, is_dataclass, make_dataclass
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

E = TypeVar("E")


class Row(NamedTuple):
    """One row of `edgeecg_kernels.state.EVENT`."""

    kind: int
    lead: int
    sample: int
    known_at: int
    value: list[float]


_ROW = partial(tuple.__new__, Row)
"""As Row._make, at half its price."""


def rows(out: NDArray[np.void]) -> list[Row]:
    """Read rows."""
    return list(map(_ROW, zip(*[out[name].tolist() for name in Row._fields], strict=True)))


def thawed(kind: type[E]) -> type[E]:
    """Return a class of the same layout that is not frozen: an instance is filled, then given its true `__class__`.

    A frozen record sets each field by a call of its own, and so takes longer to make than all that was computed for it.
    """
    assert is_dataclass(kind)
    return make_dataclass(f"Thawed{kind.__name__}", [field.name for field in fields(kind)], slots=True, eq=False, repr=False)
