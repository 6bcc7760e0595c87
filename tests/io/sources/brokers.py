"""Real brokers on loopback: mosquitto and the embedded one, whichever is installed."""

import importlib.util
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ports import free_port

PATIENCE_S = 60.0

EMBEDDED = """
id = 0
[router]
id = 0
max_connections = 2000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[v5.1]
name = "v5"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
    [v5.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = 268435455
    max_inflight_count = 1000
    dynamic_filters = true
"""

MOSQUITTO = """
listener {port} 127.0.0.1
max_queued_messages 100000
max_inflight_messages 0
persistence false
user root
"""


def mosquitto() -> str:
    """Its path; Debian puts it where only root looks."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip("mosquitto is not installed")
    return found


def _await_listener(port: int, broker: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert broker.poll() is None, f"the broker ended with status {broker.returncode}"
            assert time.monotonic() < end, f"no broker at port {port} after {PATIENCE_S} s"
        else:
            return


@contextmanager
def _running(command: list[str], port: int) -> Iterator[int]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as broker:
        try:
            _await_listener(port, broker)
            yield port
        finally:
            broker.terminate()
            broker.wait(PATIENCE_S)


@contextmanager
def mosquitto_running(folder: Path, settings: str = "allow_anonymous true", port: int | None = None) -> Iterator[int]:
    """Run mosquitto with these settings on a free port, or the one given."""
    port = port or free_port()
    config = folder / "mosquitto.conf"
    config.write_text(MOSQUITTO.format(port=port) + settings + "\n", encoding="utf-8")
    with _running([mosquitto(), "-c", str(config)], port):
        yield port


@contextmanager
def embedded_running(folder: Path) -> Iterator[int]:
    """Run the embedded broker on a free port."""
    if importlib.util.find_spec("iotcore") is None:
        pytest.skip("iotcore is not installed")
    from iotcore import Broker

    port = free_port()
    config = folder / "embedded.toml"
    config.write_text(EMBEDDED.format(port=port), encoding="utf-8")
    broker = Broker(config_path=str(config))
    broker.start(PATIENCE_S)
    try:
        yield port
    finally:
        broker.stop()


BROKERS = {"mosquitto": mosquitto_running, "embedded": embedded_running}
