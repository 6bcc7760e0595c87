"""Nets and trees on onnxruntime: one thread, no spinning, the graph optimised once on this host and kept.

`Pad_Fusion` stays off: it folds a padding of zeros into a max-pool, which pads with minus infinity (onnxruntime 1.31.1).
"""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as errors

from edgeecg.errors import Fault, ModelError
from edgeecg.models.backend import Answer, Floats, Net
from edgeecg.models.folders import host_key

WRONG_FUSIONS = ["Pad_Fusion"]
REFUSALS = (
    errors.Fail,
    errors.InvalidArgument,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NotImplemented,
    errors.RuntimeException,
    errors.EPFail,
)
KEPT_AS = "ORT"
"""Its own format takes 2 MB less to load than ONNX, of a net and its trees."""
_ERRORS_ONLY = 3
NO_FOLDER = "/dev/null"
"""Where numbers that a graph keeps in another file are looked for: they would be no part of its hash, and of the folder one happens to be in."""


def version() -> str:
    """Say which onnxruntime this is."""
    return f"onnxruntime {ort.__version__}"


def _options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", NO_FOLDER)
    options.enable_cpu_mem_arena = False  # it holds more than these graphs ever need, and saves no time
    options.log_severity_level = _ERRORS_ONLY
    return options


def session(data: bytes, where: str, cache: Path | None) -> ort.InferenceSession:
    """Load a graph whose hash was checked; `cache` keeps what onnxruntime makes of it on this host."""
    try:
        return _optimised(data, cache) if cache else _plain(data)
    except REFUSALS as error:
        raise ModelError(Fault(where, f"refused by onnxruntime: {str(error).splitlines()[0][:200]}; it", "a graph it can run")) from None


def _plain(data: bytes) -> ort.InferenceSession:
    return _made(data, _options(), disabled_optimizers=WRONG_FUSIONS)


def _made(data: bytes, options: ort.SessionOptions, **more: Any) -> ort.InferenceSession:
    """Make a session that does not hold on to the bytes it was made of: it would need them for other providers, and there are none."""
    made = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"], **more)
    made._model_bytes = None  # noqa: SLF001 of net and trees together they are 2 MB
    return made


def _optimised(data: bytes, cache: Path) -> ort.InferenceSession:
    """Load the graph as it was optimised before, if it is still what was kept; else optimise and keep it."""
    key = f"{hashlib.sha256(data).hexdigest()[:32]}-{ort.__version__}-{host_key()}"
    for path in cache.glob(f"{key}.*.ort"):
        kept = path.read_bytes()
        if path.name == _sealed_name(key, kept):
            options = _options()
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
            options.add_session_config_entry("session.load_model_format", KEPT_AS)
            return _made(kept, options)
        path.unlink(missing_ok=True)  # cut short or changed
    return _optimise_and_keep(data, cache, key)


def _sealed_name(key: str, kept: bytes) -> str:
    return f"{key}.{hashlib.sha256(kept).hexdigest()[:32]}.ort"


def _optimise_and_keep(data: bytes, cache: Path, key: str) -> ort.InferenceSession:
    """A file that is there whole or not at all; where none can be written the graph runs all the same."""
    options = _options()
    try:
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            written = Path(folder) / "graph.ort"
            options.optimized_model_filepath = str(written)
            options.add_session_config_entry("session.save_model_format", KEPT_AS)
            made = _made(data, options, disabled_optimizers=WRONG_FUSIONS)
            written.replace(cache / _sealed_name(key, written.read_bytes()))
            return made
    except OSError:
        return _plain(data)


class OnnxNet:
    """A net on onnxruntime. Its session may be asked by many threads at once. An encoder answers features, and no activation."""

    __slots__ = ("_encoder", "_reads", "_session")

    def __init__(
        self, data: bytes, where: str, *, len_samples: int, n_labels: int, encoder: bool = False, reads: str = "ecg", cache: Path | None
    ) -> None:
        self._session, self._encoder, self._reads = session(data, where, cache), encoder, reads
        _expect(self._session.get_inputs(), reads, (1, 1, 1, len_samples), where)
        if encoder:
            _expect(self._session.get_outputs(), "features", (1, n_labels), where)
            return
        _expect(self._session.get_outputs(), "logits", (1, n_labels), where)
        _expect(self._session.get_outputs(), "activation", (1, n_labels, None), where)

    @property
    def runtime(self) -> str:
        """Which onnxruntime it is."""
        return version()

    def __call__(self, x: Floats) -> Answer:
        """Answer to an input of shape (1, 1, 1, length)."""
        if self._encoder:
            (features,) = self._session.run(["features"], {self._reads: x})
            return Answer(features[0], features.reshape(-1, 1)[:, :0])
        logits, activation = self._session.run(["logits", "activation"], {self._reads: x})
        return Answer(logits[0], activation[0])

    def fork(self) -> Net:
        """Return itself: runs do not disturb each other."""
        return self


class Tree:
    """Trees on features, on onnxruntime: features in, a probability a label out."""

    __slots__ = ("_session",)

    def __init__(self, data: bytes, where: str, *, n_features: int, n_labels: int, cache: Path | None) -> None:
        self._session = session(data, where, cache)
        _expect(self._session.get_inputs(), "features", (None, n_features), where)
        _expect(self._session.get_outputs(), "scores", (None, n_labels), where)

    def __call__(self, features: Floats) -> Floats:
        """Return the probabilities of one row of features, shape (labels,)."""
        (scores,) = self._session.run(["scores"], {"features": features.reshape(1, -1)})
        return scores[0]  # type: ignore[no-any-return]


def _expect(found: list[ort.NodeArg], name: str, shape: tuple[int | None, ...], where: str) -> None:
    """Refuse a graph without this value, or with another shape of it; None stands for any length."""
    wanted = f"{name} of shape ({', '.join('any' if size is None else str(size) for size in shape)})"
    values = [value for value in found if value.name == name]
    if not values:
        raise ModelError(Fault(where, f"a graph with {', '.join(value.name for value in found)}", f"one with {wanted}"))
    given = tuple(values[0].shape)
    if len(given) != len(shape) or any(size is not None and size != got for size, got in zip(shape, given, strict=True)):
        raise ModelError(Fault(where, f"{name} of shape {given}", wanted))
