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

from edgeecg.cli.alert_screens import Board, LiveTable, chosen
from edgeecg.cli.subscribe import TYPED
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


def test_the_table_shows_markup_as_text() -> None:
    pytest.importorskip("rich")
    from rich.console import Console

    board = Board()
    board.take(stamped(1, text="[bold]x[/bold]", acknowledged_by="dr.grey"))
    table = LiveTable(board, TYPED)
    table.tell("[red]told")
    out = io.StringIO()
    Console(file=out, width=160).print(table._table())
    assert "[bold]x[/bold]" in out.getvalue()
    assert "[red]told" in out.getvalue()
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
