"""What the first two stages cost inside a compiled caller: `python -m benchmarks.align_resample_speed`. Medians, processor time of one core."""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from edgeecg_kernels.align import align_chunk
from edgeecg_kernels.align_state import CHUNK_META, SPAN, SPANS_LEN, align_params, align_state
from edgeecg_kernels.resample import resample_block, resample_reset
from edgeecg_kernels.resample_state import RESAMPLE_STATE, design

SAMPLES = 1 << 18
FRAMES = 1 << 16
FRAME_LEN = 25
REPEATS = 11


@numba.njit
def _resample_all(state: Any, params: Any, taps: Any, x: Any, y: Any, block: int) -> int:
    n_out = 0
    for start in range(0, len(x) - block + 1, block):
        n_out += resample_block(state[0], params[0], taps, x, start, 1, block, y)
    return n_out


@numba.njit
def _align_all(state: Any, params: Any, meta: Any, x: Any, spans: Any, first: int) -> int:
    frame = meta[0]
    n_spans = 0
    for i in range(first, first + FRAMES):
        if frame["sequence"] >= 0:
            frame["sequence"] = i & 0xFFFF
        if frame["device_us"] >= 0:
            frame["device_us"] = i * FRAME_LEN * 4000
        frame["arrival_ns"] = i * FRAME_LEN * 4_000_000
        n_spans += align_chunk(state[0], params[0], frame, x, 0, spans)
    return n_spans


def _median_ns(work: Callable[[], int]) -> tuple[float, int]:
    """Return the median processor time of a call that was warmed up, and what the last call returned."""
    made = work()
    taken = []
    for _ in range(REPEATS):
        began = time.process_time()
        made = work()
        taken.append((time.process_time() - began) * 1e9)
    return statistics.median(taken), made


def resample_line(rate_hz: float, block: int) -> str:
    """Measure one rate in blocks of one length."""
    params, taps = design(rate_hz)
    state = np.zeros(1, RESAMPLE_STATE)
    resample_reset(state[0], params[0], 0)
    x = np.random.default_rng(0).normal(size=SAMPLES)
    y = np.zeros(4 * block + 1)
    ns, n_out = _median_ns(lambda: _resample_all(state, params, taps, x, y, block))
    return f"resample {rate_hz:6g} Hz, blocks of {block:4}: {ns / SAMPLES:6.2f} ns an input sample, {ns / n_out:6.2f} ns a grid sample"


def align_line(*, numbered: bool, timed: bool) -> str:
    """Measure frames that all come in their turn."""
    params = align_params(rate_mhz=250_000, leads=1, sequence_bits=16 * numbered, device_bits=64 * timed, reorder_frames=3)
    state, spans, meta = align_state(), np.zeros(SPANS_LEN, SPAN), np.zeros(1, CHUNK_META)
    meta["n"] = meta["frame_len"] = FRAME_LEN
    meta["sequence"], meta["device_us"] = numbered - 1, timed - 1
    turns = iter(range(REPEATS + 1))
    ns, _ = _median_ns(lambda: _align_all(state, params, meta, np.zeros(FRAME_LEN), spans, next(turns) * FRAMES))
    return f"align, counter {'yes' if numbered else 'no':3}, device time {'yes' if timed else 'no':3}: {ns / FRAMES:5.1f} ns a frame"


def main() -> int:
    """Print a line for each case."""
    for rate_hz in (100.0, 250.0, 360.0, 500.0, 1000.0, 2000.0):
        for block in (10, 64, 360, 1024):
            print(resample_line(rate_hz, block))
    for numbered in (True, False):
        for timed in (True, False):
            print(align_line(numbered=numbered, timed=timed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
