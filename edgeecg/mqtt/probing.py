"""Whether a broker lets us in, and why not."""

import time
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgeecg.mqtt.connecting import new_client
from edgeecg.mqtt.settings import MqttSettings

MAX_PACKET: Final = 1 << 16
KEEPALIVE_S: Final = 15
TURN_S: Final = 0.1


def why_not(settings: MqttSettings, patience_s: float = 5.0) -> str:
    """Connect once, under a name of its own, and leave; return what stood in the way, or nothing."""
    client = new_client(settings, max_packet=MAX_PACKET)
    answers: list[ReasonCode] = []

    def connected(_client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, _properties: Properties | None) -> None:
        answers.append(code)

    client.on_connect = connected
    try:
        client.connect(settings.host, settings.port, KEEPALIVE_S, clean_start=True)
    except (OSError, ValueError) as error:
        return str(error)
    end_s = time.monotonic() + patience_s
    while not answers and time.monotonic() < end_s and client.loop(TURN_S) == MQTTErrorCode.MQTT_ERR_SUCCESS:
        pass
    client.disconnect()
    client.on_connect = None
    if not answers:
        return f"no answer within {patience_s:g} s"
    return str(answers[0]) if answers[0].is_failure else ""
