"""`edgeecg subscribe` and the example: what they print is what came, and a typed line acknowledges."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgeecg.cli.alert_screens import MAX_ROWS, Board, LiveTable, chosen
from edgeecg.cli.subscribe import TYPED, _standing
from edgeecg.client import AlertSubscriber
from edgeecg.types import AlertState, Priority
from tests.client.listener import device_at, until
from tests.io.sources.brokers import mosquitto_running
from tests.payload.alerts import stamped
from tests.waiting import PATIENCE_S, line_from

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def running(*arguments: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([sys.executable, *arguments], cwd=folder, env=environment, text=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


def test_json_lines_and_an_acknowledgement(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    with mosquitto_running(tmp_path) as port, device_at(port, tmp_path, on_acknowledge=lambda *said: told.append(said)) as (outbox, sink):
        outbox.put([stamped(1), stamped(2, 1), stamped(2, 3)])
        sink.wake()
        command = ["-m", "edgeecg", "subscribe", f"mqtt://127.0.0.1:{port}", "--name", "ward", "--store", "s"]
        with running(*command, "--json", folder=tmp_path) as process:
            lines = [json.loads(line_from(process.stdout)) for _ in range(3)]
            process.stdin.write("what?\nack 99\nack 1 a/b\nack 1 dr.grey\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            until(lambda: told, "the acknowledgement")
        assert {(line["alert_id"], line["revision"]) for line in lines} == {stamped(1).key, stamped(2).key, stamped(2, 3).key}
        assert told == [(lines[0]["alert_id"], "dr.grey")]
        with running(*command, "--seconds", "0.5", folder=tmp_path) as process:
            _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
        assert f"dev-1: alert {2:032x}: missing revisions 2" in errors
        assert "1 acknowledgements no device has confirmed" in errors


def test_the_example_prints_and_acknowledges(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    with mosquitto_running(tmp_path) as port, device_at(port, tmp_path, on_acknowledge=lambda *said: told.append(said)) as (outbox, sink):
        outbox.put([stamped(1)])
        sink.wake()
        example = str(REPOSITORY / "examples/receive_alerts.py")
        with running(example, f"mqtt://127.0.0.1:{port}", "ward", folder=tmp_path) as process:
            assert line_from(process.stdout) == "dev-1 HIGH RAISED No beat for 4.25 s (limit 4 s)"
            process.stdin.write("dr.grey\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            until(lambda: told, "the acknowledgement")
    assert [by for _, by in told] == ["dr.grey"]


def test_the_board_keeps_the_latest_revision_under_one_number() -> None:
    board = Board()
    assert [
        board.take(stamped(1)),
        board.take(stamped(2, priority=Priority.LOW)),
        board.take(stamped(1, 3)),
        board.take(stamped(1, 2)),
    ] == [1, 2, 1, 1]
    latest = board.of(1)
    assert latest is not None
    assert latest.alert.revision == 3
    assert board.of(7) is None
    board.take(stamped(1, 4, state=AlertState.CLEARED))
    assert [number for number, _ in board.rows()] == [2, 1], "what is over goes below"
    for n in range(3000):
        board.take(stamped(n + 10))
    assert len(board._latest) == 1000


def test_what_is_grave_and_on_stays_on_top_whatever_comes_after_it() -> None:
    board = Board()
    board.take(stamped(1))
    for n in range(3000):
        board.take(stamped(n + 10, priority=Priority.LOW))
    assert board.rows()[0][1].alert.priority == Priority.HIGH
    assert len(board.rows()) == MAX_ROWS
    assert board.of(1) is not None, "and can be acknowledged"


def test_a_table_is_not_drawn_for_each_of_thousands_that_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    board, drawn = Board(), list[int]()
    table = LiveTable(board, TYPED)
    monkeypatch.setattr(table._live, "update", lambda shown, **_: drawn.append(shown.row_count))
    monkeypatch.setattr("edgeecg.cli.alert_screens.time.monotonic", lambda: 1.0)
    for n in range(100):
        table.show(board.take(stamped(n)), stamped(n))
    assert drawn == [1]
    table.rest()
    table.rest()
    assert drawn == [1, MAX_ROWS], "nothing more came"


def test_the_table_says_as_long_as_it_holds_that_the_line_is_down_or_a_device_offline(tmp_path: Path) -> None:
    pytest.importorskip("rich")
    with AlertSubscriber("mqtt://127.0.0.1:9", name="ward", store=tmp_path / "s") as subscriber:
        table = LiveTable(Board(), TYPED)
        table.stand(_standing(subscriber))
        table.tell("something else")
        assert "not connected to the broker" in str(table._table().title)
        subscriber._listening.is_up = True
        subscriber.counters().devices |= {"dev-2": "offline", "dev-1": "online"}
        table.stand(_standing(subscriber))
        assert str(table._table().title) == "alerts: dev-2 is offline"
        subscriber.counters().devices["dev-2"] = "online"
        table.stand(_standing(subscriber))
        assert str(table._table().title) == "alerts"


def test_a_long_name_leaves_room_for_what_is_the_matter() -> None:
    pytest.importorskip("rich")
    from rich.console import Console

    board = Board()
    board.take(stamped(1, stream="bed " * 30, acknowledged_by="n" * 64))
    out = io.StringIO()
    Console(file=out, width=100).print(LiveTable(board, TYPED)._table())
    assert "high" in out.getvalue()
    assert "beat" in out.getvalue()
    assert "bed bed" in out.getvalue()


def test_the_table_shows_markup_as_text() -> None:
    pytest.importorskip("rich")
    from rich.console import Console

    board = Board()
    board.take(stamped(1, text="[bold]x[/bold]", acknowledged_by="dr.grey", stream="\x1b[2J"))
    table = LiveTable(board, TYPED)
    table.tell("[red]told")
    out = io.StringIO()
    Console(file=out, width=160).print(table._table())
    assert "[bold]x[/bold]" in out.getvalue()
    assert "[red]told" in out.getvalue()
    assert "\x1b" not in out.getvalue()
    assert "dr.grey" in out.getvalue()


def test_without_a_terminal_or_rich_there_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    screen = chosen(is_json=False, board=Board(), out=out, err=out, foot="")
    with screen:
        screen.show(1, stamped(1))
    assert "asystole" not in out.getvalue()
    assert "No beat for 4.25 s" in out.getvalue()
    monkeypatch.setitem(sys.modules, "rich", None)
    assert type(chosen(is_json=False, board=Board(), out=out, err=out, foot="")).__name__ == "Lines"
