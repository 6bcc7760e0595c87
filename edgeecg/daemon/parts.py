"""What the daemon needs of who takes alerts out of the outbox."""

from collections.abc import Callable
from typing import Protocol


class Sink(Protocol):
    """Takes alerts out of the outbox."""

    def start(self) -> None:
        """Begin."""

    def wake(self) -> None:
        """There is something new."""

    def probe(self, passed: Callable[[], None]) -> None:
        """Call this from the sink's own thread, in its turn: it is alive then."""

    def stop(self, timeout_s: float) -> bool:
        """Send what can still be sent; False: something is left, in the outbox."""
