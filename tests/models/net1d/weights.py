"""Weights by a formula: any net can be filled with them, and its answers then depend on its input."""

import math
import zlib

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.net1d.shape import Dims, Net1dShape

Weights = dict[str, NDArray[np.float32]]


def entry(name: str, dims: Dims) -> NDArray[np.float32]:
    """The formula the golden outputs were computed with."""
    k = np.arange(math.prod(dims), dtype=np.float64)
    h = (zlib.crc32(name.encode()) % 1000) / 100
    w = np.sin(h + 0.7548776662 * k * (1 + k % 7)).reshape(dims)
    if name.endswith(".running_var") or ("bn" in name and name.endswith(".weight")):
        return (1 + 0.1 * w).astype(np.float32)
    if name.endswith((".bias", ".running_mean")):
        return (0.02 * w).astype(np.float32)
    return (w * math.sqrt(3 / math.prod(dims[1:]))).astype(np.float32)


def filled(shape: Net1dShape, n_labels: int) -> Weights:
    return {name: entry(name, dims) for name, dims in shape.weights(n_labels).items()}
