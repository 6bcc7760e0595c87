"""The bundled recording is what its card says it is."""

import hashlib
import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeecg.data import load_beats, load_excerpt

BUNDLED = files("edgeecg.data")


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    return tomllib.loads((BUNDLED / "mitdb208.toml").read_text())


@pytest.mark.parametrize("part", ["signal", "beats"])
def test_files_are_the_ones_the_card_speaks_of(card: dict[str, Any], part: str) -> None:
    content = (BUNDLED / card[part]["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == card[part]["sha256"]


def test_signal_is_five_minutes_in_millivolt(card: dict[str, Any]) -> None:
    excerpt = load_excerpt()
    assert len(excerpt.samples) == card["signal"]["len_samples"] == 5 * 60 * excerpt.rate_hz
    low, high = excerpt.rails_units
    assert low < excerpt.samples.min() < excerpt.samples.max() < high
    # What the library it comes from documents of it: first and last values, mean and deviation.
    np.testing.assert_allclose(excerpt.samples_mv[[0, 1, 2, -3, -2, -1]], [-0.245, -0.215, -0.185, -0.405, -0.395, -0.385])
    np.testing.assert_allclose([excerpt.samples_mv.mean(), excerpt.samples_mv.std()], [-0.16510875, 0.5992473991177294])


def test_beats_are_in_order_and_counted_as_on_the_card() -> None:
    samples, symbols = load_beats()
    assert Counter(symbols.tolist()) == {"N": 358, "V": 93, "F": 56, "Q": 2}
    assert (np.diff(samples) > 0).all()
    assert samples[0] >= 0
    assert samples[-1] < len(load_excerpt().samples)


def test_excerpt_is_cut_from_record_208_where_the_card_says(card: dict[str, Any], edgeecg_data: Path) -> None:
    from edgeecg.io.wfdb import read_annotations, read_record

    start, length = card["signal"]["first_sample"], card["signal"]["len_samples"]
    record = read_record(edgeecg_data / "mitdb" / "208")
    assert record.leads[0].name == card["signal"]["lead"]
    np.testing.assert_array_equal(record.leads[0].raw[start : start + length], load_excerpt().samples)
    marks = read_annotations(edgeecg_data / "mitdb" / "208.atr")
    inside = (marks.samples >= start) & (marks.samples < start + length) & np.isin(marks.symbols, list(card["beats"]["symbols"]))
    samples, symbols = load_beats()
    np.testing.assert_array_equal(marks.samples[inside] - start, samples)
    np.testing.assert_array_equal(marks.symbols[inside], symbols)
