"""Full jitter, with the random number passed in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg.backoff import Backoff
from edgeecg.errors import ConfigError


def test_the_range_doubles_with_every_failure_up_to_its_limit() -> None:
    backoff = Backoff(first_s=0.5, most_s=3.0)
    assert [backoff.delay_s(failures, 1.0) for failures in (1, 2, 3, 4, 5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_any_share_of_the_range_may_be_drawn() -> None:
    assert [Backoff(first_s=2.0).delay_s(1, fraction) for fraction in (0.0, 0.25, 1.0)] == [0.0, 0.5, 2.0]


@given(st.integers(0, 10**9), st.floats(0, 1))
def test_it_stays_finite_for_ever(failures: int, fraction: float) -> None:
    assert 0 <= Backoff().delay_s(failures, fraction) <= 30.0


@pytest.mark.parametrize(("first_s", "most_s"), [(0.0, 1.0), (2.0, 1.0), (1.0, float("inf")), (float("nan"), 1.0)])
def test_a_range_that_is_none_is_refused(first_s: float, most_s: float) -> None:
    with pytest.raises(ConfigError, match="first_s <= most_s"):
        Backoff(first_s, most_s)
