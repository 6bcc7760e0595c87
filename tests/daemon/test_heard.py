"""A device that hears, and a daemon whose model does: the sound goes with its ECG, and both are answered live."""

from pathlib import Path

import pytest

from edgeecg.types import ModelChange, ModelChanged, Prediction, WindowReady
from tests.daemon.rehearsal import playing, running, settings_text
from tests.daemon.reloading import events_of
from tests.ports import free_port

pytest.importorskip("iotcore")
SPEED = 10.0


def test_a_daemon_asks_a_model_that_hears_about_the_sound(tmp_path: Path) -> None:
    with playing("normal", speed=SPEED, pcg_rate_hz=1000.0) as device:
        text = settings_text(tmp_path, device.port, free_port()).replace("use = []", 'use = ["heart-sound"]')
        with running(lambda: text, speed=SPEED) as daemon:
            daemon.until(lambda app: app.numbers.events.value("Prediction") >= 2, "two windows of ten seconds, answered")
    events = events_of(tmp_path)
    (loaded,) = (event for event in events if isinstance(event, ModelChanged))
    assert (loaded.model, loaded.change) == ("heart-sound", ModelChange.READY)
    windows = {event.window_id: event for event in events if isinstance(event, WindowReady)}
    answers = [event for event in events if isinstance(event, Prediction)]
    assert len(answers) >= 2
    assert {(one.stream, one.model) for one in answers} == {("simulated/pcg", "heart-sound")}
    assert {one.label for one in answers} <= {"normal", "abnormal"}
    for one in answers:
        asked = windows[one.window_id]
        assert asked.readable
        assert (len(asked.sound), len(asked.samples_mv)) == (4 * 10_000, 4 * 2_500)
        assert one.start_sample == asked.start_sample
        assert sum(one.probabilities) == pytest.approx(1)
