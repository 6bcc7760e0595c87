"""The local socket: readers come and go, each with so much room; one that does not read is dropped, never waited for."""

import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from threading import Thread
from typing import Final

from edgeecg.errors import EdgeEcgError, InputError
from edgeecg.live.messages import Message, line
from edgeecg.live.tap import Tap
from edgeecg.live.telling import Telling

TURN_S: Final = 0.05
MOST_READERS: Final = 8
ROOM_BYTES: Final = 4 << 20
"""What may wait for one reader: seconds of a hundred streams."""
MOST_REQUEST: Final = 4096

Acknowledge = Callable[[str, int, str], None]
"""Called with an alert's id, the revision that was seen and by whom; EdgeEcgError says why not."""


class LiveServer:
    """One thread: takes from the tap, tells readers, hears acknowledgements."""

    def __init__(self, path: Path, tap: Tap, telling: Telling, now_ns: Callable[[], int], acknowledge: Acknowledge) -> None:
        self._tap, self._telling, self._now_ns, self._acknowledge = tap, telling, now_ns, acknowledge
        self._folder, self._name = path.parent, path.name
        self._readers: dict[socket.socket, _Reader] = {}
        self._is_stopping = False
        self._selector = DefaultSelector()
        self._listener = self._opened()
        self._selector.register(self._listener, EVENT_READ)
        self._thread = Thread(target=self._run, name="live", daemon=True)
        self.n_dropped = 0
        self.failure: Exception | None = None

    def _opened(self) -> socket.socket:
        with suppress(FileNotFoundError):
            (self._folder / self._name).unlink()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        with at_folder(self._folder) as folder:
            listener.bind(f"{folder}/{self._name}")
        (self._folder / self._name).chmod(0o600)
        listener.listen(MOST_READERS)
        return listener

    @property
    def n_readers(self) -> int:
        """How many there are."""
        return len(self._readers)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; who reads sees the line end."""
        self._is_stopping = True
        if self._thread.ident is not None:
            self._thread.join()
        for reader in list(self._readers.values()):
            self._drop(reader)
        self._selector.close()
        self._listener.close()
        with suppress(FileNotFoundError):
            (self._folder / self._name).unlink()

    def _run(self) -> None:
        try:
            while not self._is_stopping:
                self.turn(TURN_S)
        except Exception as failure:  # the engine does not end because of who looks at it
            self.failure = failure
            raise

    def turn(self, timeout_s: float) -> None:
        """Serve whoever is ready, then tell what is new."""
        for key, mask in self._selector.select(timeout_s):
            if key.fileobj is self._listener:
                self._admit()
            elif mask & EVENT_WRITE:
                self._send(key.data)
            else:
                self._hear(key.data)
        told = self._telling.tell(self._tap.take(), self._now_ns(), is_heard=bool(self._readers))
        if self._readers:
            self._say(b"".join(map(line, told)), list(self._readers.values()))
        else:
            for _ in told:  # what stands is kept up, and nothing is written
                pass

    def _admit(self) -> None:
        with suppress(OSError):
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            if len(self._readers) >= MOST_READERS:
                connection.close()
                return
            reader = self._readers[connection] = _Reader(connection)
            self._selector.register(connection, EVENT_READ, reader)
            self._say(b"".join(map(line, self._telling.welcome(self._now_ns()))), [reader])

    def _say(self, text: bytes, readers: "list[_Reader]") -> None:
        for reader in readers:
            reader.out += text
            self._send(reader)

    def _send(self, reader: "_Reader") -> None:
        if not reader.push() or len(reader.out) > ROOM_BYTES:
            self._drop(reader)
        elif reader.connection in self._readers:
            self._selector.modify(reader.connection, EVENT_READ | (EVENT_WRITE if reader.out else 0), reader)

    def _drop(self, reader: "_Reader") -> None:
        if self._readers.pop(reader.connection, None) is not None:
            self.n_dropped += bool(reader.out)
            self._selector.unregister(reader.connection)
            reader.connection.close()

    def _hear(self, reader: "_Reader") -> None:
        lines = reader.lines()
        if lines is None:
            self._drop(reader)
            return
        for request in lines:
            self._say(line(self._answer(request)), [reader])

    def _answer(self, request: bytes) -> Message:
        answer: Message = {"kind": "answer", "alert_id": "", "refusal": ""}
        try:
            alert_id, revision, by = _read(request)
            answer["alert_id"] = alert_id
            self._acknowledge(alert_id, revision, by)
        except EdgeEcgError as refusal:
            answer["refusal"] = str(refusal)
        return answer


class _Reader:
    """One connection, and what waits for it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.out = bytearray()
        self._in = bytearray()

    def push(self) -> bool:
        """Send what goes at once; False: it has gone."""
        try:
            while self.out:
                sent = self.connection.send(self.out[: 1 << 16])
                del self.out[:sent]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def lines(self) -> list[bytes] | None:
        """Return what it asked; None: it has gone, or asks without end."""
        try:
            came = self.connection.recv(MOST_REQUEST)
        except BlockingIOError:
            return []
        except OSError:
            return None
        self._in += came
        *whole, rest = bytes(self._in).split(b"\n")
        self._in = bytearray(rest)
        return whole if came and len(rest) < MOST_REQUEST else None


def _read(request: bytes) -> tuple[str, int, str]:
    """An acknowledgement: which alert, which revision of it was seen, by whom."""
    allowed = '{"acknowledge": ID, "revision": NUMBER, "by": NAME}'
    try:
        asked = json.loads(request)
        alert_id, revision, by = asked["acknowledge"], asked["revision"], asked["by"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError("request", repr(request[:80]), allowed) from error
    if not (type(alert_id) is str and type(revision) is int and type(by) is str):
        raise InputError("request", repr(request[:80]), allowed)
    return alert_id, revision, by


class at_folder:  # noqa: N801 - reads as what it is at its use
    """A short path to a folder of any length: an address of a local socket has 107 bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> str:
        self._descriptor = os.open(self._folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._descriptor}"

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
