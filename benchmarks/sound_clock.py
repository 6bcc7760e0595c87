"""A day of ECG and sound whose clocks disagree: how far off a beat is put on the sound's samples, and the heart's rate.

    python -m benchmarks.sound_clock [--hours 24] [--chunk-s 0.1] [--jump-every-s 1800]

Both converters run off the device's clock by their own error, the device's 32-bit microseconds wrap, and its clock is set back
and forth. Frames go through the engine as they would arrive; each beat's place on the sound's samples is compared with where
that instant truly is. What is heard is made for it: a QRS and two sounds a beat, at known instants of the device's true time.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.types import Beat, Chunk, Event, HeartCycle, HeartSound, SoundKind, SourceChange, SourceState, Vitals

Signal = NDArray[np.float64]
ECG_HZ, SOUND_HZ = 250.0, 1000.0
FIRST_BEAT_S, BEAT_S = 0.5, 0.83
S1_S, S2_S = 0.060, 0.375
WRAP_US = 1 << 32


@dataclass(frozen=True, slots=True)
class Device:
    """How wrong its parts are."""

    ecg_ppm: float = 200.0
    sound_ppm: float = -200.0
    first_clock_us: int = WRAP_US - 60_000_000
    jump_every_s: float = 1800.0
    jumps_us: tuple[int, ...] = (-500_000, 300_000, -2_000_000, 1_700_000)
    """One after another, over and over; the last of each round brings it back by half a second."""

    def clock_us(self, true_s: float) -> int:
        """Return what its clock shows."""
        n_jumps = int(true_s / self.jump_every_s)
        rounds, rest = divmod(n_jumps, len(self.jumps_us))
        jumped = rounds * sum(self.jumps_us) + sum(self.jumps_us[:rest])
        return (self.first_clock_us + round(true_s * 1e6) + jumped) % WRAP_US


def ecg_at(true_s: Signal) -> Signal:
    """A QRS and a T wave at each beat."""
    t = (true_s - FIRST_BEAT_S + BEAT_S / 2) % BEAT_S - BEAT_S / 2
    return np.exp(-0.5 * (t / 0.010) ** 2) - 0.25 * np.exp(-0.5 * ((t - 0.03) / 0.009) ** 2) + 0.2 * np.exp(-0.5 * ((t - 0.26) / 0.04) ** 2)


def sound_at(true_s: Signal) -> Signal:
    """Two bursts at each beat."""
    t = (true_s - FIRST_BEAT_S + 0.1) % BEAT_S - 0.1
    first, second = t - S1_S, t - S2_S
    return np.exp(-0.5 * (first / 0.02) ** 2) * np.sin(2 * np.pi * 55 * first) + 0.7 * np.exp(-0.5 * (second / 0.016) ** 2) * np.sin(
        2 * np.pi * 70 * second
    )


def chunks(
    name: str, rate_hz: float, ppm: float, device: Device, seconds: float, chunk_s: float, seed: int
) -> Iterator[tuple[float, Chunk]]:
    """Give a stream's frames with the true time at which each is whole."""
    rng, n, true_hz = np.random.default_rng(seed), round(chunk_s * rate_hz), rate_hz * (1 + ppm * 1e-6)
    make = ecg_at if name == "ecg" else sound_at
    for number in range(int(seconds * true_hz / n)):
        true_s = (number * n + np.arange(n)) / true_hz
        samples = make(true_s) + 0.01 * rng.normal(size=n)
        whole_s = (number + 1) * n / true_hz
        arrival_ns = round((whole_s + 0.003 + 0.002 * rng.random()) * 1e9)
        yield whole_s, Chunk(name, samples, arrival_ns, number & 0xFFFF, device.clock_us(float(true_s[0])))


def merged(first: Iterator[tuple[float, Chunk]], second: Iterator[tuple[float, Chunk]]) -> Iterator[Chunk]:
    """Give two streams' frames in the order in which they are whole."""
    a, b = next(first, None), next(second, None)
    while a or b:
        if b is None or (a is not None and a[0] <= b[0]):
            assert a is not None
            yield a[1]
            a = next(first, None)
        else:
            yield b[1]
            b = next(second, None)


def run(seconds: float, chunk_s: float = 0.1, device: Device | None = None) -> dict[str, float]:
    """Feed it all; return the errors: of beats' places in ms, of heart rates in 1/min."""
    device = device or Device()
    facts = (
        StreamFacts(name="ecg", rate_hz=ECG_HZ, sequence_bits=16, device_clock_bits=32),
        StreamFacts(name="sound", rate_hz=SOUND_HZ, sequence_bits=16, device_clock_bits=32, sound_of="ecg"),
    )
    engine = Engine(EngineConfig(streams=facts))
    for one in facts:
        engine.feed(SourceState(one.name, SourceChange.OPENED, 0))
    judge = Judge(device)
    streams = (
        chunks("ecg", ECG_HZ, device.ecg_ppm, device, seconds, chunk_s, 1),
        chunks("sound", SOUND_HZ, device.sound_ppm, device, seconds, chunk_s, 2),
    )
    for chunk in merged(*streams):
        for event in engine.feed(chunk):
            judge.see(event)
    return judge.figures()


class Judge:
    """Compares what is said with what is true."""

    def __init__(self, device: Device) -> None:
        self._ecg_hz, self._sound_hz = ECG_HZ * (1 + device.ecg_ppm * 1e-6), SOUND_HZ * (1 + device.sound_ppm * 1e-6)
        self._place_ms: list[float] = []
        self._delay_ms: list[float] = []
        self._rate: list[float] = []
        self._last = -1
        self._backwards = 0
        self.beats = 0

    def see(self, event: Event) -> None:
        """Take one event."""
        if event.stream == "sound":
            self._backwards += event.reported_at < self._last
            self._last = max(self._last, event.reported_at)
        match event:
            case Beat():
                self.beats += 1
            case HeartCycle():
                self._place_ms.append(1000 * (event.sample / self._sound_hz - event.beat_sample / self._ecg_hz))
            case HeartSound(kind=SoundKind.S1):
                self._delay_ms.append(event.delay_ms - 1000 * S1_S)
            case Vitals() if event.heart_rate > 0:
                self._rate.append(event.heart_rate - 60 / BEAT_S)

    def figures(self) -> dict[str, float]:
        """Return the figures."""
        place, delay, rate = (np.abs(np.array(errors)) for errors in (self._place_ms, self._delay_ms, self._rate))
        return {
            "beats": self.beats,
            "beats heard": len(delay),
            "place off, ms, p50": float(np.median(place)),
            "place off, ms, p99.9": float(np.percentile(place, 99.9)),
            "place off, ms, worst": float(place.max()),
            "R to S1 off, ms, p50": float(np.median(delay)),
            "R to S1 off, ms, worst": float(delay.max()),
            "heart rate off, 1/min, worst": float(rate.max()),
            "times gone backwards": self._backwards,
        }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--chunk-s", type=float, default=0.1)
    parser.add_argument("--jump-every-s", type=float, default=Device().jump_every_s)
    options = parser.parse_args()
    begin = time.perf_counter()
    for name, value in run(options.hours * 3600, options.chunk_s, Device(jump_every_s=options.jump_every_s)).items():
        print(f"{name:32} {value:.3f}" if value != int(value) else f"{name:32} {int(value)}")
    print(f"{'took, s':32} {time.perf_counter() - begin:.0f}")


if __name__ == "__main__":
    main()
