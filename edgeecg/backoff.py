"""How long to wait before the next try: full jitter, so that a thousand clients of one broker do not come back at once."""

from dataclasses import dataclass

from edgeecg.errors import ConfigError

_MOST_DOUBLINGS = 60


@dataclass(frozen=True, slots=True)
class Backoff:
    """Anything up to `first_s` at first, up to twice that after each failure, never more than `most_s`."""

    first_s: float = 0.1
    most_s: float = 30.0

    def __post_init__(self) -> None:
        if not 0 < self.first_s <= self.most_s < float("inf"):
            raise ConfigError("backoff", f"{self.first_s} to {self.most_s} s", "0 < first_s <= most_s, both finite")

    def delay_s(self, failures: int, fraction: float) -> float:
        """Say how long to wait after so many failures in a row; `fraction` is drawn evenly from 0 to 1 by the caller."""
        return fraction * min(self.most_s, self.first_s * 2.0 ** min(max(0, failures - 1), _MOST_DOUBLINGS))
