"""A device's line that is two topics of a broker."""

import socket
from threading import Event
from typing import Any

from edgeecg.io.mqttline import MqttLine
from edgeecg.mqtt.settings import MqttSettings
from tests.client.listener import PATIENCE_S
from tests.mqtt.test_line_kept_up import CONNACK, broker

PUBACK = b"\x40\x02\x00\x02"  # of the second packet that is numbered: the first is the subscription


def test_a_device_leaves_only_once_its_broker_has_the_last_frame() -> None:
    waits = Event()

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(CONNACK)
        heard = b""
        while b"the last" not in heard:
            got = connection.recv(4096)
            if not got:
                return
            heard += got
        waits.wait(PATIENCE_S)
        connection.sendall(PUBACK)

    with broker(serve) as port:
        line = MqttLine(MqttSettings(host="127.0.0.1", port=port), device_id="d")
        loop = line._client.loop

        def noted(timeout: float = 1.0) -> Any:
            if timeout:
                waits.set()
            return loop(timeout)

        line._client.loop = noted  # type: ignore[method-assign]
        line.send(b"the last")
        line.close()
        waits.set()
        assert line._last is not None
        assert line._last.is_published()
        line._client.loop = loop  # type: ignore[method-assign]
