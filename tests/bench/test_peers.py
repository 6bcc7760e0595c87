"""A peer is compared at the same work only if it gives the same answer."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeecg.bench import peers
from edgeecg.bench.eager import _operation, net
from edgeecg.bench.effort import TINY
from edgeecg.bench.rounds import Way
from edgeecg.errors import InputError
from edgeecg.models import card as cards
from edgeecg.models import golden
from edgeecg.models.card import FileKey
from edgeecg.models.preprocess import Preprocessor
from edgeecg.models.registry import Registry


def test_the_net_in_torch_answers_as_the_runtime_does() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    entry = Registry().entry("rhythm")
    card = cards.read(entry.path)
    given = Preprocessor(card.input)(golden.window(card.input)[0])
    ours = Registry().load("rhythm", key=FileKey.FP32_ONNX).net
    assert ours is not None
    found = net(entry.path.parent / card.files[FileKey.FP32_ONNX].path)(given)
    np.testing.assert_allclose(found.ravel(), ours(given).logits, atol=1e-4)


def test_an_operation_that_torch_is_not_told_of_is_named() -> None:
    with pytest.raises(InputError, match=r"net\.onnx: 'Tan' is not one of the operations known in torch: Add, "):
        _operation("Tan", Path("net.onnx"))


@pytest.mark.parametrize("method", peers.POT_METHODS)
def test_pot_finds_our_plan(method: str) -> None:
    pytest.importorskip("ot")
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(np.asarray(peers._pot(method)(), float), np.asarray(peers._plan()(), float), atol=1e-6)


def test_who_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "find_spec", lambda package: None if package in {"torch", "ot"} else object())
    monkeypatch.setattr(peers, "in_turns", lambda ways, rounds: {name: [1.0] * rounds for name in ways})
    monkeypatch.setattr(peers, "DETECTORS", ())
    measured, skipped = peers.measure(replace(TINY, models=("rhythm",)))
    assert [one.peer for one in measured] == ["scipy sosfilt", "onnxruntime fp32"]
    assert skipped == [
        "PyTorch eager (torch not installed)",
        "POT sinkhorn (ot not installed)",
        "POT sinkhorn_stabilized (ot not installed)",
    ]


def test_pairs_take_turns_and_a_bad_second_is_nobodys_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    visits: list[Mapping[str, Way]] = []

    def timed(ways: Mapping[str, Way], rounds: int) -> dict[str, list[float]]:
        visits.append(ways)
        theirs = 200.0 if len(visits) in {7, 8, 9, 10} else 20.0
        return {"ours": [10.0] * rounds, "theirs": [theirs] * rounds}

    monkeypatch.setattr(peers, "find_spec", lambda package: None if package in {"torch", "ot"} else object())
    monkeypatch.setattr(peers, "in_turns", timed)
    monkeypatch.setattr(peers, "DETECTORS", ())
    monkeypatch.setattr(peers, "VISITS", 10)
    measured, _ = peers.measure(replace(TINY, models=("rhythm",)))
    assert [one.ratio.median for one in measured] == [2.0, 2.0]
    assert [ways is visits[turn % 2] for turn, ways in enumerate(visits)] == [True] * 20
