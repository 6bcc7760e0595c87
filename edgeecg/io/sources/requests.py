"""What a host asks of a device that speaks the protocol: who it is, at what rate, to begin, what its clock says, and to cease."""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from edgeecg.errors import ConfigError
from edgeecg.io.sources.own import OwnDevice
from edgeecg_wire import frames as f
from edgeecg_wire.codec import encode

AGAIN_NS: Final = 500_000_000
"""A request that was damaged on its way is not answered: it is sent again."""
SELDOM_NS: Final = 64_000_000_000
"""How seldom a device is asked again at last that shares its way with others and does not answer: it may not listen at all."""
SYNC_EVERY_S: Final = 10.0
ALL_STREAMS: Final = 255
MIN_ASKED_HZ: Final = 0.001
MAX_ASKED_HZ: Final = 100_000.0
"""What a request can say."""

Request: TypeAlias = f.Identify | f.SetRate | f.Start | f.Stop | f.TimeSync


def checked_rate(where: str, rate_hz: float | None) -> float | None:
    """Return a rate that may be asked for; ConfigError where no request can say it."""
    if rate_hz is not None and not MIN_ASKED_HZ <= rate_hz <= MAX_ASKED_HZ:
        raise ConfigError(f"{where}: ask_rate_hz", rate_hz, f"{MIN_ASKED_HZ:g} to {MAX_ASKED_HZ:g}")
    return rate_hz


def rate_wish(rate_hz: float, stream: int = 0) -> f.SetRate:
    """Return the request for a rate; its sequence is put in when it is sent."""
    return f.SetRate(f.DEVICE, 0, 0, stream, round(rate_hz * 1000))


@dataclass(slots=True)
class _Asked:
    """A request that waits for its answer."""

    last_ns: int
    wait_ns: int = AGAIN_NS


class Requests:
    """Says what to write, and when: asked until the device answers, in the order of one line's life. Sans-IO: the host's time is passed in."""

    def __init__(self, device: OwnDevice, *, sync_every_s: float = SYNC_EVERY_S, seldom_ns: int = AGAIN_NS) -> None:
        """Between two askings `AGAIN_NS` pass, then twice as long each time, up to `seldom_ns`."""
        self._device = device
        self._sync_every_ns = round(sync_every_s * 1e9)
        self._seldom_ns = seldom_ns
        self._sequence = 0
        self._asked: dict[int, _Asked] = {}
        self._synced_ns: int | None = None
        self._n_boots = device.n_boots

    def ask(self, wish: f.SetRate) -> None:
        """Want this rate from now on, over lost lines too; what the device answers is checked."""
        self._device.acknowledged.discard(wish.TYPE)
        self._device.declined.discard(wish.TYPE)
        self._asked.pop(wish.TYPE, None)
        self._device.asked_rates[wish.about] = wish.rate_millihz

    def line_up(self) -> None:
        """A line has opened: everything is asked anew."""
        self._asked.clear()
        self._synced_ns = None

    def due(self, now_ns: int) -> bytes:
        """Return what to write now; nothing, mostly."""
        if self._n_boots != self._device.n_boots:
            self._n_boots = self._device.n_boots
            self.line_up()
        if self._device.awaits_hello:
            return self._again(now_ns, f.Identify(f.DEVICE, 0, 0))
        if f.SetRate.TYPE not in self._device.declined:
            for about, rate_millihz in self._device.asked_rates.items():
                if self._device.rate_of(about) != rate_millihz:
                    return self._again(now_ns, f.SetRate(f.DEVICE, 0, 0, about, rate_millihz))
        if f.Start.TYPE not in self._device.acknowledged:
            return self._again(now_ns, f.Start(f.DEVICE, 0, 0, ALL_STREAMS))
        if self._synced_ns is None or now_ns - self._synced_ns >= self._sync_every_ns:
            self._synced_ns = now_ns
            return self._encoded(f.TimeSync(f.DEVICE, 0, now_ns // 1000))
        return b""

    def goodbye(self) -> bytes:
        """Return what to write last."""
        return self._encoded(f.Stop(f.DEVICE, 0, 0, ALL_STREAMS))

    def _again(self, now_ns: int, frame: Request) -> bytes:
        asked = self._asked.get(frame.TYPE)
        if asked is None:
            self._asked[frame.TYPE] = _Asked(now_ns)
            return self._encoded(frame)
        if now_ns - asked.last_ns < asked.wait_ns:
            return b""
        asked.last_ns, asked.wait_ns = now_ns, min(2 * asked.wait_ns, self._seldom_ns)
        return self._encoded(frame)

    def _encoded(self, frame: Request) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFF
        return encode(replace(frame, sequence=self._sequence))
