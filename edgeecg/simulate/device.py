"""A device that sends what the heart gives, and what may go wrong with it on the way: packets and when they arrive.

The device takes a sample when its own clock says so. A clock that runs fast by `drift_ppm` therefore sends sooner than the host
expects; sample numbers and times stamped on the packets are the device's own, and so is the truth.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import ConfigError
from edgeecg.simulate.converter import ecg_counts, pcg_counts
from edgeecg.simulate.seeds import Seeds
from edgeecg.simulate.simulation import Block, Simulation

ECG, PCG = 0, 1
"""Streams of the device."""
SEQUENCES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What goes wrong with packets. Shares are of all packets, drawn one by one."""

    drift_ppm: float = 0.0
    jitter_ms: float = 0.0
    """Packets come up to this much late, never before one sent earlier."""
    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    """A packet comes after the next of its stream."""
    clock_bits: int = 64
    """32: the device's microseconds come round after 71.6 minutes."""
    first_clock_us: int = 0
    restarts_s: tuple[float, ...] = ()
    """When the device starts anew: counters and clock from 0. It sends nothing for `restart_len_s`."""
    restart_len_s: float = 2.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("drift_ppm", -1000, 1000), ("jitter_ms", 0, 10_000), ("loss", 0, 1), ("duplication", 0, 1), ("reordering", 0, 1),
            ("first_clock_us", 0, 2**62), ("restart_len_s", 0.1, 3600),
        ):  # fmt: skip
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"trouble.{name}", value, f"a number from {low} to {high}")
        if self.clock_bits not in {32, 64}:
            raise ConfigError("trouble.clock_bits", self.clock_bits, "32 or 64")
        if any(at_s < 0 for at_s in self.restarts_s) or list(self.restarts_s) != sorted(self.restarts_s):
            raise ConfigError("trouble.restarts_s", self.restarts_s, "times from 0 on, in order")


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """One frame's worth of one stream."""

    due_s: float
    """When the host receives it, in true seconds after the device was switched on."""
    stream: int
    sequence: int
    clock_us: int
    samples: NDArray[np.int16]
    rate_hz: float
    lead_off: bool
    boot: int
    """How often the device has restarted before it."""
    first_sample: int
    """The simulation's number of its first sample, which no device would tell."""


@dataclass(slots=True)
class Tally:
    """What the way did to packets: the truth about it, whole once all have come."""

    sent: int = 0
    lost: list[tuple[int, int, int]] = field(default_factory=list)
    """(stream, first sample, samples)."""
    duplicated: int = 0
    reordered: int = 0
    unsent: int = 0
    """Never sent, because the device was starting."""


def packets(
    simulation: Simulation,
    *,
    n_samples: int | None = None,
    packet_len: int = 25,
    trouble: Trouble | None = None,
    tally: Tally | None = None,
    seen: Callable[[Block], None] | None = None,
) -> Iterator[Packet]:
    """Give packets in the order in which they arrive, `packet_len` samples of ECG each and the sound of the same time; `seen` is shown each block."""
    trouble, tally = trouble or Trouble(), tally or Tally()
    sender = _Sender(simulation, trouble, tally)
    ways = {stream: _Way(simulation.setup.seed, stream, trouble, tally) for stream in (ECG, PCG)}
    for block in simulation.blocks(packet_len, n_samples=n_samples):
        if seen is not None:
            seen(block)
        for packet in sender.of(block):
            yield from ways[packet.stream].through(packet)
    for way in ways.values():
        yield from way.rest()


class _Sender:
    """Numbers and stamps packets, and is silent while the device starts anew."""

    def __init__(self, simulation: Simulation, trouble: Trouble, tally: Tally) -> None:
        self._setup, self._trouble, self._tally = simulation.setup, trouble, tally
        self._boot, self._sequence = 0, [0, 0]

    def of(self, block: Block) -> Iterator[Packet]:
        at_s = block.start / self._setup.rate_hz
        boot = sum(restart_s <= at_s for restart_s in self._trouble.restarts_s)
        booted_s = self._trouble.restarts_s[boot - 1] + self._trouble.restart_len_s if boot else 0.0
        if boot and at_s < booted_s:
            self._tally.unsent += 1
            return
        if boot > self._boot:
            self._boot, self._sequence = boot, [0, 0]
        clock_us = round((at_s - booted_s) * 1e6) + (0 if boot else self._trouble.first_clock_us)
        end_s = at_s + len(block.ecg_mv) / self._setup.rate_hz
        due_s = end_s / (1 + self._trouble.drift_ppm * 1e-6)
        off = bool(block.lead_off.any())
        yield self._packet(ECG, due_s, clock_us, ecg_counts(block.ecg_mv), self._setup.rate_hz, off, block.start)
        if block.pcg is not None and self._setup.pcg_rate_hz is not None:
            first = block.start * self._setup.pcg_per_sample
            yield self._packet(PCG, due_s, clock_us, pcg_counts(block.pcg), self._setup.pcg_rate_hz, False, first)

    def _packet(
        self, stream: int, due_s: float, clock_us: int, samples: NDArray[np.int16], rate_hz: float, off: bool, first: int
    ) -> Packet:  # fmt: skip
        sequence = self._sequence[stream]
        self._sequence[stream] = (sequence + 1) % SEQUENCES
        self._tally.sent += 1
        return Packet(due_s, stream, sequence, clock_us % (1 << self._trouble.clock_bits), samples, rate_hz, off, self._boot, first)


class _Way:
    """What happens to one stream's packets between device and host."""

    def __init__(self, seed: int, stream: int, trouble: Trouble, tally: Tally) -> None:
        self._rng = Seeds(seed).rng("way", stream)
        self._trouble, self._tally = trouble, tally
        self._overtaken: Packet | None = None
        self._last_s = -math.inf

    def through(self, packet: Packet) -> Iterator[Packet]:
        """Give what arrives because of this packet."""
        lost, doubled, late, jitter = self._rng.random(4)  # always four: one trouble's share does not move another's chance
        if lost < self._trouble.loss:
            self._tally.lost.append((packet.stream, packet.first_sample, len(packet.samples)))
            return
        if late < self._trouble.reordering and self._overtaken is None:
            self._tally.reordered += 1
            self._overtaken = packet
            return
        due_s = packet.due_s + jitter * self._trouble.jitter_ms / 1000
        yield self._arriving(packet, due_s)
        if doubled < self._trouble.duplication:
            self._tally.duplicated += 1
            yield self._arriving(packet, due_s)
        yield from self.rest()

    def rest(self) -> Iterator[Packet]:
        """Give what has been overtaken."""
        if self._overtaken is not None:
            packet, self._overtaken = self._overtaken, None
            yield self._arriving(packet, packet.due_s)

    def _arriving(self, packet: Packet, due_s: float) -> Packet:
        self._last_s = max(self._last_s, due_s)
        return Packet(
            self._last_s, packet.stream, packet.sequence, packet.clock_us, packet.samples,
            packet.rate_hz, packet.lead_off, packet.boot, packet.first_sample,
        )  # fmt: skip
