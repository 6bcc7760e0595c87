"""The shape of a Net1D: which convolutions, how wide, how long; and the names its weights are published under.

As configured in ECGFounder (Li et al., NEJM AI 2025) and in CLEF (Nokia Bell Labs, 2025).
"""

from collections.abc import Iterator
from dataclasses import dataclass

KERNEL_LEN = 16
BN_ENTRIES = ("weight", "bias", "running_mean", "running_var")
BN_COUNTER = "num_batches_tracked"

Dims = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One residual block: 1x1 in -> mid, grouped k16 mid -> mid, 1x1 mid -> out, squeeze and excite, plus what came in."""

    name: str
    n_in: int
    n_mid: int
    n_out: int
    groups: int
    stride: int
    first: bool
    """The network's first block: no Swish before its first convolution, for there is one just before."""


@dataclass(frozen=True, slots=True)
class Net1dShape:
    """A Net1D's width and depth; one stage for each entry of `filters`."""

    base: int
    ratio: float
    filters: tuple[int, ...]
    blocks: tuple[int, ...]
    group_width: int

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if len(self.filters) != len(self.blocks) or not self.filters:
            raise ValueError(f"blocks: {len(self.blocks)} entries is not one for each of {len(self.filters)} stages")
        for block in self.walk():
            if block.n_mid % block.groups or block.n_out < block.n_in:
                raise ValueError(f"{block.name}: {block.n_in} -> {block.n_mid} -> {block.n_out} in {block.groups} groups is not possible")

    @property
    def n_features(self) -> int:
        """How many features come out."""
        return self.filters[-1]

    def walk(self) -> Iterator[Block]:
        """Give every block, first to last."""
        n_in = self.base
        for stage, (n_out, n_blocks) in enumerate(zip(self.filters, self.blocks, strict=True)):
            for index in range(n_blocks):
                yield Block(
                    name=f"stage_list.{stage}.block_list.{index}",
                    n_in=n_in,
                    n_mid=int(n_out * self.ratio),
                    n_out=n_out,
                    groups=max(1, n_out // self.group_width),
                    stride=2 if index == 0 else 1,
                    first=stage == 0 and index == 0,
                )
                n_in = n_out

    def out_len(self, len_samples: int) -> int:
        """Return how many time steps the features have for an input of this length."""
        length = -(-len_samples // 2)
        for block in self.walk():
            length = -(-length // block.stride)
        return length

    def weights(self, n_labels: int) -> dict[str, Dims]:
        """Name every array the network computes with, and its dimensions; without labels it has no head."""
        dims = _conv("first_conv", self.base, 1, KERNEL_LEN)
        for b in self.walk():
            dims |= _conv(f"{b.name}.conv1", b.n_mid, b.n_in, 1)
            dims |= _conv(f"{b.name}.conv2", b.n_mid, b.n_mid // b.groups, KERNEL_LEN)
            dims |= _conv(f"{b.name}.conv3", b.n_out, b.n_mid, 1)
            dims |= _dense(f"{b.name}.se_fc1", b.n_out // 2, b.n_out)
            dims |= _dense(f"{b.name}.se_fc2", b.n_out, b.n_out // 2)
        return dims | (_dense("dense", n_labels, self.n_features) if n_labels else {})

    def unused(self) -> dict[str, Dims]:
        """Name the batch-norm arrays that published checkpoints hold and their networks never apply."""
        dims = _batch_norm("first_bn", self.base)
        for b in self.walk():
            dims |= _batch_norm(f"{b.name}.bn1", b.n_in)
            dims |= _batch_norm(f"{b.name}.bn2", b.n_mid)
            dims |= _batch_norm(f"{b.name}.bn3", b.n_mid)
        return dims


def _conv(name: str, n_out: int, n_in: int, kernel_len: int) -> dict[str, Dims]:
    return {f"{name}.conv.weight": (n_out, n_in, kernel_len), f"{name}.conv.bias": (n_out,)}


def _dense(name: str, n_out: int, n_in: int) -> dict[str, Dims]:
    return {f"{name}.weight": (n_out, n_in), f"{name}.bias": (n_out,)}


def _batch_norm(name: str, n: int) -> dict[str, Dims]:
    return {f"{name}.{entry}": (n,) for entry in BN_ENTRIES} | {f"{name}.{BN_COUNTER}": ()}


ECGFOUNDER = Net1dShape(64, 1.0, (64, 160, 160, 400, 400, 1024, 1024), (2, 2, 2, 3, 3, 4, 4), 16)
CLEF_SMALL = Net1dShape(32, 0.5, (32, 64, 64, 128, 128, 256), (1, 1, 2, 2, 2, 2), 8)
CLEF_MEDIUM = ECGFOUNDER
CLEF_LARGE = Net1dShape(128, 1.5, (128, 256, 256, 512, 512, 1024, 1024, 2048, 2048), (2, 3, 3, 4, 4, 5, 5, 6, 6), 32)
