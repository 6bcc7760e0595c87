"""What a command that runs for long is told by signals."""

import signal
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self


class Signals:
    """Signals wait in a queue that a handler may write to at any moment, and are taken out in one place.

    As a context it gives them back to whom they told before.
    """

    def __init__(self, *numbers: signal.Signals) -> None:
        self._told: SimpleQueue[int] = SimpleQueue()
        self._before: dict[signal.Signals, Any] = {}
        self.heed(*numbers)

    def heed(self, *numbers: signal.Signals) -> None:
        """Have these wait too."""
        self._before |= {number: signal.signal(number, lambda told, _frame: self._told.put(told)) for number in numbers}

    def next(self, timeout_s: float) -> int | None:
        """Wait so long for one."""
        try:
            return self._told.get(timeout=timeout_s)
        except Empty:
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
