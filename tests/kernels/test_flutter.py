"""`flutter`: waves are told from everything that has QRS complexes in it, and from what is too small, too slow or unseen."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeecg_kernels.flutter import FLUTTER_BOUND, flutter, flutter_reset
from edgeecg_kernels.flutter_state import FLUTTER_STATE, WINDOW_LEN
from edgeecg_kernels.state import EVENT, FLAG_LEAD_OFF, FLAG_MAINS, GRID_HZ, KIND_FLUTTER
from tests.laws.signals import heart
from tests.naive.flutter import waves

N_S = 12


def told(y: NDArray[np.float64], flags: NDArray[np.uint8] | None = None, first: int = 0, cuts: int = 1) -> NDArray[np.void]:
    state, out = np.zeros(1, FLUTTER_STATE), np.zeros(64, EVENT)
    flutter_reset(state[0])
    flags = np.zeros(len(y), np.uint8) if flags is None else flags
    n = 0
    for piece, their in zip(np.array_split(y, cuts), np.array_split(flags, cuts), strict=True):
        n += flutter(state, piece, their, first, out[n:])
        first += len(piece)
    return out[:n]


def wave(hz: float = 5.0, mv: float = 0.5, n_s: float = N_S) -> NDArray[np.float64]:
    return mv * np.sin(2 * np.pi * hz * np.arange(round(n_s * GRID_HZ)) / GRID_HZ)


def fibrillating(seed: int) -> NDArray[np.float64]:
    """A wave whose rate and height wander."""
    luck = np.random.default_rng(seed)
    hz = 5 + np.cumsum(luck.normal(0, 0.02, N_S * GRID_HZ))
    height = 0.5 + 0.25 * np.sin(2 * np.pi * 0.3 * np.arange(N_S * GRID_HZ) / GRID_HZ + seed)
    return np.asarray(height * np.sin(2 * np.pi * np.cumsum(hz) / GRID_HZ) + luck.normal(0, 0.02, N_S * GRID_HZ))


@pytest.mark.parametrize("first", [0, 3, 249, 1001])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_agrees_with_the_oracle(seed: int, first: int) -> None:
    y = fibrillating(seed)
    y[1500:1700] += heart(GRID_HZ, 0.8)[0]
    bad = np.zeros(len(y), bool)
    bad[350:352] = True
    rows = told(y, (bad * FLAG_LEAD_OFF).astype(np.uint8), first)
    expected = waves(y, bad, first)
    assert expected
    assert rows["sample"].tolist() == [start for start, *_ in expected]
    np.testing.assert_allclose(rows["value"][:, :3], [numbers for _, *numbers in expected], rtol=1e-9)


def test_it_agrees_with_the_oracle_about_the_most_uneven_waves_that_are_told() -> None:
    """Here and there a little more noise."""
    leakages = []
    for level in np.linspace(0.3, 0.7, 21):
        y = fibrillating(4) + np.random.default_rng(5).normal(0, level, N_S * GRID_HZ)
        rows = told(y)
        assert rows["sample"].tolist() == [start for start, *_ in waves(y, np.zeros(len(y), bool), 0)]
        leakages += rows["value"][:, 0].tolist()
    assert len(leakages) < 21 * (N_S - 3)
    assert sum(0.5 < leakage < 0.55 for leakage in leakages) > 10


def test_waves_are_told_each_second_once_there_are_four() -> None:
    rows = told(wave())
    assert rows["known_at"].tolist() == [GRID_HZ * second - 1 for second in range(4, N_S + 1)]
    assert set(rows["kind"].tolist()) == {KIND_FLUTTER}
    assert (rows["known_at"] - rows["sample"]).max() == FLUTTER_BOUND == WINDOW_LEN - 1
    assert rows["value"][:, 1] == pytest.approx(5.0, abs=0.2)
    assert rows["value"][:, 2] == pytest.approx(0.95, abs=0.05)


@pytest.mark.parametrize("cuts", [7, 500, N_S * GRID_HZ])
def test_cuts_do_not_show(cuts: int) -> None:
    flags = np.zeros(N_S * GRID_HZ, np.uint8)
    flags[251] = FLAG_LEAD_OFF  # the second before does not end a window, the next five hold it
    assert len(told(fibrillating(1), flags)) == 7
    assert told(fibrillating(1), flags, cuts=cuts).tobytes() == told(fibrillating(1), flags).tobytes()


@pytest.mark.parametrize(
    "y", [wave(mv=0.09), wave(hz=2.0), wave(hz=14.0), np.zeros(N_S * GRID_HZ), np.random.default_rng(1).normal(0, 0.3, N_S * GRID_HZ)],
    ids=["fine", "slow", "fast", "flat", "noise"],
)  # fmt: skip
def test_what_no_ventricle_makes_is_no_wave(y: NDArray[np.float64]) -> None:
    assert len(told(y)) == 0


def test_a_heart_that_beats_is_no_wave_though_it_trembles() -> None:
    beating = heart(GRID_HZ, N_S)[0]
    assert len(told(beating)) == 0
    assert len(told(beating + wave(mv=0.1))) == 0


def test_a_second_that_does_not_swing_is_in_no_wave() -> None:
    y = wave()
    y[1200:1500] = 0.0
    assert (told(y)["known_at"] // GRID_HZ).tolist() == [3, 4, 9, 10, 11]


def test_one_height_far_out_of_the_others_is_no_wave() -> None:
    y = wave()
    y[1300:1310] += 3.0
    assert (told(y)["known_at"] // GRID_HZ).tolist() == [3, 4, 9, 10, 11]


def test_what_is_not_seen_is_in_no_wave_and_mains_is_no_such_thing() -> None:
    flags = np.zeros(N_S * GRID_HZ, np.uint8)
    flags[1300] = FLAG_LEAD_OFF
    assert (told(wave(), flags)["known_at"] // GRID_HZ).tolist() == [3, 4, 9, 10, 11]
    flags[1300] = FLAG_MAINS
    assert len(told(wave(), flags)) == 9
