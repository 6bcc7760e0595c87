"""Net1D, slow and obvious: every product and sum is written out, from the published description alone."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def swish(x: Array) -> Array:
    return x * sigmoid(x)


def conv(x: Array, weight: Array, bias: Array, stride: int) -> Array:
    """x (n_in, length); weight (n_out, n_in / groups, kernel): the groups follow from the two."""
    n_out, per_group, kernel_len = weight.shape
    groups = x.shape[0] // per_group
    length = math.ceil(x.shape[1] / stride)
    padding = max(0, (length - 1) * stride + kernel_len - x.shape[1])
    left = padding // 2
    out = np.zeros((n_out, length))
    for o in range(n_out):
        group = o // (n_out // groups)
        for i in range(length):
            out[o, i] = bias[o]
            for c in range(per_group):
                for k in range(kernel_len):
                    at = i * stride + k - left
                    if 0 <= at < x.shape[1]:
                        out[o, i] += weight[o, c, k] * x[group * per_group + c, at]
    return out


def shortcut(x: Array, stride: int, n_out: int) -> Array:
    if stride == 2:
        padded = np.concatenate([x, np.zeros((x.shape[0], 1))], axis=1)
        x = np.array([[max(row[2 * i], row[2 * i + 1]) for i in range(len(row) // 2)] for row in padded])
    front = (n_out - x.shape[0]) // 2
    out = np.zeros((n_out, x.shape[1]))
    out[front : front + x.shape[0]] = x
    return out


def block(x: Array, w: Mapping[str, Array], name: str, stride: int, first: bool) -> Array:
    y = x if first else swish(x)
    y = swish(conv(y, w[f"{name}.conv1.conv.weight"], w[f"{name}.conv1.conv.bias"], 1))
    y = swish(conv(y, w[f"{name}.conv2.conv.weight"], w[f"{name}.conv2.conv.bias"], stride))
    y = conv(y, w[f"{name}.conv3.conv.weight"], w[f"{name}.conv3.conv.bias"], 1)
    squeezed = swish(w[f"{name}.se_fc1.weight"] @ y.mean(axis=1) + w[f"{name}.se_fc1.bias"])
    gain = sigmoid(w[f"{name}.se_fc2.weight"] @ squeezed + w[f"{name}.se_fc2.bias"])
    return y * gain[:, None] + shortcut(x, stride, y.shape[0])


def features(ecg: Sequence[float], weights: Mapping[str, NDArray[np.float32]], blocks: Sequence[int]) -> Array:
    """Return (n_features, time) of an ECG; `blocks` says how many blocks each stage has."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    x = swish(conv(np.array([ecg], np.float64), w["first_conv.conv.weight"], w["first_conv.conv.bias"], 2))
    for stage, n_blocks in enumerate(blocks):
        for index in range(n_blocks):
            stride = 2 if index == 0 else 1
            x = block(x, w, f"stage_list.{stage}.block_list.{index}", stride, first=stage == index == 0)
    return x


def logits(ecg: Sequence[float], weights: Mapping[str, NDArray[np.float32]], blocks: Sequence[int]) -> Array:
    """Return the head's answer."""
    return np.asarray(weights["dense.weight"] @ features(ecg, weights, blocks).mean(axis=1) + weights["dense.bias"], np.float64)
