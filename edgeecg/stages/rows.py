"""A kernel's rows as events, all numbers of a row at a time: fields of a structured scalar cost more than the rest of an event."""

from dataclasses import fields, is_dataclass, make_dataclass
from struct import Struct
from typing import Any, NamedTuple, TypeAlias, TypeVar

from numpy.typing import NDArray

E = TypeVar("E")

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


def flat_rows(out: NDArray[Any]) -> list[Flat]:
    """Read rows."""
    return list(_LAYOUT.iter_unpack(out.tobytes()))


def thawed(kind: type[E]) -> type[E]:
    """Return a class of the same layout that is not frozen: an instance is filled, then given its true `__class__`.

    A frozen record sets each field by a call of its own, and so takes longer to make than all that was computed for it.
    """
    assert is_dataclass(kind)
    return make_dataclass(f"Thawed{kind.__name__}", [field.name for field in fields(kind)], slots=True, eq=False, repr=False)
