import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg.bench.histogram import LARGEST, N_BUCKETS, PERCENTILES, SUB, Histogram, bucket_of, highest_of

values = st.integers(0, LARGEST)


counted = Histogram.of


@given(values)
def test_a_bucket_is_no_wider_than_it_says(value: int) -> None:
    bucket = int(bucket_of(np.array([value]))[0])
    below = highest_of(bucket - 1) if bucket else -1
    assert 0 <= bucket < N_BUCKETS
    assert below < value <= highest_of(bucket)
    assert highest_of(bucket) - below <= 1 + value / SUB


@given(st.lists(values, min_size=1, max_size=300), st.sampled_from([0.0, *PERCENTILES, 100.0]))
def test_percentiles_are_those_of_numpy_but_for_a_bucket(latencies: list[int], percent: float) -> None:
    exact = int(np.percentile(latencies, percent, method="inverted_cdf"))
    told = counted(latencies).percentile_ns(percent)
    assert exact <= told <= min(max(latencies), exact + exact / SUB)


@given(st.lists(values, max_size=50), st.lists(values, max_size=50), values)
def test_merged_is_counted_together(some: list[int], others: list[int], deadline_ns: int) -> None:
    merged = counted(some, deadline_ns)
    merged.merge(counted(others, deadline_ns))
    assert merged.to_json() == counted(some + others, deadline_ns).to_json()


@given(st.lists(values, max_size=50), st.integers(1, LARGEST))
def test_misses_are_counted_exactly(latencies: list[int], deadline_ns: int) -> None:
    assert counted(latencies, deadline_ns).misses == sum(value > deadline_ns for value in latencies)


@given(st.lists(values, max_size=50))
def test_json_keeps_all(latencies: list[int]) -> None:
    told = counted(latencies, 1000).to_json()
    assert Histogram.from_json(json.loads(json.dumps(told))).to_json() == told


def test_nothing_has_no_percentile_and_what_is_out_of_range_is_clipped() -> None:
    assert Histogram().percentile_ns(99) == 0
    assert counted([-5, 1 << 60]).largest_ns == LARGEST
    assert counted([-5, 1 << 60]).percentile_ns(50) == 0


def test_other_deadlines_do_not_merge() -> None:
    with pytest.raises(ValueError, match="5 ns is not 6 ns"):
        Histogram(6).merge(Histogram(5))
