"""The sources that run, started and stopped as the settings say; one that stays the same is not touched.

Each kind is loaded only where it is configured: a daemon listens to its devices before it is all there.
"""

from collections.abc import Mapping
from typing import Protocol, TypeAlias

from edgeecg.config.settings import DeviceBroker, RecordingFile, SerialPort, Sources
from edgeecg.daemon.brokers import mqtt_settings
from edgeecg.daemon.clock import Clock
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.queue import DroppingQueue

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
                return self._serial(wanted)
            case DeviceBroker():
                return self._broker(wanted)
            case RecordingFile():
                from edgeecg.daemon.fedfile import FedFile  # noqa: PLC0415  (loaded where it is configured)

                return FedFile(wanted, self._queue, self._clock, epoch=self._epoch)

    def _serial(self, port: SerialPort) -> Source:
        from edgeecg.io.sources.serial import SerialSettings, SerialSource  # noqa: PLC0415  (ditto)

        settings = SerialSettings(
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
        return SerialSource(settings, epoch=self._epoch, claims=self._claims, queue=self._queue, clock_ns=self._clock.now_ns)

    def _broker(self, broker: DeviceBroker) -> Source:
        from edgeecg.io.sources.mqtt import MqttSource  # noqa: PLC0415  (ditto)

        return MqttSource(
            mqtt_settings(broker, f"{self._device}-in"),
            epoch=self._epoch,
            claims=self._claims,
            queue=self._queue,
            ask_rate_hz=broker.ask_rate_hz,
            stops_devices=broker.stops_devices,
            clock_ns=self._clock.now_ns,
        )
