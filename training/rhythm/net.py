"""CLEF-small's body as a net to be trained: batch norm behind each convolution, which folds away when it is done.

Layout and names of the parameters are the published ones (Net1D), so what remains after `folded` is a Net1D checkpoint.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

BASE, RATIO, KERNEL, GROUPS_WIDTH = 32, 0.5, 16, 8
FILTERS = (32, 64, 64, 128, 128, 256)
BLOCKS = (1, 1, 2, 2, 2, 2)


class SameConv(nn.Module):
    """A convolution whose output has ceil(length / stride) values, and the batch norm behind it."""

    def __init__(self, n_in: int, n_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.conv = nn.Conv1d(n_in, n_out, kernel, stride, groups=groups)
        self.norm = nn.BatchNorm1d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Pad the odd one on the right."""
        length = x.shape[-1]
        pad = max(0, (-(-length // self.stride) - 1) * self.stride + self.kernel - length)
        y: Tensor = self.norm(self.conv(functional.pad(x, (pad // 2, pad - pad // 2))))
        return y


class Block(nn.Module):
    """A bottleneck of three convolutions with squeeze-and-excite, beside an identity that grows by zero channels."""

    def __init__(self, n_in: int, n_out: int, stride: int, *, is_first: bool) -> None:
        super().__init__()
        middle = int(n_out * RATIO)
        self.stride, self.is_first, self.grow = stride, is_first, n_out - n_in
        self.conv1 = SameConv(n_in, middle, 1)
        self.conv2 = SameConv(middle, middle, KERNEL, stride, n_out // GROUPS_WIDTH)
        self.conv3 = SameConv(middle, n_out, 1)
        self.se_fc1 = nn.Linear(n_out, n_out // 2)
        self.se_fc2 = nn.Linear(n_out // 2, n_out)

    def forward(self, x: Tensor) -> Tensor:
        """The shortcut of a block that halves pads one zero on the right and takes the larger of two."""
        y = x if self.is_first else functional.silu(x)
        y = self.conv3(functional.silu(self.conv2(functional.silu(self.conv1(y)))))
        gain = torch.sigmoid(self.se_fc2(functional.silu(self.se_fc1(y.mean(-1)))))
        if self.stride == 2:
            x = functional.pad(x, (0, x.shape[-1] % 2))
            x = torch.maximum(x[..., ::2], x[..., 1::2])  # a fifth of max_pool1d's time
        if self.grow:
            x = functional.pad(x, (0, 0, self.grow // 2, self.grow - self.grow // 2))
        return y * gain[:, :, None] + x


class Stage(nn.Module):
    """Blocks of one width, of which the first halves the length."""

    def __init__(self, n_in: int, n_out: int, n_blocks: int, *, is_first: bool) -> None:
        super().__init__()
        widths = [n_in] + [n_out] * n_blocks
        self.block_list = nn.ModuleList(
            Block(widths[k], n_out, 2 if k == 0 else 1, is_first=is_first and k == 0) for k in range(n_blocks)
        )

    def forward(self, x: Tensor) -> Tensor:
        """One block after the other."""
        for block in self.block_list:
            x = block(x)
        return x


class RhythmNet(nn.Module):
    """(batch, 1, length) -> logits (batch, labels)."""

    def __init__(self, n_labels: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.first_conv = SameConv(1, BASE, KERNEL, 2)
        widths = (BASE, *FILTERS)
        self.stage_list = nn.ModuleList(
            Stage(widths[k], widths[k + 1], BLOCKS[k], is_first=k == 0) for k in range(len(FILTERS))
        )
        self.drop = nn.Dropout(dropout)
        self.dense = nn.Linear(FILTERS[-1], n_labels)

    def features(self, x: Tensor) -> Tensor:
        """What the head sees: the mean over time."""
        x = functional.silu(self.first_conv(x))
        for stage in self.stage_list:
            x = stage(x)
        return x.mean(-1)

    def forward(self, x: Tensor) -> Tensor:
        """Answer a batch of windows."""
        y: Tensor = self.dense(self.drop(self.features(x)))
        return y


def folded(net: RhythmNet) -> dict[str, Any]:
    """Return the weights without batch norm, as float64 arrays under the published names."""
    weights: dict[str, Any] = {}
    for name, module in net.named_modules():
        if isinstance(module, SameConv):
            norm = module.norm
            assert norm.running_mean is not None
            assert norm.running_var is not None
            gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
            bias = module.conv.bias
            assert bias is not None
            weights[f"{name}.conv.weight"] = (module.conv.weight.double() * gain[:, None, None]).detach().numpy()
            weights[f"{name}.conv.bias"] = ((bias.double() - norm.running_mean.double()) * gain + norm.bias.double()).detach().numpy()
        elif isinstance(module, nn.Linear):
            weights[f"{name}.weight"] = module.weight.double().detach().numpy()
            weights[f"{name}.bias"] = module.bias.double().detach().numpy()
    return weights
