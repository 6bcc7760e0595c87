"""Preprocessing is what scipy computes: filters, and the whole way of a window, to 1e-5."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import signal

from edgeecg.errors import InputError
from edgeecg.models import filters
from edgeecg.models.card import Input
from edgeecg.models.preprocess import Preprocessor

Signal = NDArray[np.float64]
CLEF = {"order": 5, "low_hz": 0.67, "high_hz": 40.0}
ECGFOUNDER = {"order": 4, "low_hz": 0.67, "high_hz": 40.0, "notch_hz": 50.0, "notch_q": 30.0, "median_len": 101}


def as_scipy(sections: list[filters.Section]) -> Signal:
    return np.array([[b0, b1, b2, 1.0, a1, a2] for b0, b1, b2, a1, a2 in sections])


@given(order=st.integers(1, 8), low=st.floats(0.2, 20.0), width=st.floats(4.0, 80.0), rate=st.sampled_from((250.0, 500.0)))
def test_butterworth_is_scipys(order: int, low: float, width: float, rate: float) -> None:
    band = (low, low + width)
    ours = signal.sosfreqz(as_scipy(filters.bandpass(order, *band, rate)), worN=400, fs=rate)[1]
    theirs = signal.sosfreqz(signal.butter(order, band, "bandpass", fs=rate, output="sos"), worN=400, fs=rate)[1]
    np.testing.assert_allclose(ours, theirs, atol=1e-8)


@pytest.mark.parametrize(("centre", "q"), [(50.0, 30.0), (60.0, 10.0)])
def test_the_notch_is_scipys(centre: float, q: float) -> None:
    b, a = signal.iirnotch(centre, q, fs=250)
    np.testing.assert_allclose(as_scipy(filters.notch(centre, q, 250.0))[0], [*b, *a], rtol=1e-12)


def by_scipy(x: Signal, given: Input) -> Signal:
    """The same way with scipy's own functions."""
    steps, rate = given.preprocessing, round(given.rate_hz)
    assert steps is not None
    known = np.isfinite(x)
    y = np.interp(np.arange(len(x)), np.flatnonzero(known), x[known])
    if steps.notch_hz:
        y = signal.filtfilt(*signal.iirnotch(steps.notch_hz, steps.notch_q, fs=250), y)
    y = signal.sosfiltfilt(signal.butter(steps.order, (steps.low_hz, steps.high_hz), "bandpass", fs=250, output="sos"), y)
    if steps.median_len:
        y = y - signal.medfilt(y, steps.median_len)
    y = signal.resample_poly(y, rate // math.gcd(rate, 250), 250 // math.gcd(rate, 250))
    return np.asarray((y - y.mean()) / (y.std() + 1e-8))


def strip(n: int, seed: int = 0) -> Signal:
    rng = np.random.default_rng(seed)
    t = np.arange(n) / 250
    beats = np.exp(-(((t % 0.8 - 0.4) / 0.02) ** 2))
    return np.asarray(beats + 0.4 * np.sin(2 * np.pi * 0.2 * t) + rng.normal(scale=0.05, size=n) + 3.0)


@pytest.mark.parametrize("rate_hz", [100.0, 125.0, 250.0, 360.0, 500.0])
@pytest.mark.parametrize("steps", [CLEF, ECGFOUNDER], ids=["clef", "ecgfounder"])
@pytest.mark.parametrize("window_s", [2.0, 10.0])
def test_a_window_is_what_scipy_makes_of_it(rate_hz: float, steps: dict[str, Any], window_s: float) -> None:
    given_to = Input.model_validate({"rate_hz": rate_hz, "window_s": window_s, "preprocessing": steps})
    x = strip(round(250 * window_s))
    x[:4] = x[100:180] = x[-9:] = np.nan
    front = Preprocessor(given_to)
    found = front(x.astype(np.float32))
    assert found.shape == (1, 1, 1, given_to.len_samples)
    assert found.dtype == np.float32
    assert front.missing == 93
    np.testing.assert_allclose(found[0, 0, 0], by_scipy(x.astype(np.float32).astype(np.float64), given_to), atol=1e-5)


def test_sections_are_what_the_published_polynomials_mean() -> None:
    """CLEF's own order, on the grid, is `filtfilt(b, a)` to 1e-5."""
    x = strip(2500)
    y = signal.filtfilt(*signal.butter(5, (0.67, 40.0), "bandpass", fs=250), x)
    found = Preprocessor(Input.model_validate({"rate_hz": 250.0, "window_s": 10.0, "preprocessing": CLEF}))(x)
    np.testing.assert_allclose(found[0, 0, 0], (y - y.mean()) / y.std(), atol=1e-5)


def test_one_window_leaves_nothing_for_the_next() -> None:
    front = Preprocessor(Input.model_validate({"rate_hz": 100.0, "window_s": 10.0, "preprocessing": ECGFOUNDER}))
    x = strip(2500)
    first = front(x)
    front(np.full(2500, np.nan))
    front(strip(2500, seed=1) * 1e6)
    np.testing.assert_array_equal(front(x), first)


def test_a_window_of_another_length_is_refused() -> None:
    front = Preprocessor(Input.model_validate({"rate_hz": 100.0, "window_s": 10.0, "preprocessing": CLEF}))
    with pytest.raises(InputError, match=r"window: an array of shape \(2499,\) is not 2500 samples at 250 Hz"):
        front(strip(2499))
