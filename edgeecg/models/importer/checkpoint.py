"""The published checkpoints: which keys each holds, and their weights once every key and every shape is accounted for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import Fault, ModelError
from edgeecg.models.importer.archive import Archive
from edgeecg.models.importer.symbols import Tensor
from edgeecg.models.net1d.shape import CLEF_LARGE, CLEF_MEDIUM, CLEF_SMALL, ECGFOUNDER, Dims, Net1dShape

MAX_FAULTS = 5


@dataclass(frozen=True, slots=True)
class Family:
    """A publication: what its keys begin with, its nets by name, and how many labels their heads have."""

    name: str
    prefix: str
    nets: Mapping[str, Net1dShape]
    n_labels: int


FAMILIES = {
    "ecgfounder": Family("ecgfounder", "", {"ecgfounder": ECGFOUNDER}, 150),
    "clef": Family("clef", "backbone.", {"clef-small": CLEF_SMALL, "clef-medium": CLEF_MEDIUM, "clef-large": CLEF_LARGE}, 0),
}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A net's weights, by their published names without prefix."""

    net: str
    shape: Net1dShape
    n_labels: int
    weights: dict[str, NDArray[np.float32]]
    n_unused: int
    """Arrays of batch norm that were checked and left out: the published networks never apply them."""


def read(path: Path, family: Family) -> Checkpoint:
    """Read a checkpoint of a family, or say what is wrong with it."""
    with Archive(path) as archive:
        tensors = _tensors(archive.table(), path)
        net, shape = _closest(tensors, family)
        used = {family.prefix + name: dims for name, dims in shape.weights(family.n_labels).items()}
        unused = {family.prefix + name: dims for name, dims in shape.unused().items()}
        _account(tensors, used | unused, f"{path}: a checkpoint of {net}")
        arrays = archive.arrays({name: tensors[name] for name in used})
    weights = {name.removeprefix(family.prefix): array for name, array in arrays.items()}
    return Checkpoint(net, shape, family.n_labels, weights, len(unused))


def _tensors(table: Any, path: Path) -> dict[str, Tensor]:
    state = table.get("state_dict") if isinstance(table, dict) else None
    if not isinstance(state, dict):
        keys = ", ".join(map(str, list(table)[:MAX_FAULTS])) if isinstance(table, dict) else type(table).__name__
        raise ModelError(Fault(f"{path}: state_dict", f"missing among {keys or 'nothing'}", "a table of tensors"))
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise ModelError(Fault(f"{path}: state_dict.{name}", f"a {type(value).__name__}", "a tensor"))
    return state


def _closest(tensors: Mapping[str, Tensor], family: Family) -> tuple[str, Net1dShape]:
    """Return the family's net that most of the keys, with their dimensions, belong to."""
    given = {(name.removeprefix(family.prefix), tensor.dims) for name, tensor in tensors.items()}
    return max(family.nets.items(), key=lambda item: len(given & set(item[1].weights(family.n_labels).items())))


def _account(tensors: Mapping[str, Tensor], wanted: Mapping[str, Dims], where: str) -> None:
    """Refuse a checkpoint with a key too few, a key too many, or another shape."""
    faults = [Fault(f"{where}: {name}", "missing", f"an array {dims}") for name, dims in wanted.items() if name not in tensors]
    faults += [Fault(f"{where}: {name}", "a key", "one this net has") for name in tensors if name not in wanted]
    shapes = [(name, tensors[name].dims, dims) for name, dims in wanted.items() if name in tensors]
    faults += [Fault(f"{where}: {name}", f"an array {got}", f"an array {dims}") for name, got, dims in shapes if got != dims]
    if faults:
        more = [Fault(where, f"{len(faults) - MAX_FAULTS} keys more that are wrong", "whole")] if len(faults) > MAX_FAULTS else []
        raise ModelError(*faults[:MAX_FAULTS], *more)
