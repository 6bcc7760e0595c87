"""Who gets in, and what a browser that comes late is told."""

import json

import pytest

from edgeecg.dashboard.door import MOST_SESSIONS, Door
from edgeecg.dashboard.memory import HISTORY_S, MOST_ALERTS, Memory
from edgeecg.errors import ConfigError
from edgeecg.live.messages import Message

TOKEN = "correct-horse-battery"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_this_machine_alone_needs_no_token(host: str) -> None:
    Door(host, "")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "board.local", ""])
def test_others_need_one(host: str) -> None:
    with pytest.raises(ConfigError, match=r"dashboard\.token_file: left out"):
        Door(host, "")
    Door(host, TOKEN)


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ConfigError, match="a token of 4 characters"):
        Door("127.0.0.1", "1234")


def test_a_name_that_leads_here_is_not_ours() -> None:
    door = Door("127.0.0.1", "")
    assert door.is_ours("localhost:8137")
    assert door.is_ours("[::1]:8137")
    assert not door.is_ours("evil.example:8137")
    assert not door.is_ours("")


def test_only_our_own_page_is_of_our_origin() -> None:
    door = Door("127.0.0.1", "")
    assert door.is_same_origin("http://localhost:8137", "localhost:8137")
    assert not door.is_same_origin("http://evil.example", "localhost:8137")
    assert not door.is_same_origin("http://localhost:9999", "localhost:8137")
    assert not door.is_same_origin(None, "localhost:8137")
    assert not door.is_same_origin("http://evil.example:8137", "evil.example:8137")


def test_the_token_opens_and_nothing_else_does() -> None:
    door = Door("0.0.0.0", TOKEN)
    assert door.opens_to(TOKEN)
    assert not door.opens_to("")
    assert not door.opens_to(TOKEN[:-1])
    assert not door.opens_to("é")
    assert not Door("127.0.0.1", "").opens_to("")


def test_sessions_are_known_and_the_oldest_make_room() -> None:
    door = Door("127.0.0.1", "")
    sessions = [door.admit() for _ in range(MOST_SESSIONS + 1)]
    assert door.knows(sessions[-1])
    assert not door.knows(sessions[0])
    assert not door.knows(None)


def take(memory: Memory, **message: object) -> None:
    memory.take(message, json.dumps(message))


def told(memory: Memory) -> list[Message]:
    return [json.loads(line) for line in memory.lines()]


def ward() -> Memory:
    memory = Memory()
    take(memory, kind="hello")
    take(memory, kind="streams", streams=[{"name": "a", "rate_hz": 100.0}])
    return memory


def test_the_last_seconds_are_kept_and_no_more() -> None:
    memory = ward()
    for start in range(0, 6000, 10):
        take(memory, kind="samples", stream="a", start_sample=start)
    starts = [one["start_sample"] for one in told(memory) if one["kind"] == "samples"]
    assert starts[0] == 5990 - HISTORY_S * 100
    assert starts[-1] == 5990


def test_a_stream_that_begins_anew_takes_its_past_with_it() -> None:
    memory = ward()
    take(memory, kind="stream_changed", stream="a", change="opened", epoch=1)
    take(memory, kind="samples", stream="a", start_sample=90_000)
    take(memory, kind="stream_changed", stream="a", change="opened", epoch=2)
    take(memory, kind="samples", stream="a", start_sample=0)
    assert [one["start_sample"] for one in told(memory) if one["kind"] == "samples"] == [0]


def test_of_what_stands_the_newest_is_told_and_of_alerts_the_latest_revision() -> None:
    memory = ward()
    for rate in (60, 61):
        take(memory, kind="vitals", stream="a", sample=rate, heart_rate=rate)
        take(memory, kind="alert", alert_id="x", revision=rate)
    for n in range(MOST_ALERTS):
        take(memory, kind="alert", alert_id=str(n), revision=1)
    assert [one["heart_rate"] for one in told(memory) if one["kind"] == "vitals"] == [61]
    alerts = [one["alert_id"] for one in told(memory) if one["kind"] == "alert"]
    assert len(alerts) == MOST_ALERTS
    assert "x" not in alerts


def test_another_daemon_is_another_story() -> None:
    memory = ward()
    take(memory, kind="samples", stream="a", start_sample=5)
    take(memory, kind="hello")
    assert [one["kind"] for one in told(memory)] == ["hello"]
