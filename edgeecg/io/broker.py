"""A broker of our own, for a device that has none: MQTT 5, on loopback alone, in a child process that ends when we do.

Its queues live in memory: what must not be lost is in the outbox until it is received. Whoever is on this machine may
connect, so it is no place for secrets from its other users; `deploy/mosquitto/mosquitto.conf` is.
"""

import socket
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from edgeecg.errors import ConfigError
from edgeecg.mqtt.settings import MqttSettings

HOST: Final = "127.0.0.1"
MAX_PAYLOAD: Final = 1 << 17
START_S: Final = 30.0
"""How long it may take to listen: it is a process of its own, and a board that has just booted has much else to do."""
_TOML: Final = """
id = 0
[router]
id = 0
max_connections = 200
max_outgoing_packet_count = 200
max_segment_size = 16777216
max_segment_count = 4
[v5.1]
name = "edgeecg"
listen = "{host}:{port}"
next_connection_delay_ms = 1
    [v5.1.connections]
    connection_timeout_ms = 5000
    max_payload_size = {max_payload}
    max_inflight_count = 200
    dynamic_filters = true
"""


def check_installed() -> None:
    """Refuse where the extra is missing."""
    if find_spec("iotcore") is None:
        raise ConfigError("broker", "one of our own without iotcore", "possible: pip install 'edgeecg[broker]', or name a broker ([mqtt])")


class EmbeddedBroker:
    """Runs while it is open. `port` 0 takes a free one."""

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        check_installed()
        from iotcore import Broker  # noqa: PLC0415  # an extra

        self.port = port or free_port()
        config = folder / "broker.toml"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            config.write_text(_TOML.format(host=HOST, port=self.port, max_payload=MAX_PAYLOAD), encoding="ascii")
        except OSError as error:
            raise ConfigError(f"broker's folder {folder}", error.strerror, "a folder that takes its settings") from error
        self._broker = Broker(config_path=str(config))

    def settings(self, client_id: str) -> MqttSettings:
        """Return how to connect to it."""
        return MqttSettings(host=HOST, port=self.port, client_id=client_id)

    @property
    def is_running(self) -> bool:
        """Whether the child process is there."""
        return bool(self._broker.is_running)

    def start(self) -> None:
        """Start it, or start it again, and wait until it listens."""
        try:
            self._broker.start(START_S)
        except (OSError, RuntimeError) as error:
            raise ConfigError(f"broker {HOST}:{self.port}", str(error), "a free port where a broker starts") from error

    def stop(self) -> None:
        """End the child process."""
        self._broker.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def free_port() -> int:
    """Return a port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
