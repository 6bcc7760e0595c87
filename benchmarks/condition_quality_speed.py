"""What conditioning, rating and vitals cost inside a compiled caller: `python -m benchmarks.condition_quality_speed`.

Medians of the processor time of one core, a grid sample; the signal is a synthetic heart, with mains and without.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from edgeecg_kernels.condition import condition_block, condition_reset
from edgeecg_kernels.condition_state import CONDITION_STATE, condition_params
from edgeecg_kernels.qrs import qrs, qrs_reset
from edgeecg_kernels.qrs_state import QRS_STATE, qrs_params
from edgeecg_kernels.quality import quality_block, quality_reset
from edgeecg_kernels.quality_state import QUALITY_STATE, quality_params
from edgeecg_kernels.state import EVENT, GRID_HZ
from edgeecg_kernels.vitals import vitals_block, vitals_reset
from edgeecg_kernels.vitals_state import VITALS_STATE

SECONDS = 1000
REPEATS = 15
BLOCKS = (10, 64, 360)


def heart() -> Any:
    """Make a steady heart of 75 a minute in a little noise."""
    t = np.arange(SECONDS * GRID_HZ) / GRID_HZ
    phase = t % 0.8 - 0.4
    waves = (
        np.exp(-((phase / 0.012) ** 2)) + 0.25 * np.exp(-(((phase - 0.25) / 0.05) ** 2)) + 0.1 * np.exp(-(((phase + 0.17) / 0.025) ** 2))
    )
    return waves + np.random.default_rng(1).normal(0.0, 0.005, len(t))


@numba.njit
def _condition_all(state: Any, params: Any, x: Any, block: int, y: Any, flags: Any) -> None:
    for first in range(0, len(x) - block + 1, block):
        condition_block(state[0], params[0], x[first : first + block], block, first, y[first : first + block], flags[first : first + block])


@numba.njit
def _rate_all(
    state: Any, params: Any, y: Any, flags: Any, block: int, mains: Any, beats: Any, out: Any, vital: Any, with_vitals: bool
) -> int:
    rows = at = 0
    for first in range(0, len(y) - block + 1, block):
        n = 0
        while at < len(beats) and beats[at]["known_at"] < first + block:
            out[n] = beats[at]
            n += 1
            at += 1
        n = quality_block(state[0], params[0], y[first : first + block], flags[first : first + block], block, first, 0, mains, out, 0, n)
        if with_vitals:
            n = vitals_block(vital[0], 0, out, 0, n)
        rows += n
    return rows


def _median_ns(work: Callable[[], object]) -> float:
    work()
    taken = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        taken.append((time.process_time() - began) * 1e9)
    return statistics.median(taken) / (SECONDS * GRID_HZ)


def main() -> int:
    """Print a line for each case."""
    x = heart()
    hum = 0.3 * np.sin(2.0 * np.pi * 50.1 * np.arange(len(x)) / GRID_HZ)
    y, flags = np.empty(len(x)), np.zeros(len(x), np.uint8)
    limits = condition_params()

    def conditioned(signal: Any, block: int) -> None:
        state = np.zeros(1, CONDITION_STATE)
        condition_reset(state[0])
        _condition_all(state, limits, signal, block, y, flags)

    for name, signal in (("with mains", x + hum), ("without mains", x)):
        for block in BLOCKS:
            print(f"condition {name:13}, blocks of {block:3}: {_median_ns(lambda s=signal, b=block: conditioned(s, b)):5.2f} ns a sample")  # type: ignore[misc]
    detector, beats = np.zeros(1, QRS_STATE), np.zeros(4 * SECONDS, EVENT)
    qrs_reset(detector[0])
    beats = beats[: qrs(detector, qrs_params(), y, flags, 0, beats)]
    calibrated, out = quality_params(), np.zeros(4096, EVENT)

    def rated(block: int, *, with_vitals: bool) -> None:
        state, vital = np.zeros(1, QUALITY_STATE), np.zeros(1, VITALS_STATE)
        quality_reset(state[0])
        vitals_reset(vital[0])
        _rate_all(state, calibrated, y, flags, block, np.zeros(8), beats, out, vital, with_vitals)

    for block in BLOCKS:
        alone = _median_ns(lambda b=block: rated(b, with_vitals=False))  # type: ignore[misc]
        both = _median_ns(lambda b=block: rated(b, with_vitals=True))  # type: ignore[misc]
        print(f"quality, blocks of {block:3}: {alone:5.2f} ns a sample; with vitals {both:5.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
