"""The line to the daemon: what breaks it does not break the page."""

import asyncio
import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from edgeecg.dashboard import relay
from edgeecg.dashboard.relay import MOST_ASKED, Relay

Message = dict[str, object]


def told_within(folder: Path, lines: Iterable[bytes], wanted: str, requests: int = 0) -> list[Message]:
    """Relay from a socket where each connection is told the next of `lines`, until a browser that asked `requests` times heard `wanted`."""
    waiting: Iterator[bytes] = iter(lines)

    async def daemon(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(next(waiting, b""))
        while await reader.read(1 << 16):
            pass
        writer.close()

    async def run() -> list[Message]:
        server = await asyncio.start_unix_server(daemon, folder / "live.sock")
        relaying = Relay(folder / "live.sock")
        browser = relaying.join()
        assert browser is not None
        task = asyncio.create_task(relaying.run())
        told: list[Message] = []
        async with asyncio.timeout(60):
            while not any(message["kind"] == wanted for message in told):
                told += json.loads(await browser.queue.get())
                if requests and told[-1] == {"kind": "away", "is_away": False}:
                    for number in range(requests):
                        relaying.acknowledge(browser, {"acknowledge": f"{number}", "revision": 1, "by": "me"})
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()
        await server.wait_closed()
        return told

    return asyncio.run(run())


def test_a_message_that_cannot_be_taken_ends_its_line_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(relay, "AGAIN_S", 0.0)
    lines = [b'{"no": "kind"}\n', b'{"kind": "what comes after"}\n']
    monkeypatch.setattr("edgeecg.dashboard.memory.Memory.take", lambda *_: None)
    with caplog.at_level(logging.ERROR, "edgeecg"):
        assert told_within(tmp_path, lines, "what comes after")
    assert "made anew" in caplog.text


def test_who_asks_without_end_is_refused(tmp_path: Path) -> None:
    told = told_within(tmp_path, [], "answer", MOST_ASKED + 1)
    assert [message["refusal"] for message in told if message["kind"] == "answer"] == ["too many wait for an answer"]
