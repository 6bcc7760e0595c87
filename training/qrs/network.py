"""The candidate's judge: one hidden layer, two outputs, trained with Adam in plain numpy; seeded."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels.qrs_state import HIDDEN, INPUTS, OUTPUTS, QRS_PARAMS

Weights = dict[str, NDArray[np.float32]]


def untaught() -> NDArray[Any]:
    """Return parameters that call beats by strength and refractory time alone: where learning starts."""
    params = np.zeros(1, QRS_PARAMS)
    params["gate"] = 0.12
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
    z = (x - centre) / spread
    w = fresh(rng)
    if start is not None:
        w = {k: v.astype(np.float32).copy() for k, v in start.items()}
        w["b1"] = w["b1"] + centre @ w["w1"]
        w["w1"] = w["w1"] * spread[:, None]
    first = {k: np.zeros_like(v) for k, v in w.items()}
    second = {k: np.zeros_like(v) for k, v in w.items()}
    batch, step = 512, 0
    total = epochs * (len(z) // batch)
    for _ in range(epochs):
        order = rng.permutation(len(z))
        for at in range(0, len(z) - batch + 1, batch):
            rows = order[at : at + batch]
            gradient = _gradient(w, z[rows], beat[rows], wide[rows], weight[rows], decay)
            step += 1
            pace = rate * min(1.0, step / 200.0) * 0.5 * (1.0 + np.cos(np.pi * step / (total + 1)))
            for k, g in gradient.items():
                first[k] += 0.1 * (g - first[k])
                second[k] += 0.002 * (g * g - second[k])
                fixed = np.sqrt(second[k] / (1.0 - 0.998**step)) + 1e-8
                w[k] -= pace * first[k] / (1.0 - 0.9**step) / fixed
    w["w1"] = w["w1"] / spread[:, None]
    w["b1"] = w["b1"] - centre @ w["w1"]
    return w


def _gradient(w: Weights, z: Any, beat: Any, wide: Any, weight: Any, decay: float) -> Weights:
    hidden = np.maximum(z @ w["w1"] + w["b1"], 0.0)
    odds = hidden @ w["w2"] + w["b2"]
    chance = 1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0)))
    slope = np.empty_like(odds)
    slope[:, 0] = (chance[:, 0] - beat) * weight
    slope[:, 1] = 0.3 * (chance[:, 1] - (wide == 1)) * weight * (wide >= 0)
    slope /= len(z)
    back = (slope @ w["w2"].T) * (hidden > 0)
    return {
        "w1": z.T @ back + decay * w["w1"],
        "b1": back.sum(0),
        "w2": hidden.T @ slope + decay * w["w2"],
        "b2": slope.sum(0),
    }


def as_params(w: Weights, accept: float, gate: float) -> NDArray[Any]:
    """Put trained weights into the kernel's record."""
    params = np.zeros(1, QRS_PARAMS)
    for name, value in w.items():
        params[name][0] = value
    params["accept"], params["gate"] = accept, gate
    return params
