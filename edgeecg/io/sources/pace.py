"""A recording's own time, as fast as asked: real, a multiple of it, or without waiting."""

import math
import time
from collections.abc import Callable
from threading import Event


class Pace:
    """Waits until a moment of the recording is due. `wait(seconds)` returns True when told to stop: `threading.Event.wait` does."""

    def __init__(self, speed: float, *, clock: Callable[[], float] = time.monotonic, wait: Callable[[float], bool] | None = None) -> None:
        self._speed = speed
        self._clock = clock
        self._wait = wait or Event().wait
        self._start_s = clock()

    @property
    def start_ns(self) -> int:
        """The host's time when the recording began."""
        return round(self._start_s * 1e9)

    def now_ns(self) -> int:
        """The recording's time as a time of the host's: who plays it feeds Ticks of this, or a fast one would look silent."""
        if math.isinf(self._speed):
            return round(self._clock() * 1e9)
        return round((self._start_s + (self._clock() - self._start_s) * self._speed) * 1e9)

    def wait_for(self, recording_s: float) -> bool:
        """Return when so many seconds of the recording are due; False: told to stop."""
        ahead_s = self._start_s + recording_s / self._speed - self._clock()
        return not self._wait(max(0.0, ahead_s))  # who is behind is told to stop, too
