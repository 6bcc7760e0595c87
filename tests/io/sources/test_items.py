"""What sources tell people is said in sentences."""

import pytest

from edgeecg.io.sources.items import Lagging, Line, Notice, Refusal, Said
from edgeecg_wire.frames import CLOCK_RESTARTED, CLOCK_STEPPED, CLOCK_UNSTABLE, Battery, Clock, LeadOff


@pytest.mark.parametrize(
    ("notice", "sentence"),
    [
        (Line("/dev/ttyACM0", is_up=True), "/dev/ttyACM0: connected"),
        (Line("/dev/ttyACM0", is_up=False, why="unplugged"), "/dev/ttyACM0: no line: unplugged"),
        (Lagging("", 1.028, is_over=False), "queue: samples come 1.0 s late"),
        (Lagging("d/ecg", 0.0, is_over=True), "d/ecg: in time again"),
        (Refusal("d", "9 leads", "1 to 8", 4), "d: 9 leads is not 1 to 8 (4 times)"),
        (Said("d", Battery(255, 0, 0, 80, 1, 3900)), "d: battery 80 %, 3900 mV, charging"),
        (Said("d", Battery(255, 0, 0, 255, 0, 0)), "d: battery unknown"),
        (Said("d", Clock(255, 0, 0, CLOCK_STEPPED, -1_500_000)), "d: its clock was moved by -1.5 s"),
        (Said("d", Clock(255, 0, 0, CLOCK_RESTARTED, 0)), "d: its clock began again"),
        (Said("d", Clock(255, 0, 0, CLOCK_UNSTABLE, 0)), "d: its clock is not to be relied on"),
        (Said("d", Clock(255, 0, 0, 9, 0)), "d: its clock changed"),
        (Said("d", LeadOff(255, 0, 0, 2, 0b101)), "d: stream 2: leads off: 0, 2"),
        (Said("d", LeadOff(255, 0, 0, 0, 0)), "d: stream 0: all leads are on"),
    ],
)
def test_a_notice_is_a_sentence(notice: Notice, sentence: str) -> None:
    assert str(notice) == sentence
