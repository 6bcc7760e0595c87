"""What a checkpoint's pickle may name, and what each name stands for here. None of them is ever imported."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Symbol:
    """A global a pickle names: two words, nothing more."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of numbers in the archive: its key there, and how to read it."""

    dtype: str
    key: str
    n_values: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """A view of a storage: where it begins, its dimensions and its strides, all in values."""

    storage: Storage
    offset: int
    dims: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(slots=True)
class Ignored:
    """Where a framework's own bookkeeping was: what was it, and nothing of it."""

    what: str
    held: list[Any] = field(default_factory=list)


DTYPES = {
    "torch.FloatStorage": "<f4",
    "torch.DoubleStorage": "<f8",
    "torch.HalfStorage": "<f2",
    "torch.LongStorage": "<i8",
    "torch.IntStorage": "<i4",
    "torch.BoolStorage": "?",
    "torch.ByteStorage": "u1",
}
ORDERED_DICT = "collections.OrderedDict"
REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2"
REBUILD_PARAMETER = "torch._utils._rebuild_parameter"
KNOWN = {ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER, *DTYPES}

BOOKKEEPING = ("lightning.", "lightning_fabric.", "lightning_utilities.", "pytorch_lightning.", "omegaconf.")
"""What trained the net, and wrote its own state beside it: read past, whatever it says."""
BOOKKEEPING_NAMES = {
    "__builtin__.set",
    "argparse.Namespace",
    "builtins.set",
    "collections.defaultdict",
    "pathlib.PosixPath",
    "torch.Size",
    "torch.device",
    "typing.Any",
}


def is_bookkeeping(name: str) -> bool:
    """Say whether a global is a training framework's."""
    return name in BOOKKEEPING_NAMES or name.startswith(BOOKKEEPING)
