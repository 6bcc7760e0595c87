"""When a delay is an alarm, and when it is over."""

import pytest

from edgeecg.io.sources.items import Lagging
from edgeecg.io.sources.lag import DRIFT_PPM, DeviceDelay, LagWatch


def test_a_delay_that_hovers_at_the_limit_is_told_once() -> None:
    watch = LagWatch("a", limit_s=1.0)
    told = [watch.observe(delay_s) for delay_s in (0.9, 1.1, 0.9, 1.1, 0.6, 1.2, 0.4, 0.6, 0.9, 1.1)]
    assert [change for change in told if change] == [
        Lagging("a", 1.1, is_over=False),
        Lagging("a", 0.4, is_over=True),
        Lagging("a", 1.1, is_over=False),
    ]


def test_a_delay_is_counted_from_the_promptest_frame_and_drift_is_forgiven() -> None:
    delay = DeviceDelay()
    assert [delay.of(at_us, 1000 * at_us + late_ns) for at_us, late_ns in ((0, 5_000_000), (1000, 2_000_000), (2000, 9_000_000))] == [
        0.0,
        0.0,
        pytest.approx(0.007, abs=1e-5),
    ]
    drifting = DeviceDelay()
    late = [drifting.of(at_s * 10**6, round(at_s * 1e9 * (1 + DRIFT_PPM * 0.9e-6))) for at_s in range(0, 36_000, 10)]
    assert max(late) < 0.001
    stalling = DeviceDelay()
    late = [stalling.of(at_s * 10**6, round(at_s * 1e9 * 1.01)) for at_s in range(0, 1000, 10)]
    assert late[-1] == pytest.approx(990 * (0.01 - 1.01 * DRIFT_PPM * 1e-6), rel=0.01)
