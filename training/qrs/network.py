"""The judges of a candidate and of a beat: one hidden layer, one output, trained with Adam in plain numpy; seeded."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels.qrs_state import QRS_PARAMS

Floats = NDArray[np.float32]
Weights = dict[str, Floats]
BATCH = 256


def untaught() -> NDArray[Any]:
    """Return parameters that call beats by strength and refractory time alone, and none wide: where learning starts."""
    params = np.zeros(1, QRS_PARAMS)
    params["gate"], params["rescue"], params["patience"] = 0.12, -2.0, 1.4
    params["faint"], params["faint_soon"], params["soon"] = 0.25, 0.4, 0.85
    w1, b1, w2 = (params[name][0, 0] for name in ("w1", "b1", "w2"))
    w1[0, 0], w1[21, 1], b1[1] = 1.0, -1.0, 0.5
    w2[0], w2[1], params["b2"][0, 0] = 20.0, -100.0, -7.0
    params["kind_b2"], params["calm"] = -1.0, 1.0
    return params


def fresh(rng: np.random.Generator, inputs: int, hidden: int) -> Weights:
    """Return small random weights."""
    return {
        "w1": (rng.normal(size=(inputs, hidden)) * np.sqrt(2.0 / inputs)).astype(np.float32),
        "b1": np.full(hidden, 0.01, np.float32),
        "w2": (rng.normal(size=hidden) * np.sqrt(1.0 / hidden)).astype(np.float32),
        "b2": np.zeros(1, np.float32),
    }


def logits(x: Floats, weights: Weights) -> Floats:
    """Return what a network says."""
    return np.asarray(np.maximum(x @ weights["w1"] + weights["b1"], 0.0) @ weights["w2"] + weights["b2"])


def train(
    x: Floats,
    target: Floats,
    weight: Floats,
    rng: np.random.Generator,
    *,
    hidden: int,
    epochs: int,
    decay: float,
    start: Weights | None = None,
    rate: float = 3e-3,
) -> Weights:
    """Minimise weighted cross-entropy; inputs are standardised inside and the scale folded in."""
    used = weight > 0
    x, target, weight = x[used], target[used], weight[used]
    weight = weight / weight.mean()
    centre, spread = x.mean(0), x.std(0) + 1e-3
    z = np.asarray((x - centre) / spread, np.float32)
    w = fresh(rng, x.shape[1], hidden)
    if start is not None:
        w = {k: v.astype(np.float32).copy() for k, v in start.items()}
        w["b1"] = w["b1"] + centre @ w["w1"]
        w["w1"] = w["w1"] * spread[:, None]
    _descend(z, target, weight, w, rng, epochs, decay, rate)
    w["w1"] = w["w1"] / spread[:, None]
    w["b1"] = w["b1"] - centre @ w["w1"]
    return w


def _gradients(x: Floats, target: Floats, weight: Floats, w: Weights) -> Weights:
    """Return the slopes of the weighted cross-entropy of one batch."""
    hidden = np.maximum(x @ w["w1"] + w["b1"], 0.0)
    odds = hidden @ w["w2"] + w["b2"]
    slope = weight * (1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0))) - target)
    back = np.outer(slope, w["w2"]) * (hidden > 0.0)
    return {"w1": x.T @ back, "b1": back.sum(0), "w2": slope @ hidden, "b2": slope.sum(keepdims=True)}


def _descend(
    z: Floats, target: Floats, weight: Floats, w: Weights, rng: np.random.Generator, epochs: int, decay: float, rate: float
) -> None:
    """Adam, with a short rise and a long fall of the rate; only weights decay, not biases."""
    first, second = ({name: np.zeros_like(v) for name, v in w.items()} for _ in range(2))
    n_steps, step = epochs * (len(z) // BATCH), 0
    for _ in range(epochs):
        for rows in rng.permutation(len(z))[: len(z) // BATCH * BATCH].reshape(-1, BATCH):
            g = _gradients(z[rows], target[rows], weight[rows] / BATCH, w)
            pace = rate * min(1.0, (step + 1) / 400.0) * 0.5 * (1.0 + math.cos(math.pi * step / (n_steps + 1)))
            step += 1
            for name, v in w.items():
                slope = g[name] + (decay * v if name in ("w1", "w2") else 0.0)
                first[name] += 0.1 * (slope - first[name])
                second[name] += 0.002 * (slope * slope - second[name])
                spread = np.sqrt(second[name] / np.float32(1.0 - 0.998**step)) + 1e-8
                w[name] -= np.float32(pace / (1.0 - 0.9**step)) * first[name] / spread


def as_params(beat: Weights, kind: Weights, rules: dict[str, float]) -> NDArray[Any]:
    """Put trained weights and the rules around them into the kernel's record."""
    params = np.zeros(1, QRS_PARAMS)
    for prefix, weights in (("", beat), ("kind_", kind)):
        for name, value in weights.items():
            place = params[prefix + name][:1] if prefix else params[name][:, 0]
            place[0] = value if place.ndim > 1 else value[0]
    for name, number in rules.items():
        params[name] = number
    return params
