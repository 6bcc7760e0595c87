"""Between the daemon's socket and the browsers: what comes is passed on as it is, and a browser that does not keep up is let go."""

import asyncio
import json
import logging
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

from edgeecg.dashboard.memory import Memory
from edgeecg.live.messages import Message, line
from edgeecg.live.server import at_folder

log: Final = logging.getLogger("edgeecg")

ROOM: Final = 400
"""Batches that may wait for one browser: twenty seconds."""
MOST_BROWSERS: Final = 32
AGAIN_S: Final = 0.5
READ_BYTES: Final = 1 << 18
MOST_ASKED: Final = 100
"""Acknowledgements that may wait for the daemon's answer: a person never has so many."""


class Browser:
    """One open page: a queue with an end."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[str] = asyncio.Queue(ROOM)
        self.is_dropped = asyncio.Event()

    def offer(self, text: str) -> None:
        """Put a batch where the page takes it from; no room: the page is too slow."""
        try:
            self.queue.put_nowait(text)
        except asyncio.QueueFull:
            self.is_dropped.set()


class Relay:
    """One line to the daemon, made again whenever it ends; any number of browsers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._memory = Memory()
        self._browsers: set[Browser] = set()
        self._asked: deque[Browser] = deque()
        self._writer: asyncio.StreamWriter | None = None
        self.n_dropped = 0

    def join(self) -> Browser | None:
        """Let a browser in, with all it must know first; None: there are enough."""
        if len(self._browsers) >= MOST_BROWSERS:
            return None
        browser = Browser()
        browser.offer(_batch([*self._memory.lines(), _away(is_away=self._writer is None)]))
        self._browsers.add(browser)
        return browser

    def leave(self, browser: Browser) -> None:
        """Forget a browser."""
        self._browsers.discard(browser)
        self.n_dropped += browser.is_dropped.is_set()

    def acknowledge(self, browser: Browser, request: Message) -> None:
        """Pass on that a person has seen an alert; the answer is this browser's."""
        refusal = "the daemon is away" if self._writer is None else "too many wait for an answer" if len(self._asked) >= MOST_ASKED else ""
        if self._writer is None or refusal:
            browser.offer(_batch([_text({"kind": "answer", "alert_id": request["acknowledge"], "refusal": refusal})]))
            return
        self._asked.append(browser)
        self._writer.write(line(request))

    async def run(self) -> None:
        """Keep the line up, for ever: what a message breaks is this line, never the page."""
        while True:
            try:
                with suppress(OSError):
                    await self._once()
            except Exception:
                log.exception("dashboard: the line to the daemon broke, and is made anew")
            await asyncio.sleep(AGAIN_S)

    async def _once(self) -> None:
        with at_folder(self._path.parent) as folder:
            reader, writer = await asyncio.open_unix_connection(f"{folder}/{self._path.name}")
        self._writer = writer
        try:
            await self._pass_on(reader)
        finally:
            self._writer = None
            self._asked.clear()
            self._tell(_batch([_away(is_away=True)]))
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader) -> None:
        rest = b""
        self._tell(_batch([_away(is_away=False)]))
        while came := await reader.read(READ_BYTES):
            *whole, rest = (rest + came).split(b"\n")
            passed = [text for text in map(bytes.decode, whole) if not self._is_answer(text)]
            if passed:
                self._tell(_batch(passed))

    def _is_answer(self, text: str) -> bool:
        message = json.loads(text)
        if message["kind"] == "answer":
            self._asked.popleft().offer(_batch([text]))
            return True
        self._memory.take(message, text)
        return False

    def _tell(self, batch: str) -> None:
        for browser in self._browsers:
            browser.offer(batch)


def _away(*, is_away: bool) -> str:
    return _text({"kind": "away", "is_away": is_away})


def _text(message: Message) -> str:
    return line(message).decode().rstrip("\n")


def _batch(lines: list[str]) -> str:
    return f"[{','.join(lines)}]"
