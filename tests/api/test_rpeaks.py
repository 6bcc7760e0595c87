from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import edgeecg
from edgeecg.api import PEAK
from edgeecg.data import load_beats, load_excerpt
from edgeecg.errors import ConfigError, EdgeEcgError, InputError
from tests.laws.signals import heart

X, PEAKS = heart(360.0, 40.0, seed=8, noise_mv=0.02)


def test_fields_are_those_it_promises() -> None:
    beats = edgeecg.rpeaks(X, 360.0)
    assert beats.dtype == PEAK
    assert {"sample", "reported_at", "confidence"} <= set(PEAK.names or ())
    assert np.abs(beats["sample"] - PEAKS[: len(beats)]).max() <= 3
    assert (np.diff(beats["sample"]) > 0).all()
    assert (beats["reported_at"] >= beats["sample"]).all()
    assert ((beats["confidence"] >= 0) & (beats["confidence"] <= 1)).all()


@pytest.mark.parametrize("chunk_len", [1, 64, 777, 10**9])
def test_the_length_of_chunks_does_not_matter(chunk_len: int) -> None:
    assert np.array_equal(edgeecg.rpeaks(X, 360.0, chunk_len=chunk_len), edgeecg.rpeaks(X, 360.0))


@pytest.mark.parametrize("rate_hz", [100.0, 128.0, 250.0, 257.3, 360.0, 500.0, 1000.0, 2000.0])
def test_any_rate(rate_hz: float) -> None:
    x, peaks = heart(rate_hz, 30.0, seed=4)
    beats = edgeecg.rpeaks(x, rate_hz)["sample"]
    assert len(beats) == len(peaks)
    assert np.abs(beats - peaks).max() <= np.ceil(0.012 * rate_hz)


@pytest.mark.parametrize(
    "samples",
    [
        np.round(X * 200 + 1024).astype(np.int16),
        np.round(X * 200 + 1024).astype(np.uint16),
        np.round(X * 1e5).astype(np.int32),
        (X * 1000).astype(np.float32),
        X / 1000,
        X.tolist(),
        np.repeat(X, 2)[::2],
    ],
    ids=["counts", "unsigned", "wide", "microvolt", "volt", "list", "strided"],
)
def test_any_unit_and_type(samples: object) -> None:
    found = edgeecg.rpeaks(samples, 360.0)["sample"]  # type: ignore[arg-type]
    expected = edgeecg.rpeaks(X, 360.0)["sample"]
    assert len(found) == len(expected)
    assert np.abs(found - expected).max() <= 2


@pytest.mark.parametrize("rate_hz", [360, np.int16(360), np.float32(360), Fraction(360)], ids=["int", "int16", "float32", "fraction"])
def test_a_rate_of_any_type_is_the_same_rate(rate_hz: Any) -> None:
    np.testing.assert_array_equal(edgeecg.rpeaks(X, rate_hz), edgeecg.rpeaks(X, 360.0))


def test_what_lies_under_a_mask_is_missing_and_not_read() -> None:
    off = (np.arange(len(X)) // 720) % 3 == 1
    spikes = np.where(off, 3.0 * (np.arange(len(X)) % 180 < 9), X)
    given = edgeecg.rpeaks(np.ma.masked_array(spikes, off), 360.0)
    np.testing.assert_array_equal(given, edgeecg.rpeaks(np.where(off, np.nan, X), 360.0))
    assert len(given) < len(edgeecg.rpeaks(spikes, 360.0))


def test_amplitude_is_in_millivolt_where_the_unit_is_known() -> None:
    counts = np.round(X * 200 + 1024).astype(np.int16)
    known = edgeecg.rpeaks(counts, 360.0, mv_per_unit=0.005)
    assert np.median(known["amplitude_mv"][5:]) == pytest.approx(1.0, abs=0.15)


class Attached:
    """As a tensor that a gradient is wanted of."""

    def __array__(self, *_: object, **__: object) -> NDArray[Any]:
        raise RuntimeError("use detach first")


@pytest.mark.parametrize(
    ("samples", "settings", "error", "words"),
    [
        ([], {}, InputError, "empty"),
        (np.zeros((5, 2)), {}, InputError, r"\(5, 2\)"),
        (["a"], {}, InputError, "<U1"),
        (3.0, {}, InputError, "samples: a float"),
        ([1.0, [2.0, 3.0]], {}, InputError, "samples: rows of different lengths"),
        (iter(X), {}, InputError, "samples: a .*iterator is not one lead"),
        (Attached(), {}, InputError, r"samples: a Attached \(use detach first\) is not one lead"),
        (X, {"chunk_len": 64.0}, InputError, "chunk_len: 64.0 is not a whole number"),
        (X, {"chunk_len": "64"}, InputError, "chunk_len: 64 is not a whole number"),
        (X, {"chunk_len": 0}, InputError, "chunk_len: 0"),
        (X, {"rate_hz": "360"}, ConfigError, "rate_hz: '360' is not a number"),
        (X, {"rate_hz": np.array([360.0])}, ConfigError, "rate_hz: array"),
        (X, {"mv_per_unit": "uV"}, ConfigError, "mv_per_unit: 'uV' is not a number"),
        (X, {"rate_hz": 50.0}, ConfigError, "rate_hz: 50.0"),
        (X, {"rate_hz": float("nan")}, ConfigError, "rate_hz"),
        (X, {"mv_per_unit": 0.0}, ConfigError, "mv_per_unit"),
    ],
)
def test_what_cannot_be_read_says_what_came_and_what_is_allowed(
    samples: object, settings: dict[str, Any], error: type[EdgeEcgError], words: str
) -> None:
    with pytest.raises(error, match=words):
        edgeecg.rpeaks(samples, **{"rate_hz": 360.0, **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize("samples", [np.zeros(5000), np.full(5000, np.nan), np.full(3, 0.5)], ids=["flat", "nan", "short"])
def test_where_there_is_no_heart_there_are_no_beats(samples: np.ndarray) -> None:
    assert len(edgeecg.rpeaks(samples, 360.0)) == 0


def test_five_real_minutes_full_of_ventricular_beats() -> None:
    excerpt, (truth, _) = load_excerpt(), load_beats()
    beats = edgeecg.rpeaks(excerpt.samples_mv, excerpt.rate_hz)["sample"]
    nearest = np.abs(beats[:, None] - truth[None, :]) <= 0.15 * excerpt.rate_hz
    assert nearest.any(axis=0).mean() > 0.98  # for three seconds the amplifier recovers, and no beat is to be seen
    assert nearest.any(axis=1).mean() > 0.99
