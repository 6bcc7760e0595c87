"""Two senders under one name, on a pipe that does not say who sent: each goes on counting where it was, in turns."""

from typing import Final

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
