"""Where things are said. Who may publish where is the broker's ACL; the last level of an answer is its sender's name."""

import re
from dataclasses import dataclass
from typing import Final

from edgeecg.errors import ConfigError

PREFIX: Final = "edgeecg/v1"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""A device, a program or a person: one level of a topic, and nothing that means something to a broker."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one device."""

    device: str

    @property
    def alerts(self) -> str:
        """Alerts, each revision a message."""
        return f"{PREFIX}/{self.device}/alerts"

    @property
    def status(self) -> str:
        """Online or offline, retained; the last will speaks here."""
        return f"{PREFIX}/{self.device}/status"

    @property
    def state(self) -> str:
        """What is being alarmed on now, retained."""
        return f"{PREFIX}/{self.device}/state"

    @property
    def receipts(self) -> str:
        """Where programs say what they have stored, each under its name."""
        return f"{PREFIX}/{self.device}/receipts"

    @property
    def acks(self) -> str:
        """Where people say what they have seen, each under their name."""
        return f"{PREFIX}/{self.device}/acks"


def device_of(topic: str) -> str:
    """Return whose topic this is; the empty string where it is nobody's."""
    levels = topic.split("/")
    return levels[2] if len(levels) > 3 and "/".join(levels[:2]) == PREFIX else ""


def check_name(where: str, name: str) -> None:
    """Refuse a name that cannot be a level of a topic."""
    if not NAME.fullmatch(name):
        raise ConfigError(where, repr(name), f"a name: {NAME.pattern}")
