"""Refusals told once, and again when they have doubled: a device that sends nothing but nonsense does not fill the log."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from edgeecg.io.sources.items import Refusal

MAX_REMEMBERED: Final = 256
MAX_SHOWN: Final = 80


class Refusals:
    """Counts by where and what is allowed; hands on the first and every doubling."""

    def __init__(self, tell: Callable[[Refusal], None]) -> None:
        self._tell = tell
        self._times: OrderedDict[tuple[str, str], int] = OrderedDict()
        self.total = 0

    def say(self, where: str, got: object, allowed: str) -> None:
        """Refuse something."""
        self.total += 1
        key = (where, allowed)
        times = self._times.pop(key, 0) + 1
        self._times[key] = times
        if len(self._times) > MAX_REMEMBERED:
            self._times.popitem(last=False)
        if times & (times - 1) == 0:
            self._tell(Refusal(where, shown(str(got)), allowed, times))


def shown(text: str) -> str:
    """Cut what a stranger sent to a length that fits a sentence, control characters escaped."""
    text = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}... ({len(text)} characters)"
