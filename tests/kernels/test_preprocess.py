"""What `preprocess` claims: equal to its oracle, whatever is missing, and that missing samples leave numbers behind."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeecg_kernels.preprocess import preprocess
from edgeecg_kernels.preprocess_state import LEAD_IN, PREPROCESS_PARAMS, PREPROCESS_STATE, SECTION
from tests.naive import preprocess as naive

Signal = NDArray[np.float64]

BAND: list[naive.Section] = [(0.0465, 0.0, -0.0465, -1.13, 0.38), (1.0, 0.0, -1.0, -1.975, 0.9755)]
NOTCH: list[naive.Section] = [(0.98, -0.6, 0.98, -0.6, 0.96)]
RATES = {(1, 1): 1, (2, 5): 101, (2, 1): 41, (1, 2): 41, (36, 25): 721}
"""up, down: how many taps."""


def taps_of(up: int, down: int) -> Signal:
    half = RATES[up, down] // 2
    return np.sinc(np.arange(-half, half + 1) / max(up, down)) * np.hanning(2 * half + 1) * up / max(up, down)


def run(x: Signal, *, notch: bool = False, median_len: int = 0, up: int = 1, down: int = 1) -> tuple[Signal, int]:
    params = np.array([(LEAD_IN, up, down, median_len)], PREPROCESS_PARAMS)
    out = np.full(-(-len(x) * up // down), np.nan)
    state = np.zeros(1, PREPROCESS_STATE)
    state["work"] = state["copy"] = state["ordered"] = state["z"] = np.nan  # scratch: what an earlier window left in it is nothing
    missing = preprocess(state, params, np.array(NOTCH[:notch], SECTION), np.array(BAND, SECTION), taps_of(up, down), x, out)
    return out, missing


def expected(x: Signal, *, notch: bool = False, median_len: int = 0, up: int = 1, down: int = 1) -> Signal:
    return np.array(naive.preprocessed(x.tolist(), NOTCH[:notch], BAND, median_len, up, down, taps_of(up, down).tolist()))


def strip(n: int, seed: int, offset: float = 3.0) -> Signal:
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.normal(size=n)) * 0.05 + rng.normal(size=n) + offset


@st.composite
def holed(draw: st.DrawFn) -> Signal:
    """A strip of noise with samples missing anywhere, the ends too, or everywhere."""
    x = strip(draw(st.sampled_from((40, 90, 131))), draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(x)))
        x[start : start + draw(st.sampled_from((1, 7, 60)))] = draw(st.sampled_from((np.nan, np.inf, -np.inf)))
    return x


@given(holed(), st.booleans(), st.sampled_from((0, 3, 21)), st.sampled_from(sorted(RATES)))
def test_agrees_with_the_oracle(x: Signal, notch: bool, median_len: int, rate: tuple[int, int]) -> None:
    up, down = rate
    found, missing = run(x, notch=notch, median_len=median_len, up=up, down=down)
    assert missing == np.count_nonzero(~np.isfinite(x))
    moves = np.ptp(naive.filled(x.tolist())) > 0  # where nothing does, what is left is rounding, and 1e-8 is what it is divided by
    np.testing.assert_allclose(found, expected(x, notch=notch, median_len=median_len, up=up, down=down), atol=1e-9 if moves else 1e-6)


@pytest.mark.parametrize("value", [0.0, -3.5, 5e-324])
def test_a_window_that_stands_still_becomes_zeros(value: float) -> None:
    found, _ = run(np.full(250, value), median_len=21, up=2, down=5)
    assert np.max(np.abs(found)) < 1e-6


def test_a_window_of_which_all_is_missing_becomes_zeros() -> None:
    found, missing = run(np.full(250, np.nan), notch=True, median_len=21, up=2, down=5)
    assert missing == 250
    assert not found.any()


@given(holed(), st.sampled_from((-4.0, 0.5, 1000.0)))
def test_gain_and_polarity_change_nothing_but_the_sign(x: Signal, gain: float) -> None:
    whole = np.where(np.isfinite(x), x, 0.0)
    one, other = run(whole)[0], run(whole * gain)[0]
    np.testing.assert_allclose(other, np.sign(gain) * one, atol=1e-5)


def said() -> str:
    x = strip(300, 7)
    x[100:130] = np.nan
    x[-4:] = np.inf
    ways = ((0, 1, 1), (31, 2, 5), (0, 36, 25))
    return " ".join(run(x, notch=True, median_len=median, up=up, down=down)[0].tobytes().hex() for median, up, down in ways)


def test_compiled_equals_uncompiled_bit_for_bit() -> None:
    other = "0" if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0" else "1"
    program = "from tests.kernels.test_preprocess import said; print(said())"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": other}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == said()
