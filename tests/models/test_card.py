"""What a card must say, that all its faults are said at once, and that what is written is what was read."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg.errors import ModelError
from edgeecg.models import card as cards
from edgeecg.models import toml
from edgeecg.models.card import FileKey
from tests.models.cards import HASH, table


def faults(**changes: Any) -> list[str]:
    with pytest.raises(ModelError) as refused:
        cards.make(table(**changes))
    return [str(fault) for fault in refused.value.faults]


# --- reading and writing ------------------------------------------------------------------------------------------


def test_what_is_written_is_what_was_read(tmp_path: Path) -> None:
    card = cards.make(table())
    path = cards.write(card, tmp_path)
    assert path.name == "toy-1.0.card.toml"
    assert cards.read(path) == card
    assert cards.dumps(cards.read(path)) == path.read_text()


def test_the_digest_is_of_the_text_and_any_change_changes_it(tmp_path: Path) -> None:
    import hashlib

    card = cards.make(table())
    path = cards.write(card, tmp_path)
    assert cards.digest(card) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert cards.digest(cards.make(table(summary="Another."))) != cards.digest(card)


def test_the_engine_is_told_what_it_needs() -> None:
    card = cards.make(table())
    facts = cards.to_facts(card)
    assert (facts.name, facts.labels, facts.temperature, facts.abstain_below) == ("toy", ("N", "A", "~"), 1.5, 0.5)
    assert (facts.window_s, facts.before_s, facts.sha256) == (10.0, -1.0, cards.digest(card))
    beat = cards.make(table(task="beat", input=table()["input"] | {"window_s": 2.0, "before_s": 0.5, "beats_s": 12.0}))
    assert (cards.to_facts(beat).before_s, cards.to_facts(beat).beats_s) == (0.5, 12.0)


def test_cards_and_the_engine_mean_the_same_grid() -> None:
    from edgeecg_kernels.state import GRID_HZ

    assert cards.GRID_HZ == GRID_HZ


def test_int8_on_onnxruntime_is_the_default_net() -> None:
    keys = [FileKey.FP32_ONNX, FileKey.INT8_TFLITE, FileKey.INT8_ONNX]
    files = {key: {"path": f"toy-1.0.{key}", "sha256": HASH, "bytes": 1} for key in keys}
    outputs = {key: {"values": [0.0, 0.0, 0.0], "tolerance": 1.0} for key in keys}
    card = cards.make(table(files=files, golden={"formula": "heart", "outputs": outputs}))
    assert card.nets == (FileKey.INT8_ONNX, FileKey.FP32_ONNX, FileKey.INT8_TFLITE)


VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3),
    max_leaves=12,
)


def _writable(value: object) -> bool:
    """Tables within a list that holds more than tables have no place in a card."""
    if isinstance(value, dict):
        return all(map(_writable, value.values()))
    if isinstance(value, list):
        tables = [isinstance(item, dict) for item in value]
        return all(tables) == any(tables) and all(_writable(i) and not (isinstance(i, list) and _has_table(i)) for i in value)
    return True


def _has_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_has_table, value)))


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES, max_size=5).filter(_writable))
def test_any_table_comes_back_from_its_text(made: dict[str, Any]) -> None:
    assert tomllib.loads(toml.dumps(made)) == made


# --- faults -------------------------------------------------------------------------------------------------------


def test_all_faults_are_said_at_once_each_with_where_got_and_allowed() -> None:
    found = faults(version="new", licence="", colour="red", input={"rate_hz": "fast", "window_s": 99.0})
    assert len(found) == 5
    assert found[0].startswith("card: version: 'new' is not pattern")
    assert "card: colour: a key is not one this section knows" in found
    assert "card: input.rate_hz: 'fast' is not a valid number" in found
    assert "card: input.window_s: 99.0 is not less than or equal to 10.24" in found


def test_what_is_missing_is_named() -> None:
    without = table()
    del without["golden"], without["limits"]
    with pytest.raises(ModelError) as refused:
        cards.make(without, "toy.card.toml")
    assert str(refused.value) == "toy.card.toml: limits: nothing is not a value\ntoy.card.toml: golden: nothing is not a value"


WHOLE: dict[str, Any] = {"windows": 26, "bias": [0.0] * 3, "mean": [[0.0] * 3] * 3, "most": [[0.0] * 3] * 3, "last": [[0.0] * 3] * 3}
TREE: dict[str, Any] = {
    "files": {"tree_onnx": {"path": "toy-1.0.tree.onnx", "sha256": HASH, "bytes": 1}},
    "fusion": {"net_weight": 0.0, "features": "f", "features_version": 1, "features_len": 3},
    "golden": {"formula": "heart", "outputs": {"tree_onnx": {"values": [1.0, 0.0, 0.0], "tolerance": 1.0}}},
}
BOTH: dict[str, Any] = {
    "files": table()["files"] | TREE["files"],
    "fusion": TREE["fusion"] | {"net_weight": 0.5},
    "golden": {"formula": "heart", "outputs": table()["golden"]["outputs"] | TREE["golden"]["outputs"]},
}


BEATS: dict[str, Any] = {"task": "beat", "input": table()["input"] | {"window_s": 2.0, "before_s": 0.5}}
REMEMBERED: dict[str, Any] = {"beats": 9, "alike": 0.9, "usual": "N", "lean": [0.0] * 3, "weight": [0.0] * 3}
COURSE: dict[str, Any] = {
    "early": "A",
    "fibrillating": "fibrillating",
    "alike": 0.1,
    "behind_early": [0.9, 0.5, 0.1],
    "behind_other": [0.1, 0.5, 0.1],
    "common": [0.2, 0.5, 0.1],
    "trust": 0.5,
    "half_beats": 100.0,
    "weight": 1.0,
    "against": 1.0,
}
TOLD: dict[str, Any] = (
    BEATS
    | TREE
    | {
        "fusion": TREE["fusion"] | {"features": "beat", "beside": ["fibrillating"]},
        "golden": {"formula": "heart", "outputs": {"tree_onnx": {"values": [1.0, 0.0, 0.0, 0.5], "tolerance": 1.0}}},
    }
)


def test_a_card_may_hold_a_course_and_comes_back_from_its_text() -> None:
    card = cards.make(table(**TOLD, memory=REMEMBERED | {"course": COURSE}))
    assert cards.loads(cards.dumps(card), "toy.card.toml") == card
    assert "course" not in cards.dumps(cards.make(table(**TOLD, memory=REMEMBERED)))
    assert "beside" not in cards.dumps(cards.make(table(**TREE)))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            BEATS | {"input": BEATS["input"] | {"before_s": 0.05}, "memory": REMEMBERED},
            "memory: a window from 0.05 s before the R peak to 1.95 s after it is not one from 0.08 s before",
        ),
        ({"memory": REMEMBERED}, "memory: there is not there only where beats have one label each"),
        (BEATS | {"memory": REMEMBERED | {"usual": "V"}}, "memory.usual: V is not one of N, A, ~"),
        (BEATS | {"memory": REMEMBERED | {"lean": [0.0]}}, "memory.lean: 1 values is not one for each of 3 labels"),
        (BEATS | {"memory": REMEMBERED | {"weight": [0.0] * 4}}, "memory.weight: 4 values is not one for each of 3 labels"),
        (BEATS | {"memory": REMEMBERED | {"alike": 1.0}}, "memory.alike: 1.0 is not less than 1"),
        (TOLD | {"memory": REMEMBERED | {"course": COURSE | {"early": "N"}}}, "memory.course.early: N is not one of A, ~"),
        (
            TOLD | {"memory": REMEMBERED | {"course": COURSE | {"fibrillating": "A"}}},
            "memory.course.fibrillating: A is not one of fusion.beside",
        ),
        (
            TOLD | {"memory": REMEMBERED | {"course": COURSE | {"common": [0.0, 0.5, 0.5]}}},
            "memory.course.common.0: 0.0 is not greater than 0",
        ),
        (TOLD | {"memory": REMEMBERED | {"course": COURSE | {"common": [0.5, 0.5]}}}, "memory.course.common"),
        (
            TOLD | {"fusion": TOLD["fusion"] | {"features": "f"}, "memory": REMEMBERED | {"course": COURSE}},
            "memory.course: beside features f is not beside those that tell a beat's intervals, beat",
        ),
        (TOLD | {"golden": TREE["golden"]}, "golden.outputs.tree_onnx.values: 3 values is not one for each of 3 labels and 1 beside"),
        ({"labels": ["N", "N", "~"]}, "labels: ('N', 'N', '~') is not different labels"),
        ({"label_names": ["normal"]}, "label_names: 1 names is not one for each of 3 labels"),
        ({"task": "beat"}, "input.before_s: None is not what a model with task 'beat' has"),
        ({"task": "guess"}, "task: 'guess' is not 'window', 'beat' or 'features'"),
        ({"untrained": 1}, "untrained: 1 is not a valid boolean"),
        ({"limits": []}, "limits: [] is not"),
        ({"metrics": [{"name": "F1", "value": 0.9, "low": 0.1, "high": 0.2, "on": "x"}]}, "metrics.0.F1: 0.9 in [0.1, 0.2]"),
        ({"metrics": [{"name": "F1", "value": float("nan"), "on": "x"}]}, "metrics.0.value: nan is not a finite number"),
        ({"fusion": {"net_weight": 0.5, "features": "f", "features_version": 1, "features_len": 3}}, "fusion: there is not there if"),
        ({"files": {"fp32_onnx": {"path": "../toy-1.0.fp32.onnx", "sha256": HASH, "bytes": 1}}}, "files.fp32_onnx.path: '../toy"),
        ({"files": {"fp32_onnx": {"path": "other-1.0.onnx", "sha256": HASH, "bytes": 1}}}, "a name that begins with toy-1.0."),
        ({"files": {"fp64_onnx": {"path": "toy-1.0.onnx", "sha256": HASH, "bytes": 1}}}, "files.fp64_onnx: 'fp64_onnx' is not"),
        ({"files": {"fp32_onnx": {"path": "toy-1.0.fp32.onnx", "bytes": 1}}}, "files.fp32_onnx.sha256: nothing is not a value"),
        ({"files": {}}, "files: {} is not"),
        (TREE | {"independent": True}, "independent: true is not possible with a tree"),
        (
            TREE | {"fusion": TREE["fusion"] | {"typical": [1.0] * 4}},
            "fusion.typical: 4 values is not one for each named one of 3 features",
        ),
        (TREE | {"fusion": TREE["fusion"] | {"net_weight": 0.5}}, "fusion.net_weight: 0.5 is not 0 where there is no net"),
        ({"golden": {"formula": "heart", "outputs": {}}}, "golden.outputs: without fp32_onnx is not an expectation for every file"),
        ({"golden": {"formula": "heart", "outputs": {"fp32_onnx": {"values": [1.0], "tolerance": 1.0}}}}, "1 values is not one for each"),
        ({"input": table()["input"] | {"window_s": 1.01}}, "input.window_s: 1.01 is not a whole number of samples at 250 Hz"),
        ({"input": table()["input"] | {"rate_hz": 100.5}}, "input.rate_hz: 100.5 is not a whole number"),
        ({"input": {"rate_hz": 100.0, "window_s": 10.0}}, "input.preprocessing: missing is not"),
        ({"calibration": {"temperature": 0.0}}, "calibration.temperature: 0.0 is not greater than 0"),
        ({"recording": WHOLE | {"bias": [0.0]}}, "recording.bias: 1 values is not one for each of 3 labels"),
        ({"recording": WHOLE | {"mean": [[1.0]]}}, "recording.mean: rows of 1 is not 3 rows of 3"),
        ({"recording": WHOLE | {"most": []}}, "recording.most: rows of nothing is not 3 rows of 3"),
        ({"recording": WHOLE | {"last": [[0.0] * 3] * 2}}, "recording.last: rows of 3, 3 is not 3 rows of 3"),
        (TREE | {"recording": WHOLE | {"most": [[0.0] * 6] * 3}}, "recording.most: rows of 6, 6, 6 is not 3 rows of 3"),
        (BOTH | {"recording": WHOLE | {"mean": [[0.0] * 6] * 3}}, "recording.most: rows of 3, 3, 3 is not 3 rows of 6"),
        ({"recording": WHOLE | {"windows": 0}}, "recording.windows: 0 is not greater than or equal to 1"),
        ({"recording": WHOLE, "independent": True}, "recording: there is not there only where windows of one lead have one label each"),
    ],
)
def test_a_card_that_cannot_be_is_refused(changes: dict[str, Any], fault: str) -> None:
    (found,) = faults(**changes)
    assert fault in found


def test_a_preprocessing_that_cannot_be_is_refused() -> None:
    steps = {"order": 3, "low_hz": 50.0, "high_hz": 40.0, "notch_hz": 200.0, "median_len": 100}
    found = faults(input=table()["input"] | {"preprocessing": steps})
    assert [fault.split(":")[1].rpartition(".")[2] for fault in found] == ["low_hz", "notch_hz", "median_len"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"name = ", "is not valid TOML"),
        (b"name = " + b"9" * 5000, "is not valid TOML"),
        (b"name = " + b"[" * 5000, "is not valid TOML"),
        (b"\xff", "byte 0 of it is not UTF-8"),
        (b"#" * (1 << 21), "bytes is not a card"),
    ],
)
def test_what_is_no_card_is_refused(text: bytes, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "toy-1.0.card.toml"
    path.write_bytes(text)
    with pytest.raises(ModelError, match=fault):
        cards.read(path)


def test_a_card_under_another_name_is_refused(tmp_path: Path) -> None:
    path = cards.write(cards.make(table()), tmp_path)
    with pytest.raises(ModelError, match=r"a card of toy-1.0 is not called toy-1.0.card.toml"):
        cards.read(path.rename(tmp_path / "toy-2.0.card.toml"))
    with pytest.raises(ModelError, match=r"No such file or directory is not a readable file"):
        cards.read(path)
