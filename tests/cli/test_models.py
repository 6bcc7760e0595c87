"""`edgeecg models list | show | verify | bench`: what is there, what it says, whether it is sound, how fast it is here."""

import json
from pathlib import Path
from typing import Any

import pytest

from edgeecg.cli import main
from edgeecg.models import card as cards
from edgeecg.models.card import FileKey
from edgeecg.models.registry import Registry
from tests.models import toys


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEECG_MODELS", str(tmp_path))
    monkeypatch.setenv("EDGEECG_CACHE", str(tmp_path))
    monkeypatch.setattr("edgeecg.models.folders.shipped", lambda: tmp_path / "none")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_models_are_listed_with_what_is_wrong_with_them(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toys.toy(models, untrained=True)
    (models / "bad-1.card.toml").write_text("name = ")
    assert main(["models", "list"]) == 0
    bad, good = capsys.readouterr().out.splitlines()
    assert bad.startswith("bad-1 ")
    assert "is not valid TOML" in bad
    assert good.split() == ["toy-1.0", "window", "N,", "A,", "~", "A", "model", "for", "tests.", "(untrained)"]
    main(["models", "list", "--json"])
    rows = said(capsys)
    assert [row["id"] for row in rows] == ["bad-1", "toy-1.0"]
    assert rows[1]["nets"] == ["fp32_onnx"]


def test_an_empty_list_says_where_it_looked(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    assert capsys.readouterr().out == f"no models, neither in {models}, {models / 'none'}\n"


def test_what_is_shown_is_the_card(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = toys.toy(models)
    assert main(["models", "show", "toy"]) == 0
    text = capsys.readouterr().out
    assert cards.loads(text) == card
    assert f"# sha256 {cards.digest(card)}" in text
    main(["models", "show", "toy", "--json"])
    (row,) = said(capsys)
    assert (row["in_use"], row["labels"], row["sha256"]) == ("fp32_onnx", ["N", "A", "~"], cards.digest(card))
    assert main(["models", "show", "toys"]) == 2
    assert "model: 'toys' is not one of toy" in capsys.readouterr().err


def test_sound_models_are_verified(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toys.toy(models, tflite=toys.TFLITE)
    assert main(["models", "verify", "--json"]) == 0
    rows = said(capsys)
    assert [row["what"] for row in rows] == ["card", "fp32_onnx", "fp32_tflite"][: len(rows)]
    assert {row["verdict"] for row in rows} == {"sound"}


def test_other_weights_under_the_right_hash_are_found_by_what_they_answer(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = toys.toy(models)
    path = models / card.files[FileKey.FP32_ONNX].path
    path.write_bytes(toys.onnx_net(toys.weights(seed=8)))
    cards.write(card.model_copy(update={"files": {FileKey.FP32_ONNX: cards.file_entry(path)}}), models)
    assert main(["models", "verify", "toy"]) == 1
    assert "wrong    the golden window gives (" in capsys.readouterr().out


def test_a_changed_file_and_a_broken_card_are_wrong(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = toys.toy(models)
    (models / card.files[FileKey.FP32_ONNX].path).write_bytes(b"")
    (models / "bad-1.card.toml").write_text("name = 3")
    assert main(["models", "verify", "--json"]) == 1
    assert [(row["model"], row["what"], row["verdict"]) for row in said(capsys)] == [
        ("bad-1", "card", "wrong"),
        ("toy-1.0", "card", "sound"),
        ("toy-1.0", "fp32_onnx", "wrong"),
    ]


@pytest.mark.skipif(not toys.TFLITE, reason="ai-edge-litert is not installed")
def test_a_file_without_its_runtime_is_not_run(models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    toys.toy(models, tflite=True)
    monkeypatch.setattr("edgeecg.models.tflite_backend._interpreter", lambda: ("", None))
    assert main(["models", "verify", "toy", "--json"]) == 0
    assert [row["verdict"] for row in said(capsys)] == ["sound", "sound", "not run"]


def test_files_are_measured_and_the_choice_is_kept(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toys.toy(models, tflite=toys.TFLITE)
    assert main(["models", "bench", "toy", "--rounds", "1", "--choose", "--json"]) == 0
    *rows, chosen = said(capsys)
    assert {row["key"] for row in rows} == {"fp32_onnx", "fp32_tflite"} if toys.TFLITE else {"fp32_onnx"}
    assert all(row["window_ms"] > 0 and row["verdict"] == "sound" for row in rows)
    assert Registry().load("toy").key == chosen["chosen"]


def test_a_file_that_is_wrong_is_never_chosen(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = toys.toy(models)
    path = models / card.files[FileKey.FP32_ONNX].path
    path.write_bytes(toys.onnx_net(toys.weights(seed=8)))
    cards.write(card.model_copy(update={"files": {FileKey.FP32_ONNX: cards.file_entry(path)}}), models)
    assert main(["models", "bench", "toy", "--rounds", "1", "--choose"]) == 2
    assert "toy-1.0: --choose: no sound file is not enough to choose" in capsys.readouterr().err
    assert not list(models.glob("models/*.choice.json"))


def test_the_default_model_is_measured_where_none_is_named(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toys.toy(models)
    assert main(["models", "bench", "--rounds", "1"]) == 2
    assert "no index.toml says which is meant" in capsys.readouterr().err
    (models / "index.toml").write_text('default = "toy"')
    assert main(["models", "bench", "--rounds", "1"]) == 0
    assert "ms a window" in capsys.readouterr().out
