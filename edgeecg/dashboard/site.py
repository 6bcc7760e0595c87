"""The page, its door, and the WebSocket behind it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from edgeecg.dashboard.door import COOKIE, Door
from edgeecg.dashboard.relay import Browser, Relay

PAGE: Final = Path(__file__).parent / "page"
MOST_REQUEST: Final = 4096
TOO_SLOW, NOT_ALLOWED, FULL = 1013, 1008, 1013
HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Site:
    """Routes over one door and one relay."""

    def __init__(self, door: Door, relay: Relay) -> None:
        self._door, self._relay = door, relay

    def app(self) -> ASGIApp:
        """Return the application."""
        routes = [
            Route("/", self._page),
            Route("/login", self._login, methods=["POST"]),
            WebSocketRoute("/live", self._live),
            Mount("/page", StaticFiles(directory=PAGE)),
        ]
        return Guarded(Starlette(routes=routes, lifespan=self._lifespan), self._door)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        running = asyncio.create_task(self._relay.run())
        yield
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    async def _page(self, request: Request) -> Response:
        if self._door.knows(request.cookies.get(COOKIE)):
            return FileResponse(PAGE / "index.html")
        if self._door.token:
            return FileResponse(PAGE / "login.html", status_code=401)
        return self._admitted(FileResponse(PAGE / "index.html"), request)

    async def _login(self, request: Request) -> Response:
        if not self._door.is_same_origin(request.headers.get("origin"), request.headers.get("host", "")):
            return PlainTextResponse("another site's form\n", 403)
        form = parse_qs((await _body(request)).decode("ascii", "replace"))
        if not self._door.opens_to(form.get("token", [""])[0]):
            await asyncio.sleep(1.0)  # guessing costs time
            return FileResponse(PAGE / "login.html", status_code=401)
        return self._admitted(RedirectResponse("/", 303), request)

    def _admitted(self, response: Response, request: Request) -> Response:
        is_secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, self._door.admit(), httponly=True, samesite="strict", secure=is_secure)
        return response

    async def _live(self, socket: WebSocket) -> None:
        headers = socket.headers
        is_ours = self._door.is_same_origin(headers.get("origin"), headers.get("host", ""))
        if not is_ours or not self._door.knows(socket.cookies.get(COOKIE)):
            await socket.close(NOT_ALLOWED)
            return
        browser = self._relay.join()
        if browser is None:
            await socket.close(FULL)
            return
        await socket.accept()
        try:
            await self._serve(socket, browser)
        finally:
            self._relay.leave(browser)

    async def _serve(self, socket: WebSocket, browser: Browser) -> None:
        """Send and hear until one of it ends, or the page is too slow."""
        ways = [asyncio.create_task(way) for way in (_send(socket, browser), self._hear(socket, browser), _dropped(browser))]
        done, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in left:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        if browser.is_dropped.is_set():
            with suppress(RuntimeError, TimeoutError):
                await asyncio.wait_for(socket.close(TOO_SLOW, "too slow"), 1.0)
        for way in done:
            failure = way.exception()
            if failure is not None and not isinstance(failure, WebSocketDisconnect):
                raise failure

    async def _hear(self, socket: WebSocket, browser: Browser) -> None:
        while True:
            request = _read(await socket.receive_text())
            if request is None:
                await socket.close(NOT_ALLOWED)
                return
            self._relay.acknowledge(browser, request)


async def _send(socket: WebSocket, browser: Browser) -> None:
    while True:
        await socket.send_text(await browser.queue.get())


async def _dropped(browser: Browser) -> None:
    await browser.is_dropped.wait()


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_REQUEST:
            return b""
    return body


def _read(text: str) -> dict[str, str | int] | None:
    """Return an acknowledgement; None: it is not one. Whether it holds is the daemon's to say."""
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        return None
    wanted: Mapping[str, type] = {"acknowledge": str, "revision": int, "by": str}
    if not isinstance(asked, dict) or any(type(asked.get(name)) is not kind for name, kind in wanted.items()):
        return None
    return {name: asked[name] for name in wanted}


class Guarded:
    """Every answer with its headers, and none to who asked for another host."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as any ASGI application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not self._door.is_ours(dict(scope["headers"]).get(b"host", b"").decode("latin-1")):
            await PlainTextResponse("asked for another host\n", 421)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)
