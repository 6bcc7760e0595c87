"""What people are told of the line to a broker. No line, no clock."""

from pathlib import Path

from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.sinks.mqtt import AlertTalk, MqttSinkSettings
from edgeecg.mqtt.settings import MqttSettings
from edgeecg.payload.alert import MAX_SAMPLES, read_alert
from edgeecg.payload.seal import PROPERTY, Seal
from edgeecg.payload.stamped import Snippet
from tests.client.listener import KEY
from tests.payload.alerts import DEVICE, stamped


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


def test_an_alert_goes_without_its_waveform_where_it_would_be_too_long_for_who_hears_it(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o")
    talk = AlertTalk(
        MqttSinkSettings(broker=MqttSettings(host="h"), device=DEVICE, key=KEY),
        outbox,
        on_acknowledge=lambda _alert_id, _by: None,
        wall_ns=lambda: 0,
    )
    talk.up(window=100)
    wild = Snippet("I", 0, 250.0, (10**30,) * MAX_SAMPLES)  # a device may say anything
    outbox.put([stamped(1, snippet=Snippet("I", 0, 250.0, (1,) * 3000)), stamped(2, snippet=wild), stamped(3)])
    talk.settle(0.0)
    said = [message for _, message in iter(lambda: talk.next(0.0, is_clear=True), None) if message.topic.endswith("/alerts")]
    assert [read_alert(message.payload, device=DEVICE).snippet is not None for message in said] == [True, False, False]
    assert [message.shorter is not None for message in said] == [True, False, False]
    shorter = said[0].shorter
    assert shorter is not None
    assert read_alert(shorter.payload, device=DEVICE).snippet is None
    Seal(KEY).check(shorter.topic, shorter.payload, shorter.correlation, dict(shorter.user)[PROPERTY])
    outbox.close()


def test_a_broker_that_takes_no_alerts_is_a_trouble_until_it_does(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o")
    settings = MqttSinkSettings(broker=MqttSettings(host="h"), device=DEVICE)
    talk = AlertTalk(settings, outbox, on_acknowledge=lambda _alert_id, _by: None, wall_ns=lambda: 0)
    talk.up(window=100)
    talk.notices()
    outbox.put([stamped(1), stamped(2)])
    talk.settle(0.0)
    said = [number for number, _ in iter(lambda: talk.next(0.0, is_clear=True), None)]
    for number, why_not in zip(said, ("", "Not authorized", "", "Not authorized"), strict=True):  # status, two alerts, state
        talk.delivered(number, why_not, 0.0)
        assert talk.refusal == ("Not authorized" if number == said[1] else "")
    assert talk.notices() == [f"mqtt h:1883: {what} was not taken: Not authorized" for what in ("an alert", "status or state")]
    outbox.close()
