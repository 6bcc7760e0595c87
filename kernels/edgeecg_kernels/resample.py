"""Any rate to the internal grid: a streaming polyphase FIR of linear phase that shifts nothing.

Two clocks, both starting at 0 of the stream: input sample i, and grid sample g at input position g * down / up. All
positions are exact integers; there is no drift however long the stream. The filter's delay does not move an index: a
grid sample is where it says, and is merely known `half` input samples later (`input_needed`).

The structure is the rational-rate polyphase filter of Crochiere & Rabiner, Multirate Digital Signal Processing (1983),
chapter 3. Differences: taps run oldest sample first over a mirrored ring, and a sum is kept in four partial sums of a
fixed order, which a processor can work on side by side and which change no bit between machines.

A NaN or infinity goes through as it is: outputs are not finite exactly while it is inside their support, not longer.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.lanes import weighted
from edgeecg_kernels.resample_state import RING_LEN


@kernel
def grid_to_input(g: int, up: int, down: int) -> int:
    """Return the input sample nearest to grid sample g; midway between two, the later one."""
    return (2 * g * down + up) // (2 * up)


@kernel
def input_needed(g: int, p: Any) -> int:
    """Return the input sample whose arrival completes grid sample g: the newest in its support, its `reported_at`."""
    return int(g * p["down"] // p["up"] + p["half"])


@kernel
def resample_reset(s: Any, p: Any, next_input: int) -> None:
    """Start a stream, or start again after a gap, at input sample `next_input` >= 0.

    The next grid sample is the first whose whole support lies at or after it. So an edge, a stream's start too, costs
    the grid samples within `half` input samples of it (32 ms at most from 250 Hz up) and nothing is made up for them.
    """
    newest = next_input + p["width"] - 1
    g = -(-(newest - p["half"]) * p["up"] // p["down"])
    s["next_input"] = next_input
    s["next_output"] = g
    s["next_needed"] = g * p["down"] // p["up"] + p["half"]
    s["phase"] = g * p["down"] % p["up"]
    s["slot"] = next_input % RING_LEN


@kernel
def _store(s: Any, x: Any, start: int, stride: int, n: int) -> None:
    """Put n <= RING_LEN samples into the ring, twice each, so that any RING_LEN of them can be read in one piece."""
    ring, slot = s["ring"], s["slot"]
    before_wrap = min(n, RING_LEN - slot)
    for i in range(before_wrap):
        value = float(x[start + i * stride])
        ring[slot + i] = value
        ring[slot + i + RING_LEN] = value
    for i in range(n - before_wrap):
        value = float(x[start + (before_wrap + i) * stride])
        ring[i] = value
        ring[i + RING_LEN] = value
    slot += n
    s["slot"] = slot if slot < RING_LEN else slot - RING_LEN
    s["next_input"] += n


@kernel
def _drain(s: Any, p: Any, taps: Any, y: Any, n_out: int) -> int:
    """Compute every grid sample whose support has arrived; return how many of y are now filled."""
    ring, slot, newest = s["ring"], s["slot"], s["next_input"] - 1
    needed, phase, first_out = s["next_needed"], s["phase"], n_out
    up, whole, part, width, first_tap = p["up"], p["whole"], p["part"], p["width"], p["first_tap"]
    while needed <= newest:
        oldest = slot - width - (newest - needed)
        y[n_out] = weighted(ring, oldest if oldest >= 0 else oldest + RING_LEN, taps, first_tap + phase * width, width)
        n_out += 1
        needed += whole
        phase += part
        if phase >= up:
            phase -= up
            needed += 1
    s["next_output"] += n_out - first_out
    s["next_needed"], s["phase"] = needed, phase
    return n_out


@kernel
def resample_block(s: Any, p: Any, taps: Any, x: Any, start: int, stride: int, n: int, y: Any) -> int:
    """Take n samples x[start + i * stride] and write the grid samples they complete; return how many.

    They are `s["next_output"]`, as it was before the call, and those that follow. `y` holds `output_capacity(n)`.
    """
    if p["half"] == 0:
        for i in range(n):
            y[i] = float(x[start + i * stride])
        s["next_input"] += n
        s["next_output"] += n
        s["next_needed"] += n
        return n
    room = RING_LEN - p["width"]
    n_out = 0
    done = 0
    while done < n:
        count = min(room, n - done)
        _store(s, x, start + done * stride, stride, count)
        n_out = _drain(s, p, taps, y, n_out)
        done += count
    return n_out


@kernel
def resample(
    state: NDArray[np.void], params: NDArray[np.void], taps: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> int:
    """One channel, contiguous: see `resample_block`."""
    return resample_block(state[0], params[0], taps, x, 0, 1, len(x), y)
