"""How to connect to a broker that the settings name."""

from pathlib import Path

from edgeecg.config.settings import Broker
from edgeecg.mqtt.settings import MqttSettings


def mqtt_settings(broker: Broker, client_id: str) -> MqttSettings:
    """Return how to connect to a broker, its secrets read."""

    def named(path: Path | None) -> str | None:
        return None if path is None else str(path)

    return MqttSettings(
        host=broker.host,
        port=broker.port_used,
        client_id=broker.client_id or client_id,
        username=broker.username or None,
        password=broker.password.read if broker.password else None,
        ca_file=named(broker.ca_file),
        certificate_file=named(broker.certificate_file),
        key_file=named(broker.key_file),
    )
