"""Where alerts go: the broker that is named, or one of our own on this machine."""

from collections.abc import Callable
from pathlib import Path

import edgeecg
from edgeecg.config import Settings
from edgeecg.config.secrets import Secret
from edgeecg.config.settings import Broker
from edgeecg.daemon.clock import Clock
from edgeecg.io.broker import EmbeddedBroker
from edgeecg.io.outbox.limits import OutboxLimits
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.sinks.mqtt import MqttSink, MqttSinkSettings
from edgeecg.mqtt.settings import MqttSettings
from edgeecg.payload.names import Names, read_key


class Sending:
    """The sink, and the broker it needs where none is named. The device's name is its public one."""

    def __init__(self, settings: Settings, outbox: Outbox, clock: Clock, *, device: str, acknowledge: Callable[[str, str], None]) -> None:
        """What is wrong with the settings is said now."""
        self._own = None if settings.mqtt is not None else EmbeddedBroker(settings.state.path() / "broker", port=settings.broker.port)
        client_id = f"{settings.device.name}-out"
        self._sink = MqttSink(
            MqttSinkSettings(
                broker=mqtt_settings(settings.mqtt, client_id) if settings.mqtt is not None else self._own_settings(client_id),
                device=device,
                key=key_of("alerts.seal_key", settings.alerts.seal_key),
                people=settings.alerts.people,
                expiry_s=settings.alerts.expiry_s,
                is_homeassistant=settings.alerts.homeassistant,
                version=edgeecg.__version__,
            ),
            outbox,
            on_acknowledge=acknowledge,
            wall_ns=lambda: clock.wall_ns(clock.now_ns()),
        )
        self.start, self.wake, self.probe = self._start, self._sink.wake, self._sink.probe
        self.notices, self.counters = self._sink.notices, self._sink.counters

    def _own_settings(self, client_id: str) -> MqttSettings:
        assert self._own is not None
        return self._own.settings(client_id)

    def _start(self) -> None:
        if self._own is not None:
            self._own.start()
        self._sink.start()

    @property
    def is_up(self) -> bool:
        """The broker is there."""
        return self._sink.is_up

    def revive(self) -> bool:
        """Start our own broker again where it has ended; return whether it had."""
        if self._own is None or self._own.is_running:
            return False
        self._own.start()
        return True

    def stop(self, drain_s: float) -> bool:
        """Send what can be sent in so long; False: something is left, in the outbox."""
        is_all = self._sink.stop(drain_s)
        if self._own is not None:
            self._own.stop()
        return is_all


def mqtt_settings(broker: Broker, client_id: str) -> MqttSettings:
    """Return how to connect to a broker, its secrets read."""

    def named(path: Path | None) -> str | None:
        return None if path is None else str(path)

    return MqttSettings(
        host=broker.host,
        port=broker.port_used,
        client_id=broker.client_id or client_id,
        username=broker.username or None,
        password=broker.password.read() or None,
        ca_file=named(broker.ca_file),
        certificate_file=named(broker.certificate_file),
        key_file=named(broker.key_file),
    )


def outbox_limits(settings: Settings) -> OutboxLimits:
    """Return the outbox's limits in its own units."""
    return OutboxLimits(max_bytes=round(settings.alerts.max_mib * 2**20), receivers=settings.alerts.receivers)


def key_of(where: str, secret: Secret) -> bytes | None:
    """Return a key's bytes; None: there is none."""
    return read_key(where, secret.path()) if secret else None


def names_of(settings: Settings) -> Names:
    """Return how devices and streams are called in public."""
    return Names(key_of("alerts.names_key", settings.alerts.names_key))
