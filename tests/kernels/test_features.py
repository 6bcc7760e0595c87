"""What the kernels of the features claim: what plain numpy says, compiled or not."""

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeecg.models.features import NAMES, SETS
from edgeecg.models.features.beat import BEFORE_S
from tests.naive import features as naive

GRID_HZ = 250
LENGTH = 2500
Window = tuple[NDArray[np.float32], NDArray[np.float32]]


def rhythm_and_beats(samples_mv: NDArray[np.float32], beats: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate((naive.rhythm_features(samples_mv, beats), naive.beats_in_order(samples_mv, beats)))


NAIVE = {"rhythm-3": rhythm_and_beats, "beat-3": naive.beat_features}


def heart(seed: int, n_beats: int, *, irregular: float, noise: float, gap: bool) -> Window:
    """A minute of beats that ends with a window of ten seconds, one of them the beat the beat model is asked about."""
    rng = np.random.default_rng(seed)
    rr = np.maximum(0.25, 0.8 + irregular * rng.normal(size=n_beats))
    at = np.sort(np.append(BEFORE_S - np.cumsum(rr), BEFORE_S)) if n_beats else np.zeros(0)
    t = np.arange(LENGTH) / GRID_HZ
    x = noise * rng.normal(size=LENGTH) + 0.3 * np.sin(t)
    wide = rng.random(len(at)) < 0.2
    for peak, is_wide in zip(at, wide, strict=True):
        x += np.exp(-0.5 * ((t - peak) / (0.04 if is_wide else 0.012)) ** 2) + 0.1 * np.exp(-0.5 * ((t - peak + 0.17) / 0.025) ** 2)
        x += 0.3 * np.exp(-0.5 * ((t - peak - 0.28) / 0.05) ** 2)
    if gap:
        x[400:650] = np.nan
    told = np.column_stack((
        at, rng.uniform(0.3, 1.0, len(at)), 1 + wide, rng.uniform(60, 160, len(at)), rng.uniform(0.5, 1.3, len(at)),
        rng.uniform(0, 0.5, len(at)), rng.uniform(0.5, 2.0, len(at)),
    ))  # fmt: skip
    return x.astype(np.float32), told.astype(np.float32)


@pytest.mark.parametrize("asked", SETS)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_beats=st.sampled_from((0, 1, 2, 3, 4, 5, 9, 14, 60, 150)),
    irregular=st.sampled_from((0.02, 0.2)),
    noise=st.sampled_from((0.01, 0.3)),
    gap=st.booleans(),
)
def test_agrees_with_the_oracle(asked: str, seed: int, n_beats: int, irregular: float, noise: float, gap: bool) -> None:
    window = heart(seed, n_beats, irregular=irregular, noise=noise, gap=gap)
    with np.errstate(all="ignore"):
        expected = NAIVE[asked](*window)
    found = SETS[asked](*window)
    names = [*NAMES[asked], *map(str, range(len(expected) - len(NAMES[asked])))]  # those of the table of beats are numbers
    apart = [
        (name, a, b)
        for name, a, b in zip(names, found.tolist(), expected.tolist(), strict=True)
        if not np.isclose(a, b, rtol=1e-4, atol=1e-5, equal_nan=True)
    ]
    assert not apart


def said() -> str:
    windows = [heart(seed, n, irregular=0.1, noise=0.05, gap=seed == 2) for seed, n in ((1, 40), (2, 9), (3, 1))]
    return " ".join(make(*window).tobytes().hex() for window in windows for make in SETS.values())


def test_compiled_equals_uncompiled_bit_for_bit() -> None:
    other = "0" if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0" else "1"
    environment: dict[str, Any] = {**os.environ, "NUMBA_DISABLE_JIT": other}
    program = "from tests.kernels.test_features import said; print(said())"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == said()
