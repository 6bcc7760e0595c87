"""A recording among the sources of a daemon."""

from threading import Thread
from typing import Final

from edgeecg.config.settings import RecordingFile
from edgeecg.daemon.clock import Clock
from edgeecg.errors import ConfigError
from edgeecg.io.sources.file import FileSource
from edgeecg.io.sources.queue import DroppingQueue
from edgeecg.io.sources.recordings import FileSettings

PATIENCE_S: Final = 0.1


class FedFile:
    """A recording that is played as if it came now, into the queue of what comes."""

    def __init__(self, file: RecordingFile, queue: DroppingQueue, clock: Clock, *, epoch: int) -> None:
        if file.path.is_dir():
            raise ConfigError("sources.file.path", repr(str(file.path)), "a recording: `edgeecg replay` reads journals")
        settings = FileSettings(path=file.path, stream=file.stream, leads=file.leads, rate_hz=file.rate_hz, units=file.units)
        self._file = FileSource(settings, epoch=epoch, speed=clock.speed, clock=clock.real_s)
        self._queue = queue
        self._is_stopping = False
        self._thread = Thread(target=self._run, name=f"feeding {settings.path.name}", daemon=True)

    def start(self) -> None:
        """Begin to play."""
        self._file.start()
        self._thread.start()

    def stop(self) -> None:
        """End it, wherever it is."""
        self._is_stopping = True
        self._file.stop()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_stopping and not (self._file.is_over.is_set() and not self._file.queue.wait(0.0)):
            if self._file.queue.wait(PATIENCE_S):
                self._queue.push_all(self._file.queue.take())
