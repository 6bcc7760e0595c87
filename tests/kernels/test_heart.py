"""The dynamical model against its oracle, its cuts, and what a limit cycle promises."""

import hashlib
import itertools
import os
import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeecg.simulate.shapes import SHAPES, events
from edgeecg_kernels.heart import HEART_STATE, heart
from tests.naive import heart as naive

Signal = NDArray[np.float64]
STEP_S = 0.002
WAVES = np.stack([events(SHAPES[name], period) for name in ("normal", "ventricular") for period in (0.4, 0.9)])


def state(x: float = -1.0, y: float = 0.0, z: float = 0.0) -> NDArray[np.void]:
    return np.array([(x, y, z)], HEART_STATE)


def course(n: int, *, period_s: float = 0.9) -> tuple[NDArray[np.int64], Signal]:
    """Rows and phases of a steady walk: a turn a period, a beat a row, and rows come round."""
    turns = 0.5 + np.arange(1, n + 1, dtype=np.float64) * STEP_S / period_s
    return np.floor(turns).astype(np.int64) % (len(WAVES) - 1), (turns % 1) * 2 * np.pi


def rest(n: int) -> Signal:
    return 0.15 * np.sin(2 * np.pi * 0.25 * np.arange(2 * n + 1) * STEP_S / 2)


def made(n: int, cuts: tuple[int, ...] = (), **start: float) -> Signal:
    row, phase = course(n)
    s, z0, out = state(**start), rest(n), np.empty(n)
    edges = (0, *cuts, n)
    for a, b in itertools.pairwise(edges):
        assert heart(s, WAVES, row[a:b], phase[a:b], z0[2 * a : 2 * b + 1], STEP_S, out[a:b]) == b - a
    return out


@given(st.integers(1, 120), st.floats(0.5, 1.5), st.floats(-3, 3), st.floats(-2, 2))
def test_agrees_with_the_oracle(n: int, radius: float, angle: float, z: float) -> None:
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    row, phase = course(n)
    pairs = [(WAVES[r].tolist(), WAVES[r + 1].tolist()) for r in row]
    z0 = rest(n)
    expected = naive.heart((x, y, z), pairs, phase.tolist(), lambda t: float(z0[round(2 * t / STEP_S)]), STEP_S)
    np.testing.assert_allclose(made(n, x=x, y=y, z=z), expected, rtol=0, atol=1e-6)


@given(st.sets(st.integers(1, 899)))
def test_any_cut_gives_the_same(cuts: set[int]) -> None:
    np.testing.assert_array_equal(made(900, tuple(sorted(cuts))), made(900))


def test_the_phase_is_where_it_was_planned_and_the_radius_returns_to_one() -> None:
    row, phase = course(5000)
    s = state(x=-0.3)
    heart(s, WAVES, row, phase, rest(5000), STEP_S, np.empty(5000))
    assert abs(naive.turn(float(np.arctan2(s["y"][0], s["x"][0])) - phase[-1])) < 1e-9
    expected = 1 / (1 + (1 / 0.3 - 1) * np.exp(-5000 * STEP_S))  # r' = (1 - r) r
    assert abs(np.hypot(s["x"][0], s["y"][0]) - expected) < 1e-6


def test_a_wave_is_as_high_and_as_wide_as_it_says() -> None:
    n, period_s, width_s, height = 450, 0.9, 0.02, 0.7
    omega = 2 * np.pi / period_s
    one = np.tile((0.0, 0.0, 1.0), (2, 6, 1))
    one[0, 0] = (np.pi, height * omega / (omega * width_s) ** 2, omega * width_s)
    out, t = np.empty(n), np.arange(n, dtype=np.float64) * STEP_S
    heart(state(1.0), one, np.zeros(n, np.int64), omega * t, np.zeros(2 * n + 1), STEP_S, out)
    gaussian = height * np.exp(-0.5 * ((t - period_s / 2) / width_s) ** 2)
    np.testing.assert_allclose(out, gaussian, rtol=0, atol=0.06 * height)  # the pull to z0 takes some of it back


DIGEST = """
import hashlib
from tests.kernels.test_heart import made
print(hashlib.sha256(made(2000).tobytes()).hexdigest())
"""


def test_compiled_equals_uncompiled_bit_for_bit() -> None:
    here = hashlib.sha256(made(2000).tobytes()).hexdigest()
    for disabled in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled}
        done = subprocess.run([sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == here
