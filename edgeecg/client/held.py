"""What has come and is on no disk: given all the same, for an alarm now is worth more than to know later that it was given.

None of it is receipted, so the device keeps it and sends it again.
"""

from collections import deque
from collections.abc import Sequence
from threading import Lock
from typing import Final

from edgeecg.client.store import Key, Received, Store, StoreError

MOST: Final = 4096
"""Alerts held; the device has those beyond, and will send them again."""


class Held:
    """Filled by the line's thread, emptied by who takes alerts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._waiting: deque[Received] = deque()
        self._offered: set[Key] = set()
        self._given: dict[Key, bytes] = {}

    def keep(self, heard: Sequence[Received]) -> int:
        """Have them stored, and return how many were new; what was given from here is not given again. Raise StoreError."""
        with self._lock:  # or one might be given from here while it is stored as one that was not
            n_new = self._store.add(heard, taken=self._given)
            self._waiting.clear()
            self._offered.clear()
            self._given.clear()
            return n_new

    def offer(self, heard: Sequence[Received]) -> bool:
        """The disk did not take them: have those that are new given from here; return whether there are any."""
        with self._lock:
            fresh = [one for one in heard if one.key not in self._offered and not self._is_stored(one.key)]
            self._offered.update(one.key for one in fresh)
            self._waiting.extend(fresh)
            return bool(fresh)

    def take(self) -> Received | None:
        """Return the next to be given; None: there is none."""
        with self._lock:
            if not self._waiting:
                return None
            one = self._waiting.popleft()
            self._given[one.key] = one.token
            return one

    def token(self, key: Key) -> bytes | None:
        """Return what came with one that was given from here."""
        with self._lock:
            return self._given.get(key)

    def _is_stored(self, key: Key) -> bool:
        try:
            return self._store.token(key) is not None
        except StoreError:
            return False


def bounded(heard: Sequence[Received]) -> list[Received]:
    """Return what may be held of it, each once."""
    return list({one.key: one for one in heard}.values())[:MOST]
