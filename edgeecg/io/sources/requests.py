"""What a host asks of a device that speaks the protocol: who it is, to begin, what its clock says, and to cease."""

from dataclasses import replace
from typing import Final

from edgeecg.io.sources.own import OwnDevice
from edgeecg_wire import frames as f
from edgeecg_wire.codec import encode

AGAIN_NS: Final = 500_000_000
"""A request that was damaged on its way is not answered: it is sent again."""
ALL_STREAMS: Final = 255


class Requests:
    """Says what to write, and when. Sans-IO: the host's time is passed in."""

    def __init__(self, device: OwnDevice, *, sync_every_s: float = 10.0) -> None:
        self._device = device
        self._sync_every_ns = round(sync_every_s * 1e9)
        self._sequence = 0
        self._asked: dict[int, int] = {}
        self._synced_ns: int | None = None

    def line_up(self) -> None:
        """A line has opened: everything is asked anew."""
        self._asked.clear()
        self._synced_ns = None

    def due(self, now_ns: int) -> bytes:
        """Return what to write now; nothing, mostly."""
        if self._device.awaits_hello:
            return self._again(now_ns, f.Identify(f.DEVICE, 0, 0))
        if f.Start.TYPE not in self._device.acknowledged:
            return self._again(now_ns, f.Start(f.DEVICE, 0, 0, ALL_STREAMS))
        if self._synced_ns is None or now_ns - self._synced_ns >= self._sync_every_ns:
            self._synced_ns = now_ns
            return self._encoded(f.TimeSync(f.DEVICE, 0, now_ns // 1000))
        return b""

    def goodbye(self) -> bytes:
        """Return what to write last."""
        return self._encoded(f.Stop(f.DEVICE, 0, 0, ALL_STREAMS))

    def _again(self, now_ns: int, frame: f.Identify | f.Start) -> bytes:
        asked_ns = self._asked.get(frame.TYPE)
        if asked_ns is not None and now_ns - asked_ns < AGAIN_NS:
            return b""
        self._asked[frame.TYPE] = now_ns
        return self._encoded(frame)

    def _encoded(self, frame: f.Identify | f.Start | f.Stop | f.TimeSync) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFF
        return encode(replace(frame, sequence=self._sequence))
