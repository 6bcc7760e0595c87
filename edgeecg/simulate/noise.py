"""Noise to add at a stated SNR: each kind of RMS 1, made stretch by stretch, any stretch without those before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import ConfigError
from edgeecg.simulate.seeds import Seeds
from edgeecg.simulate.spectral import Coloured, Spectrum, band, bells

Signal = NDArray[np.float64]
Source = Callable[[int, int], Signal]
"""Gives samples `start` to `start + n`."""


@dataclass(frozen=True, slots=True)
class Noise:
    """One kind of noise and how far the signal stands above it."""

    kind: str
    snr_db: float


@dataclass(frozen=True, slots=True)
class Maker:
    """What a noise is made with: its channel's rate, and its own chance."""

    rate_hz: float
    seeds: Seeds
    part: str

    def coloured(self, name: str, spectrum: Spectrum, window_s: float) -> Source:
        """Return a Gaussian process of that spectrum."""
        return Coloured(spectrum, rate_hz=self.rate_hz, window_s=window_s, seeds=self.seeds, part=f"{self.part} {name}").take

    def time(self, start: int, n: int) -> Signal:
        """Return the samples' times."""
        return (start + np.arange(n)) / self.rate_hz


def _wander(maker: Maker) -> Source:
    """Baseline: slow, and the slower the stronger."""
    return maker.coloured("wander", band(0.05, 0.5, slope=1.0), 80.0)


def _motion(maker: Maker) -> Source:
    """Electrodes that move: in the band of P and T, now strong, now weak."""
    return _swelling(maker, maker.coloured("motion", band(0.5, 8.0, slope=1.5), 16.0), 0.05, 0.5, depth=0.8)


def _muscle(maker: Maker) -> Source:
    """Muscles: broad, from 20 Hz up, swelling and ebbing."""
    return _swelling(maker, maker.coloured("muscle", band(20.0, min(250.0, 0.45 * maker.rate_hz)), 4.0), 0.1, 1.0, depth=0.5)


def _swelling(maker: Maker, carrier: Source, low_hz: float, high_hz: float, *, depth: float) -> Source:
    """Multiply by a log-normal envelope whose mean square is 1."""
    envelope = maker.coloured("envelope", band(low_hz, high_hz), 40.0)
    return lambda start, n: carrier(start, n) * np.exp(depth * envelope(start, n) - depth**2)


def _mains(mains_hz: float) -> Callable[[Maker], Source]:
    """Hum with a third harmonic, a little off its nominal frequency, which itself wanders by some 0.03 Hz."""

    def make(maker: Maker) -> Source:
        rng = maker.seeds.rng(f"{maker.part} mains")
        hz, angle = mains_hz + float(rng.uniform(-0.05, 0.05)), float(rng.uniform(0, 2 * np.pi))
        straying = maker.coloured("mains", band(0.01, 0.03), 200.0)
        third = 0.1 if 3 * mains_hz < 0.5 * maker.rate_hz else 0.0

        def take(start: int, n: int) -> Signal:
            phase = 2 * np.pi * hz * maker.time(start, n) + angle + 1.5 * straying(start, n)
            return np.asarray((np.sin(phase) + third * np.sin(3 * phase)) * np.sqrt(2 / (1 + third**2)), np.float64)

        return take

    return make


def _white(maker: Maker) -> Source:
    return maker.coloured("white", np.ones_like, 4.0)


def _pink(maker: Maker) -> Source:
    return maker.coloured("pink", band(0.1, 0.5 * maker.rate_hz, slope=1.0), 20.0)


BURSTS_HZ, BURST_S = 0.5, 0.08


def _bursts(maker: Maker) -> Source:
    """Knocks: one every two seconds on average, each a white burst that dies away in some 0.08 s."""
    length = round(maker.rate_hz)
    height = np.sqrt(2 / (BURSTS_HZ * BURST_S))

    def second(number: int) -> Signal:
        rng = maker.seeds.rng(f"{maker.part} bursts", number)
        out = np.zeros(2 * length)
        for begin in rng.integers(0, length, rng.poisson(BURSTS_HZ)):
            t = np.arange(length) / maker.rate_hz
            out[begin : begin + length] += height * np.exp(-t / BURST_S) * rng.normal(size=length)
        return out

    def take(start: int, n: int) -> Signal:
        first, last = start // length, (start + n - 1) // length
        out = np.zeros((last - first + 2) * length)
        for number in range(max(0, first - 1), last + 1):
            at, made = (number - first) * length, second(number)
            out[max(0, at) : at + 2 * length] += made[max(0, -at) :]
        return out[start - first * length :][:n]

    return take


def _hospital(maker: Maker) -> Source:
    """A ward: half hum of the mains and its harmonics, half something like speech, in syllables."""
    hum = _mains(50.0)(maker)
    voice = maker.coloured("voice", bells((160.0, 30.0, 0.4), (320.0, 60.0, 0.35), (480.0, 120.0, 0.25)), 4.0)
    speech = _swelling(maker, voice, 2.0, 6.0, depth=0.7)
    return lambda start, n: (hum(start, n) + speech(start, n)) / np.sqrt(2)


_BOTH = {"white": _white, "pink": _pink, "bursts": _bursts, "mains50": _mains(50.0), "mains60": _mains(60.0)}
ECG_NOISES: Mapping[str, Callable[[Maker], Source]] = MappingProxyType(_BOTH | {"wander": _wander, "motion": _motion, "muscle": _muscle})
PCG_NOISES: Mapping[str, Callable[[Maker], Source]] = MappingProxyType(_BOTH | {"hospital": _hospital})


class Mixture:
    """All noises of a channel, each at its SNR against a signal of a known RMS."""

    def __init__(
        self, channel: str, kinds: Mapping[str, Callable[[Maker], Source]], noises: tuple[Noise, ...], *,
        signal_rms: float, rate_hz: float, seeds: Seeds,
    ) -> None:  # fmt: skip
        self._sources: list[tuple[float, Source]] = []
        for i, noise in enumerate(noises):
            if noise.kind not in kinds:
                raise ConfigError(f"{channel} noise", repr(noise.kind), f"one of {', '.join(kinds)}")
            if not -60 <= noise.snr_db <= 120:
                raise ConfigError(f"{channel} noise {noise.kind}", f"{noise.snr_db:g} dB", "from -60 to 120 dB")
            source = kinds[noise.kind](Maker(rate_hz, seeds, f"{channel} {i} {noise.kind}"))
            self._sources.append((signal_rms * 10 ** (-noise.snr_db / 20), source))

    def add(self, start: int, samples: Signal) -> None:
        """Add them to the samples from `start` on."""
        for gain, source in self._sources:
            samples += gain * source(start, len(samples))
