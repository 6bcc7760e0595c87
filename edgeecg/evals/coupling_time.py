"""What a beat costs, and what the plan costs beside POT's solvers of the same problem, in the same run and in processor time."""

import time
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.evals.coupling_recording import Heard
from edgeecg.stages.coupling import Beats, Coupler
from edgeecg.stages.transport import semi_relaxed

BEATS, LAGS = 32, 73
"""The study's problem: so many beats, each moved by one of so many lags."""
TIMES = 200
AGREES = 1e-6
POT_METHODS = ("sinkhorn", "sinkhorn_stabilized", "sinkhorn_translation_invariant")

Signal = NDArray[np.float64]


def beat_us(recordings: Iterable[Heard]) -> dict[str, float]:
    """Time the whole work on each beat, filters and all: its median, 99th percentile and most; the first recording warms up."""
    took: list[list[float]] = [list(_each_us(heard)) for heard in recordings]
    every = np.concatenate(took[1:])
    return {"median": float(np.median(every)), "p99": float(np.percentile(every, 99)), "max": float(every.max()), "beats": len(every)}


def _each_us(heard: Heard) -> Iterable[float]:
    coupler = Coupler()
    for at, usual, rr_s in zip(heard.beats.at, heard.beats.usual, heard.beats.rr_s, strict=True):
        beat, since = Beats(np.array([at]), np.array([usual])), np.array([rr_s])
        begun = time.thread_time_ns()
        coupler.take(heard.ecg, heard.pcg, beat, since)
        yield (time.thread_time_ns() - begun) / 1000


def against_pot() -> dict[str, Any] | None:
    """Time the plan and each of POT's solvers that gives the same one; None: POT is not installed."""
    try:
        unbalanced: Any = import_module("ot.unbalanced")
    except ImportError:
        return None
    rng = np.random.default_rng(7)
    cost, lags = rng.uniform(0, 12, (BEATS, LAGS)), np.arange(LAGS) - LAGS // 2
    prior = np.exp(-(lags**2) / 98) + 0.002
    prior /= prior.sum()
    mass = np.full(BEATS, 1 / BEATS)
    log_prior, pairs = np.log(prior), np.outer(mass, prior)
    ours = semi_relaxed(cost, log_prior, 1.0)

    def solver(method: str) -> Callable[[], Signal]:
        free = [np.inf, 0.0]
        return lambda: np.asarray(
            unbalanced.sinkhorn_unbalanced(mass, prior, cost, 1.0, free, method=method, reg_type="kl", c=pairs), np.float64
        )

    solvers = {f"ot.unbalanced.sinkhorn_unbalanced({method!r})": solver(method) for method in POT_METHODS}
    same = {name: solve for name, solve in solvers.items() if _agrees(solve, ours)}
    times = _medians_us({"ours": lambda: semi_relaxed(cost, log_prior, 1.0), **same})
    rivals = {name: us for name, us in times.items() if name != "ours"}
    if not rivals:
        return {"times_us": times}
    fastest = min(rivals, key=lambda name: rivals[name])
    return {"times_us": times, "fastest": fastest, "ratio": rivals[fastest] / times["ours"], "problem": f"{BEATS} beats x {LAGS} lags"}


def _agrees(solve: Callable[[], Signal], ours: Signal) -> bool:
    try:
        with np.errstate(all="ignore"):
            found = solve()
    except (ValueError, TypeError, ZeroDivisionError):  # a solver that cannot state this problem is no rival
        return False
    return found.shape == ours.shape and bool(np.abs(found - ours).max() < AGREES)


def _medians_us(solvers: dict[str, Callable[[], Signal]]) -> dict[str, float]:
    """Time all by turns, so that whatever else the processor does hits each alike."""
    took: dict[str, list[float]] = {name: [] for name in solvers}
    for _ in range(TIMES):
        for name, solve in solvers.items():
            begun = time.perf_counter_ns()
            solve()
            took[name].append((time.perf_counter_ns() - begun) / 1000)
    return {name: float(np.median(us)) for name, us in took.items()}
