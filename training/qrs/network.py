"""The candidate's judge: one hidden layer, two outputs, trained with Adam in plain numpy; seeded."""

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edgeecg_kernels.qrs_state import HIDDEN, INPUTS, OUTPUTS, QRS_PARAMS

Weights = dict[str, NDArray[np.float32]]


def untaught() -> NDArray[Any]:
    """Return parameters that call beats by strength and refractory time alone: where learning starts."""
    params = np.zeros(1, QRS_PARAMS)
    params["gate"], params["rescue"], params["patience"] = 0.12, -2.0, 1.4
    params["w1"][0, 0, 0] = 1.0
    params["w1"][0, 21, 1], params["b1"][0, 1] = -1.0, 0.5
    params["w2"][0, 0, 0], params["w2"][0, 1, 0], params["b2"][0, 0] = 20.0, -100.0, -7.0
    return params


def fresh(rng: np.random.Generator) -> Weights:
    """Return small random weights."""
    return {
        "w1": (rng.normal(size=(INPUTS, HIDDEN)) * np.sqrt(2.0 / INPUTS)).astype(np.float32),
        "b1": np.full(HIDDEN, 0.01, np.float32),
        "w2": (rng.normal(size=(HIDDEN, OUTPUTS)) * np.sqrt(1.0 / HIDDEN)).astype(np.float32),
        "b2": np.zeros(OUTPUTS, np.float32),
    }


def train(
    x: NDArray[np.float32],
    beat: NDArray[np.float32],
    wide: NDArray[np.int8],
    weight: NDArray[np.float32],
    rng: np.random.Generator,
    epochs: int,
    decay: float,
    start: Weights | None = None,
    rate: float = 3e-3,
) -> Weights:
    """Minimise weighted cross-entropy of both outputs; inputs are standardised inside and the scale folded in."""
    used = weight > 0
    x, beat, wide, weight = x[used], beat[used], wide[used], weight[used]
    weight = weight / weight.mean()
    centre, spread = x.mean(0), x.std(0) + 1e-3
    z = np.ascontiguousarray((x - centre) / spread, np.float32)
    w = fresh(rng)
    if start is not None:
        w = {k: v.astype(np.float32).copy() for k, v in start.items()}
        w["b1"] = w["b1"] + centre @ w["w1"]
        w["w1"] = w["w1"] * spread[:, None]
    _descend(z, beat, wide, weight, w, rng, epochs, decay, rate)
    w["w1"] = w["w1"] / spread[:, None]
    w["b1"] = w["b1"] - centre @ w["w1"]
    return w


BATCH = 256


@njit(cache=True, fastmath=True)
def _adam(w: Any, g: Any, first: Any, second: Any, pace: float, step: int, decay: float) -> None:
    for i in range(w.size):
        v = g[i] + decay * w[i]
        first[i] += np.float32(0.1) * (v - first[i])
        second[i] += np.float32(0.002) * (v * v - second[i])
        fixed = math.sqrt(second[i] / (1.0 - 0.998**step)) + 1e-8
        w[i] -= pace * first[i] / (1.0 - 0.9**step) / fixed
        g[i] = 0.0


@njit(cache=True, fastmath=True)
def _learn(z: Any, beat: float, wide: int, weight: float, w: Any, g: Any, hidden: Any) -> None:
    """Add one candidate's gradient to g."""
    w1, b1, w2, b2 = w
    g1, h1, g2, h2 = g
    first_slope = second_slope = np.float32(0.0)
    hidden[:] = b1
    for k in range(INPUTS):
        for h in range(HIDDEN):
            hidden[h] += z[k] * w1[k, h]
    for o in range(OUTPUTS):
        odds = b2[o]
        for h in range(HIDDEN):
            odds += max(hidden[h], np.float32(0.0)) * w2[h, o]
        chance = 1.0 / (1.0 + math.exp(-min(max(odds, -30.0), 30.0)))
        slope = np.float32(weight * (chance - beat) if o == 0 else (0.3 * weight * (chance - wide) if wide >= 0 else 0.0))
        h2[o] += slope
        for h in range(HIDDEN):
            g2[h, o] += slope * max(hidden[h], np.float32(0.0))
        if o == 0:
            first_slope = slope
        else:
            second_slope = slope
    for h in range(HIDDEN):
        hidden[h] = first_slope * w2[h, 0] + second_slope * w2[h, 1] if hidden[h] > 0.0 else np.float32(0.0)
        h1[h] += hidden[h]
    for k in range(INPUTS):
        for h in range(HIDDEN):
            g1[k, h] += z[k] * hidden[h]


@njit(cache=True, fastmath=True)
def _epoch(
    z: Any, beat: Any, wide: Any, weight: Any, order: Any, w: Any, g: Any, first: Any, second: Any, paces: Any, step: int, decay: float
) -> None:
    hidden = np.zeros(HIDDEN, np.float32)
    for at in range(0, len(order) - BATCH + 1, BATCH):
        for row in order[at : at + BATCH]:
            _learn(z[row], beat[row], wide[row], weight[row] / BATCH, w, g, hidden)
        pace = paces[step]
        step += 1
        _adam(w[0].reshape(-1), g[0].reshape(-1), first[0].reshape(-1), second[0].reshape(-1), pace, step, decay)
        _adam(w[1], g[1], first[1], second[1], pace, step, 0.0)
        _adam(w[2].reshape(-1), g[2].reshape(-1), first[2].reshape(-1), second[2].reshape(-1), pace, step, decay)
        _adam(w[3], g[3], first[3], second[3], pace, step, 0.0)


def _descend(z: Any, beat: Any, wide: Any, weight: Any, w: Weights, rng: Any, epochs: int, decay: float, rate: float) -> None:
    names = ("w1", "b1", "w2", "b2")
    for name in names:
        w[name] = np.ascontiguousarray(w[name], np.float32)
    weights, g, first, second = (tuple(make(w[n]) for n in names) for make in (lambda v: v, np.zeros_like, np.zeros_like, np.zeros_like))
    steps = len(z) // BATCH
    t = np.arange(epochs * steps + 1)
    paces = rate * np.minimum(1.0, (t + 1) / 400.0) * 0.5 * (1.0 + np.cos(np.pi * t / len(t)))
    for epoch in range(epochs):
        _epoch(z, beat, wide, weight, rng.permutation(len(z)), weights, g, first, second, paces, epoch * steps, decay)


def as_params(w: Weights, rules: dict[str, float]) -> NDArray[Any]:
    """Put trained weights and the rules around them into the kernel's record."""
    params = np.zeros(1, QRS_PARAMS)
    for name, value in w.items():
        params[name][0] = value
    for name, number in rules.items():
        params[name] = number
    return params
