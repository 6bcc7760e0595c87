"""Nets on TFLite: ai-edge-litert where there is one, else the older tflite-runtime; same files, same interface."""

from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

from edgeecg.errors import Fault, ModelError, ModelUnavailableError
from edgeecg.models.backend import Answer, Floats, Net

PACKAGES = {"ai-edge-litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}


@cache
def _interpreter() -> tuple[str, Any]:
    """Return the name, with version, and the Interpreter of the runtime taken; an empty name where there is none."""
    for package, module in PACKAGES.items():
        try:
            return f"{package} {version(package)}", import_module(module).Interpreter
        except ImportError:
            continue
    return "", None


def at_hand() -> str:
    """Say which TFLite runtime would be taken; nothing where there is none."""
    return _interpreter()[0]


class TfliteNet:
    """A net on TFLite, for one thread: its tensors are the interpreter's own. An encoder answers features, and no activation."""

    __slots__ = ("_activation", "_data", "_encoder", "_input", "_interpreter", "_len_samples", "_logits", "_n_labels", "_where")

    def __init__(self, data: bytes, where: str, *, len_samples: int, n_labels: int, encoder: bool = False) -> None:
        self._data, self._where, self._len_samples, self._n_labels, self._encoder = data, where, len_samples, n_labels, encoder
        name, make = _interpreter()
        if not name:
            raise ModelUnavailableError(Fault(where, "a file for TFLite", "one that can run here: edgeecg[tflite] is not installed"))
        try:
            self._interpreter = make(model_content=data, num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(Fault(where, f"refused by {name}: {str(error).splitlines()[0][:200]}; it", "a graph it can run")) from None
        self._find_tensors()

    def _find_tensors(self) -> None:
        """A converter may rename tensors, so they are told by their shapes."""
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        labels, length = self._n_labels, self._len_samples
        logits = [one for one in outputs if tuple(one["shape"]) == (1, labels)]
        activation = [one for one in outputs if len(one["shape"]) == 3 and tuple(one["shape"][:2]) == (1, labels)]
        if len(inputs) != 1 or int(np.prod(inputs[0]["shape"])) != length or len(logits) != 1 or len(activation) != (not self._encoder):
            shapes = [tuple(int(size) for size in one["shape"]) for one in (*inputs, *outputs)]
            wanted = f"one from {length} samples to logits (1, {labels}) and activation (1, {labels}, any)"
            raise ModelError(Fault(self._where, f"a graph of shapes {', '.join(map(str, shapes))}", wanted))
        self._input, self._logits, self._activation = inputs[0], logits[0], activation[0] if activation else None

    @property
    def runtime(self) -> str:
        """Which TFLite it is."""
        return at_hand()

    def __call__(self, x: Floats) -> Answer:
        """Answer to an input of shape (1, 1, 1, length)."""
        self._interpreter.set_tensor(self._input["index"], _quantized(x.reshape(self._input["shape"]), self._input))
        self._interpreter.invoke()
        said = self._output(self._logits)
        return Answer(said, said.reshape(-1, 1)[:, :0] if self._activation is None else self._output(self._activation))

    def _output(self, tensor: Any) -> Floats:
        value = self._interpreter.get_tensor(tensor["index"])[0]
        if tensor["dtype"] == np.float32:
            return value  # type: ignore[no-any-return]
        scale, zero = tensor["quantization"]
        return np.asarray((value.astype(np.float32) - zero) * scale, np.float32)

    def fork(self) -> Net:
        """Return the same net with tensors of its own."""
        return TfliteNet(self._data, self._where, len_samples=self._len_samples, n_labels=self._n_labels, encoder=self._encoder)


def _quantized(x: Floats, tensor: Any) -> Any:
    if tensor["dtype"] == np.float32:
        return x
    scale, zero = tensor["quantization"]
    limits = np.iinfo(tensor["dtype"])
    return np.clip(np.rint(x / scale) + zero, limits.min, limits.max).astype(tensor["dtype"])
