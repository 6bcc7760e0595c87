"""The one reader of clocks. Everything else in the daemon is told what time it is.

The daemon's own time counts nanoseconds, never goes back, not even over a restart, and began at the wall's time as far as
that was known. What the wall says in truth is an offset to it, which becomes right once the clock is synchronised.
"""

import ctypes
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

UNSYNCHRONISED: Final = 0x0040
"""STA_UNSYNC of adjtimex(2)."""
CLOCK_WRONG: Final = 5
"""TIME_ERROR, what adjtimex(2) returns for a clock that nobody has set."""
TIMESYNC_MARK: Final = Path("/run/systemd/timesync/synchronized")
STEP_NS: Final = 500_000_000
"""A wall's clock that is so far from where it was has been set, or the machine has slept: what disciplines it moves it more gently."""
LONGEST_AWAY_NS: Final = 30 * 86_400 * 10**9
"""A wall clock that is further ahead of the journal than this has been set since: how long the daemon was away is not known."""


class Clock:
    """The daemon's time, from now on; `speed`: so many times as fast as it passes, for rehearsals with a device as fast."""

    def __init__(
        self,
        *,
        speed: float = 1.0,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.speed = speed
        self._monotonic_ns, self._read_wall_ns = monotonic_ns, wall_ns
        self._zero_ns = monotonic_ns()
        self._start_ns = wall_ns()
        self._ahead_ns = 0

    def begin_after(self, last_ns: int) -> None:
        """Never be earlier than a time that was written down before."""
        away_ns = self._start_ns - last_ns
        if last_ns and not 0 < away_ns < LONGEST_AWAY_NS:
            self._start_ns = last_ns + 1
        self.note_wall()

    def now_ns(self) -> int:
        """Return the daemon's time."""
        return self._start_ns + round((self._monotonic_ns() - self._zero_ns) * self.speed)

    def real_s(self) -> float:
        """Return seconds as they truly pass, from the same beginning."""
        return (self._start_ns + self._monotonic_ns() - self._zero_ns) / 1e9

    def note_wall(self) -> None:
        """Look at the wall's clock again: it has been set. In a rehearsal it is not looked at."""
        self._ahead_ns = 0 if self.speed != 1.0 else self._read_wall_ns() - self.now_ns()

    def was_set(self) -> bool:
        """Say whether the wall's clock has been set since it was last looked at, or has gone on while we slept."""
        return self.speed == 1.0 and abs(self._read_wall_ns() - self.now_ns() - self._ahead_ns) > STEP_NS

    def wall_ns(self, at_ns: int) -> int:
        """Return the wall's time, in nanoseconds since 1970, at a moment of the daemon's."""
        return at_ns + self._ahead_ns


class _Timex(ctypes.Structure):
    """The head of struct timex; what follows is room enough for the rest of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("max_error", ctypes.c_long),
        ("estimated_error", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


def kernel_says_synchronised() -> bool:
    """Ask the kernel, whoever disciplines its clock: chrony, ntpd, timesyncd."""
    told = _Timex()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(told))
    return 0 <= state != CLOCK_WRONG and not told.status & UNSYNCHRONISED


def is_synchronised(*, mark: Path = TIMESYNC_MARK, kernel: Callable[[], bool] = kernel_says_synchronised) -> bool:
    """Say whether the wall's clock can be believed."""
    return mark.exists() or kernel()


def elapsed_s(action: Callable[[], object]) -> float:
    """Return how long something takes."""
    begun_ns = time.monotonic_ns()
    action()
    return (time.monotonic_ns() - begun_ns) / 1e9
