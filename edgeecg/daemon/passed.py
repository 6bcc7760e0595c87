"""What the outbox may forget: pairs that lie behind a snapshot, and that no replay brings again."""

from collections import deque
from typing import Protocol


class Forgetful(Protocol):
    """What is needed of an outbox."""

    @property
    def is_durable(self) -> bool:
        """The disk takes alerts."""

    def flush(self) -> bool:
        """Have all of it on the disk."""

    def mark(self) -> int:
        """Name all that was put in until now."""

    def snapshot_passed(self, mark: int, /) -> bool:
        """What was put in until then will not come again."""


class Passed:
    """One snapshot later: the newest may turn out damaged, and a replay then begins at the one before."""

    def __init__(self, outbox: Forgetful) -> None:
        self._outbox = outbox
        self._mark = 0
        """When the snapshot was taken that is on its way."""
        self._marks: deque[int] = deque()

    def may_snapshot(self) -> bool:
        """Alerts that only the memory holds would not come again from behind a snapshot."""
        if not self._outbox.flush():
            return False
        self._mark = self._outbox.mark()  # where that snapshot never comes to the disk, this is forgotten with it
        return True

    def snapshot_came(self) -> None:
        """The one that was allowed last is on the disk."""
        self._marks.append(self._mark)
        while len(self._marks) > 1:
            if self._outbox.is_durable:
                self._outbox.snapshot_passed(self._marks[0])
            self._marks.popleft()
