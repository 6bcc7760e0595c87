"""More comes than the engine can take: the queue drops the oldest, and that is said, once, and again when it is over."""

import logging
from collections.abc import Sequence
from typing import Final

from edgeecg.types import Overload, Record, SourceChange, SourceState

log: Final = logging.getLogger("edgeecg")

HOP_FACTOR: Final = 8
"""Windows for models come so much farther apart: what is left of the machine belongs to the beats. The rule `overload` tells people."""
CALM_NS: Final = 30 * 10**9


class Overrun:
    """Watches what is fed for samples that were dropped."""

    def __init__(self) -> None:
        self._last_drop_ns: int | None = None
        self.n_dropped = 0

    def observe(self, records: Sequence[Record], now_ns: int) -> tuple[Overload, ...]:
        """Return what the engine is to be told."""
        dropped = sum(one.count for one in records if isinstance(one, SourceState) and one.change == SourceChange.DROPPED)
        if dropped:
            begins = self._last_drop_ns is None
            self._last_drop_ns, self.n_dropped = now_ns, self.n_dropped + dropped
            if begins:
                log.warning("overrun: samples are dropped, the newest go on")
                return (Overload(HOP_FACTOR),)
        elif self._last_drop_ns is not None and now_ns - self._last_drop_ns > CALM_NS:
            self._last_drop_ns = None
            log.warning("overrun is over: %d samples were dropped so far", self.n_dropped)
            return (Overload(1),)
        return ()
