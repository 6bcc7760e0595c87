"""Numbers for who watches, in Prometheus' text format: counters, gauges and histograms, safe from any thread."""

import bisect
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Final

SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of a delay's buckets."""
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[str, ...]


class Counter:
    """Counts up, by labels."""

    kind = "counter"

    def __init__(self, name: str, help_: str, labels: Sequence[str] = ()) -> None:
        self.name, self.help, self._labels = name, help_, tuple(labels)
        self._values: dict[Labels, float] = {} if labels else {(): 0.0}
        self._lock = Lock()

    def add(self, amount: float = 1.0, *labels: str) -> None:
        """Count so many more."""
        with self._lock:
            self._values[labels] = self._values.get(labels, 0.0) + amount

    def value(self, *labels: str) -> float:
        """Return the count."""
        with self._lock:
            return self._values.get(labels, 0.0)

    def lines(self) -> Iterator[str]:
        """Give its samples."""
        with self._lock:
            values = sorted(self._values.items())
        for labels, value in values:
            yield f"{self.name}{_braces(self._labels, labels)} {value:.10g}"


class Gauge(Counter):
    """Stands where it is set."""

    kind = "gauge"

    def set(self, value: float, *labels: str) -> None:
        """Stand there."""
        with self._lock:
            self._values[labels] = value


class Asked:
    """A gauge that is asked when somebody looks."""

    kind = "gauge"

    def __init__(self, name: str, help_: str, ask: Callable[[], float]) -> None:
        self.name, self.help, self._ask = name, help_, ask

    def lines(self) -> Iterator[str]:
        """Give what it is now."""
        yield f"{self.name} {self._ask():.10g}"


class Histogram:
    """How often values were at most each bound, by labels."""

    kind = "histogram"

    def __init__(self, name: str, help_: str, labels: Sequence[str] = (), bounds: Sequence[float] = SECONDS) -> None:
        self.name, self.help, self._labels, self._bounds = name, help_, tuple(labels), tuple(bounds)
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}
        self._lock = Lock()

    def observe(self, value: float, *labels: str) -> None:
        """Take one value."""
        place = bisect.bisect_left(self._bounds, value)
        with self._lock:
            counts = self._counts.get(labels)
            if counts is None:
                counts = self._counts[labels] = [0] * (len(self._bounds) + 1)
            counts[place] += 1
            self._sums[labels] = self._sums.get(labels, 0.0) + value

    def lines(self) -> Iterator[str]:
        """Give its samples: counts add up, as the format wants."""
        with self._lock:
            taken = [(labels, list(counts), self._sums[labels]) for labels, counts in sorted(self._counts.items())]
        names = (*self._labels, "le")
        for labels, counts, total in taken:
            running = 0
            for bound, count in zip((*self._bounds, float("inf")), counts, strict=True):
                running += count
                yield f"{self.name}_bucket{_braces(names, (*labels, _bound(bound)))} {running}"
            yield f"{self.name}_sum{_braces(self._labels, labels)} {total:.10g}"
            yield f"{self.name}_count{_braces(self._labels, labels)} {running}"


Metric = Counter | Asked | Histogram


def render(metrics: Sequence[Metric]) -> str:
    """Write them all."""
    lines: list[str] = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {_escaped(metric.help)}", f"# TYPE {metric.name} {metric.kind}", *metric.lines()]
    return "\n".join(lines) + "\n"


def _bound(bound: float) -> str:
    return "+Inf" if bound == float("inf") else f"{bound:.10g}"


def _braces(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    pairs = (f'{name}="{_quoted(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')
