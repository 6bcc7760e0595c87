"""The sources that run, started and stopped as the settings say; one that stays the same is not touched."""

from collections.abc import Mapping
from threading import Thread
from typing import Final, Protocol, TypeAlias

from edgeecg.config.settings import DeviceBroker, RecordingFile, SerialPort, Sources
from edgeecg.daemon.clock import Clock
from edgeecg.daemon.sending import mqtt_settings
from edgeecg.errors import ConfigError
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.file import FileSource
from edgeecg.io.sources.mqtt import MqttSource
from edgeecg.io.sources.queue import DroppingQueue
from edgeecg.io.sources.recordings import FileSettings
from edgeecg.io.sources.serial import SerialSettings, SerialSource

PATIENCE_S: Final = 0.1

Wanted: TypeAlias = SerialPort | DeviceBroker | RecordingFile


class Source(Protocol):
    """What all sources can do."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End, and wait until it has ended."""


class RunningSources:
    """Builds first, swaps then: settings that one source refuses change nothing."""

    def __init__(self, queue: DroppingQueue, clock: Clock, *, epoch: int, device: str) -> None:
        self._queue, self._clock, self._epoch, self._device = queue, clock, epoch, device
        self._claims = Claims()
        self._running: dict[Wanted, Source] = {}

    def prepare(self, sources: Sources) -> Mapping[Wanted, Source]:
        """Make every source that is wanted and does not run; EdgeEcgError names the one that cannot be."""
        wanted: tuple[Wanted, ...] = (*sources.serial, *sources.mqtt, *sources.file)
        return {one: self._running.get(one) or self._made(one) for one in wanted}

    def swap(self, prepared: Mapping[Wanted, Source]) -> None:
        """Stop what is not wanted any more, start what is new: a device that moved to another port finds its name free."""
        before, self._running = self._running, dict(prepared)
        for one, source in before.items():
            if one not in prepared:
                source.stop()
        for one, source in prepared.items():
            if one not in before:
                source.start()

    def stop(self) -> None:
        """Stop them all; what they said last is in the queue then."""
        self.swap({})

    def _made(self, wanted: Wanted) -> Source:
        match wanted:
            case SerialPort():
                return SerialSource(_serial(wanted), epoch=self._epoch, claims=self._claims, queue=self._queue, clock_ns=self._clock.now_ns)
            case DeviceBroker():
                name = f"{self._device}-in"
                return MqttSource(
                    mqtt_settings(wanted, name),
                    epoch=self._epoch,
                    claims=self._claims,
                    queue=self._queue,
                    ask_rate_hz=wanted.ask_rate_hz,
                    stops_devices=wanted.stops_devices,
                    clock_ns=self._clock.now_ns,
                )
            case RecordingFile():
                return FedFile(_file(wanted), self._queue, self._clock, epoch=self._epoch)


class FedFile:
    """A recording that is played as if it came now, into the queue of what comes."""

    def __init__(self, settings: FileSettings, queue: DroppingQueue, clock: Clock, *, epoch: int) -> None:
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


def _serial(port: SerialPort) -> SerialSettings:
    return SerialSettings(
        port=port.port,
        format=port.format,
        baud=port.baud,
        stream=port.stream,
        rate_hz=port.rate_hz,
        mv_per_unit=port.mv_per_unit,
        offset_units=port.offset_units,
        leads=port.leads,
        ask_rate_hz=port.ask_rate_hz,
    )


def _file(file: RecordingFile) -> FileSettings:
    if file.path.is_dir():
        raise ConfigError("sources.file.path", repr(str(file.path)), "a recording: `edgeecg replay` reads journals")
    return FileSettings(path=file.path, stream=file.stream, leads=file.leads, rate_hz=file.rate_hz, units=file.units)
