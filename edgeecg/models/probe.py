"""What flows through a graph: any of its tensors, window by window, on onnxruntime; for calibration and for reports."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from edgeecg.models.onnx_backend import WRONG_FUSIONS

Floats = NDArray[np.float32]
Range = tuple[float, float]


class Probe:
    """A graph whose named tensors can be read."""

    def __init__(self, model: ModelProto, tensors: Iterable[str]) -> None:
        opened = ModelProto()
        opened.CopyFrom(model)
        known = {output.name for output in opened.graph.output}
        self.tensors = tuple(dict.fromkeys(tensors))
        opened.graph.output.extend(helper.make_tensor_value_info(t, TensorProto.FLOAT, None) for t in self.tensors if t not in known)
        self._session = ort.InferenceSession(
            opened.SerializeToString(), providers=["CPUExecutionProvider"], disabled_optimizers=WRONG_FUSIONS
        )
        (self._input,) = self._session.get_inputs()

    def __call__(self, window: Floats) -> dict[str, Floats]:
        """Return the tensors for one window, of as many samples as the graph takes."""
        values = self._session.run(list(self.tensors), {self._input.name: window.reshape(self._input.shape)})
        return dict(zip(self.tensors, values, strict=True))

    def over(self, windows: Floats) -> Iterator[dict[str, Floats]]:
        """Return the tensors for one window after the other."""
        return map(self, windows)


def ranges(model: ModelProto, windows: Floats, tensors: Sequence[str]) -> dict[str, Range]:
    """Return the least and the greatest value the input and these tensors take, zero included: quantized, each must have zero."""
    given = model.graph.input[0].name
    computed = [name for name in tensors if name != given]
    low, high = dict.fromkeys([given, *computed], 0.0), dict.fromkeys([given, *computed], 0.0)
    for window, values in zip(windows, Probe(model, computed).over(windows), strict=True):
        for name, value in {given: window, **values}.items():
            low[name] = min(low[name], float(value.min()))
            high[name] = max(high[name], float(value.max()))
    return {name: (low[name], high[name]) for name in low}


class Snr:
    """Signal over noise in decibel of pairs (1, channels, ...) as they come: what varies in each channel counts, whatever its size and mean.

    So neither a loud channel nor a constant hides that the others drown.
    """

    def __init__(self) -> None:
        self._count = 0
        self._sum, self._square, self._noise = np.zeros(1), np.zeros(1), np.zeros(1)

    def add(self, wanted: Floats, got: Floats) -> None:
        """Count one pair in."""
        x = wanted.reshape(wanted.shape[1], -1).astype(np.float64)
        self._count += x.shape[1]
        self._sum = self._sum + x.sum(axis=1)
        self._square = self._square + np.square(x).sum(axis=1)
        self._noise = self._noise + np.square(x - got.reshape(x.shape)).sum(axis=1)

    @property
    def db(self) -> float:
        """The ratio so far, noise averaged over the channels that vary; 200 where there is none to speak of."""
        energy = self._square - np.square(self._sum) / max(1, self._count)
        varies = energy > 1e-12 * self._square
        return -10 * float(np.log10(np.mean(self._noise[varies] / energy[varies]) + 1e-20)) if varies.any() else 200.0
