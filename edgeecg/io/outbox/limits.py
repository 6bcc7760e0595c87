"""How much an outbox may hold, and whose receipts let it go of what it holds."""

from dataclasses import dataclass
from typing import Final

from edgeecg.errors import ConfigError
from edgeecg.payload.topics import check_name

LEAST_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxLimits:
    """What fills up goes by a stated order: waveforms, then technical, low, medium alerts; a high one never."""

    max_bytes: int = 64 << 20
    """Of alerts and waveforms together; some 40,000 alerts."""
    max_unstored: int = 4096
    """Alerts held in memory while the disk takes nothing; beyond it the least of them goes."""
    receivers: tuple[str, ...] = ()
    """Programs all of whose receipts an alert waits for. None: it goes once the broker has it, which is not durable."""

    def __post_init__(self) -> None:
        if self.max_bytes < LEAST_BYTES:
            raise ConfigError("outbox.max_bytes", self.max_bytes, f"at least {LEAST_BYTES}")
        if self.max_unstored < 1:
            raise ConfigError("outbox.max_unstored", self.max_unstored, "at least 1")
        for name in self.receivers:
            check_name("outbox.receivers", name)
        if len(set(self.receivers)) < len(self.receivers):
            raise ConfigError("outbox.receivers", self.receivers, "each named once")
