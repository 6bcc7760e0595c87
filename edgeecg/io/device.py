"""The simulated device as a host sees it: our frames, with the moment each is due, and answers to what the host asks."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from edgeecg.simulate.converter import COUNTS_PER_MV
from edgeecg.simulate.device import ECG, PCG, Packet, Trouble
from edgeecg.simulate.simulation import Setup
from edgeecg_wire import frames as f
from edgeecg_wire.codec import Decoder, Result, encode
from edgeecg_wire.text import DEVICE_NAME

FIRMWARE = "simulated heart"
DEVICE_ID = "simulated"
HELLO_EVERY_S = 5.0
ALL_STREAMS = 255
PICO_VOLT = 10**9 // COUNTS_PER_MV
"""A count of the ECG."""
LEAD_I = 257
MAX_COUNT = (f.MAX_FRAME - f.Samples.LAYOUT.size - 4) // 2
"""Samples that one frame can hold."""


def is_device_id(text: str) -> bool:
    """Say whether a device may be called so."""
    return DEVICE_NAME.fullmatch(text) is not None


class Sent(NamedTuple):
    """Bytes, and the second of the stream at which the host has them."""

    due_s: float
    data: bytes


class SimulatedDevice:
    """Encodes packets, with a hello before the first, after every restart and every five seconds; and answers requests.

    Unlike a real one it sends from the first moment on: a simulation is there to be heard.
    """

    def __init__(self, setup: Setup, *, trouble: Trouble | None = None, device_id: str = DEVICE_ID) -> None:
        self._setup, self._device_id = setup, device_id
        self._bits = (trouble or Trouble()).clock_bits
        self._requests = Decoder()
        self._sequence = self._clock_us = 0
        self._sends = ALL_STREAMS
        self.n_withheld = 0
        """Packets nobody wanted."""

    def frames(self, packets: Iterable[Packet]) -> Iterator[Sent]:
        """Give every packet's bytes, and when they are due."""
        boot, greeted_s = -1, 0.0
        for packet in packets:
            self._clock_us = packet.clock_us
            if packet.boot != boot:
                greeting = self._restarted() if boot >= 0 else self._hello()
                boot, greeted_s = packet.boot, packet.due_s
                yield Sent(packet.due_s, greeting)
            elif packet.due_s - greeted_s >= HELLO_EVERY_S:
                greeted_s = packet.due_s
                yield Sent(packet.due_s, self._hello())
            if self._sends >> packet.stream & 1:
                yield Sent(packet.due_s, _samples(packet))
            else:
                self.n_withheld += 1

    def answer(self, data: bytes) -> bytes:
        """Return what the device says to a host's bytes: its heart is sampled at one rate, and it knows no other."""
        return b"".join(self._answer(request) for request in self._requests.feed(data))

    def _restarted(self) -> bytes:
        self._sequence = 0
        return encode(f.Clock(f.DEVICE, self._next(), self._clock_us, f.CLOCK_RESTARTED, 0)) + self._hello()

    def _hello(self) -> bytes:
        streams = [_described(ECG, f.KIND_ECG, self._setup.rate_hz, f.UNIT_VOLT, PICO_VOLT, LEAD_I)]
        if self._setup.pcg_rate_hz is not None:
            streams.append(_described(PCG, f.KIND_PCG, self._setup.pcg_rate_hz, f.UNIT_NONE, 0, 0))
        return encode(f.Hello(f.DEVICE, self._next(), self._clock_us, self._device_id, FIRMWARE, self._bits, 0, tuple(streams)))

    def _answer(self, request: Result) -> bytes:
        match request:
            case f.Identify():
                return self._hello()
            case f.TimeSync():
                return encode(f.TimeReply(f.DEVICE, self._next(), self._clock_us, request.sequence, request.clock_us, self._clock_us))
            case f.Start(streams=streams):
                self._sends |= streams
                return self._ack(request, f.STATUS_DONE)
            case f.Stop(streams=streams):
                self._sends &= ~streams
                return self._ack(request, f.STATUS_DONE)
            case f.SetRate():
                return self._ack(request, f.STATUS_REFUSED)
        return b""

    def _ack(self, request: f.Start | f.Stop | f.SetRate, status: int) -> bytes:
        return encode(f.Ack(f.DEVICE, self._next(), self._clock_us, request.TYPE, request.sequence, status))

    def _next(self) -> int:
        self._sequence += 1
        return (self._sequence - 1) % 65536


def _samples(packet: Packet) -> bytes:
    data = packet.samples.astype("<i2").tobytes()
    rate = round(packet.rate_hz * 1000)
    return encode(f.Samples(packet.stream, packet.sequence, packet.clock_us, rate, 1, 16, int(packet.lead_off), 0, data))


def _described(stream: int, kind: int, rate_hz: float, unit: int, scale_pico: int, term: int) -> f.Stream:
    return f.Stream(stream, kind, 1, 16, unit, round(rate_hz * 1000), scale_pico, 0, (term, *[0] * (f.MAX_LEADS - 1)))
