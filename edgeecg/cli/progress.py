"""One line on a terminal that says how far a long measurement is; on anything else, silence."""

import sys
import time
from collections.abc import Iterator
from typing import Protocol, TypeVar

QUIET_S = 2.0
"""How long nothing is said."""


class Measured(Protocol):
    """What is measured of one recording."""

    @property
    def record(self) -> str:
        """The recording's name."""


M = TypeVar("M", bound=Measured)


class Progress:
    """Counts what is done of a known total."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._begun = time.monotonic()
        self._shown = False

    def over(self, measured: Iterator[M]) -> Iterator[M]:
        """Pass on what comes, and say that it came."""
        for one in measured:
            self._done += 1
            self._show(one.record)
            yield one

    def _show(self, record: str) -> None:
        if sys.stderr.isatty() and (self._shown or time.monotonic() - self._begun > QUIET_S):
            self._shown = self._done < self._total
            print(f"\r{self._done} of {self._total}: {record}" if self._shown else "\r", end="\033[K", file=sys.stderr, flush=True)
