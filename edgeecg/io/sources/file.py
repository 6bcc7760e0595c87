"""Files as sources: a recording or a journal, at real or any speed. Nothing of a file is dropped: it waits for its reader."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

from edgeecg.errors import ConfigError, EdgeEcgError
from edgeecg.io.sources import recordings
from edgeecg.io.sources.items import Item
from edgeecg.io.sources.pace import Pace
from edgeecg.io.sources.queue import WaitingQueue
from edgeecg.io.sources.recordings import FileSettings
from edgeecg.journal import read as read_journal
from edgeecg.types import Record, time_of


class FileSource:
    """Plays one file until its end or until stopped. What it tells lies in `queue`."""

    def __init__(
        self,
        settings: FileSettings,
        *,
        epoch: int,
        speed: float = 1.0,
        queue: WaitingQueue | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the file, and refuse it if need be; its time begins now."""
        if not speed > 0:
            raise ConfigError(f"{settings.path.name}: speed", speed, "> 0")
        self.queue = queue or WaitingQueue()
        self.refusal: EdgeEcgError | None = None
        """Why it ended before its end: a journal's damage is found where it lies."""
        self._stopping = Event()
        self.pace = Pace(speed, clock=clock, wait=self._stopping.wait)
        self._due = _due(settings, epoch, self.pace.start_ns)
        self.is_over = Event()
        """Set once all of it lies in the queue, or has been taken from there."""
        self._thread = Thread(target=self._run, name=f"file {settings.path.name}", daemon=True)

    def start(self) -> None:
        """Begin to play."""
        self._thread.start()

    def stop(self) -> None:
        """End it, wherever it is."""
        self._stopping.set()
        self.queue.close()
        self._thread.join()

    def _run(self) -> None:
        try:
            for due_s, item in self._due:
                if self._stopping.is_set() or not self.pace.wait_for(due_s) or not self.queue.push(item):
                    break
        except EdgeEcgError as refusal:
            self.refusal = refusal
        self.is_over.set()


def _due(settings: FileSettings, epoch: int, start_ns: int) -> Iterator[tuple[float, Item]]:
    if settings.path.is_dir():
        return journal_items(settings.path)
    return recordings.items(recordings.tracks(settings), epoch=epoch, start_ns=start_ns)


def journal_items(folder: Path) -> Iterator[tuple[float, Record]]:
    """Give a journal's records with the seconds since its first; they are what they were, times, epochs and all."""
    first_ns: int | None = None
    due_s = 0.0
    for entry in read_journal(folder):
        for record in entry.records:
            now_ns = time_of(record)
            if now_ns is not None:
                first_ns = now_ns if first_ns is None else first_ns
                due_s = max(due_s, (now_ns - first_ns) / 1e9)
            yield due_s, record
