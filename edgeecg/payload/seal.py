"""Who may have said it: a message's keyed hash over its topic, its body and what it answers."""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from edgeecg.errors import InputError
from edgeecg.payload.names import check_key

PROPERTY: Final = "seal"
"""The MQTT user property it travels in."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Made by a device and those who share its key. Without a key there is none, and TLS and the broker's ACL stand alone."""

    key: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.key is not None:
            check_key("seal.key", self.key)

    def make(self, topic: str, body: bytes, correlation: bytes = b"") -> str | None:
        """Return the seal of a message, for its user property."""
        if self.key is None:
            return None
        parts = (topic.encode(), correlation, body)
        return hmac.new(self.key, b"".join(len(part).to_bytes(4, "big") + part for part in parts), sha256).hexdigest()

    def check(self, topic: str, body: bytes, correlation: bytes, seal: str | None) -> None:
        """Raise InputError unless the seal is right, or none is wanted."""
        wanted = self.make(topic, body, correlation)
        if wanted is None:
            return
        if seal is None:
            raise InputError(f"{topic}: {PROPERTY}", "missing", "there: messages here are sealed with the device's key")
        if not hmac.compare_digest(wanted.encode(), seal.encode()):
            raise InputError(f"{topic}: {PROPERTY}", "wrong", "made with this device's key over this topic, body and correlation data")


def token(secret: bytes, alert_id: str, revision: int) -> bytes:
    """Return what a device sends along with a revision (correlation data) and wants back with an answer to it."""
    return hmac.new(secret, f"{alert_id}|{revision}".encode(), sha256).digest()[:16]


def is_token(secret: bytes, alert_id: str, revision: int, given: bytes) -> bool:
    """Say whether an answer came from somebody who was told of this revision by this device."""
    return hmac.compare_digest(token(secret, alert_id, revision), given)
