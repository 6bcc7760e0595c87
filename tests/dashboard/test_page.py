"""The page in a real browser, beside a real daemon: asystole is shown, acknowledging it reaches the outbox, and nothing is complained of."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from edgeecg.simulate.scenario import Episode, Scenario
from tests.daemon.rehearsal import STREAM, playing, running, settings_text
from tests.ports import free_port
from tests.waiting import line_from

pytest.importorskip("iotcore")
for needed in ("starlette", "uvicorn", "websockets"):
    pytest.importorskip(needed)
playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
SPEED = 5.0
PATIENCE_MS = 60_000
HEART = Scenario(name="page", episodes=(Episode(0.0, "normal"), Episode(20.0, "asystole")))
"""What is to be acknowledged is not over before somebody can."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    assert CHROMIUM is not None
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def revisions(folder: Path, state: str) -> int:
    """How many revisions of that state the outbox holds."""
    with closing(sqlite3.connect(folder / "outbox.sqlite")) as database:
        bodies = [body for (body,) in database.execute("SELECT body FROM alerts")]
    return sum(f'"state":"{state}"'.encode() in bytes(body).replace(b" ", b"") for body in bodies)


@needs_chromium
def test_asystole_is_shown_and_acknowledging_it_reaches_the_outbox(tmp_path: Path, browser: Any) -> None:
    with playing(HEART, speed=SPEED) as device:
        text = settings_text(tmp_path, device.port, free_port(), '[alerts]\nreceivers = ["away"]\n[dashboard]\nport = 0\n')
        (tmp_path / "edgeecg.toml").write_text(text)
        with running(lambda: text, speed=SPEED) as daemon:
            command = [sys.executable, "-m", "edgeecg", "dashboard", "--tied", "--config", str(tmp_path / "edgeecg.toml")]
            page_process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            address = line_from(page_process.stderr).removeprefix("dashboard: ")
            said: list[str] = []
            page = browser.new_page()
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("requestfailed", lambda request: said.append(request.url))
            outside: list[str] = []
            page.on("request", lambda request: outside.append(request.url) if not request.url.startswith(address) else None)
            page.goto(address)
            page.locator(f".tile[data-stream='{STREAM}']").wait_for(timeout=PATIENCE_MS)
            card = page.locator(".alert.high[data-rule='asystole']")
            card.wait_for(timeout=PATIENCE_MS)
            assert "Asystole" in card.inner_text()
            card.locator("button.ack").click()
            assert "write your name" in page.locator("#told").inner_text().lower()
            page.locator("#by").fill("nurse")
            card.locator("button.ack").click()
            page.locator(".alert.high.seen", has_text="seen by nurse").wait_for(timeout=PATIENCE_MS)
            daemon.until(lambda app: app.numbers.alerts.value("asystole", "high", "acknowledged") == 1, "the acknowledged revision")
            drawn = page.evaluate(
                "() => { const c = document.getElementById('ecg'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
                " return new Set(new Uint32Array(d.buffer)).size; }"
            )
            assert drawn > 20, "the paper is empty"
            page.close()
            page_process.communicate(timeout=60)
            assert [url for url in outside if not url.startswith(("ws://127.0.0.1", "data:"))] == []
            assert said == []
    assert revisions(tmp_path, "acknowledged") >= 1


@needs_chromium
def test_the_page_is_worked_by_keyboard_and_keeps_its_theme(browser: Any, tmp_path: Path) -> None:
    from tests.dashboard.test_site import Page
    from tests.live.test_server import Ward

    ward = Ward(tmp_path)
    ward.server.start()
    served = Page(tmp_path, port=free_port())
    page = browser.new_page(color_scheme="dark")
    page.goto(f"http://127.0.0.1:{served.port}/")
    page.locator(".tile").nth(1).wait_for(timeout=PATIENCE_MS)
    assert page.locator("#name").inner_text() == "a"
    page.keyboard.press("ArrowDown")
    assert page.locator("#name").inner_text() == "b"
    assert page.locator(".tile[aria-pressed='true']").get_attribute("data-stream") == "b"
    page.keyboard.press("g")
    assert page.locator("#gain").inner_text() == "20 mm/mV"
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    ward.server.stop()
    page.locator("#line.away").wait_for(timeout=PATIENCE_MS)
    page.close()
    served.end()


@needs_chromium
def test_a_page_to_which_nothing_comes_any_more_says_so_and_comes_back(browser: Any, tmp_path: Path) -> None:
    """A tunnel that hangs closes nothing: what was last heard must not pass for what is."""
    from tests.dashboard.test_site import Page
    from tests.live.test_server import Ward

    ward = Ward(tmp_path)
    ward.server.start()
    served = Page(tmp_path, port=free_port())
    page = browser.new_page()
    page.clock.install()
    page.goto(f"http://127.0.0.1:{served.port}/")
    page.locator(".tile").nth(1).wait_for(timeout=PATIENCE_MS)
    page.locator("body:not(.stale)").wait_for(timeout=PATIENCE_MS)
    page.clock.fast_forward(6_000)
    page.locator("body.stale #line", has_text="nothing heard for").wait_for(timeout=PATIENCE_MS)
    page.clock.fast_forward(8_000)
    page.locator("#line", has_text="the daemon is away").wait_for(timeout=PATIENCE_MS)
    page.clock.fast_forward(1_500)
    page.locator("body:not(.stale)").wait_for(timeout=PATIENCE_MS)
    page.close()
    ward.server.stop()
    served.end()


@needs_chromium
def test_an_open_page_comes_back_when_who_served_it_began_anew(browser: Any, tmp_path: Path) -> None:
    """As after a restart of the daemon, which takes its page along: the sessions of before are gone with it."""
    from tests.dashboard.test_site import Page
    from tests.live.test_server import Ward

    ward = Ward(tmp_path)
    ward.server.start()
    secret = tmp_path / "token"
    secret.write_text("0123456789abcdef")
    served = Page(tmp_path, port=free_port())
    port = served.port
    page = browser.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"http://127.0.0.1:{port}/")
    page.locator("body:not(.stale) .tile").nth(1).click(timeout=PATIENCE_MS)
    for more in ("", f'token_file = "{secret}"\n'):
        served.end()
        page.locator("#line", has_text="the daemon is away").wait_for(timeout=PATIENCE_MS)
        served = Page(tmp_path, more, port=port)
        if more:
            page.locator("input[name=token]").wait_for(timeout=PATIENCE_MS)
        else:
            page.locator("body:not(.stale) .tile[aria-pressed='true'][data-stream='b']").wait_for(timeout=PATIENCE_MS)
    assert said == []
    page.close()
    ward.server.stop()
    served.end()
