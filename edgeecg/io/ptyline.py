"""A serial line that is a pty: a device under test on one end, whatever opens serial ports on the other."""

import os
import tty
from contextlib import suppress


class PtyLine:
    """The device's end. A host that does not read loses whole frames, as it would with a device that cannot wait."""

    def __init__(self) -> None:
        self._ours, self._theirs = os.openpty()  # theirs stays open, or the line would hang up between two hosts
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.name = os.ttyname(self._theirs)
        self._pending = b""
        self.n_bytes = self.n_overrun = 0

    def send(self, frame: bytes) -> None:
        """Send a frame, or lose it where the one before it is still waiting."""
        if self.still_waits():
            self.n_overrun += 1
        else:
            self._pending = frame[self._write(frame) :]

    def still_waits(self) -> bool:
        """Go on with the last frame; say whether some of it is yet to be sent."""
        self._pending = self._pending[self._write(self._pending) :]
        return bool(self._pending)

    def received(self) -> bytes:
        """Return what the host has sent meanwhile."""
        with suppress(BlockingIOError):
            return os.read(self._ours, 4096)
        return b""

    def close(self) -> None:
        """Hang up."""
        os.close(self._ours)
        os.close(self._theirs)

    def _write(self, data: bytes) -> int:
        n = 0
        with suppress(BlockingIOError):
            n = os.write(self._ours, data) if data else 0
        self.n_bytes += n
        return n
