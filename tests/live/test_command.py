"""`edgeecg live` beside a daemon's socket: for a program, for a person, and where there is no daemon."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from edgeecg.cli import main
from edgeecg.cli.live import TYPED, _acted
from edgeecg.live.reader import Reader
from edgeecg.live.ward import Ward as Folded
from tests.live.test_server import Ward
from tests.live.test_ward import alert


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    ward = Ward(tmp_path)
    ward.server.start()
    yield ward
    if ward.path.exists():
        ward.server.stop()


@contextmanager
def ending(ward: Ward) -> Iterator[None]:
    """A daemon that ends once somebody has come: what it said before is told in full."""

    def end() -> None:
        waited = Event()
        while not ward.server.n_readers:
            waited.wait(0.01)
        ward.server.stop()

    thread = Thread(target=end)
    thread.start()
    yield
    thread.join()


def test_a_program_gets_every_message_on_a_line(ward: Ward, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ending(ward):
        assert main(["live", "--state", str(tmp_path), "--json"]) == 0
    kinds = [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()]
    assert kinds[:2] == ["hello", "streams"]
    assert ward.server.failure is None


def test_a_person_gets_a_screen_by_the_daemons_settings(
    ward: Ward, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rich")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setenv("COLUMNS", "120")
    config = tmp_path / "edgeecg.toml"
    config.write_text(f'[state]\nfolder = "{tmp_path}"\n')
    with ending(ward):
        assert main(["live", "--config", str(config)]) == 0
    shown = capsys.readouterr().out
    assert "ward-3" in shown
    assert "journal: full" in shown
    assert ward.server.failure is None


def test_without_a_daemon_it_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["live", "--state", str(tmp_path)]) == 2
    assert "is `edgeecg run` on" in capsys.readouterr().err


def test_what_is_typed_acknowledges_by_the_number_that_is_shown(ward: Ward) -> None:
    folded = Folded()
    folded.take(alert("x", 4))
    with Reader(ward.path) as reader:
        assert _acted("ack 1 nurse\n", folded, reader) == "acknowledging 1: alert x"
        answers: list[str] = []
        while not answers:
            answers = [one["refusal"] for one in reader.take(5.0) if one["kind"] == "answer"]
    assert answers == [""]
    assert ward.acknowledged == [("x", 4, "nurse")]
    with Reader(ward.path) as reader:
        assert _acted("ack 7 nurse", folded, reader) == "there is no alert 7"
        assert _acted("ack one", folded, reader) == TYPED
