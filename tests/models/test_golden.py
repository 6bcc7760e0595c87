"""The golden window is the same everywhere, and a completed card is one that verifies."""

from pathlib import Path

import numpy as np
import pytest

from edgeecg.models import golden
from edgeecg.models.card import FileKey, Input
from edgeecg.types import BEAT_FIELDS
from tests.models import toys
from tests.models.cards import table

INPUT = Input.model_validate(table()["input"])


def test_the_formula_says_beats_every_eight_tenths_of_a_second_every_fifth_early() -> None:
    samples, beats = golden.window(INPUT)
    assert samples.dtype == np.float32
    assert samples.shape == (2500,)
    assert beats.shape == (12, len(BEAT_FIELDS))
    np.testing.assert_allclose(beats[:6, 0], [0.5, 1.3, 2.1, 2.9, 3.5, 4.5], atol=1e-6)
    for peak in np.round(beats[:, 0] * 250).astype(int):
        assert abs(int(np.argmax(samples[peak - 12 : peak + 13])) - 12) <= 1


def test_its_noise_is_the_generators() -> None:
    x, values = 1, []
    for _ in range(3):
        x = (1103515245 * x + 12345) % 2**31
        values.append(x / 2**30 - 1)
    np.testing.assert_array_equal(golden._noise(3), values)
    assert abs(golden._noise(2500).mean()) < 0.05


def test_a_model_asked_about_beats_is_asked_about_the_first() -> None:
    about_beats = INPUT.model_copy(update={"before_s": 0.25, "window_s": 2.0})
    assert golden.window(about_beats)[1][0, 0] == 0.25


@pytest.mark.usefixtures("toy_features")
def test_a_completed_card_holds_and_a_moved_expectation_does_not(tmp_path: Path) -> None:
    card = toys.toy(tmp_path, tree=True)
    assert set(card.golden.outputs) == {FileKey.FP32_ONNX, FileKey.TREE_ONNX}
    for key, expected in card.golden.outputs.items():
        assert not list(golden.faults(card, tmp_path, key))
        moved = expected.model_copy(update={"values": tuple(value + 2 * expected.tolerance for value in expected.values)})
        doubted = card.model_copy(update={"golden": card.golden.model_copy(update={"outputs": {**card.golden.outputs, key: moved}})})
        (fault,) = golden.faults(doubted, tmp_path, key)
        assert "more than" in fault
