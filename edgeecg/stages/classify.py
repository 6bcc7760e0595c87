"""`classify`: what a model's answer to a window becomes: calibrated probabilities, or none to act on."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeecg.facts import ModelFacts
from edgeecg.stages.window import Windows
from edgeecg.types import Inference, Prediction, RefusalReason, Refused
from edgeecg_kernels.resample import grid_to_input
from edgeecg_kernels.window_state import OPEN_EXPIRED, OPEN_FREE

MAX_ACTIVATION_LEN = 64
"""Values of an activation map: finer than this says no more about where a model looked, and is journalled all the same."""


def answer(windows: Windows, state: NDArray[np.void], inference: Inference, now: int) -> Prediction | Refused:
    """Take a model's answer to one of the windows in `state` that still wait for one, or have for too long."""
    stream = windows.facts.name
    slots = np.flatnonzero((state["open_id"] == inference.window_id) & (state["open_status"] != OPEN_FREE))
    slot = int(slots[0]) if len(slots) else -1
    model = int(state["open_model"][slot])
    if slot < 0 or windows.models[model].name != inference.model:
        asked = f"window {inference.window_id} of model {inference.model!r}"
        return Refused(stream, RefusalReason.UNKNOWN_WINDOW, asked, "a window that waits for an answer", now)
    facts = windows.models[model]
    fault, allowed = _fault(inference, facts)
    if fault:
        return Refused(stream, RefusalReason.WRONG_ANSWER, fault, allowed, now)
    late = int(state["open_status"][slot]) == OPEN_EXPIRED
    state["open_status"][slot] = OPEN_FREE
    start, len_samples = windows.span(model, int(state["open_start"][slot]))
    beat = int(state["open_beat"][slot])
    probabilities = calibrated(inference.scores, facts.temperature, independent=facts.independent)
    best = max(places_shown(facts.labels, facts.shown), key=probabilities.__getitem__)
    return Prediction(
        stream=stream,
        model=facts.name,
        window_id=inference.window_id,
        start_sample=start,
        len_samples=len_samples,
        beat_sample=beat if beat < 0 else int(grid_to_input(beat, windows.up, windows.down)),
        label=facts.labels[best],
        probabilities=probabilities,
        abstained=probabilities[best] < facts.abstain_below,
        activation=inference.activation,
        late=late,
        reported_at=now,
    )


def places_shown(labels: Sequence[str], shown: Sequence[str]) -> list[int]:
    """Return where the labels stand one of which is the answer."""
    return [i for i, label in enumerate(labels) if not shown or label in shown]


def calibrated(scores: Sequence[float], temperature: float, *, independent: bool = False) -> tuple[float, ...]:
    """Return the probabilities that scores stand for at a temperature: of one of the labels, or of each by itself."""
    if independent:
        return tuple(_sigmoid(score / temperature) for score in scores)
    top = max(scores)
    weights = [math.exp((score - top) / temperature) for score in scores]
    total = math.fsum(weights)
    return tuple(weight / total for weight in weights)


def _sigmoid(x: float) -> float:
    """Computed from the side that cannot overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _fault(inference: Inference, facts: ModelFacts) -> tuple[str, str]:
    """Say what is wrong with an answer and what is allowed; nothing when it is sound."""
    scores, activation = inference.scores, inference.activation
    if len(scores) != len(facts.labels):
        return f"{len(scores)} scores", f"{len(facts.labels)}, one a label"
    if not all(map(math.isfinite, scores)):
        return f"scores {', '.join(f'{value:g}' for value in scores)}", "finite numbers"
    if len(activation) > MAX_ACTIVATION_LEN or not all(-1 <= value <= 1 for value in activation):
        return f"an activation map of {len(activation)} values", f"at most {MAX_ACTIVATION_LEN}, from -1 to 1"
    return "", ""
