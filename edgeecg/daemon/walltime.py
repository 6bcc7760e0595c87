"""Which moment a sample was taken at: from when samples arrive, for a device's clock is its own."""

from typing import Final

DRIFT_PPM: Final = 500.0
"""How fast a device's clock may lose time against ours: what comes later than this explains came late."""


class SampleTimes:
    """One stream: the promptest arrivals say when its samples were taken. A sample's time is that of its arrival, transport left out."""

    __slots__ = ("_arrival_ns", "_rate_hz", "_zero_ns")

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._zero_ns: int | None = None
        self._arrival_ns = 0

    def observe(self, sample: int, arrival_ns: int) -> None:
        """A sample has come."""
        zero_ns = arrival_ns - self._after_zero_ns(sample)
        if self._zero_ns is None:
            self._zero_ns = zero_ns
        else:
            forgiven_ns = round((arrival_ns - self._arrival_ns) * DRIFT_PPM * 1e-6)
            self._zero_ns = min(self._zero_ns + max(0, forgiven_ns), zero_ns)
        self._arrival_ns = arrival_ns

    def at_ns(self, sample: int) -> int | None:
        """Return when a sample was taken; None: nothing has come yet."""
        return None if self._zero_ns is None else self._zero_ns + self._after_zero_ns(sample)

    def _after_zero_ns(self, sample: int) -> int:
        return round(sample * 1e9 / self._rate_hz)
