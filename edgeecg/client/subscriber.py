"""Receive alerts and acknowledge them: `for alert in subscriber`, or `async for`.

Each revision is given once. It was on this subscriber's disk before the device was told so; it counts as taken when the
next one is asked for, or the subscriber is closed without an error, and one that was not taken is given again.
Where the disk takes nothing it is given all the same, and the device, which is told nothing, keeps it.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Condition
from types import TracebackType
from typing import Final, Self

from edgeecg.client.listening import Listening, SubscriberCounters
from edgeecg.client.store import Ack, Key, Received, Store, StoreError
from edgeecg.errors import ConfigError, InputError
from edgeecg.mqtt.address import settings_at
from edgeecg.mqtt.line import Line
from edgeecg.payload.alert import MAX_BYTES, read_alert
from edgeecg.payload.names import read_key
from edgeecg.payload.seal import Seal
from edgeecg.payload.stamped import StampedAlert
from edgeecg.payload.topics import check_name

SESSION_S: Final = 7 * 86_400
"""How long the broker keeps alerts for a subscriber that is away; the device keeps them until they are received."""
_BATCH: Final = 64
_DRAIN_S: Final = 1.0
_MAX_NOTICES: Final = 256


class AlertSubscriber:
    """A program's ear: open it with `with` or `async with`.

    `url` is mqtt://[user@]host[:port], or mqtts:// with `ca_file`. `name` is what its receipts are signed with: the
    broker's ACL wants the user's name. `store` is a file of its own. `key_file` holds the device's key for seals.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        store: Path | str,
        devices: tuple[str, ...] = ("+",),
        key_file: Path | str | None = None,
        password_file: Path | str | None = None,
        ca_file: Path | str | None = None,
        certificate_file: Path | str | None = None,
        certificate_key_file: Path | str | None = None,
    ) -> None:
        settings = settings_at(
            url,
            client_id="edgeecg-subscriber",
            password_file=password_file,
            ca_file=ca_file,
            certificate_file=certificate_file,
            certificate_key_file=certificate_key_file,
        )
        seal = Seal(None if key_file is None else read_key("key_file", key_file))
        self.name = name
        self._changed = Condition()
        self._waiting: asyncio.Event | None = None
        self._notices: deque[str] = deque(maxlen=_MAX_NOTICES)
        self._batch: deque[tuple[int, Received]] = deque()
        self._last_place = 0
        self._given: int | None = None
        self._is_closed = False
        self._store = Store(store)
        try:
            settings = replace(settings, client_id=f"{settings.client_id}-{name}-{self._store.own_id}")
            self._listening = Listening(name, devices, self._store, seal, stored=self._stored, tell=self._notices.append)
            self._line = Line(settings, self._listening, session_s=SESSION_S, max_packet=2 * MAX_BYTES)
        except BaseException:
            self._store.close()  # a subscriber that cannot be made leaves its file to the next
            raise

    # --- opening and closing ------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._line.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close(is_taken=kind is None)

    async def __aenter__(self) -> Self:
        self._loop, self._waiting = asyncio.get_running_loop(), asyncio.Event()
        self._line.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.to_thread(self.close, is_taken=kind is None)

    def close(self, *, is_taken: bool = True) -> None:
        """Leave the broker. `is_taken`: what was given last need not be given again."""
        if is_taken:
            self._take_given()
        self._line.stop(_DRAIN_S)
        if not self._is_closed:
            self._is_closed = True
            try:
                self._listening.mark()
            except StoreError as refusal:
                self._notices.append(str(refusal))
            self._store.close()
        self._stored()

    # --- alerts -------------------------------------------------------------------------------------------------------

    def take(self, timeout_s: float | None = None) -> StampedAlert | None:
        """Return the next alert, waiting for it at most so long; None: there was none."""
        self._take_given()
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while (alert := self._next()) is None and not self._is_closed:
                left_s = None if end_s is None else end_s - time.monotonic()
                if left_s is not None and left_s <= 0:
                    return None
                self._changed.wait(left_s)
            return alert

    def __iter__(self) -> Iterator[StampedAlert]:
        while (alert := self.take()) is not None:
            yield alert

    async def __aiter__(self) -> AsyncIterator[StampedAlert]:
        if self._waiting is None:
            raise ConfigError("subscriber", "not open", "opened by `async with`")
        while not self._is_closed:
            self._waiting.clear()
            alert = await asyncio.to_thread(self.take, 0.0)
            if alert is None:
                await self._waiting.wait()
            else:
                yield alert

    def acknowledge(self, alert: StampedAlert, *, by: str | None = None) -> None:
        """Say that a person has seen this revision: kept, and said again until the device knows."""
        key = Key(alert.device, *alert.key)
        token = self._store.token(key) or self._listening.held.token(key)
        if token is None:
            raise InputError("acknowledge", f"{key.alert_id} revision {key.revision}", "an alert received here")
        ack = Ack(key, by or self.name, token)
        check_name("by", ack.name)
        try:
            self._store.add_ack(key, ack.name)
        finally:  # a disk that does not take it keeps nobody from hearing of it
            self._line.call(lambda: self._listening.acknowledge(ack))

    # --- looking at it ------------------------------------------------------------------------------------------------

    def missing(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """Return by device and alert id the revisions that have not come (yet) between some that did."""
        return self._store.missing()

    def unconfirmed(self) -> int:
        """Return how many acknowledgements no device has confirmed."""
        return len(self._store.acks())

    def counters(self) -> SubscriberCounters:
        """Return what came, and which devices are there."""
        return self._listening.counters

    @property
    def is_up(self) -> bool:
        """Whether the broker is there."""
        return self._listening.is_up

    def notices(self) -> list[str]:
        """Return what people should know, in sentences, since this was last asked."""
        return [self._notices.popleft() for _ in range(len(self._notices))]

    # --- what it is made of -------------------------------------------------------------------------------------------

    def _next(self) -> StampedAlert | None:
        if self._is_closed:
            return None
        if not self._batch:
            self._batch.extend(self._store.untaken(self._last_place, _BATCH))
        if not self._batch:
            held = self._listening.held.take()
            return None if held is None else read_alert(held.payload, device=held.key.device)
        self._last_place, one = self._batch.popleft()
        self._given = self._last_place
        return read_alert(one.payload, device=one.key.device)

    def _take_given(self) -> None:
        given, self._given = self._given, None
        if given is not None:
            self._listening.taken.append(given)

    def _stored(self) -> None:
        """Something is in the store; from the line's thread."""
        with self._changed:
            self._changed.notify_all()
        if self._waiting is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._waiting.set)
