"""Alerts to a file, one JSON object a line: for a log collector, or a person with `grep`. It is no outbox: nothing is received from it."""

from collections.abc import Sequence
from errno import ENOSPC
from io import FileIO
from pathlib import Path
from typing import Final

from edgeecg.errors import InputError
from edgeecg.payload.alert import body_of, published, waveform_of
from edgeecg.payload.stamped import StampedAlert

MAX_BYTES: Final = 16 << 20


class JsonlSink:
    """Appends to a file; at `max_bytes` it becomes `<name>.1`, and the one before that is gone."""

    def __init__(self, path: Path | str, *, max_bytes: int = MAX_BYTES) -> None:
        self._path, self._max_bytes = Path(path), max_bytes
        self.n_failed = 0
        """Alerts the disk did not take."""
        try:
            self._file = self._opened()
        except OSError as error:
            raise InputError(str(path), error.strerror, "a file that can be written") from error

    def put(self, alerts: Sequence[StampedAlert]) -> None:
        """Write alerts; a full disk costs lines of this file, not the daemon."""
        for alert in alerts:
            line = published(body_of(alert), waveform_of(alert.snippet), alert.times.detect_ns) + b"\n"
            try:
                self._make_room(len(line))
                self._write(line)
            except OSError:
                self.n_failed += 1

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _make_room(self, n_bytes: int) -> None:
        if not self._file.closed and self._file.tell() and self._file.tell() + n_bytes > self._max_bytes:
            self._file.close()
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        if self._file.closed:  # also where the disk would have no new one, a line ago
            self._file = self._opened()

    def _write(self, line: bytes) -> None:
        size = self._file.tell()
        if self._file.write(line) < len(line):  # the next one would be joined to what there was room for
            self._file.truncate(size)
            self._file.seek(size)
            raise OSError(ENOSPC, "no room for a whole line")

    def _opened(self) -> FileIO:
        return self._path.open("ab", buffering=0)
