"""One protocol over the runtimes: what a net and a tree are to those who ask them."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.card import FileKey

Floats = NDArray[np.float32]
Trees = Callable[[Floats], Floats]
"""One row of features -> the probability of each label."""


class Answer(NamedTuple):
    """What a net says to one window: a logit for each label, and along time what each is the mean of, but for its bias."""

    logits: Floats
    activation: Floats
    """Shape (labels, places)."""


class Net(Protocol):
    """A net on a runtime, for one thread at a time."""

    @property
    def runtime(self) -> str:
        """Which runtime it is, with its version."""

    def __call__(self, x: Floats) -> Answer:
        """Answer to an input of shape (1, 1, 1, length)."""

    def fork(self) -> "Net":
        """Return the same net for another thread: what can be shared is."""


def runtime_of(key: FileKey) -> str:
    """Say which runtime a file is for."""
    return "tflite" if key.endswith("_tflite") else "onnxruntime"


def runtimes_at_hand() -> dict[str, str]:
    """Return the runtimes that can be imported here, each with its version."""
    from edgeecg.models import onnx_backend, tflite_backend  # noqa: PLC0415  (a runtime is loaded where one is asked for)

    tflite = tflite_backend.at_hand()
    return {"onnxruntime": onnx_backend.version()} | ({"tflite": tflite} if tflite else {})
