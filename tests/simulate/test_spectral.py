"""A process has the spectrum, variance and stationarity it was asked for, and any piece can be had alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from edgeecg.errors import ConfigError
from edgeecg.simulate.seeds import Seeds
from edgeecg.simulate.spectral import Coloured, band, bells

RATE_HZ = 100.0


def process(seed: int = 0) -> Coloured:
    return Coloured(band(5.0, 20.0), rate_hz=RATE_HZ, window_s=4.0, seeds=Seeds(seed), part="test")


def test_power_lies_in_the_band_and_adds_up_to_one() -> None:
    x = process().take(0, 200_000)
    f, density = signal.welch(x, RATE_HZ, nperseg=1000)
    inside = (f >= 4.5) & (f <= 21.5)
    assert density[inside].sum() / density.sum() > 0.995
    assert x.var() == pytest.approx(1.0, abs=0.03)
    flat = density[(f > 6) & (f < 19)]
    assert flat.std() / flat.mean() < 0.15


def test_variance_is_the_same_anywhere_in_a_window() -> None:
    x = process().take(0, 200 * 2000).reshape(-1, 200)  # half a window a row
    assert np.ptp(np.square(x).mean(axis=0).reshape(10, 20).mean(axis=1)) < 0.1


@given(st.integers(0, 5000), st.integers(1, 900))
def test_a_piece_alone_is_the_piece_of_the_whole(start: int, n: int) -> None:
    np.testing.assert_array_equal(process().take(start, n), process().take(0, 6000)[start : start + n])


def test_seeds_and_parts_are_independent() -> None:
    one, other = process(0).take(0, 20_000), process(1).take(0, 20_000)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.05
    a = Coloured(bells((5.0, 1.0, 1.0)), rate_hz=RATE_HZ, window_s=4.0, seeds=Seeds(0), part="a").take(0, 20_000)
    b = Coloured(bells((5.0, 1.0, 1.0)), rate_hz=RATE_HZ, window_s=4.0, seeds=Seeds(0), part="b").take(0, 20_000)
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.1


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"simulate.seed: -1 is not 0 or more"):
        Seeds(-1)
