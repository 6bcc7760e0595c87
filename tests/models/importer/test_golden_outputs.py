"""The whole way from a published checkpoint to an answer, against what the publications' own code says to the same weights and input."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from edgeecg.models.importer import checkpoint
from edgeecg.models.importer.checkpoint import FAMILIES, Family
from edgeecg.models.importer.publications import ECGFOUNDER_LABELS, ON_ONE_LEAD
from edgeecg.models.net1d.onnx_graph import build
from edgeecg.models.net1d.shape import Net1dShape
from tests.models.importer import torchfile
from tests.models.net1d.weights import entry

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden_outputs.json").read_text(encoding="utf-8"))
NETS = [(family, net, shape) for family in FAMILIES.values() for net, shape in family.nets.items()]


def published(family: Family, shape: Net1dShape) -> dict[str, tuple[int, ...]]:
    return shape.weights(family.n_labels) | shape.unused()


@pytest.mark.parametrize(("family", "net", "shape"), NETS, ids=[net for _, net, _ in NETS])
def test_the_keys_are_the_published_ones(family: Family, net: str, shape: Net1dShape) -> None:
    lines = sorted(f"{name} {dims}" for name, dims in published(family, shape).items())
    assert len(lines) == GOLDEN["keys"][net]["count"]
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == GOLDEN["keys"][net]["sha256"]


def test_the_labels_are_150_and_those_shown_are_among_them() -> None:
    assert len(set(ECGFOUNDER_LABELS)) == 150 == len(ECGFOUNDER_LABELS)
    assert set(ON_ONE_LEAD) < set(ECGFOUNDER_LABELS)


@cache
def weight(name: str, dims: tuple[int, ...]) -> NDArray[Any]:
    """The publications share most of their names: thirty million sines are enough."""
    return entry(name, dims) if dims else np.array(0)


def wave(t: NDArray[np.float64], c: float, s: float, period: float) -> NDArray[np.float64]:
    return np.exp(-((t % period - c) ** 2) / (2 * s**2))


def ecg(which: str) -> NDArray[np.float32]:
    t = np.arange(5000) / 500
    if which == "a":
        waves = ((0.12, 0.16, 0.02), (-0.1, 0.235, 0.008), (1.0, 0.26, 0.01), (-0.2, 0.285, 0.009), (0.3, 0.48, 0.04))
        x = sum((height * wave(t, c, s, 0.8) for height, c, s in waves), np.zeros(5000))
    else:
        x = 0.9 * wave(t, 0.2, 0.03, 0.61) - 0.5 * wave(t, 0.33, 0.05, 0.61) + 0.1 * np.sin(2 * np.pi * 0.3 * t)
    return np.asarray((x - x.mean()) / (x.std() + 1e-8), np.float32)


@pytest.mark.parametrize(("family", "net"), [("clef", "clef-small"), ("ecgfounder", "ecgfounder"), ("clef", "clef-medium")])
def test_an_imported_net_says_what_the_publications_code_says(tmp_path: Path, family: str, net: str) -> None:
    kind = FAMILIES[family]
    shape = kind.nets[net]
    arrays = {kind.prefix + name: weight(name, dims) for name, dims in published(kind, shape).items()}
    read = checkpoint.read(torchfile.checkpoint(tmp_path / "net.ckpt", arrays), kind)
    assert read.net == net
    session = ort.InferenceSession(build(shape, kind.n_labels, read.weights, 5000).SerializeToString(), providers=["CPUExecutionProvider"])
    output = "logits" if kind.n_labels else "features"
    said = {which: session.run([output], {"ecg": ecg(which)[None, None, None]})[0][0] for which in "ab"}
    for which, wanted in GOLDEN["outputs"][net].items():
        assert np.abs(said[which] - wanted).max() < 1e-4 * np.abs(wanted).max()
    assert np.abs(said["a"] - said["b"]).max() > 0.1 * np.abs(said["a"]).max(), "a net that says one thing to everything proves nothing"
