"""Net1D in torch and its exported graph are one network, batch norm folded or absent."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from edgeecg.models.net1d.shape import Net1dShape

torch: Any = pytest.importorskip("torch")

SHAPE = Net1dShape(base=8, ratio=0.5, filters=(8, 16, 32), blocks=(1, 2, 1), group_width=4)


@pytest.fixture(autouse=True)
def _training_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2] / "training"), *sys.path])


def trained(n_labels: int, batch_norm: bool) -> Any:
    """A net whose norms have statistics, gains and offsets that matter."""
    from net1d.model import Net1D  # type: ignore[import-not-found, unused-ignore]

    torch.manual_seed(3)
    net = Net1D(SHAPE, n_labels, batch_norm=batch_norm)
    for _ in range(5):
        net(torch.randn(8, 1, 100) * 2 + 0.5)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)
    return net.eval()


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("length", [99, 100])
def test_the_exported_graph_says_what_the_net_says(tmp_path: Path, length: int, batch_norm: bool) -> None:
    from net1d.export import to_onnx  # type: ignore[import-not-found, unused-ignore]

    net = trained(3, batch_norm)
    to_onnx(net, length, tmp_path / "net.onnx")
    session = ort.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    ecgs = torch.randn(4, 1, length)
    said = [session.run(["logits", "activation"], {"ecg": ecg[None, None].numpy()}) for ecg in ecgs]
    logits, activations = np.concatenate([s[0] for s in said]), np.concatenate([s[1] for s in said])
    with torch.no_grad():
        wanted, moments = net(ecgs).numpy(), net.activation(ecgs).numpy()
    assert np.abs(logits - wanted).max() < 1e-5 * np.abs(wanted).max()
    assert np.abs(activations - moments).max() < 1e-5 * np.abs(moments).max()
    assert wanted.std(axis=0).min() > 0.01, "a net that says one thing to everything proves nothing"


def test_its_parameters_carry_the_published_names() -> None:
    from net1d.model import Net1D

    said = {name: tuple(tensor.shape) for name, tensor in Net1D(SHAPE, 3).state_dict().items()}
    assert said == SHAPE.weights(3)
