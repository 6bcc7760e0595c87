"""`vitals`: heart rate and its variability, one event a second."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgeecg.facts import StreamFacts
from edgeecg.stages.rows import Flat, bytes_of, flat_rows
from edgeecg.thawed import thawed
from edgeecg.types import Vitals
from edgeecg_kernels.quality import QUALITY_BOUND
from edgeecg_kernels.state import EVENT, GRID_HZ, KIND_BEAT, KIND_QUALITY
from edgeecg_kernels.vitals import vitals as kernel
from edgeecg_kernels.vitals import vitals_reset
from edgeecg_kernels.vitals_state import VITALS_STATE

_Vitals = thawed(Vitals)


def vitals(facts: StreamFacts, row: Flat) -> Vitals:
    """Read a row of KIND_VITALS."""
    _, _, sample, known_at, heart_rate, rr_ms, sdnn_ms, rmssd_ms, n_intervals, _, _, _ = row
    event = _Vitals(facts.name, sample, heart_rate, rr_ms, sdnn_ms, rmssd_ms, int(n_intervals), known_at)
    event.__class__ = Vitals
    return event


def of_known_beats(facts: StreamFacts, beats: NDArray[np.int64], seconds: NDArray[np.int64]) -> list[Vitals]:
    """Return what the stage says at `seconds` where all `beats` are known in time, all normal and in good seconds.

    Both are in the stream's own samples, ascending. What a heart rate is judged by: same definition, no detector.
    """
    n_beats, n_rows = len(beats), len(beats) + len(seconds)
    state, out = np.zeros(1, VITALS_STATE), np.zeros(n_rows + len(seconds), EVENT)
    vitals_reset(state[0])
    heard, rated = out[:n_beats], out[n_beats:n_rows]
    heard["kind"], rated["kind"] = KIND_BEAT, KIND_QUALITY
    heard["sample"] = heard["known_at"] = np.round(beats * (GRID_HZ / facts.rate_hz))
    rated["sample"] = np.round(seconds * (GRID_HZ / facts.rate_hz))
    rated["known_at"] = rated["sample"] + QUALITY_BOUND
    rated["value"][:, 6] = 1.0
    end = kernel(state, out, n_rows)
    said = flat_rows(bytes_of(out[n_rows:]), end - n_rows)
    return [replace(vitals(facts, row), sample=second) for row, second in zip(said, seconds.tolist(), strict=True)]
