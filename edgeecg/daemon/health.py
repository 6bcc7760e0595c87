"""/metrics and /healthz, for this machine alone."""

import json
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Thread
from typing import Final

from edgeecg.daemon.metrics import CONTENT_TYPE
from edgeecg.errors import ConfigError

LOOPBACK: Final = "127.0.0.1"
OWN_NAMES: Final = {"localhost", LOOPBACK}
"""What a request may call us: another name is another site's page that reaches for this port."""
PATIENCE_S: Final = 2.0
MOST_AT_ONCE: Final = 8


class _Handler(BaseHTTPRequestHandler):
    """GET, two paths, no body, no keeping alive."""

    server: "HealthServer"
    timeout = PATIENCE_S
    server_version, sys_version = "edgeecg", ""

    def do_GET(self) -> None:
        """Answer."""
        if self.headers.get("Host", "").rpartition(":")[0] not in OWN_NAMES and self.headers.get("Host") not in OWN_NAMES:
            self._answer(421, "text/plain", "asked for another host\n")
        elif self.path == "/metrics":
            self._answer(200, CONTENT_TYPE, self.server.metrics())
        elif self.path == "/healthz":
            troubles = self.server.troubles()
            body = {"status": "troubled" if troubles else "well", "troubles": list(troubles)}
            self._answer(503 if troubles else 200, "application/json", json.dumps(body) + "\n")
        else:
            self._answer(404, "text/plain", "one of /metrics, /healthz\n")

    def _answer(self, code: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: a scrape every few seconds is no news."""


class HealthServer(ThreadingHTTPServer):
    """Answers until stopped, so many at once and no more. `port` 0: any that is free."""

    daemon_threads = True
    request_queue_size = MOST_AT_ONCE

    def __init__(self, port: int, metrics: Callable[[], str], troubles: Callable[[], Sequence[str]]) -> None:
        self.metrics, self.troubles = metrics, troubles
        self._room = BoundedSemaphore(MOST_AT_ONCE)
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            raise ConfigError("health.port", f"{port} ({error.strerror})", "a port that is free on this machine") from error
        self._thread = Thread(target=self.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Cease."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def process_request(self, request: object, client_address: object) -> None:
        """Turn away who comes while too many are being answered."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)  # type: ignore[arg-type]
            return
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Answer in a thread of its own."""
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of who hung up."""
