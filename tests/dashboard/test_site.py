"""The page as a browser gets it, from a process of its own, beside a daemon's socket."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from edgeecg.dashboard.relay import ROOM, Browser
from tests.live.test_server import Ward
from tests.waiting import line_from

for needed in ("starlette", "uvicorn", "websockets"):
    pytest.importorskip(needed)
PATIENCE_S = 60.0
TOKEN = "correct-horse-battery"


class Answer(NamedTuple):
    status: int
    headers: HTTPMessage
    text: str


class Page:
    """A dashboard's process."""

    def __init__(self, folder: Path, more: str = "", *, port: int = 0) -> None:
        config = folder / "edgeecg.toml"
        config.write_text(f'[state]\nfolder = "{folder}"\n[dashboard]\nport = {port}\n{more}')
        command = [sys.executable, "-W", "error", "-m", "edgeecg", "dashboard", "--tied", "--config", str(config)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = line_from(self.process.stderr)
        assert said.startswith("dashboard: http://127.0.0.1:"), said
        self.port = int(said.rstrip("/").rpartition(":")[2])

    def ask(self, path: str, method: str = "GET", body: str = "", **headers: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return Answer(answer.status, answer.headers, text)

    def socket(self, cookie: str = "", origin: str | None = "ours") -> Any:
        from websockets.sync.client import connect

        host = f"127.0.0.1:{self.port}"
        headers = {"Cookie": cookie} if cookie else {}
        ours = f"http://{host}" if origin == "ours" else origin
        return connect(f"ws://{host}/live", origin=ours, additional_headers=headers, open_timeout=PATIENCE_S, ping_interval=None)  # type: ignore[arg-type]

    def end(self) -> str:
        _, said = self.process.communicate(timeout=PATIENCE_S)
        return said


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def running_ward(folder: Path) -> Iterator[Ward]:
    ward = Ward(folder)
    ward.server.start()
    yield ward
    ward.server.stop()


@pytest.fixture
def ward(running_ward: Ward) -> Ward:
    running_ward.acknowledged.clear()
    return running_ward


@pytest.fixture(scope="module")
def page(folder: Path, running_ward: Ward) -> Iterator[Page]:
    page = Page(folder)
    yield page
    said = page.end()
    assert page.process.returncode == 0, said
    assert not said
    assert running_ward.server.failure is None


def cookie_of(answer: Answer) -> str:
    return (answer.headers["Set-Cookie"] or "").partition(";")[0]


def until(socket: Any, kind: str) -> Any:
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        for message in json.loads(socket.recv(timeout=PATIENCE_S)):
            if message["kind"] == kind:
                return message
    raise AssertionError(f"no {kind} came")


def test_the_page_and_what_it_needs_come_from_here_alone(page: Page) -> None:
    answer = page.ask("/")
    assert answer.status == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=strict" in answer.headers["Set-Cookie"]
    assert "http" not in answer.text
    for name in ("main.js", "style.css", "state.js", "strip.js", "sound.js", "tiles.js", "alerts.js", "chosen.js", "icon.svg"):
        assert page.ask(f"/page/{name}").status == 200, name
    assert page.ask("/page/../site.py").status == 404


def test_the_page_waits_where_the_engine_wants_the_processor(page: Page) -> None:
    from edgeecg.dashboard.serve import BEHIND_THE_ENGINE

    assert os.getpriority(os.PRIO_PROCESS, page.process.pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + BEHIND_THE_ENGINE)


def test_what_the_daemon_tells_reaches_the_browser_and_an_acknowledgement_the_daemon(page: Page, ward: Ward) -> None:
    with page.socket(cookie_of(page.ask("/"))) as socket:
        assert until(socket, "hello")["device"] == "ward-3"
        ward.samples(25)
        assert until(socket, "samples")["mv"]
        socket.send(json.dumps({"acknowledge": "f" * 32, "revision": 2, "by": "nurse"}))
        assert until(socket, "answer")["refusal"] == ""
        socket.send(json.dumps({"acknowledge": "f" * 32, "revision": 2, "by": "burglar"}))
        assert "burglar" in until(socket, "answer")["refusal"]
    assert ward.acknowledged == [("f" * 32, 2, "nurse")]


def test_who_comes_late_is_told_the_last_seconds(page: Page, ward: Ward) -> None:
    cookie = cookie_of(page.ask("/"))
    with page.socket(cookie) as socket:
        until(socket, "hello")
        ward.samples(25)
        told = until(socket, "samples")
    with page.socket(cookie) as socket:
        assert until(socket, "samples")["start_sample"] <= told["start_sample"]


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:1", None])
def test_another_sites_page_gets_no_socket(page: Page, origin: str | None) -> None:
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus, match="403"):
        page.socket(cookie_of(page.ask("/")), origin)


def test_without_a_session_there_is_no_socket(page: Page) -> None:
    from websockets.exceptions import InvalidStatus

    for cookie in ("", "edgeecg=guessed"):
        with pytest.raises(InvalidStatus, match="403"):
            page.socket(cookie)


def test_a_name_that_was_made_to_lead_here_gets_nothing(page: Page) -> None:
    answer = page.ask("/", Host="evil.example")
    assert answer.status == 421
    assert answer.headers["Set-Cookie"] is None


def test_nonsense_from_a_browser_ends_its_line_and_nothing_else(page: Page, ward: Ward) -> None:
    from websockets.exceptions import ConnectionClosed

    cookie = cookie_of(page.ask("/"))
    with page.socket(cookie) as socket:
        socket.send("}{")
        with pytest.raises(ConnectionClosed):
            until(socket, "what never comes")
    with page.socket(cookie) as socket:
        until(socket, "hello")
    assert not ward.acknowledged


def test_the_page_outlives_its_daemon_and_finds_the_next(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    ward.server.start()
    page = Page(tmp_path)
    with page.socket(cookie_of(page.ask("/"))) as socket:
        until(socket, "hello")
        ward.server.stop()
        assert until(socket, "away")["is_away"]
        ward = Ward(tmp_path)
        ward.server.start()
        assert until(socket, "hello")
    page.end()
    ward.server.stop()


def test_a_token_is_asked_for_where_there_is_one(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    ward.server.start()
    (tmp_path / "token").write_text(TOKEN + "\n")
    page = Page(tmp_path, f'token_file = "{tmp_path}/token"\n')
    ours = {"Origin": f"http://127.0.0.1:{page.port}"}
    answer = page.ask("/")
    assert (answer.status, answer.headers["Set-Cookie"]) == (401, None)
    assert "token" in answer.text
    assert page.ask("/login", "POST", "token=wrong", **ours).status == 401
    assert page.ask("/login", "POST", f"token={TOKEN}", Origin="http://evil.example").status == 403
    admitted = page.ask("/login", "POST", f"token={TOKEN}", **ours)
    assert (admitted.status, admitted.headers["Location"]) == (303, "/")
    assert page.ask("/", Cookie=cookie_of(admitted)).status == 200
    with page.socket(cookie_of(admitted)) as socket:
        until(socket, "hello")
    page.end()
    ward.server.stop()
    assert ward.server.failure is None


def test_others_are_not_served_without_a_token(tmp_path: Path) -> None:
    config = tmp_path / "edgeecg.toml"
    config.write_text('[dashboard]\nhost = "0.0.0.0"\n')
    command = [sys.executable, "-m", "edgeecg", "dashboard", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 2
    assert "dashboard.token_file: left out is not possible where others can reach the page" in done.stderr


def test_a_page_that_does_not_keep_up_is_let_go() -> None:
    browser = Browser()
    for _ in range(ROOM):
        browser.offer("[]")
    assert not browser.is_dropped.is_set()
    browser.offer("[]")
    assert browser.is_dropped.is_set()
    assert browser.queue.qsize() == ROOM
