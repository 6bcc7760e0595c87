"""What a host asks of a device that speaks the protocol: who it is, at what rate, to begin, what its clock says, and to cease."""

from dataclasses import replace
from typing import Final, TypeAlias

from edgeecg.io.sources.own import OwnDevice
from edgeecg_wire import frames as f
from edgeecg_wire.codec import encode

AGAIN_NS: Final = 500_000_000
"""A request that was damaged on its way is not answered: it is sent again."""
ALL_STREAMS: Final = 255

Wish: TypeAlias = f.SetRate | f.Start | f.Stop | f.TimeSync
"""What somebody may want of a device; its sequence is put in when it is sent."""


class Requests:
    """Says what to write, and when. Sans-IO: the host's time is passed in."""

    def __init__(self, device: OwnDevice, *, sync_every_s: float = 10.0) -> None:
        self._device = device
        self._sync_every_ns = round(sync_every_s * 1e9)
        self._sequence = 0
        self._asked: dict[int, int] = {}
        self._synced_ns: int | None = None
        self._state: f.Start | f.Stop = f.Start(f.DEVICE, 0, 0, ALL_STREAMS)

    def ask(self, wish: Wish) -> None:
        """Want this from now on, over lost lines too; it is asked until the device answers, and what it answers is checked."""
        self._device.acknowledged.discard(wish.TYPE)
        self._device.declined.discard(wish.TYPE)
        self._asked.pop(wish.TYPE, None)
        if isinstance(wish, f.SetRate):
            self._device.asked_rates[wish.about] = wish.rate_millihz
        elif isinstance(wish, f.TimeSync):
            self._synced_ns = None
        else:
            self._state = wish

    def line_up(self) -> None:
        """A line has opened: everything is asked anew."""
        self._asked.clear()
        self._synced_ns = None

    def due(self, now_ns: int) -> bytes:
        """Return what to write now; nothing, mostly."""
        if self._device.awaits_hello:
            return self._again(now_ns, f.Identify(f.DEVICE, 0, 0))
        if f.SetRate.TYPE not in self._device.declined:
            for about, rate_millihz in self._device.asked_rates.items():
                if self._device.rate_of(about) != rate_millihz:
                    return self._again(now_ns, f.SetRate(f.DEVICE, 0, 0, about, rate_millihz))
        if self._state.TYPE not in self._device.acknowledged:
            return self._again(now_ns, self._state)
        if self._synced_ns is None or now_ns - self._synced_ns >= self._sync_every_ns:
            self._synced_ns = now_ns
            return self._encoded(f.TimeSync(f.DEVICE, 0, now_ns // 1000))
        return b""

    def goodbye(self) -> bytes:
        """Return what to write last."""
        return self._encoded(f.Stop(f.DEVICE, 0, 0, ALL_STREAMS))

    def _again(self, now_ns: int, frame: f.Identify | f.SetRate | f.Start | f.Stop) -> bytes:
        asked_ns = self._asked.get(frame.TYPE)
        if asked_ns is not None and now_ns - asked_ns < AGAIN_NS:
            return b""
        self._asked[frame.TYPE] = now_ns
        return self._encoded(frame)

    def _encoded(self, frame: f.Identify | Wish) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFF
        return encode(replace(frame, sequence=self._sequence))
