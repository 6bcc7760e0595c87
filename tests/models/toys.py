"""Tiny models with everything a real one has: a net as ONNX and TFLite with the same weights, a tree, a card."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edgeecg.models import card as cards
from edgeecg.models import golden
from edgeecg.models.card import Card
from tests.models.cards import table

LABELS = ("N", "A", "~")
PLACES = 8
LENGTH = 1000
TFLITE = importlib.util.find_spec("ai_edge_litert") is not None

Weights = tuple[NDArray[np.float32], NDArray[np.float32]]


def weights(seed: int = 0, length: int = LENGTH, n_labels: int = len(LABELS)) -> Weights:
    """A matrix from samples to (label, place), and a bias a label."""
    rng = np.random.default_rng(seed)
    return rng.normal(scale=0.2, size=(n_labels * PLACES, length)).astype(np.float32), rng.normal(size=n_labels).astype(np.float32)


def _saved(graph: onnx.GraphProto, *opsets: tuple[str, int]) -> bytes:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(*one) for one in opsets], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()  # type: ignore[no-any-return]


def onnx_net(made: Weights, *, names: tuple[str, str, str] = ("ecg", "logits", "activation")) -> bytes:
    """The net as ONNX; other names of its values make a graph that is not to be loaded."""
    matrix, bias = made
    n_labels, length = len(bias), matrix.shape[1]
    ecg, logits, activation = names
    constants = {
        "flat": np.array([1, length]),
        "map": np.array([1, n_labels, PLACES]),
        "w": matrix,
        "bias": bias[None],
        "time": np.array([2]),
    }
    nodes = [
        helper.make_node("Reshape", [ecg, "flat"], ["x"]),
        helper.make_node("Gemm", ["x", "w"], ["y"], transB=1),
        helper.make_node("Reshape", ["y", "map"], [activation]),
        helper.make_node("ReduceMean", [activation, "time"], ["mean"], keepdims=0),
        helper.make_node("Add", ["mean", "bias"], [logits]),
    ]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info(ecg, TensorProto.FLOAT, [1, 1, 1, length])],
        [
            helper.make_tensor_value_info(logits, TensorProto.FLOAT, [1, n_labels]),
            helper.make_tensor_value_info(activation, TensorProto.FLOAT, [1, n_labels, PLACES]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return _saved(graph, ("", 18))


def onnx_tree(n_labels: int = len(LABELS)) -> bytes:
    """One stump on feature 0: above 0.5 the second label has it all, else the first."""
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["scores"],
        domain="ai.onnx.ml",
        n_targets=n_labels,
        nodes_treeids=[0, 0, 0],
        nodes_nodeids=[0, 1, 2],
        nodes_featureids=[0, 0, 0],
        nodes_values=[0.5, 0.0, 0.0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"],
        nodes_truenodeids=[1, 0, 0],
        nodes_falsenodeids=[2, 0, 0],
        target_treeids=[0, 0],
        target_nodeids=[1, 2],
        target_ids=[0, 1],
        target_weights=[1.0, 1.0],
    )
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 2])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, n_labels])
    return _saved(helper.make_graph([node], "stump", [features], [scores]), ("", 18), ("ai.onnx.ml", 3))


def tflite_net(made: Weights) -> bytes:
    """The net as TFLite."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as tfl

    matrix, bias = made
    n_labels, length = len(bias), matrix.shape[1]
    values: list[NDArray[Any]] = [
        np.zeros(0, np.uint8),
        np.array([1, length], np.int32),
        matrix,
        bias,
        np.array([1, n_labels, PLACES], np.int32),
        np.array([2], np.int32),
    ]
    shapes = [
        ("ecg", [1, 1, 1, length], 0),
        ("flat", [2], 1),
        ("x", [1, length], 0),
        ("w", list(matrix.shape), 2),
        ("bias", [1, n_labels], 3),
        ("y", [1, n_labels * PLACES], 0),
        ("map", [3], 4),
        ("activation", [1, n_labels, PLACES], 0),
        ("time", [1], 5),
        ("mean", [1, n_labels], 0),
        ("logits", [1, n_labels], 0),
    ]
    model, subgraph = tfl.ModelT(), tfl.SubGraphT()
    for name, shape, buffer in shapes:
        tensor = tfl.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, shape, buffer
        tensor.type = tfl.TensorType.INT32 if name in {"flat", "map", "time"} else tfl.TensorType.FLOAT32
        subgraph.tensors = [*(subgraph.tensors or []), tensor]
    steps = [("RESHAPE", [0, 1], 2), ("FULLY_CONNECTED", [2, 3, -1], 5), ("RESHAPE", [5, 6], 7)]
    steps += [("MEAN", [7, 8], 9), ("ADD", [9, 4], 10)]
    codes = ("RESHAPE", "FULLY_CONNECTED", "MEAN", "ADD")
    subgraph.operators = []
    for name, inputs, output in steps:
        operator = tfl.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = codes.index(name), inputs, [output]
        if name == "FULLY_CONNECTED":
            operator.builtinOptionsType, operator.builtinOptions = tfl.BuiltinOptions.FullyConnectedOptions, tfl.FullyConnectedOptionsT()
        if name == "MEAN":
            operator.builtinOptionsType, operator.builtinOptions = tfl.BuiltinOptions.ReducerOptions, tfl.ReducerOptionsT()
        if name == "ADD":
            operator.builtinOptionsType, operator.builtinOptions = tfl.BuiltinOptions.AddOptions, tfl.AddOptionsT()
        subgraph.operators.append(operator)
    subgraph.inputs, subgraph.outputs = [0], [7, 10]
    model.version, model.subgraphs, model.operatorCodes, model.buffers = 3, [subgraph], [], []
    for name in codes:
        code = tfl.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(tfl.BuiltinOperator, name)
        code.version = 1
        model.operatorCodes.append(code)
    for value in values:
        buffer_of = tfl.BufferT()
        buffer_of.data = np.frombuffer(value.tobytes(), np.uint8) if value.size else None
        model.buffers.append(buffer_of)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def toy(folder: Path, *, net: bool = True, tree: bool = False, tflite: bool = False, seed: int = 0, **changes: Any) -> Card:
    """Write a toy model with its card into a folder."""
    made = weights(seed)
    name, version = changes.get("name", "toy"), changes.get("version", "1.0")
    data = {"fp32_onnx": (onnx_net(made), "fp32.onnx")} if net else {}
    data |= {"tree_onnx": (onnx_tree(), "tree.onnx")} if tree else {}
    data |= {"fp32_tflite": (tflite_net(made), "fp32.tflite")} if tflite else {}
    files = {}
    for key, (content, suffix) in data.items():
        path = folder / f"{name}-{version}.{suffix}"
        path.write_bytes(content)
        files[key] = cards.file_entry(path).model_dump()
    if tree:
        features = {"features": "toy", "features_version": 1, "features_len": 2}
        changes.setdefault("fusion", {"net_weight": 0.5 if net else 0.0, **features})
    draft = table(files=files, **changes)
    del draft["golden"]
    card = golden.completed(draft, folder)
    cards.write(card, folder)
    return card
