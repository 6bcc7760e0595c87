"""What is counted, and how: ANSI/AAMI EC57's beat-by-beat figures, and what a causal detector must answer for besides."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edgeecg.evals.pairing import WINDOW_S, pair
from edgeecg.io.wfdb import Annotations

BEAT_SYMBOLS = tuple("NLRBAaJSVrFejnE/fQ?")
VF_BEGINS, VF_ENDS = "[", "]"
Counted: TypeAlias = Callable[[NDArray[np.int64]], NDArray[np.bool_]]
"""Says of samples which of them count."""

LEARNING_S = 300.0
"""EC57's learning period: the second of its two figures starts here."""


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """A recording's annotated beats, and the stretches that EC57 leaves out."""

    beats: NDArray[np.int64]
    vf: tuple[tuple[int, float], ...]
    """First and last sample of each ventricular fibrillation or flutter."""

    def outside_vf(self, samples: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say which samples count."""
        kept = np.ones(len(samples), np.bool_)
        for first, last in self.vf:
            kept &= (samples < first) | (samples > last)
        return kept


def truth_of(annotations: Annotations) -> Truth:
    """Take the beats, and the stretches from [ to ]; one that never ends lasts to the end."""
    vf: list[tuple[int, float]] = []
    for sample, symbol in zip(annotations.samples.tolist(), annotations.symbols.tolist(), strict=True):
        if symbol == VF_BEGINS:
            vf.append((sample, math.inf))
        elif symbol == VF_ENDS and vf:
            vf[-1] = (vf[-1][0], sample)
    truth = Truth(annotations.samples[np.isin(annotations.symbols, BEAT_SYMBOLS)], tuple(vf))
    return Truth(truth.beats[truth.outside_vf(truth.beats)], truth.vf)


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """Counts, and of every beat found how far off in place and how late in time it was reported."""

    n_found: int
    n_missed: int
    n_false: int
    error_ms: NDArray[np.float64]
    """Detected minus annotated, a beat found."""
    delay_ms: NDArray[np.float64]
    """Reported minus annotated, a beat found; empty for a detector that reads the whole recording first."""

    @property
    def sensitivity(self) -> float:
        """The share of annotated beats that were found."""
        return _share(self.n_found, self.n_found + self.n_missed)

    @property
    def predictivity(self) -> float:
        """The share of detections that are beats."""
        return _share(self.n_found, self.n_found + self.n_false)

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        return _share(2 * self.n_found, 2 * self.n_found + self.n_missed + self.n_false)

    def figures(self) -> dict[str, Any]:
        """Give what a report prints, ready for JSON: shares in percent, times in milliseconds."""
        delays = {f"p{p}": _rounded(float(np.percentile(self.delay_ms, p))) for p in (50, 95, 99)} if len(self.delay_ms) else {}
        return {
            "beats": self.n_found + self.n_missed,
            "missed": self.n_missed,
            "false": self.n_false,
            "sensitivity": _rounded(100 * self.sensitivity),
            "predictivity": _rounded(100 * self.predictivity),
            "f1": _rounded(100 * self.f1),
            "mean_abs_error_ms": _rounded(_mean(np.abs(self.error_ms))),
            "mean_error_ms": _rounded(_mean(self.error_ms)),
            "delay_ms": {**delays, "max": _rounded(float(self.delay_ms.max()))} if delays else None,
        }


def everywhere(samples: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Count every beat and every detection."""
    return np.ones(len(samples), np.bool_)


def since(begin_s: float, rate_hz: float) -> Counted:
    """Count what lies at a moment or after it."""
    return lambda samples: np.asarray(samples >= begin_s * rate_hz, np.bool_)


def score(truth: Truth, found: NDArray[Any], rate_hz: float, counted: Counted = everywhere) -> Score:
    """Score detections (fields `sample` and, of a causal detector, `reported_at`) at the samples that are counted.

    All are paired first and counted afterwards, so that no pair is cut in two where counting begins.
    """
    found = found[truth.outside_vf(found["sample"])]
    found = found[np.argsort(found["sample"], kind="stable")]
    pairing = pair(truth.beats, found["sample"].astype(np.int64), int(WINDOW_S * rate_hz))
    in_count = counted(truth.beats)
    hit = pairing.found & in_count
    its_own = found[pairing.match[hit]]
    causal = "reported_at" in (found.dtype.names or ())
    return Score(
        n_found=int(hit.sum()),
        n_missed=int((in_count & ~pairing.found).sum()),
        n_false=int((pairing.false & counted(pairing.detected)).sum()),
        error_ms=_milliseconds(its_own["sample"] - truth.beats[hit], rate_hz),
        delay_ms=_milliseconds(its_own["reported_at"] - truth.beats[hit], rate_hz) if causal else np.empty(0),
    )


def _milliseconds(samples: NDArray[np.int64], rate_hz: float) -> NDArray[np.float64]:
    return samples.astype(np.float64) * (1e3 / rate_hz)


def gross(scores: Iterable[Score]) -> Score:
    """Add up recordings: every beat weighs the same."""
    all_of = tuple(scores)
    return Score(
        n_found=sum(one.n_found for one in all_of),
        n_missed=sum(one.n_missed for one in all_of),
        n_false=sum(one.n_false for one in all_of),
        error_ms=np.concatenate([np.empty(0), *(one.error_ms for one in all_of)]),
        delay_ms=np.concatenate([np.empty(0), *(one.delay_ms for one in all_of)]),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else math.nan


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
