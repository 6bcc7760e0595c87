"""Models are found by name, the user's own first, and what cannot be used is said in one record."""

from pathlib import Path

import pytest

from edgeecg.errors import ModelError
from edgeecg.models import choice, folders
from edgeecg.models.card import FileKey
from edgeecg.models.registry import Registry
from edgeecg.types import ModelChange
from tests.models import toys


def test_the_newest_version_of_the_first_folder_is_meant(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    for folder, name, version in ((own, "one", "1.9"), (own, "one", "1.10"), (shipped, "one", "2.0"), (shipped, "two", "1")):
        folder.mkdir(exist_ok=True)
        toys.toy(folder, name=name, version=version)
    registry = Registry(own, shipped)
    assert registry.card("one").version == "1.10"
    assert registry.card("one-1.9").version == "1.9"
    assert registry.card("one-2.0").version == "2.0"
    assert registry.card("two").name == "two"
    assert registry.card(str(shipped / "one-2.0.card.toml")).version == "2.0"
    with pytest.raises(ModelError, match=r"model: 'three' is not one of one, two"):
        registry.card("three")


def test_where_there_is_none_the_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"model: 'one' is not there: no folder holds one .{tmp_path}"):
        Registry(tmp_path).card("one")


def test_the_index_says_which_model_is_meant(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no index.toml says which is meant"):
        Registry(tmp_path).default()
    (tmp_path / "index.toml").write_text('default = "one"')
    assert Registry(tmp_path / "empty", tmp_path).default() == "one"
    (tmp_path / "index.toml").write_text("default = ")
    with pytest.raises(ModelError, match=r'is not TOML with default = "NAME"'):
        Registry(tmp_path).default()


def test_the_checkout_and_the_user_have_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert (folders.shipped() / "index.toml").exists()
    monkeypatch.setenv("EDGEECG_MODELS", str(tmp_path))
    assert folders.own() == tmp_path
    monkeypatch.setenv("EDGEECG_CACHE", str(tmp_path))
    assert folders.cache_folder() == tmp_path / "models"
    (tmp_path / "models").chmod(0o777)
    assert folders.cache_folder() is None, "anybody could put a graph there that would be run"


def test_a_sound_model_is_ready_and_says_what_runs(tmp_path: Path) -> None:
    toys.toy(tmp_path)
    model, state = Registry(tmp_path).state("toy")
    assert model
    assert (state.model, state.change) == ("toy", ModelChange.READY)
    assert state.detail.startswith("toy-1.0, fp32_onnx on onnxruntime 1.")


def test_a_tampered_model_is_refused_in_a_record(tmp_path: Path) -> None:
    card = toys.toy(tmp_path)
    (tmp_path / card.files[FileKey.FP32_ONNX].path).write_bytes(b"short")
    model, state = Registry(tmp_path).state("toy")
    assert model is None
    assert state.change is ModelChange.REFUSED
    assert "5 bytes long is not the file its card names" in state.detail


def test_a_card_that_is_none_is_refused_in_a_record(tmp_path: Path) -> None:
    (tmp_path / "toy-1.0.card.toml").write_text("name = 3")
    _, state = Registry(tmp_path).state("toy")
    assert state.change is ModelChange.REFUSED
    assert "toy-1.0.card.toml: name: 3 is not a valid string" in state.detail


@pytest.mark.skipif(not toys.TFLITE, reason="ai-edge-litert is not installed")
def test_a_model_without_its_runtime_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toys.toy(tmp_path, net=False, tflite=True)
    assert Registry(tmp_path).state("toy")[1].change is ModelChange.READY
    monkeypatch.setattr("edgeecg.models.tflite_backend._interpreter", lambda: ("", None))
    _, state = Registry(tmp_path).state("toy")
    assert state.change is ModelChange.UNAVAILABLE
    assert "edgeecg[tflite] is not installed" in state.detail


def test_no_classifier_loads_an_untrained_model(tmp_path: Path) -> None:
    toys.toy(tmp_path, untrained=True)
    with pytest.raises(ModelError, match=r"toy-1.0: an untrained model is not one that answers"):
        Registry(tmp_path).load("toy")
    assert Registry(tmp_path).load("toy", untrained=True).net


@pytest.mark.skipif(not toys.TFLITE, reason="ai-edge-litert is not installed")
def test_what_was_chosen_for_this_host_is_loaded_until_the_card_changes(tmp_path: Path) -> None:
    models, cache = tmp_path / "models", tmp_path / "cache"
    models.mkdir()
    cache.mkdir()
    card = toys.toy(models, tflite=True)
    registry = Registry(models, cache=cache)
    assert registry.load("toy").key is FileKey.FP32_ONNX
    choice.record(card, FileKey.FP32_TFLITE, cache)
    assert registry.load("toy").key is FileKey.FP32_TFLITE
    toys.toy(models, tflite=True, summary="Another one.")
    assert registry.load("toy").key is FileKey.FP32_ONNX


@pytest.mark.parametrize("text", ["", "[]", '{"file": "other"}', '{"file": "int8_onnx"}'])
def test_a_choice_that_makes_no_sense_is_none(text: str, tmp_path: Path) -> None:
    card = toys.toy(tmp_path)
    choice.record(card, FileKey.FP32_ONNX, tmp_path).write_text(text)
    assert choice.of(card, tmp_path) is None
