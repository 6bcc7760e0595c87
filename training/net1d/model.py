"""Net1D in torch. Its parameters carry the published names, so that published weights load as they are.

Batch norm, where asked for, stands right after each convolution: there it folds into the convolution exactly (`net1d.export`), and the
network trains where it otherwise lags. The published networks compute without any.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from edgeecg.models.net1d.shape import CLEF_LARGE, CLEF_MEDIUM, CLEF_SMALL, ECGFOUNDER, KERNEL_LEN, Block, Net1dShape

__all__ = ["CLEF_LARGE", "CLEF_MEDIUM", "CLEF_SMALL", "ECGFOUNDER", "Net1D", "Net1dShape"]


class Conv(nn.Module):
    """A convolution whose output is ceil(length / stride) long, batch-normalised if asked."""

    def __init__(self, n_in: int, n_out: int, kernel_len: int, stride: int = 1, groups: int = 1, *, batch_norm: bool) -> None:
        super().__init__()
        self.conv = nn.Conv1d(n_in, n_out, kernel_len, stride, groups=groups)
        self.norm = nn.BatchNorm1d(n_out) if batch_norm else nn.Identity()
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(cast(Tensor, self.conv.bias))

    def forward(self, x: Tensor) -> Tensor:
        """Pad for what the input's length asks, convolve, normalise."""
        (kernel_len,), (stride,) = self.conv.kernel_size, self.conv.stride
        padding = max(0, (-(-x.shape[-1] // stride) - 1) * stride + kernel_len - x.shape[-1])
        padded = functional.pad(x, (padding // 2, padding - padding // 2)) if padding else x  # to pad by nothing copies
        return cast(Tensor, self.norm(self.conv(padded)))


class LargerOfTwo(torch.autograd.Function):
    """The larger of every two neighbours; of equals the first learns. Trains in a fraction of max_pool1d's time."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Halve the length."""
        first, second = x[..., ::2], x[..., 1::2]
        ctx.save_for_backward(first >= second)
        return torch.maximum(first, second)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """Give the gradient to the larger one."""
        (of_first,) = ctx.saved_tensors
        to_first = gradients[0] * of_first
        return torch.stack((to_first, gradients[0] - to_first), dim=-1).flatten(-2)


class ResidualBlock(nn.Module):
    """One block of the shape: bottleneck, gains by channel, and the shortcut."""

    def __init__(self, block: Block, *, batch_norm: bool) -> None:
        super().__init__()
        self.block = block
        self.conv1 = Conv(block.n_in, block.n_mid, 1, batch_norm=batch_norm)
        self.conv2 = Conv(block.n_mid, block.n_mid, KERNEL_LEN, block.stride, block.groups, batch_norm=batch_norm)
        self.conv3 = Conv(block.n_mid, block.n_out, 1, batch_norm=batch_norm)
        self.se_fc1 = nn.Linear(block.n_out, block.n_out // 2)
        self.se_fc2 = nn.Linear(block.n_out // 2, block.n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Add the block's branch to its shortcut."""
        y: Tensor = x if self.block.first else functional.silu(x)
        y = functional.silu(self.conv1(y))
        y = functional.silu(self.conv2(y))
        y = self.conv3(y)
        gain: Tensor = self.se_fc2(functional.silu(self.se_fc1(y.mean(-1)))).sigmoid()
        return y * gain[..., None] + self._shortcut(x)

    def _shortcut(self, x: Tensor) -> Tensor:
        if self.block.stride == 2:
            x = functional.pad(x, (0, 1)) if x.shape[-1] % 2 else x
            x = cast(Tensor, LargerOfTwo.apply(x))
        grown = self.block.n_out - self.block.n_in
        return functional.pad(x, (0, 0, grown // 2, grown - grown // 2)) if grown else x


class Stage(nn.Module):
    """Blocks of one width; the first halves the length."""

    def __init__(self, blocks: list[Block], *, batch_norm: bool) -> None:
        super().__init__()
        self.block_list = nn.Sequential(*(ResidualBlock(block, batch_norm=batch_norm) for block in blocks))

    def forward(self, x: Tensor) -> Tensor:
        """Run the blocks."""
        return cast(Tensor, self.block_list(x))


class Net1D(nn.Module):
    """ECG (batch, 1, length) -> logits (batch, n_labels), or features (batch, n_features) where there are no labels."""

    def __init__(self, shape: Net1dShape, n_labels: int, *, batch_norm: bool = False, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape, self.n_labels = shape, n_labels
        blocks = list(shape.walk())
        self.first_conv = Conv(1, shape.base, KERNEL_LEN, 2, batch_norm=batch_norm)
        self.stage_list = nn.Sequential()
        for n_blocks in shape.blocks:
            self.stage_list.append(Stage(blocks[:n_blocks], batch_norm=batch_norm))
            blocks = blocks[n_blocks:]
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(shape.n_features, n_labels) if n_labels else nn.Identity()

    def features(self, x: Tensor) -> Tensor:
        """Return (batch, n_features, time): what the head averages over time."""
        return cast(Tensor, self.stage_list(functional.silu(self.first_conv(x))))

    def forward(self, x: Tensor) -> Tensor:
        """Classify, or encode."""
        return cast(Tensor, self.dense(self.dropout(self.features(x).mean(-1))))

    def activation(self, x: Tensor) -> Tensor:
        """Return (batch, n_labels, time): what each moment adds to each logit; its mean plus the bias is the logit."""
        if not isinstance(self.dense, nn.Linear):
            raise TypeError("a net without a head has no class activation")
        return torch.einsum("lf,bft->blt", self.dense.weight, self.features(x))
