"""How long a heart takes from its R peak to its first sound: now, and as it usually does."""

from statistics import median
from struct import Struct
from typing import Final

RECENT: Final = 16
"""Beats whose median is the delay now: a beat's own estimate is off by milliseconds."""
KNOWN: Final = 128
"""Of how many beats the usual delay must be before anything is held against it."""
MEMORY: Final = 8192
"""Beats over which the usual delay follows: some two hours, so that what is a drift of minutes does not become usual as it comes."""
FAR_MS: Final = 15.0
"""A change by more is learned as slowly from the first minutes on."""

_STATE = Struct(f"<qqd{RECENT}d")


class Delays:
    """The delays of one stream of sound."""

    __slots__ = ("n_told", "recent", "usual_ms")

    len_bytes: Final = _STATE.size

    def __init__(self) -> None:
        self.recent: list[float] = []
        self.n_told = 0
        self.usual_ms = 0.0
        """The mean of what the delay was, later times weighing more."""

    def take(self, delay_ms: float) -> None:
        """Take one beat's."""
        self.recent.append(delay_ms)
        del self.recent[:-RECENT]
        if len(self.recent) == RECENT:
            self.n_told += 1
            change_ms = self.now_ms - self.usual_ms
            is_far = self.are_known and abs(change_ms) > FAR_MS
            self.usual_ms += change_ms / (MEMORY if is_far else min(self.n_told, MEMORY))

    @property
    def now_ms(self) -> float:
        """The median of the last beats."""
        return median(self.recent)

    @property
    def are_known(self) -> bool:
        """Whether there is something to hold a change against."""
        return self.n_told >= KNOWN

    def to_bytes(self) -> bytes:
        """All of it, always as long."""
        return _STATE.pack(self.n_told, len(self.recent), self.usual_ms, *self.recent, *[0.0] * (RECENT - len(self.recent)))

    def load(self, data: bytes) -> None:
        """Become what `to_bytes` was."""
        self.n_told, n_recent, self.usual_ms, *recent = _STATE.unpack_from(data)
        self.recent = recent[:n_recent]
