"""What is said on a line: whoever decides it does no I/O and asks no clock."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to publish, at least once."""

    topic: str
    payload: bytes
    retain: bool = False
    expiry_s: int = 0
    """Not delivered by the broker after that; 0: whenever."""
    response_topic: str = ""
    correlation: bytes = b""
    user: tuple[tuple[str, str], ...] = ()
    """User properties."""
    shorter: "Outgoing | None" = None
    """What is published in its place at a broker that takes no message as long as this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message that came."""

    topic: str
    payload: bytes
    retain: bool = False
    response_topic: str = ""
    correlation: bytes = b""
    user: tuple[tuple[str, str], ...] = ()

    def of(self, name: str) -> str | None:
        """Return the user property of this name that came first."""
        return next((value for key, value in self.user if key == name), None)


class Talk(Protocol):
    """One side of a conversation. Called by one thread."""

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """What is listened to."""

    @property
    def will(self) -> Outgoing | None:
        """What the broker says when we are gone without a word."""

    def up(self, *, window: int) -> None:
        """Subscribed, and the broker takes so many unacknowledged messages at once."""

    def down(self, why: str) -> None:
        """Nothing that was not delivered will be."""

    def next(self, now_s: float, *, is_clear: bool) -> tuple[int, Outgoing] | None:
        """Return what to publish now, with a number for `delivered`. `is_clear`: nothing waits for the network."""

    def delivered(self, number: int, why_not: str, now_s: float) -> None:
        """The broker has it; or refuses it, and why."""

    def heard(self, message: Incoming, now_s: float) -> None:
        """A message came."""

    def settle(self, now_s: float) -> float:
        """Do what is better done for many messages together; return in how many seconds `next` is worth asking again."""

    def farewell(self) -> tuple[Outgoing, ...]:
        """Return what to say before leaving."""

    def is_done(self) -> bool:
        """Whether leaving now leaves nothing unsaid."""
