"""What the daemon needs of its neighbours: who runs models, and who takes alerts out of the outbox."""

from collections.abc import Callable, Sequence
from typing import Protocol

from edgeecg.facts import ModelFacts
from edgeecg.types import ModelState, Record, WindowReady


class Predictor(Protocol):
    """Runs models, earliest deadline first."""

    @property
    def facts(self) -> tuple[ModelFacts, ...]:
        """What the engine must know of each model."""

    @property
    def states(self) -> tuple[ModelState, ...]:
        """What became of each when it was loaded."""

    def start(self, feed: Callable[[Sequence[Record]], None]) -> None:
        """Begin; answers are fed back."""

    def submit(self, windows: Sequence[WindowReady]) -> None:
        """Take windows; never waits."""

    def passed(self, now_ns: int) -> None:
        """So far has the engine come."""

    def stop(self) -> None:
        """Let go of what still waits."""


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


class NoModels:
    """No model is configured."""

    facts: tuple[ModelFacts, ...] = ()
    states: tuple[ModelState, ...] = ()

    def start(self, feed: Callable[[Sequence[Record]], None]) -> None:
        """Do nothing."""

    def submit(self, windows: Sequence[WindowReady]) -> None:
        """Do nothing: no model, no window."""

    def passed(self, now_ns: int) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""
