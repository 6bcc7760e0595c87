"""A client that reads and writes many packets with one call to the system.

paho asks the socket for a packet's first byte, then for its length a byte at a time, then for the rest, and sends each
packet by itself. Each call gives the interpreter away, and beside a busy thread it comes back up to 5 ms later: then a
packet costs 20 ms, not 0.2.
"""

import socket
from typing import Final

from edgeecg.mqtt.connecting import CappedClient

_READ_BYTES: Final = 1 << 16
_QUICK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)  # Linux has it


class BufferedClient(CappedClient):
    """Writes are held until `flush` while `is_holding`; what was read ahead `is_ahead`."""

    is_holding = False
    _ahead = b""
    _ahead_at = 0
    _held = bytearray()

    @property
    def is_ahead(self) -> bool:
        """Whether bytes are here of which the socket knows nothing."""
        return self._ahead_at < len(self._ahead)

    def hold(self) -> None:
        """From here on, keep what is to be sent."""
        self.is_holding = True
        if not self._held:
            self._held = bytearray()

    def flush(self) -> None:
        """Send what was kept, as far as the socket takes it; raise OSError where the line is gone."""
        self.is_holding = False
        try:
            while self._held:
                del self._held[: super()._sock_send(self._held)]
        except BlockingIOError:
            return

    def want_write(self) -> bool:
        """Whether something waits for the socket."""
        return bool(self._held) or super().want_write()

    def _sock_send(self, buf: bytes | bytearray) -> int:
        if not self.is_holding and not self._held:
            return super()._sock_send(buf)
        self._held += buf
        if not self.is_holding:
            self.flush()
        return len(buf)

    def _sock_recv(self, bufsize: int) -> bytes:
        if not self.is_ahead:
            self._ahead, self._ahead_at = super()._sock_recv(_READ_BYTES), 0
            self._acknowledge_at_once()
        taken = self._ahead[self._ahead_at : self._ahead_at + bufsize]
        self._ahead_at += len(taken)
        return taken

    def _acknowledge_at_once(self) -> None:
        """Brokers leave Nagle's algorithm on: they hold an alert back until what they sent before it is acknowledged, by TCP, 40 ms later."""
        if _QUICK is not None and isinstance(self._sock, socket.socket):
            self._sock.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)  # the kernel forgets it by itself
