"""Records that are made by the thousand: filled as what is not frozen, then frozen."""

from dataclasses import fields, is_dataclass, make_dataclass
from typing import TypeVar

E = TypeVar("E")


def thawed(kind: type[E]) -> type[E]:
    """Return a class of the same layout that is not frozen: an instance is filled, then given its true `__class__`.

    A frozen record sets each field by a call of its own, and so takes longer to make than all that was computed for it.
    """
    assert is_dataclass(kind)
    return make_dataclass(f"Thawed{kind.__name__}", [field.name for field in fields(kind)], slots=True, eq=False, repr=False)
