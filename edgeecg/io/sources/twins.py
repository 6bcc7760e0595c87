"""Two senders under one name, on a pipe that does not say who sent: each goes on counting where it was, in turns."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

TURNS: Final = 8
"""So many changes from one count to the other and back, each count going on: neither loss nor repetition looks like that."""
FORGET: Final = 64
"""Frames in a row of one count that end the suspicion."""


class Twins:
    """Watches the frames of one stream."""

    __slots__ = ("_alone", "_last", "_turns", "_who")

    def __init__(self) -> None:
        self._last = [(-2, 0), (-2, 0)]
        self._who = 0
        self._turns = 0
        self._alone = 0

    def are_two(self, sequence: int, clock_us: int) -> bool:
        """Take a frame's counter and clock; tell whether two must be sending."""
        if (sequence, clock_us) not in self._last:  # else it is the same frame, delivered again
            self._take(sequence, clock_us)
        return self.were_two

    def take_one_sender(self, table: NDArray[np.int64]) -> bool:
        """Take a run's frames as `are_two` would; False, and none is taken: one of them might be a second sender's."""
        n, sequence = len(table), int(table[0, 1])
        mine, other = self._last[self._who][0], self._last[1 - self._who][0]
        if self._turns or (mine + 1) & 0xFFFF != sequence or (other + 1 - sequence) & 0xFFFF <= n:
            return False
        self._alone += n
        self._last[self._who] = (sequence + n - 1) & 0xFFFF, int(table[-1, 2])
        return True

    @property
    def were_two(self) -> bool:
        """What the frames so far say."""
        return self._turns >= TURNS

    def _take(self, sequence: int, clock_us: int) -> None:
        who = next((at for at, (last, _) in enumerate(self._last) if (last + 1) & 0xFFFF == sequence), -1)
        goes_on = who >= 0
        who = who if goes_on else 1 - self._who
        if who == self._who:
            self._alone += 1
            if self._alone >= FORGET:
                self._turns = 0
        else:
            self._turns = self._turns + 1 if goes_on else 0
            self._who, self._alone = who, 0
        self._last[who] = sequence, clock_us
