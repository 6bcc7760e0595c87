"""Who may see the page, and whose requests are its own."""

import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from edgeecg.errors import ConfigError

COOKIE: Final = "edgeecg"
MOST_SESSIONS: Final = 256
LEAST_TOKEN: Final = 16
OWN_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach a page served there."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def name_of(host: str) -> str:
    """Return a Host header without its port."""
    return host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]


@dataclass(slots=True)
class Door:
    """Without a token the page is for this machine alone, and each browser still gets a session: other sites' pages have none."""

    host: str
    token: str
    _sessions: OrderedDict[str, None] = field(default_factory=OrderedDict, repr=False)

    def __post_init__(self) -> None:
        if not self.token and not is_loopback(self.host):
            raise ConfigError("dashboard.token_file", "left out", f"possible where others can reach the page, at {self.host}")
        if self.token and len(self.token) < LEAST_TOKEN:
            raise ConfigError("dashboard.token_file", f"a token of {len(self.token)} characters", f"of {LEAST_TOKEN} at least")

    def is_ours(self, host: str) -> bool:
        """Say whether a request names us: without a token, only as this machine calls itself, or another site's name could lead here."""
        return bool(self.token) or name_of(host) in OWN_NAMES

    def is_same_origin(self, origin: str | None, host: str) -> bool:
        """Say whether the page that asks is ours."""
        return origin is not None and origin.partition("://")[2] == host and self.is_ours(host)

    def opens_to(self, token: str) -> bool:
        """Say whether a token is the one."""
        return bool(self.token) and hmac.compare_digest(token.encode(), self.token.encode())

    def admit(self) -> str:
        """Return a new session; the oldest make room."""
        session = secrets.token_urlsafe(32)
        self._sessions[session] = None
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return session

    def knows(self, session: str | None) -> bool:
        """Say whether a session is one of ours."""
        return session is not None and session in self._sessions
