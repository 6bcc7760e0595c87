"""From a trained Net1D to its graph."""

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from edgeecg.models.net1d.onnx_graph import build
from net1d.model import Conv, Net1D


def to_onnx(net: Net1D, length: int, path: Path) -> None:
    """Write the net as it answers in evaluation, for inputs of `length` samples."""
    onnx.save(build(net.shape, net.n_labels, weights(net), length), path)


def weights(net: Net1D) -> dict[str, NDArray[np.float32]]:
    """Return the net's arrays by their published names, batch norm folded into the convolutions."""
    arrays = {name: tensor.detach().cpu().double() for name, tensor in net.state_dict().items() if ".norm." not in name}
    for name, module in net.named_modules():
        if isinstance(module, Conv) and isinstance(module.norm, nn.BatchNorm1d):
            gain, offset = _affine(module.norm)
            arrays[f"{name}.conv.weight"] *= gain[:, None, None]
            arrays[f"{name}.conv.bias"] = arrays[f"{name}.conv.bias"] * gain + offset
    return {name: array.float().numpy() for name, array in arrays.items()}


def _affine(norm: nn.BatchNorm1d) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what a batch norm in evaluation multiplies with and adds."""
    assert norm.running_mean is not None, "a batch norm that keeps no statistics cannot be folded"
    assert norm.running_var is not None, "ditto"
    mean, var, weight, bias = (tensor.detach().cpu().double() for tensor in (norm.running_mean, norm.running_var, norm.weight, norm.bias))
    gain = weight / torch.sqrt(var + norm.eps)
    return gain, bias - mean * gain
