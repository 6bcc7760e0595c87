"""The dynamical heart: McSharry, Clifford, Tarassenko and Smith, IEEE Trans. Biomed. Eng. 50 (2003) 289-294, equation (1).

    x' = α x - ω y,   y' = α y + ω x,   z' = -Σ a Δθ exp(-Δθ² / 2 b²) - (z - z0),   α = 1 - √(x² + y²),   Δθ = (θ - θ_i) mod 2π

integrated by the classical Runge-Kutta method of fourth order, as there. Deliberate differences: ω is not given but is, step
by step, what brings the trajectory from where it is to the phase planned for the step's end, so that an R peak stands where
it was planned after any number of steps; and between two R peaks the events of both beats act, each at its own side, where
the paper's Δθ mod 2π takes the same events for both: so every beat has a shape of its own.
"""

import math

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels._jit import kernel

HEART_STATE = np.dtype([("x", "f8"), ("y", "f8"), ("z", "f8")])
ANGLE, HEIGHT, WIDTH = 0, 1, 2
FAR = 40.0
"""Beyond Δθ² = 40 b² a wave gives less than 3e-9 of its most, and is left out."""


@kernel
def wrapped(angle: float) -> float:
    """Return the angle in [-π, π)."""
    turned = angle - 2.0 * math.pi * math.floor((angle + math.pi) / (2.0 * math.pi))
    return turned if turned < math.pi else -math.pi


@kernel
def heart_push(before: NDArray[np.float64], after: NDArray[np.float64], phase: float) -> float:
    """Return the sum of equation (1) at a phase between two beats, 0 at the R of one and 2π at the R of the other."""
    push = 0.0
    for i in range(before.shape[0]):
        width = float(before[i, WIDTH])
        delta = phase - float(before[i, ANGLE])
        near = delta * delta / (width * width)
        if near < FAR:
            push -= float(before[i, HEIGHT]) * delta * math.exp(-0.5 * near)
    for i in range(after.shape[0]):
        width = float(after[i, WIDTH])
        delta = phase - 2.0 * math.pi - float(after[i, ANGLE])
        near = delta * delta / (width * width)
        if near < FAR:
            push -= float(after[i, HEIGHT]) * delta * math.exp(-0.5 * near)
    return push


@kernel
def heart(
    state: NDArray[np.void],
    waves: NDArray[np.float64],
    row: NDArray[np.int64],
    phase: NDArray[np.float64],
    rest: NDArray[np.float64],
    step_s: float,
    out: NDArray[np.float64],
) -> int:
    """Take a step to each phase, from 0 at the beat of its row to 2π at that of the next row; `rest` holds z0 at every half step,
    `waves` (angle, a, b) of each beat's events.
    """
    s = state[0]
    x, y, z = float(s["x"]), float(s["y"]), float(s["z"])
    h = float(step_s)
    for n in range(len(phase)):
        before, after = waves[row[n]], waves[row[n] + 1]
        goal = float(phase[n])
        begin = goal - wrapped(goal - math.atan2(y, x))
        omega = (goal - begin) / h
        z0, z1, z2 = float(rest[2 * n]), float(rest[2 * n + 1]), float(rest[2 * n + 2])

        alpha = 1.0 - math.sqrt(x * x + y * y)
        kx1, ky1, kz1 = alpha * x - omega * y, alpha * y + omega * x, heart_push(before, after, begin) - (z - z0)

        px, py, pz = x + 0.5 * h * kx1, y + 0.5 * h * ky1, z + 0.5 * h * kz1
        alpha = 1.0 - math.sqrt(px * px + py * py)
        kx2, ky2, kz2 = (
            alpha * px - omega * py,
            alpha * py + omega * px,
            heart_push(before, after, goal + wrapped(math.atan2(py, px) - goal)) - (pz - z1),
        )

        px, py, pz = x + 0.5 * h * kx2, y + 0.5 * h * ky2, z + 0.5 * h * kz2
        alpha = 1.0 - math.sqrt(px * px + py * py)
        kx3, ky3, kz3 = (
            alpha * px - omega * py,
            alpha * py + omega * px,
            heart_push(before, after, goal + wrapped(math.atan2(py, px) - goal)) - (pz - z1),
        )

        px, py, pz = x + h * kx3, y + h * ky3, z + h * kz3
        alpha = 1.0 - math.sqrt(px * px + py * py)
        kx4, ky4, kz4 = (
            alpha * px - omega * py,
            alpha * py + omega * px,
            heart_push(before, after, goal + wrapped(math.atan2(py, px) - goal)) - (pz - z2),
        )

        x += h * (kx1 + 2.0 * kx2 + 2.0 * kx3 + kx4) / 6.0
        y += h * (ky1 + 2.0 * ky2 + 2.0 * ky3 + ky4) / 6.0
        z += h * (kz1 + 2.0 * kz2 + 2.0 * kz3 + kz4) / 6.0
        out[n] = z
    s["x"], s["y"], s["z"] = x, y, z
    return len(phase)
