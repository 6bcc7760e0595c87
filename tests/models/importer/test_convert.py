"""A checkpoint becomes a model that is whole, carded, verified, and used for what it is: statements, or features."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeecg.cli import main
from edgeecg.errors import ModelError
from edgeecg.facts import StreamFacts
from edgeecg.models import card as cards
from edgeecg.models import recording
from edgeecg.models.card import FileKey
from edgeecg.models.importer.checkpoint import Family
from edgeecg.models.importer.convert import Lead, convert
from edgeecg.models.net1d.shape import Net1dShape
from edgeecg.models.registry import Registry
from edgeecg.models.verify import Verdict, checks
from tests.models import toys
from tests.models.importer import torchfile
from tests.models.net1d.weights import entry

SHAPE = Net1dShape(base=4, ratio=0.5, filters=(4, 8), blocks=(1, 1), group_width=4)
STATEMENTS = Family("ecgfounder", "", {"ecgfounder": SHAPE}, 150)
ENCODER = Family("clef", "backbone.", {"clef-small": SHAPE}, 0)


def lead(seconds: float = 60.0) -> Lead:
    """Beats of a heart that takes its time, over noise."""
    t = np.arange(round(seconds * 250)) / 250
    phase = np.cumsum(1.1 + 0.2 * np.sin(2 * np.pi * 0.07 * t)) / 250
    wander = 0.2 * np.sin(2 * np.pi * 0.3 * t) + 0.02 * np.random.default_rng(0).normal(size=len(t))
    return Lead("a simulated minute", np.exp(-(((phase % 1) - 0.5) ** 2) / 0.0008) + wander, 250.0)


def published(path: Path, family: Family, **changed: Any) -> Path:
    dims = SHAPE.weights(family.n_labels) | SHAPE.unused()
    return torchfile.checkpoint(
        path, {family.prefix + name: changed.get(name, entry(name, d) if d else np.array(0)) for name, d in dims.items()}
    )


def sure() -> dict[str, Any]:
    """A head whose statements are far from undecided."""
    return {"dense.bias": np.where(np.arange(150) % 7 == 5, 40.0, -40.0).astype(np.float32)}


@pytest.fixture
def statements(tmp_path: Path) -> Path:
    convert(published(tmp_path / "net.pth", STATEMENTS, **sure()), STATEMENTS, tmp_path / "models", [lead()], tflite=toys.TFLITE)
    return tmp_path / "models"


def test_statements_become_a_classifier_whose_files_answer_as_its_card_says(statements: Path) -> None:
    registry = Registry(statements)
    (entry_,) = registry.entries()
    assert {check.what: check.verdict for check in checks(entry_)}.keys() >= {"card", "fp32_onnx", "int8_onnx"}
    assert all(check.verdict is Verdict.SOUND for check in checks(entry_)), list(checks(entry_))
    card = registry.card("ecgfounder")
    assert (FileKey.INT8_TFLITE in card.files) == toys.TFLITE
    assert (len(card.labels), card.independent, len(card.shown)) == (150, True, 23)
    assert card.quantization
    assert card.quantization.same_answer_share == 1.0
    assert len(card.quantization.layers) == 12
    assert "net.pth, sha256 " in card.origin


def test_statements_hold_each_for_itself_and_only_those_shown_are_the_answer(statements: Path) -> None:
    model = Registry(statements).load("ecgfounder", key=FileKey.FP32_ONNX)
    minute = lead(20.0)
    said = recording.classify(minute.samples_mv, StreamFacts(name="x", rate_hz=minute.rate_hz), model)
    labels = model.card.labels
    assert [said.probabilities[labels[i]] > 0.99 for i in range(150)] == [i % 7 == 5 for i in range(150)]
    assert said.label == "ATRIAL FIBRILLATION"  # the sixth; what is shown of the others with i % 7 == 5 is less sure or comes later
    assert all(window.label in model.card.shown for window in said.windows if window.readable)


def test_an_encoder_answers_features_and_is_refused_as_a_classifier(tmp_path: Path) -> None:
    card = convert(published(tmp_path / "net.ckpt", ENCODER), ENCODER, tmp_path / "models", [lead()])
    registry = Registry(tmp_path / "models")
    (entry_,) = registry.entries()
    assert all(check.verdict is Verdict.SOUND for check in checks(entry_)), list(checks(entry_))
    assert (card.task, card.labels, card.n_features) == ("features", (), SHAPE.n_features)
    with pytest.raises(ModelError, match=r"clef-small-1: an encoder without a head is not a classifier"):
        registry.load("clef-small")


def test_an_int8_file_the_gate_refuses_is_not_written_and_the_card_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgeecg.models.quantize.MIN_SAME_ANSWER_SHARE", 1.01)
    sentences: list[str] = []
    path = published(tmp_path / "net.pth", STATEMENTS, **sure())
    card = convert(path, STATEMENTS, tmp_path / "models", [lead()], say=sentences.append)
    assert set(card.files) == {FileKey.FP32_ONNX}
    assert card.quantization is None
    assert any("not near enough to fp32" in limit for limit in card.limits)
    assert any("not near enough to fp32" in sentence for sentence in sentences)
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["ecgfounder-1.card.toml", "ecgfounder-1.fp32.onnx"]


def test_what_is_refused_leaves_nothing_behind(tmp_path: Path) -> None:
    wrong = {"dense.bias": np.zeros(149, np.float32)}
    with pytest.raises(ModelError, match=r"dense\.bias: an array \(149,\)"):
        convert(published(tmp_path / "net.pth", STATEMENTS, **wrong), STATEMENTS, tmp_path / "models", [lead()])
    with pytest.raises(ModelError, match="0 readable windows is not at least 20"):
        convert(published(tmp_path / "net.pth", STATEMENTS), STATEMENTS, tmp_path / "models", [lead(3.0)])
    assert not list((tmp_path / "models").glob("*"))


def test_a_model_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / f"ecgfounder-1{cards.SUFFIX}").write_text("mine")
    with pytest.raises(ModelError, match="there already is not in the way"):
        convert(published(tmp_path / "net.pth", STATEMENTS), STATEMENTS, folder, [lead()])
    assert (folder / f"ecgfounder-1{cards.SUFFIX}").read_text() == "mine"


def test_the_command_refuses_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "import", "clef", str(tmp_path / "none.ckpt"), "--to", str(tmp_path)]) == 2
    assert "none.ckpt: No such file or directory is not a readable file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["models", "import", "resnet", "x"])
    assert "family: invalid choice: 'resnet'" in capsys.readouterr().err
