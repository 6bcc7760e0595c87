"""Serving it: one process, one event loop."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Final

import uvicorn

from edgeecg.config.settings import Dashboard
from edgeecg.dashboard.door import Door
from edgeecg.dashboard.relay import Relay
from edgeecg.dashboard.site import MOST_REQUEST, Site
from edgeecg.errors import ConfigError

BEHIND_THE_ENGINE: Final = 10
"""Where there is one core for two, the daemon's beats go first, and the page's pictures wait."""


def serve(settings: Dashboard, path: Path, *, is_tied: bool, ready: Callable[[str], None]) -> None:
    """Serve until told to stop; `is_tied`: until standard input ends, with who started us. `ready` hears the address."""
    os.nice(BEHIND_THE_ENGINE)
    door = Door(settings.host, settings.token.read())
    listener = _listener(settings.host, settings.port)
    config = uvicorn.Config(
        Site(door, Relay(path)).app(),
        log_level="warning",
        lifespan="on",
        server_header=False,
        ws_max_size=MOST_REQUEST,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    if is_tied:
        Thread(target=_until_the_end, args=(server,), daemon=True).start()
    host, port = listener.getsockname()[:2]
    ready(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
    asyncio.run(server.serve(sockets=[listener]))


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=64)
    except OSError as error:
        raise ConfigError("dashboard.port", f"{host}:{port} ({error.strerror})", "free on this machine") from error


def _until_the_end(server: uvicorn.Server) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    server.should_exit = True
