"""A client that reads and writes many packets with one call to the system.

paho asks the socket for a packet's first byte, then for its length a byte at a time, then for the rest, and sends each
packet by itself. Each call gives the interpreter away, and beside a busy thread it comes back up to 5 ms later: then a
packet costs 20 ms, not 0.2.
"""

import select
import socket
from typing import Final

from paho.mqtt.enums import MQTTErrorCode

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

    def turn(self, wait_s: float, waker: socket.socket | None = None) -> tuple[MQTTErrorCode, bool]:
        """Wait for what comes, take all of it, and send what waits; return how it went, and whether `waker` has something too."""
        sock = self.socket()
        if sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN, False
        is_pending = self.is_ahead or bool(getattr(sock, "pending", int)())  # here or in TLS: select knows nothing of them
        watched = [sock] if waker is None else [sock, waker]
        readable, writable, _ = select.select(watched, [sock] if self.want_write() else [], [], 0.0 if is_pending else max(0.0, wait_s))
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        if sock in readable or is_pending:
            self.hold()
            code = self.loop_read()
            while self.is_ahead and code == MQTTErrorCode.MQTT_ERR_SUCCESS:
                code = self.loop_read()
            self.flush()
        if code == MQTTErrorCode.MQTT_ERR_SUCCESS and writable:
            self.flush()
            code = self.loop_write()
        if code == MQTTErrorCode.MQTT_ERR_SUCCESS:
            code = self.loop_misc()
        return code, waker in readable

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
