"""Where alerts go: the broker that is named, or one of our own on this machine."""

from collections.abc import Callable
from dataclasses import dataclass

import edgeecg
from edgeecg.config import Settings
from edgeecg.config.secrets import Secret
from edgeecg.daemon.brokers import mqtt_settings
from edgeecg.daemon.clock import Clock
from edgeecg.errors import ConfigError
from edgeecg.io.broker import EmbeddedBroker
from edgeecg.io.outbox.limits import OutboxLimits
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.sinks.mqtt import MqttSink, MqttSinkSettings
from edgeecg.payload.names import Names, read_key


@dataclass(frozen=True, slots=True)
class Prepared:
    """A sink that has not begun, and the broker it needs, if that is our own: it runs."""

    sink: MqttSink
    own: EmbeddedBroker | None


class Sending:
    """The sink, and the broker it needs where none is named. The device's name is its public one."""

    def __init__(self, settings: Settings, outbox: Outbox, clock: Clock, *, device: str, acknowledge: Callable[[str, str], None]) -> None:
        """What is wrong with the settings is said now."""
        self._outbox, self._clock, self._device, self._acknowledge = outbox, clock, device, acknowledge
        self._settings = settings
        self._own = None if settings.mqtt is not None else _own_broker(settings)
        self._sink = self._made(settings, self._own)

    def _made(self, settings: Settings, own: EmbeddedBroker | None) -> MqttSink:
        client_id, alerts = f"{settings.device.name}-out", settings.alerts
        assert own is not None or settings.mqtt is not None
        return MqttSink(
            MqttSinkSettings(
                broker=mqtt_settings(settings.mqtt, client_id) if own is None else own.settings(client_id),  # type: ignore[arg-type]
                device=self._device,
                key=key_of("alerts.seal_key", alerts.seal_key),
                people=alerts.people,
                expiry_s=alerts.expiry_s,
                is_homeassistant=alerts.homeassistant,
                version=edgeecg.__version__,
            ),
            self._outbox,
            on_acknowledge=self._acknowledge,
            wall_ns=lambda: self._clock.wall_ns(self._clock.now_ns()),
        )

    # --- other settings -----------------------------------------------------------------------------------------------

    def prepare(self, settings: Settings) -> Prepared | None:
        """Return what other settings ask for; None: what there is. What is wrong with them is said now, and changes nothing."""
        key = key_of("alerts.seal_key", settings.alerts.seal_key)  # its file may hold another
        if (settings.mqtt, settings.alerts, key) == (self._settings.mqtt, self._settings.alerts, self._sink.settings.key):
            return None
        if settings.mqtt is not None:
            return Prepared(self._made(settings, None), None)
        if self._own is not None:
            return Prepared(self._made(settings, self._own), self._own)
        own = _own_broker(settings)
        sink = self._made(settings, own)
        own.start()
        return Prepared(sink, own)

    def swap(self, prepared: Prepared, settings: Settings, drain_s: float) -> None:
        """Go on with what was prepared; what the sink before could not send in so long is in the outbox."""
        self._sink.stop(drain_s)
        if self._own is not None and self._own is not prepared.own:
            self._own.stop()
        self._settings, self._sink, self._own = settings, prepared.sink, prepared.own
        self._outbox.limits = outbox_limits(settings)
        self._sink.start()

    # --- from start to stop -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to send."""
        if self._own is not None:
            self._own.start()
        self._sink.start()

    def wake(self) -> None:
        """Say that something was put into the outbox; from any thread."""
        self._sink.wake()

    def probe(self, passed: Callable[[], None]) -> None:
        """Have this called by who sends, in its turn."""
        self._sink.probe(passed)

    def notices(self) -> list[str]:
        """Return what people should know, since this was last asked."""
        return self._sink.notices()

    @property
    def is_up(self) -> bool:
        """The broker is there."""
        return self._sink.is_up

    @property
    def trouble(self) -> str:
        """Why alerts do not go out, or nothing."""
        if not self._sink.is_up:
            return "broker: not connected: alerts wait in the outbox"
        return f"broker: alerts wait in the outbox, it does not take them: {self._sink.refusal}" if self._sink.refusal else ""

    def revive(self) -> str:
        """Start our own broker again where it has ended, and say so, or why it cannot be: the next call tries again. Empty: it runs."""
        if self._own is None or self._own.is_running:
            return ""
        try:
            self._own.start()
        except ConfigError as refusal:  # as where another has taken its port meanwhile: no reason to watch no heart
            return f"our own broker has ended, and does not start again: {refusal}"
        return "our own broker had ended, and was started again"

    def stop(self, drain_s: float) -> bool:
        """Send what can be sent in so long; False: something is left, in the outbox."""
        is_all = self._sink.stop(drain_s)
        if self._own is not None:
            self._own.stop()
        return is_all


def _own_broker(settings: Settings) -> EmbeddedBroker:
    return EmbeddedBroker(settings.state.path() / "broker", port=settings.broker.port)


def outbox_limits(settings: Settings) -> OutboxLimits:
    """Return the outbox's limits in its own units."""
    return OutboxLimits(max_bytes=round(settings.alerts.max_mib * 2**20), receivers=settings.alerts.receivers)


def key_of(where: str, secret: Secret) -> bytes | None:
    """Return a key's bytes; None: there is none."""
    return read_key(where, secret.path()) if secret else None


def names_of(settings: Settings) -> Names:
    """Return how devices and streams are called in public."""
    return Names(key_of("alerts.names_key", settings.alerts.names_key))
