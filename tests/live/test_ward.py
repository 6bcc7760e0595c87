"""What a terminal shows: streams and alerts folded from messages, and drawn."""

import io
from base64 import b64encode
from typing import Any

import numpy as np
import pytest

from edgeecg.live.messages import Message
from edgeecg.live.ward import MOST_OVER, TRACE_S, Ward, is_over

STREAMS = [{"name": "a", "rate_hz": 250.0, "sound_of": ""}, {"name": "a/pcg", "rate_hz": 1000.0, "sound_of": "a"}]


def ward(*messages: Message) -> Ward:
    ward = Ward()
    hello: Message = {"kind": "hello", "device": "ward-3", "speed": 1.0, "people": []}
    for message in (hello, {"kind": "streams", "streams": STREAMS}, *messages):
        ward.take(message)
    return ward


def samples(values: Any, start: int = 0) -> Message:
    mv = b64encode(np.asarray(values, "<f4").tobytes()).decode()
    return {"kind": "samples", "stream": "a", "start_sample": start, "mv": mv, "behind_s": 0.004}


def alert(alert_id: str, revision: int = 1, state: str = "raised", priority: str = "high", **more: object) -> Message:
    return {
        "kind": "alert", "alert_id": alert_id, "revision": revision, "state": state, "priority": priority, "latched": False,
        "acknowledged_by": "", "stream": "a", "text": f"alert {alert_id}", **more,
    }  # fmt: skip


def shown(ward: Ward, width: int = 120) -> str:
    pytest.importorskip("rich")
    from rich.console import Console

    from edgeecg.cli.live_screen import screen

    console = Console(file=io.StringIO(), width=width)
    console.print(screen(ward, "foot"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_stream_says_its_rate_its_rhythm_and_what_is_wrong() -> None:
    now = ward(
        {"kind": "vitals", "stream": "a", "heart_rate": 61.4},
        {"kind": "prediction", "stream": "a", "label": "A", "abstained": False, "late": False},
        {"kind": "quality", "stream": "a", "index": 0.3, "good": False, "reason": "bad_samples"},
        {"kind": "coupling", "stream": "a/pcg", "delay_ms": 62.0},
    )
    text = shown(now)
    assert " 61 " in text
    assert "bad samples" in text
    assert " 62 " in text
    now.take({"kind": "signal_state", "stream": "a", "lead_off": True, "saturated": False, "flat": False, "invalid": False})
    assert "lead off" in shown(now)
    now.take({"kind": "stream_changed", "stream": "a", "change": "lost"})
    assert "source lost" in shown(now)
    assert list(now.beds) == ["a"]


def test_what_others_call_things_is_neither_markup_nor_a_word_to_the_terminal() -> None:
    streams = {"kind": "streams", "models": [], "streams": [{"name": "bed [icu] [/x]\x1b[2J", "rate_hz": 250.0, "sound_of": ""}]}
    text = shown(ward(streams, alert("1", stream="[bold]a", text="[red]\x1b[2Jx", acknowledged_by="[/b]")), width=200)
    for whole in ("bed [icu] [/x]", "[bold]a", "[red]", "seen by [/b]"):
        assert whole in text
    assert "\x1b" not in text


def test_what_was_last_heard_does_not_pass_for_what_is() -> None:
    now = ward()
    assert "all well" in shown(now)
    now.silent_s = 7.0
    assert "nothing heard for 7 s" in shown(now)
    assert "all well" not in shown(now)


def test_a_long_name_leaves_room_for_what_is_the_matter() -> None:
    name = "bed " * 30
    streams = {"kind": "streams", "models": [], "streams": [{"name": name, "rate_hz": 250.0, "sound_of": ""}]}
    now = ward(streams, {"kind": "vitals", "stream": name, "heart_rate": 61.4}, alert("1", stream=name, acknowledged_by="n" * 64))
    text = shown(now, width=100)
    for part in (" 61 ", "!!!", "alert 1", "bed bed", "seen by nnn"):
        assert part in text


def test_a_late_answer_is_not_shown() -> None:
    assert "A" not in ward({"kind": "prediction", "stream": "a", "label": "A", "abstained": False, "late": True}).beds["a"].rhythm


def test_only_the_last_seconds_of_a_trace_are_kept() -> None:
    now = ward(*(samples(np.full(100, i), 100 * i) for i in range(100)))
    assert TRACE_S * 250 <= len(now.beds["a"].trace()) <= TRACE_S * 250 + 100
    assert now.beds["a"].trace()[-1] == 99


def test_a_trace_is_drawn_as_high_as_it_is() -> None:
    pytest.importorskip("rich")
    from edgeecg.cli.live_screen import braille

    spike = np.zeros(400, np.float32)
    spike[205] = 1.0
    line = braille(spike, columns=20)
    assert len(line) == 20
    assert line[10] == chr(0x2800 + 0x01 + 0x02 + 0x04 + 0x40 + 0x80)
    assert {line[i] for i in range(20) if i != 10} == {chr(0x2800 + 0x40 + 0x80)}


def test_alerts_stand_by_priority_what_is_on_first_and_keep_their_numbers() -> None:
    now = ward(alert("x", priority="low"), alert("y", state="cleared"), alert("z"))
    assert [one["alert_id"] for one in now.rows()] == ["z", "x", "y"]
    assert now.by_number(1) is now.alerts["x"]
    assert now.by_number(9) is None


def test_an_old_revision_changes_nothing_and_who_saw_it_is_remembered() -> None:
    now = ward(alert("x", 2, "acknowledged", acknowledged_by="nurse"), alert("x", 1), alert("x", 3, "cleared"))
    assert now.alerts["x"]["revision"] == 3
    assert "seen by nurse" in shown(now)


def test_what_is_not_active_any_more_is_over_and_what_is_over_is_forgotten_in_time() -> None:
    now = ward(alert("x"), {"kind": "active", "alerts": [alert("y")], "onset_ms": [0]})
    assert is_over(now.alerts["x"])
    assert not is_over(now.alerts["y"])
    for n in range(2 * MOST_OVER):
        now.take(alert(f"n{n}", state="cleared"))
    assert len(now.alerts) == MOST_OVER + 1
    assert "y" in now.alerts


def test_latency_and_troubles_stand_in_the_head() -> None:
    text = shown(ward({"kind": "pulse", "now_ms": 0, "took_ms": [1.0] * 99 + [9.0], "troubles": ["journal: full"]}))
    assert "1.0 ms" in text
    assert "9.0 ms" in text
    assert "journal: full" in text


def test_brackets_in_a_name_are_no_markup() -> None:
    assert "[red]x" in shown(ward(alert("x", text="[red]x")))


def test_numbers_of_alerts_that_are_forgotten_are_forgotten_and_not_given_again() -> None:
    now = ward()
    for i in range(3 * MOST_OVER):
        now.take(alert(f"{i:04x}", state="cleared"))
    assert len(now.numbers) == len(now.alerts) == MOST_OVER
    assert sorted(now.numbers.values()) == list(range(2 * MOST_OVER + 1, 3 * MOST_OVER + 1))
