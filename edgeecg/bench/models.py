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
        yield Timing("classify", name, "window", "processor", _whole(Classifier(registry.load(name)), WINDOWS * effort.rounds))
        yield from _files(name, registry, effort)
    for name in effort.of_beats:
        yield Timing("classify", name, "beat", "processor", _whole(Classifier(registry.load(name)), WINDOWS * effort.rounds))


def warmed_up_after(classifier: Classifier) -> int:
    """Return after how many windows the next costs what all later ones do: once the memory is full, if there is one."""
    memory = classifier.model.card.memory
    return memory.beats if memory else 1


def _whole(classifier: Classifier, n: int) -> Histogram:
    """Time windows as a worker is given them, one after the other of one stream: what it remembers is looked through, too."""
    histogram, unmeasured = Histogram(), warmed_up_after(classifier)
    for number in range(unmeasured + n):
        window = golden.announced(classifier.model.card, "bench", number)
        begun_ns = time.thread_time_ns()
        classifier.opinion_of(window)
        if number >= unmeasured:
            histogram.record([time.thread_time_ns() - begun_ns])
    return histogram


def _files(name: str, registry: Registry, effort: Effort) -> Iterator[Timing]:
    entry = registry.entry(name)
    card = cards.read(entry.path)
    for timing in bench.measure(card, entry.path.parent, registry.cache, rounds=effort.rounds) if card.nets else ():
        histogram = Histogram()
        histogram.record([round(taken_ms * 1e6) for taken_ms in timing.calls_ms])
        yield Timing("classify", f"{name}, {timing.key} on {timing.runtime}", "window", "processor", histogram)
