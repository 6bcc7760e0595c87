"""Kernels by size, each as the package calls it. Those inside the engine are timed with it: by what one call of `feed` takes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from edgeecg.bench.effort import QUICK, Effort
from edgeecg.bench.histogram import Histogram
from edgeecg.bench.rounds import Way, processor_ns
from edgeecg.bench.stages import Timing, frames
from edgeecg.bench.workloads import QUIET, SOUND_PER_COUNT, WORKLOADS, sounds_of
from edgeecg.io.sources.scanned import readings
from edgeecg.models import golden
from edgeecg.models.card import Input
from edgeecg.models.features.beat import BEFORE_S, beat_features
from edgeecg.models.features.rhythm import rhythm_and_beats
from edgeecg.models.preprocess import Preprocessor
from edgeecg.models.registry import Registry
from edgeecg.stages import transport
from edgeecg.stages.sound_alone import sounds_alone
from edgeecg.types import BEAT_FIELDS

LAGS = 73
CALLS = 20
"""Of a round."""


@dataclass(frozen=True, slots=True)
class Sized:
    """A kernel, and how to make ready a call of each size."""

    name: str
    unit: str
    sizes: tuple[int, ...]
    make: Callable[[int], Way]


def measure(effort: Effort) -> Iterator[Timing]:
    """Time each kernel at each size."""
    for kernel in KERNELS:
        for size in kernel.sizes:
            yield Timing(
                "kernel", f"{kernel.name}, {size} {kernel.unit}", "call", "processor", _timed(kernel.make(size), CALLS * effort.rounds)
            )


def _timed(way: Way, calls: int) -> Histogram:
    way()
    return Histogram.of([processor_ns(way) for _ in range(calls)])


def _given(window_s: int) -> Input:
    registry = Registry()
    return registry.card(registry.default()).input.model_copy(update={"window_s": float(window_s)})


def _preprocessing(window_s: int) -> Way:
    given = _given(window_s)
    steps, (samples, _) = Preprocessor(given), golden.window(given)
    return lambda: steps(samples)


def _rhythm_features(window_s: int) -> Way:
    samples, beats = golden.window(_given(window_s))
    return lambda: rhythm_and_beats(samples, beats)


def _beat_features(n_beats: int) -> Way:
    samples, _ = golden.window(Registry().card("beat").input)
    beats = np.ones((n_beats, len(BEAT_FIELDS)), np.float32)
    beats[:, 0] = BEFORE_S - 0.8 * np.arange(n_beats)[::-1]
    return lambda: beat_features(samples, beats)


def _frames(n: int) -> Way:
    _, *rest = frames(QUICK)
    line = b"".join(rest[:n])
    return lambda: list(readings(line))


def _plan(beats: int) -> Way:
    cost = np.random.default_rng(7).uniform(0, 12, (beats, LAGS))
    prior = np.log(np.full(LAGS, 1 / LAGS))
    return lambda: transport.semi_relaxed(cost, prior, 1.0)


def _balanced(n: int) -> Way:
    cost, mass = np.random.default_rng(7).uniform(0, 3, (n, n)), np.full(n, 1 / n)
    return lambda: transport.balanced(cost, mass, mass, 1.0)


def _distance(n: int) -> Way:
    rng = np.random.default_rng(7)
    x, y, mass = np.sort(rng.uniform(size=n)), np.sort(rng.uniform(size=n)), np.full(n, 1 / n)
    return lambda: transport.distance(x, mass, y, mass)


def _sounds_alone(seconds: int) -> Way:
    heard = sounds_of(WORKLOADS[QUIET], seconds)[0] * SOUND_PER_COUNT
    return lambda: sounds_alone(heard, 1000.0)


KERNELS = (
    Sized("bring a window before the net", "s", (2, 5, 10), _preprocessing),
    Sized("features of rhythm", "s", (2, 5, 10), _rhythm_features),
    Sized("features of beat", "beats known", (2, 12, 75), _beat_features),
    Sized("frames found and checked in one read", "frames", (64, 512), _frames),
    Sized(f"plan of coupling over {LAGS} lags", "beats", (8, 32, 128), _plan),
    Sized("balanced transport", "points a side", (16, 64), _balanced),
    Sized("transport's distance", "points a side", (16, 256, 4096), _distance),
    Sized("heart sounds without an ECG", "s", (5, 20), _sounds_alone),
)
