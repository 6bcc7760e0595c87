"""What a browser that comes late is told."""

import pytest

from edgeecg.dashboard.memory import HISTORY_S, MOST_ALERTS, Memory
from edgeecg.live.messages import Message

RATE_HZ = 250.0
STREAMS: Message = {"kind": "streams", "streams": [{"name": "belt", "rate_hz": RATE_HZ}]}


def told(*messages: Message) -> list[str]:
    memory = Memory()
    for number, message in enumerate((STREAMS, *messages)):
        memory.take(message, str(number))
    return memory.lines()


@pytest.mark.parametrize("kind", ["gap", "prediction"])
def test_what_began_long_before_it_was_told_is_remembered(kind: str) -> None:
    long_ago = {"kind": kind, "stream": "belt", "start_sample": 10, "reported_at": 10 + round(3 * HISTORY_S * RATE_HZ)}
    assert told(long_ago) == ["0", "1"]
    assert told({"kind": "samples", "stream": "belt", "start_sample": 0}, long_ago) == ["0", "2"]


def test_the_last_seconds_are_remembered_and_no_more() -> None:
    samples = [{"kind": "samples", "stream": "belt", "start_sample": round(at_s * RATE_HZ)} for at_s in (0, 1, HISTORY_S + 1)]
    assert told(*samples) == ["0", "2", "3"]


def test_the_latest_of_what_stands_is_told_and_alerts_have_a_bound() -> None:
    quality: Message = {"kind": "quality", "stream": "belt", "lead": "I"}
    assert told(quality, quality) == ["0", "2"]
    alerts = [{"kind": "alert", "alert_id": str(number)} for number in range(MOST_ALERTS + 3)]
    assert len(told(*alerts)) == 1 + MOST_ALERTS
