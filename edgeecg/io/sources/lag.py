"""Delay that grows without a word: how much later a stream's samples come than they once did, by device clock or by the queue."""

from typing import Final

from edgeecg.io.sources.items import Lagging

DRIFT_PPM: Final = 500.0
"""How fast a device's clock may honestly lose time against the host's: what is slower than this is drift, not delay."""
ALARM_S: Final = 1.0
RELIEF: Final = 0.5
"""The alarm ends at this share of the delay that raised it: one that hovers at the limit is told once."""


class LagWatch:
    """Watches one delay; says when it has grown past the limit, and when that is over."""

    __slots__ = ("_limit_s", "is_lagging", "stream")

    def __init__(self, stream: str, limit_s: float = ALARM_S) -> None:
        self.stream = stream
        self._limit_s = limit_s
        self.is_lagging = False

    def observe(self, delay_s: float) -> Lagging | None:
        """Take the delay as it is now; return the change of the alarm, if it changed."""
        limit_s = self._limit_s * (RELIEF if self.is_lagging else 1.0)
        if (delay_s > limit_s) == self.is_lagging:
            return None
        self.is_lagging = not self.is_lagging
        return Lagging(self.stream, delay_s, is_over=not self.is_lagging)


class DeviceDelay:
    """How late frames arrive, in seconds more than the promptest did: arrival against the clock of the device that sent them."""

    __slots__ = ("_arrival_ns", "_least_ns")

    def __init__(self) -> None:
        self._least_ns: int | None = None
        self._arrival_ns = 0

    def restart(self) -> None:
        """Forget: the line or the device began anew."""
        self._least_ns = None

    def of(self, device_us: int, arrival_ns: int) -> float:
        """Take a frame's two times; return its delay."""
        offset_ns, least_ns = arrival_ns - 1000 * device_us, self._least_ns
        if least_ns is not None:
            least_ns += int((arrival_ns - self._arrival_ns) * DRIFT_PPM * 1e-6)  # forgiven
        if least_ns is None or offset_ns < least_ns:
            least_ns = offset_ns
        self._least_ns, self._arrival_ns = least_ns, arrival_ns
        return (offset_ns - least_ns) / 1e9
