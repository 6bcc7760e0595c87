"""The other end of the local socket: messages as they come, acknowledgements back."""

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from edgeecg.errors import InputError
from edgeecg.live.messages import Message, line
from edgeecg.live.server import at_folder

SOCKET_NAME: Final = "live.sock"


def socket_in(folder: Path) -> Path:
    """Return where a daemon with this state folder is looked at."""
    return folder / SOCKET_NAME


class Reader:
    """One connection; `take` waits so long for what is new."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._rest = b""
        self.is_over = False
        """The daemon has gone, or has dropped us."""
        try:
            with at_folder(path.parent) as folder:
                self._socket.connect(f"{folder}/{path.name}")
        except OSError as error:
            self._socket.close()
            allowed = "the socket of a daemon that runs: is `edgeecg run` on, with the same settings and as the same user?"
            raise InputError(str(path), error.strerror or error, allowed) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def take(self, timeout_s: float) -> list[Message]:
        """Return what came within the time, as soon as anything has."""
        self._socket.settimeout(timeout_s)
        try:
            came = self._socket.recv(1 << 18)
        except TimeoutError:
            return []
        except OSError:
            came = b""
        self.is_over = not came
        *whole, self._rest = (self._rest + came).split(b"\n")
        return [json.loads(text) for text in whole]

    def acknowledge(self, alert_id: str, revision: int, by: str) -> None:
        """Say that a person has seen this revision; the answer is a message."""
        self._socket.settimeout(None)
        self._socket.sendall(line({"acknowledge": alert_id, "revision": revision, "by": by}))
