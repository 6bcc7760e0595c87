"""Ways of doing the same, in turns: a slow moment of the machine falls on all of them, and a ratio is taken within a round."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Way = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and the middle half around it."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.low:.3g}-{self.high:.3g})"


def spread(values: Sequence[float]) -> Spread:
    """Return median and quartiles."""
    low, median, high = np.percentile(values, [25, 50, 75]).tolist()
    return Spread(median, low, high)


def processor_ns(way: Way) -> int:
    """Return the processor time of this thread for a call: what other programs take of it is not counted."""
    begun_ns = time.thread_time_ns()
    way()
    return time.thread_time_ns() - begun_ns


def in_turns(ways: Mapping[str, Way], rounds: int, *, timed: Callable[[Way], int] = processor_ns) -> dict[str, list[float]]:
    """Return the microseconds of each way, round by round; a round before them warms up and is forgotten."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            us = timed(way) / 1e3
            if number:
                taken[name].append(us)
    return taken


def ratios(over: Sequence[float], under: Sequence[float]) -> Spread:
    """Return how many times as long one took as the other, of the same rounds."""
    return spread([a / b for a, b in zip(over, under, strict=True)])
