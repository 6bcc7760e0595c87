"""What a classifier's window costs, whole and by file and runtime; the streams it leaves room for are found by running them."""

import time
from collections.abc import Iterator

from edgeecg.bench.effort import Effort
from edgeecg.bench.histogram import Histogram
from edgeecg.bench.stages import Timing
from edgeecg.models import bench, golden
from edgeecg.models import card as cards
from edgeecg.models.classifier import Classifier
from edgeecg.models.registry import Registry

WINDOWS = 60
"""Of a round."""


def measure(effort: Effort) -> Iterator[Timing]:
    """Time a window from millivolt to scores, again and again; then each file of the net in turns with the others."""
    registry = Registry()
    for name in effort.models:
        classifier = Classifier(registry.load(name))
        samples, beats = golden.window(classifier.model.card.input)
        histogram = Histogram()
        for number in range(WINDOWS * effort.rounds):
            begun_ns = time.thread_time_ns()
            classifier.opinion(samples, beats)
            if number:
                histogram.record([time.thread_time_ns() - begun_ns])
        yield Timing("classify", name, "window", "processor", histogram)
        yield from _files(name, registry, effort)


def _files(name: str, registry: Registry, effort: Effort) -> Iterator[Timing]:
    entry = registry.entry(name)
    card = cards.read(entry.path)
    for timing in bench.measure(card, entry.path.parent, registry.cache, rounds=effort.rounds) if card.nets else ():
        histogram = Histogram()
        histogram.record([round(taken_ms * 1e6) for taken_ms in timing.calls_ms])
        yield Timing("classify", f"{name}, {timing.key} on {timing.runtime}", "window", "processor", histogram)
