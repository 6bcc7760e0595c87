"""Net1D as a TFLite file of one input length, in float or in int8, written as the schema that ai-edge-litert ships says.

Int8: activations by the ranges given, asymmetric; weights symmetric, a step for each output channel; biases int32. What is named to stay
in float does, between a DEQUANTIZE and a QUANTIZE. Convolutions are two-dimensional, (1, k), channels last; TFLite's SAME is the net's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from edgeecg.models.net1d.assemble import ACTIVATION, FEATURES, INPUT, LOGITS, assemble
from edgeecg.models.net1d.onnx_graph import Net1d, check

Range = tuple[float, float]

ALIGNMENT = 16  # of every array in the file: the schema asks for it, the generated writer forgets it
SCHEMA_VERSION = 3
OPS = {  # the version of each operation in which int8, or what else is used here, came
    "ADD": 2, "CONV_2D": 6, "DEQUANTIZE": 2, "LOGISTIC": 2, "MAX_POOL_2D": 2, "MEAN": 2, "MUL": 2, "PAD": 2, "QUANTIZE": 1, "RESHAPE": 1, "TRANSPOSE": 2,
}  # fmt: skip
TYPES = {"float32": schema.TensorType.FLOAT32, "int8": schema.TensorType.INT8, "int32": schema.TensorType.INT32}


@dataclass(frozen=True, slots=True)
class _Steps:
    """How int8 is read: (value - zero) * scale."""

    scale: float
    zero: int


SIGMOID_STEPS = _Steps(1 / 256, -128)  # TFLite has no other


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A value in the file: where, how large, and how to read it."""

    index: int
    name: str
    dims: tuple[int, ...]
    steps: _Steps | None = None


def build(net: Net1d, ranges: Mapping[str, Range] | None = None, in_float: Collection[str] = ()) -> bytes:
    """Return the file: `ecg` (1, 1, length, 1) -> logits (1, n) and activation (1, n, time), or features; int8 where ranges are given."""
    check(net.shape, net.n_labels, net.weights)
    graph = _TfliteGraph(net.weights, ranges or {}, in_float)
    ecg = graph.tensor(INPUT, (1, 1, net.len_samples, 1))
    assemble(net.shape, net.n_labels, ecg, graph)
    return graph.file(ecg)


class _TfliteGraph:
    """Tensors, arrays and operators so far."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]], ranges: Mapping[str, Range], in_float: Collection[str]) -> None:
        self._weights, self._ranges, self._in_float = weights, ranges, in_float
        self._buffers: list[Any] = [schema.BufferT()]  # the first is nothing's
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: list[str] = []
        self._outputs: list[_Tensor] = []
        self._cast: dict[tuple[int, bool], _Tensor] = {}

    def file(self, ecg: _Tensor) -> bytes:
        """Close the graph and return the file."""
        outputs = [tensor.index for tensor in self._outputs]
        graph = schema.SubGraphT(tensors=self._tensors, inputs=[ecg.index], outputs=outputs, operators=self._operators, name="net1d")
        codes = [_code(name) for name in self._codes]
        model = schema.ModelT(SCHEMA_VERSION, codes, [graph], "edgeecg", self._buffers)
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    # --- the network's operations ---------------------------------------------------------------------------------

    def conv(self, x: _Tensor, name: str, *, stride: int = 1, groups: int = 1) -> _Tensor:
        """Convolve; how many groups, the kernel's shape says."""
        kernel = self._weights[f"{name}.conv.weight"]
        assert kernel.shape[1] * groups == x.dims[3], "groups times channels a group are the channels"
        return self._convolve(x, name, kernel, self._weights[f"{name}.conv.bias"], stride)

    def dense(self, x: _Tensor, name: str) -> _Tensor:
        """Convolve with kernels of one."""
        return self._convolve(x, name, self._weights[f"{name}.weight"][:, :, None], self._weights[f"{name}.bias"], 1)

    def _convolve(self, x: _Tensor, name: str, kernel: NDArray[np.float32], bias: NDArray[np.float32], stride: int) -> _Tensor:
        x = self._as(x, name)
        dims = (1, 1, -(-x.dims[2] // stride), len(kernel))
        options = schema.Conv2DOptionsT(padding=schema.Padding.SAME, strideW=stride, strideH=1)
        rows = np.ascontiguousarray(np.moveaxis(kernel, 1, 2)[:, None])  # (out, 1, k, in / groups)
        if x.steps is None:
            arrays = [self._array(f"{name}.weight", rows), self._array(f"{name}.bias", bias)]
            return self._operator("CONV_2D", [x, *arrays], name, dims, options=options)
        greatest = np.abs(rows).reshape(len(rows), -1).max(axis=1).astype(np.float64)
        scale = np.where(greatest > 0, greatest, 1.0) / 127
        coarse = np.rint(rows / scale[:, None, None, None]).astype(np.int8)
        sums = np.clip(np.rint(bias / (scale * x.steps.scale)), -(2**31), 2**31 - 1).astype(np.int32)
        arrays = [self._array(f"{name}.weight", coarse, scale), self._array(f"{name}.bias", sums, scale * x.steps.scale)]
        return self._operator("CONV_2D", [x, *arrays], name, dims, options=options)

    def swish(self, x: _Tensor, name: str) -> _Tensor:
        """Multiply by the sigmoid."""
        x = self._as(x, name)
        return self._operator("MUL", [x, self.sigmoid(x, f"{name}.sigmoid")], name, x.dims, options=schema.MulOptionsT())

    def sigmoid(self, x: _Tensor, name: str) -> _Tensor:
        """As it is called."""
        return self._operator("LOGISTIC", [self._as(x, name)], name, x.dims, steps=SIGMOID_STEPS)

    def mean(self, x: _Tensor, name: str) -> _Tensor:
        """Average, keeping the dimensions."""
        axes = self._array(f"{name}.axes", np.array([1, 2], np.int32))
        options = schema.ReducerOptionsT(keepDims=True)
        return self._operator("MEAN", [self._as(x, name), axes], name, (1, 1, 1, x.dims[3]), options=options)

    def scale(self, x: _Tensor, gain: _Tensor, name: str) -> _Tensor:
        """Multiply, each channel by its own."""
        return self._operator("MUL", [self._as(x, name), self._as(gain, name)], name, x.dims, options=schema.MulOptionsT())

    def halve(self, x: _Tensor, name: str) -> _Tensor:
        """Pool by two, behind a zero where the length is odd; TFLite's SAME would pad with minus infinity."""
        x = self._as(x, name)
        if x.dims[2] % 2:
            x = self._pad(x, f"{name}.pad", [[0, 0], [0, 0], [0, 1], [0, 0]])
        options = schema.Pool2DOptionsT(padding=schema.Padding.VALID, strideW=2, strideH=1, filterWidth=2, filterHeight=1)
        return self._operator("MAX_POOL_2D", [x], name, (1, 1, x.dims[2] // 2, x.dims[3]), options=options, steps=x.steps)

    def grow(self, x: _Tensor, name: str, before: int, after: int) -> _Tensor:
        """Pad the channels."""
        return self._pad(self._as(x, name), name, [[0, 0], [0, 0], [0, 0], [before, after]])

    def _pad(self, x: _Tensor, name: str, zeros: Sequence[Sequence[int]]) -> _Tensor:
        dims = tuple(size + sum(around) for size, around in zip(x.dims, zeros, strict=True))
        return self._operator("PAD", [x, self._array(f"{name}.pads", np.array(zeros, np.int32))], name, dims, steps=x.steps)

    def add(self, x: _Tensor, y: _Tensor, name: str) -> _Tensor:
        """As it is called."""
        return self._operator("ADD", [self._as(x, name), self._as(y, name)], name, x.dims, options=schema.AddOptionsT())

    def end(self, x: _Tensor) -> None:
        """Average over time."""
        axes = self._array(f"{FEATURES}.axes", np.array([1, 2], np.int32))
        options = schema.ReducerOptionsT(keepDims=False)
        self._outputs.append(self._operator("MEAN", [self._in_float_(x), axes], FEATURES, (1, x.dims[3]), options=options))

    def head(self, x: _Tensor) -> None:
        """Mix the features at each moment; average and add the bias."""
        kernel, bias = self._weights["dense.weight"], self._weights["dense.bias"]
        n, length = len(kernel), x.dims[2]
        moments = self._convolve(self._in_float_(x), "dense", kernel[:, :, None], np.zeros_like(bias), 1)
        flat = self._operator(
            "RESHAPE", [moments, self._array("dense.dims", np.array([1, length, n], np.int32))], "dense.flat", (1, length, n)
        )
        order = self._array("dense.order", np.array([0, 2, 1], np.int32))
        options = schema.ReducerOptionsT(keepDims=False)
        mean = self._operator("MEAN", [flat, self._array("dense.axes", np.array([1], np.int32))], "dense.mean", (1, n), options=options)
        logits = self._operator("ADD", [mean, self._array("dense.bias_", bias[None])], LOGITS, (1, n), options=schema.AddOptionsT())
        activation = self._operator("TRANSPOSE", [flat, order], ACTIVATION, (1, n, length), options=schema.TransposeOptionsT())
        self._outputs += [logits, activation]

    # --- between int8 and float -----------------------------------------------------------------------------------

    def _as(self, x: _Tensor, reader: str) -> _Tensor:
        """Give a tensor as the operation that reads it works: in float or in int8."""
        if not self._ranges or reader in self._in_float:
            return self._in_float_(x)
        return x if x.steps else self._once(x, "QUANTIZE", _steps(self._ranges[x.name]))

    def _in_float_(self, x: _Tensor) -> _Tensor:
        return self._once(x, "DEQUANTIZE", None) if x.steps else x

    def _once(self, x: _Tensor, kind: str, steps: _Steps | None) -> _Tensor:
        key = (x.index, steps is None)
        if key not in self._cast:
            self._cast[key] = self._operator(kind, [x], x.name, x.dims, steps=steps)
        return self._cast[key]

    # --- what the file is made of ---------------------------------------------------------------------------------

    def tensor(self, name: str, dims: tuple[int, ...], steps: _Steps | None = None) -> _Tensor:
        """Declare a value that is computed, or given."""
        quantization = schema.QuantizationParametersT(scale=[steps.scale], zeroPoint=[steps.zero]) if steps else None
        return self._declare(name, dims, "int8" if steps else "float32", quantization, 0, steps)

    def _array(self, name: str, values: NDArray[Any], scales: NDArray[np.float64] | None = None) -> _Tensor:
        """Store an array; `scales`: a step for each entry of its first dimension."""
        self._buffers.append(_AlignedBuffer(values))
        quantization = None if scales is None else schema.QuantizationParametersT(scale=scales.tolist(), zeroPoint=[0] * len(scales))
        return self._declare(name, values.shape, str(values.dtype), quantization, len(self._buffers) - 1, None)

    def _declare(self, name: str, dims: tuple[int, ...], kind: str, quantization: Any, buffer: int, steps: _Steps | None) -> _Tensor:
        self._tensors.append(schema.TensorT(shape=list(dims), type=TYPES[kind], buffer=buffer, name=name, quantization=quantization))
        return _Tensor(len(self._tensors) - 1, name, dims, steps)

    def _operator(
        self, kind: str, inputs: Sequence[_Tensor], name: str, dims: tuple[int, ...], *, options: Any = None, steps: _Steps | None = None
    ) -> _Tensor:
        """Write an operation; in int8 its output has the steps given, or those of its range."""
        if inputs[0].steps and not steps and kind != "DEQUANTIZE":
            steps = _steps(self._ranges[name])
        elif not inputs[0].steps and kind != "QUANTIZE":
            steps = None
        out = self.tensor(name, dims, steps)
        if kind not in self._codes:
            self._codes.append(kind)
        which = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T")) if options else 0
        sources = [tensor.index for tensor in inputs]
        self._operators.append(schema.OperatorT(self._codes.index(kind), sources, [out.index], which, options))
        return out


def _steps(span: Range) -> _Steps:
    low, high = min(0.0, span[0]), max(0.0, span[1])
    scale = max(high - low, 1e-9) / 255
    return _Steps(scale, int(np.clip(np.rint(-128 - low / scale), -128, 127)))


def _code(name: str) -> Any:
    code = getattr(schema.BuiltinOperator, name)
    return schema.OperatorCodeT(deprecatedBuiltinCode=min(code, 127), builtinCode=code, version=OPS[name])


class _AlignedBuffer(schema.BufferT):  # type: ignore[misc]
    """An array in the file, where a processor may read it as it lies."""

    def __init__(self, values: NDArray[Any]) -> None:
        super().__init__()
        self._bytes = values.astype(values.dtype.newbyteorder("<")).tobytes()

    def Pack(self, builder: Any) -> Any:  # noqa: N802  (the generated writer's name)
        """Write it."""
        builder.StartVector(1, len(self._bytes), ALIGNMENT)
        builder.head -= len(self._bytes)
        builder.Bytes[builder.head : builder.head + len(self._bytes)] = self._bytes
        data = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)
