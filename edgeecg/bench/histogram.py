"""Latencies counted in log-linear buckets, as HdrHistogram does: any percentile, long after, within 1.6 %, in a few kilobytes."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

SUB_BITS = 6
SUB = 1 << SUB_BITS
"""Buckets to each power of two; below twice as many, one for each value."""
LARGEST = (1 << 50) - 1
"""Thirteen days in nanoseconds: what is larger counts as this."""
N_BUCKETS = (50 - SUB_BITS) * SUB + SUB
PERCENTILES = (50.0, 95.0, 99.0, 99.9)


def bucket_of(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where values from 0 to LARGEST are counted."""
    exponent = np.maximum(np.frexp(values.astype(np.float64))[1] - SUB_BITS - 1, 0).astype(np.int64)
    return np.asarray((exponent << SUB_BITS) + (values >> exponent))


def highest_of(bucket: int) -> int:
    """Return the largest value that is counted there."""
    exponent = max(0, bucket // SUB - 1)
    return ((bucket - exponent * SUB + 1) << exponent) - 1


class Histogram:
    """Nanoseconds, and how many were more than a deadline allows."""

    __slots__ = ("_counts", "deadline_ns", "largest_ns", "misses", "n")

    def __init__(self, deadline_ns: int = 0) -> None:
        """`deadline_ns` 0: there is none."""
        self._counts = np.zeros(N_BUCKETS, np.int64)
        self.deadline_ns = deadline_ns
        self.n = self.misses = self.largest_ns = 0

    @classmethod
    def of(cls, latencies_ns: Sequence[int], deadline_ns: int = 0) -> "Histogram":
        """Count what was kept until all was measured: counting between two short calls turns what the second needs out of the cache."""
        histogram = cls(deadline_ns)
        histogram.record(latencies_ns)
        return histogram

    def record(self, latencies_ns: NDArray[np.int64] | Sequence[int]) -> None:
        """Count some; what is less than 0 was not measured, and counts as 0."""
        values = np.clip(np.asarray(latencies_ns, np.int64), 0, LARGEST)
        if not values.size:
            return
        np.add.at(self._counts, bucket_of(values), 1)
        self.n += values.size
        self.largest_ns = max(self.largest_ns, int(values.max()))
        if self.deadline_ns:
            self.misses += int(np.count_nonzero(values > self.deadline_ns))

    def merge(self, other: "Histogram") -> None:
        """Count what another has counted against the same deadline."""
        if other.deadline_ns != self.deadline_ns:
            raise ValueError(f"a histogram's deadline: {other.deadline_ns} ns is not {self.deadline_ns} ns")
        self._counts += other._counts  # noqa: SLF001 - its own kind
        self.n += other.n
        self.misses += other.misses
        self.largest_ns = max(self.largest_ns, other.largest_ns)

    def percentile_ns(self, percent: float) -> int:
        """Return what so many percent are at most: the smallest such value counted, at most one bucket above it. 0: nothing was counted."""
        if not self.n:
            return 0
        rank = min(self.n, max(1, math.ceil(percent / 100 * self.n)))
        bucket = int(np.searchsorted(np.cumsum(self._counts), rank))
        return min(highest_of(bucket), self.largest_ns)

    def to_json(self) -> dict[str, Any]:
        """Return all of it: the figures people ask for, and the counts others can be computed from."""
        places = np.flatnonzero(self._counts)
        return {
            "n": self.n,
            **{f"p{percent:g}_us": self.percentile_ns(percent) / 1e3 for percent in PERCENTILES},
            "max_us": self.largest_ns / 1e3,
            "deadline_us": self.deadline_ns / 1e3,
            "misses": self.misses,
            "counts": np.stack([places, self._counts[places]], axis=1).tolist(),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        histogram = cls(round(told["deadline_us"] * 1e3))
        for place, count in told["counts"]:
            histogram._counts[place] = count
        histogram.n, histogram.misses, histogram.largest_ns = told["n"], told["misses"], round(told["max_us"] * 1e3)
        return histogram
