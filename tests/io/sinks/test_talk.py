"""What people are told of the line to a broker. No line, no clock."""

from pathlib import Path

from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.sinks.mqtt import AlertTalk, MqttSinkSettings
from edgeecg.mqtt.settings import MqttSettings


def test_why_there_is_no_line_is_told_once_and_again_when_it_is_something_else(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o")
    settings = MqttSinkSettings(broker=MqttSettings(host="h"), device="d")
    talk = AlertTalk(settings, outbox, on_acknowledge=lambda _alert_id, _by: None, wall_ns=lambda: 0)
    for why in ("no answer for 5 s", "no answer for 5 s", "Not authorized", "Not authorized"):
        talk.down(why)
    talk.up(window=10)
    talk.down("Not authorized")
    assert [sentence.removeprefix("mqtt h:1883: ") for sentence in talk.notices()] == [
        "not connected: no answer for 5 s",
        "not connected: Not authorized",
        "connected",
        "not connected: Not authorized",
    ]
    outbox.close()
