"""Which alert goes next. Sans-IO: it is told what time it is and what became of what it gave out.

Live alerts go before the backlog, the gravest first, and have places on the way that the backlog may not take. A row is
retired by receipts; one that was delivered and not receipted is sent again, later and later, or at once when a
receiver says that it is back. So that a receiver which was away is not sent more than a broker queues for it, only so
many of the backlog are out without any receipt.
"""

from collections.abc import Iterable
from enum import IntEnum
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

from edgeecg.io.outbox.database import OutboxError
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.outbox.rows import Content, Key, Row

BACKLOG_WINDOW: Final = 64
"""Of the backlog on their way to the broker: at 100 ms there and back 640/s."""
KEPT_FREE: Final = 8
"""Places on the way that only live alerts take."""
UNRECEIPTED: Final = 100
"""Of the backlog with the broker and without a receipt: what a live alert finds before it there; mosquitto queues 1000."""
RESEND_FIRST_S: Final = 15.0
RESEND_MOST_S: Final = 900.0
HELLO_S: Final = 5.0
"""However often receivers say that they are back, this is how often it is heeded."""
RETIRE_S: Final = 0.05
RETIRE_MANY: Final = 256
DISK_RETRY_S: Final = 1.0
IDLE_S: Final = 3600.0


class Phase(IntEnum):
    """Where a row is."""

    LIVE = 1
    BACKLOG = 2
    ON_THE_WAY = 3
    PUT_OFF = 4
    """Delivered and not retired: it waits for receipts, or to be sent again. Or the disk does not give it."""


class _Entry:
    __slots__ = ("attempts", "due_s", "phase", "row", "was_live")

    def __init__(self, row: Row, phase: Phase) -> None:
        self.row, self.phase = row, phase
        self.attempts, self.due_s, self.was_live = 0, 0.0, False


class Sending(NamedTuple):
    """A row to send now."""

    number: int
    row: Row
    content: Content
    is_live: bool


class Dispatcher:
    """Rows of one outbox to one broker. One thread's."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._entries: dict[Key, _Entry] = {}
        self._live: list[tuple[int, int, Key]] = []
        self._backlog: list[tuple[int, int, int, Key]] = []
        self._resend: list[tuple[float, Key]] = []
        self._in_flight: dict[int, _Entry] = {}
        self._n_backlog_in_flight = 0
        self._unreceipted: set[Key] = set()
        self._receipts: list[tuple[Key, str]] = []
        self._receipts_since_s = 0.0
        self._is_loaded = False
        self._disk_retry_s = self._unreadable_until_s = 0.0
        self._hello_s: float | None = None
        self._last_hello_s = -HELLO_S
        self._window = 0
        self._number = 0
        self.n_sent = self.n_resent = 0

    @property
    def _waits_for_receipts(self) -> bool:
        """Asked each time: settings may name other receivers while this is being made, and the outbox goes by those it has now."""
        return bool(self._outbox.limits.receivers)

    # --- the line -----------------------------------------------------------------------------------------------------

    def line_up(self, window: int) -> None:
        """All that waits is backlog now, and may be sent."""
        self._add_new()
        self._window = window
        for entry in self._entries.values():
            entry.attempts = 0
        self._all_backlog(self._entries.values())

    def line_down(self) -> None:
        """What is on its way may never arrive."""
        self._window = self._n_backlog_in_flight = 0
        self._in_flight.clear()
        self._unreceipted.clear()

    def hello(self, now_s: float) -> None:
        """A receiver is back: what was delivered without a receipt is to be sent again, soon."""
        if self._hello_s is None:
            self._hello_s = max(now_s, self._last_hello_s + HELLO_S)

    def _all_backlog(self, entries: Iterable[_Entry]) -> None:
        for entry in entries:
            entry.phase = Phase.BACKLOG
            self._unreceipted.discard(entry.row.key)
            self._backlog.append((-entry.row.priority, entry.attempts, entry.row.place, entry.row.key))
        heapify(self._backlog)

    # --- out ----------------------------------------------------------------------------------------------------------

    def next(self, now_s: float, *, is_clear: bool) -> Sending | None:
        """Return what to send now. The backlog waits until the network is clear, so that it never stands before a live alert."""
        return self._next_live(now_s) or (self._next_backlog(now_s) if is_clear else None)

    def _next_live(self, now_s: float) -> Sending | None:
        while self._live and len(self._in_flight) < self._window:
            sending = self._send(heappop(self._live)[-1], Phase.LIVE, now_s)
            if sending is not None:
                return sending
        return None

    def _next_backlog(self, now_s: float) -> Sending | None:
        most = min(BACKLOG_WINDOW, max(1, self._window - KEPT_FREE))
        while self._backlog and self._n_backlog_in_flight < most and len(self._in_flight) < self._window:
            if len(self._unreceipted) >= UNRECEIPTED:
                return None
            sending = self._send(heappop(self._backlog)[-1], Phase.BACKLOG, now_s)
            if sending is not None:
                return sending
        return None

    def _send(self, key: Key, phase: Phase, now_s: float) -> Sending | None:
        """Give a row out, if it still waits in this phase."""
        entry = self._entries.get(key)
        if entry is None or entry.phase != phase:
            return None
        try:
            content = self._content(key, now_s)
        except OutboxError:
            self._put_off(entry, now_s + DISK_RETRY_S)
            return None
        if content is None:
            del self._entries[key]
            return None
        self._number += 1
        self._in_flight[self._number] = entry
        entry.phase, entry.was_live = Phase.ON_THE_WAY, phase == Phase.LIVE
        if not entry.was_live:
            self._n_backlog_in_flight += 1
            if self._waits_for_receipts:
                self._unreceipted.add(key)
        self.n_sent += 1
        self.n_resent += entry.attempts > 0
        return Sending(self._number, entry.row, content, entry.was_live)

    def _content(self, key: Key, now_s: float) -> Content | None:
        """A disk that fails to give one is not asked for others for a while; those that the memory holds do not wait for it."""
        if now_s < self._unreadable_until_s and not self._outbox.holds(key):
            raise OutboxError("the disk is to be left alone for a while")
        try:
            return self._outbox.content(key)
        except OutboxError:
            self._unreadable_until_s = now_s + DISK_RETRY_S
            raise

    # --- what comes back ----------------------------------------------------------------------------------------------

    def delivered(self, number: int, why_not: str, now_s: float) -> None:
        """The broker has a row; or does not take it, and why: then it is tried again, later."""
        entry = self._in_flight.pop(number, None)
        if entry is None:
            return
        self._n_backlog_in_flight -= not entry.was_live
        if self._entries.get(entry.row.key) is not entry:
            return
        if why_not:
            self._unreceipted.discard(entry.row.key)
        elif not self._waits_for_receipts:
            self._note_receipt(entry.row.key, "", now_s)
        self._send_again_later(entry, now_s)

    def _send_again_later(self, entry: _Entry, now_s: float) -> None:
        self._put_off(entry, now_s + min(RESEND_MOST_S, RESEND_FIRST_S * 2.0 ** min(entry.attempts, 30)))
        entry.attempts += 1

    def _put_off(self, entry: _Entry, due_s: float) -> None:
        entry.phase, entry.due_s = Phase.PUT_OFF, due_s
        heappush(self._resend, (due_s, entry.row.key))

    def received(self, key: Key, name: str, now_s: float) -> None:
        """A receiver has stored a row."""
        self._unreceipted.discard(key)
        self._note_receipt(key, name, now_s)

    def _note_receipt(self, key: Key, name: str, now_s: float) -> None:
        if not self._receipts:
            self._receipts_since_s = now_s
        self._receipts.append((key, name))

    # --- once a turn --------------------------------------------------------------------------------------------------

    def settle(self, now_s: float) -> float:
        """Take in what is new, retire, and find what is due again; return in how many seconds there is something to do."""
        if now_s >= self._disk_retry_s:
            try:
                self._load()
                self._retire(now_s)
            except OutboxError:
                self._disk_retry_s = now_s + DISK_RETRY_S
        self._add_new()
        if self._hello_s is not None and now_s >= self._hello_s:
            self._hello_s, self._last_hello_s = None, now_s
            self._all_backlog([entry for entry in self._entries.values() if entry.phase == Phase.PUT_OFF])
        while self._resend and self._resend[0][0] <= now_s:
            due_s, key = heappop(self._resend)
            entry = self._entries.get(key)
            if entry is not None and entry.phase == Phase.PUT_OFF and entry.due_s == due_s:
                self._unreceipted.discard(key)
                entry.phase = Phase.BACKLOG
                heappush(self._backlog, (-entry.row.priority, entry.attempts, entry.row.place, key))
        return self._wait_s(now_s)

    def is_done(self) -> bool:
        """Whether all that waits is with the broker, and all that may be retired is."""
        return not self._receipts and all(entry.phase == Phase.PUT_OFF for entry in self._entries.values())

    @property
    def n_waiting(self) -> int:
        """Rows that are not retired."""
        return len(self._entries)

    def _load(self) -> None:
        if not self._is_loaded:
            self._add_old(self._outbox.held())  # first: a disk that did not take them may not give the others
            self._add_old(self._outbox.outstanding())
            self._is_loaded = True

    def _add_old(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._add(row, is_old=True)

    def _add_new(self) -> None:
        for row in self._outbox.take_new():
            self._add(row)

    def _add(self, row: Row, *, is_old: bool = False) -> None:
        if row.key in self._entries:
            return
        is_live = bool(self._window) and not is_old
        self._entries[row.key] = _Entry(row, Phase.LIVE if is_live else Phase.BACKLOG)
        if is_live:
            heappush(self._live, (-row.priority, row.place, row.key))
        else:
            heappush(self._backlog, (-row.priority, 0, row.place, row.key))

    def _retire(self, now_s: float) -> None:
        if not self._receipts or (len(self._receipts) < RETIRE_MANY and now_s < self._receipts_since_s + RETIRE_S):
            return
        outbox, receipts = self._outbox, self._receipts
        gone = outbox.receive(receipts) if self._waits_for_receipts else outbox.retire([key for key, _ in receipts])
        receipts.clear()
        for key in gone:
            self._entries.pop(key, None)

    def _wait_s(self, now_s: float) -> float:
        times = [now_s + IDLE_S, *(due_s for due_s, _ in self._resend[:1])]
        if self._hello_s is not None:
            times.append(self._hello_s)
        if self._receipts:
            times.append(max(self._receipts_since_s + RETIRE_S, self._disk_retry_s))
        if self._disk_retry_s > now_s:
            times.append(self._disk_retry_s)
        return max(0.0, min(times) - now_s)
