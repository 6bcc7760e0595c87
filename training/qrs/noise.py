"""Noise to tune against: mixed in by the NST rule, synthetic but for the recorded baseline wander."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from qrs.recordings import GRID_HZ, Recording

Floats = NDArray[np.float64]
Rng = np.random.Generator
Electrode = Callable[[int, Rng], Floats]
"""Makes so many samples of recorded electrode motion."""


def qrs_power(samples: Floats, beats: Floats) -> float:
    """The NST rule's signal power: the square of the typical peak-to-peak QRS amplitude over eight."""
    heights = [np.ptp(samples[max(int(b) - 13, 0) : int(b) + 13]) for b in beats[:300] if 13 < b < len(samples) - 13]
    if not heights:
        return 1.0
    low, high = np.percentile(heights, [5, 95])
    return float(np.mean([h for h in heights if low <= h <= high] or heights)) ** 2 / 8.0


def scaled(noise: Floats, power: float, snr_db: float) -> Floats:
    """Bring a noise to the wished ratio under a signal of this power (mean power of its seconds, trimmed)."""
    seconds = noise[: len(noise) // GRID_HZ * GRID_HZ].reshape(-1, GRID_HZ)
    powers = np.var(seconds, axis=1)
    low, high = np.percentile(powers, [5, 95])
    typical = float(np.mean(powers[(powers >= low) & (powers <= high)]))
    return np.asarray(noise * np.sqrt(power / (max(typical, 1e-12) * 10.0 ** (snr_db / 10.0))))


def muscle(length: int, rng: Rng) -> Floats:
    """White noise from 15 to 110 Hz in bursts of a third of a second to several."""
    sos = signal.butter(2, [rng.uniform(8.0, 30.0), rng.uniform(70.0, 115.0)], "bandpass", fs=GRID_HZ, output="sos")
    return np.asarray(signal.sosfilt(sos, rng.normal(size=length)) * _bursts(length, rng))


def motion(length: int, rng: Rng) -> Floats:
    """Electrode motion: pushes of every steepness that relax, on coloured noise; some look like a QRS complex."""
    result = np.zeros(length)
    for at in np.flatnonzero(rng.random(length) < rng.uniform(0.4, 3.0) / GRID_HZ):
        rise = rng.uniform(0.01, 0.25) * GRID_HZ
        fall = np.exp(rng.uniform(np.log(0.03), np.log(1.0))) * GRID_HZ
        t = np.arange(min(int(6.0 * fall + rise), length - int(at)))
        push = np.where(t < rise, 0.5 - 0.5 * np.cos(np.pi * t / rise), np.exp(-(t - rise) / fall))
        result[at : at + len(t)] += rng.normal() * rng.exponential() * push
    sos = signal.butter(1, rng.uniform(2.0, 9.0), fs=GRID_HZ, output="sos")
    coloured = signal.sosfilt(sos, rng.normal(size=length))
    result = result / (np.std(result) + 1e-9) + rng.uniform(0.3, 1.5) * coloured / np.std(coloured)
    return np.asarray(result * _bursts(length, rng))


def mains(length: int, rng: Rng) -> Floats:
    """A slowly breathing 50 or 60 Hz."""
    t = np.arange(length) / GRID_HZ
    breath = 1.0 + 0.5 * np.sin(2.0 * np.pi * rng.uniform(0.05, 0.5) * t)
    return np.asarray(breath * np.sin(2.0 * np.pi * rng.choice([50.0, 60.0]) * t))


def _bursts(length: int, rng: Rng) -> Floats:
    """A loudness that changes every few seconds, and is sometimes none."""
    knots = np.arange(0, length + 10 * GRID_HZ, int(rng.uniform(0.5, 8.0) * GRID_HZ))
    return np.interp(np.arange(length), knots, rng.gamma(1.0, 1.0, size=len(knots)))


def wander(recorded: Floats, length: int, rng: Rng) -> Floats:
    """A piece of recorded baseline wander, started anywhere and wound round."""
    row = recorded[rng.integers(len(recorded))]
    return np.asarray(np.resize(np.roll(row, -int(rng.integers(len(row)))), length))


def shaken(recorded: Floats, length: int, rng: Rng) -> Floats:
    """Recorded electrode motion as another electrode had it: its two leads mixed, played faster or slower, its slow part stressed."""
    angle, speed = rng.uniform(0.0, 2.0 * np.pi), float(np.exp(rng.uniform(np.log(0.7), np.log(1.4))))
    row = np.cos(angle) * recorded[0] + np.sin(angle) * recorded[1]
    row = np.interp(np.arange(0.0, len(row) - 1.0, speed), np.arange(len(row)), row)
    if rng.random() < 0.5:
        sos = signal.butter(1, rng.uniform(1.0, 6.0), fs=GRID_HZ, output="sos")
        row = row + rng.uniform(-0.8, 1.5) * signal.sosfiltfilt(sos, row)
    return np.asarray(np.resize(np.roll(row, -int(rng.integers(len(row)))), length))


def jolts(recorded: Floats, length: int, rng: Rng) -> Floats:
    """Recorded baseline wander played four to twenty-four times as fast: what it is to a slow hand, motion is to a quick one."""
    row = recorded[rng.integers(len(recorded))]
    speed = float(np.exp(rng.uniform(np.log(4.0), np.log(24.0))))
    sos = signal.butter(4, min(0.45 * GRID_HZ, 0.45 * GRID_HZ / speed), fs=GRID_HZ, output="sos")
    slow = signal.sosfiltfilt(sos, row)
    fast = np.interp(np.arange(0.0, len(row) - 1.0, speed), np.arange(len(row)), slow)
    return np.asarray(np.resize(np.roll(fast, -int(rng.integers(len(fast)))), length) * _bursts(length, rng))


def gain_steps(length: int, rng: Rng) -> Floats:
    """An electrode that moves: every half minute or so the amplitude changes by up to a factor of two and a half."""
    edges = np.flatnonzero(rng.random(length) < 1.0 / (30.0 * GRID_HZ))
    levels = np.exp(rng.uniform(np.log(0.4), np.log(2.5), size=len(edges) + 1))
    return np.asarray(levels[np.searchsorted(edges, np.arange(length), side="right")])


def moved(samples: Floats, beats: Floats, electrode: Electrode, rng: Rng) -> Floats:
    """Return the signal with electrode motion alone, recorded or made up or both, on and off by the half minute."""
    n = len(samples)
    power = qrs_power(samples, beats)
    total, recorded = np.zeros(n), rng.random() < 0.8
    if recorded:
        total += scaled(electrode(n, rng), power, rng.uniform(-7.0, 10.0))
    if not recorded or rng.random() < 0.3:
        total += scaled(motion(n, rng), power, rng.uniform(-7.0, 10.0))
    on = np.repeat(rng.random(n // 5000 + 1) < 0.7, 5000)[:n]
    return np.asarray(samples + on * total)


def spoiled(samples: Floats, beats: Floats, bw: Floats, rng: Rng, electrode: Electrode) -> Floats:
    """Return the signal with a random mixture of noises at a random ratio, on and off by the half minute."""
    n = len(samples)
    power = qrs_power(samples, beats)
    noises = [
        (0.5, lambda: motion(n, rng)),
        (0.35, lambda: muscle(n, rng)),
        (0.25, lambda: wander(bw, n, rng)),
        (0.3, lambda: jolts(bw, n, rng)),
        (0.15, lambda: mains(n, rng)),
        (0.4, lambda: electrode(n, rng)),
    ]
    total = np.zeros(n)
    for share, make in noises:
        if rng.random() < share:
            on = np.repeat(rng.random(n // 5000 + 1) < 0.6, 5000)[:n]
            total += on * scaled(make(), power, rng.uniform(-2.0, 20.0))
    result = samples * gain_steps(n, rng) if rng.random() < 0.3 else samples.copy()
    result += total
    if rng.random() < 0.25:
        sos = signal.butter(4, rng.uniform(35.0, 60.0), fs=GRID_HZ, output="sos")
        result = np.asarray(signal.sosfiltfilt(sos, result))
    return result


def waves(samples: Floats, beats: Floats, rng: Rng) -> Floats:
    """Tall P or T waves: a bump before or after every beat, up to as high as its QRS complex."""
    height = np.sqrt(8.0 * qrs_power(samples, beats))
    result = np.zeros(len(samples))
    is_p = rng.random() < 0.6
    offset = -rng.uniform(0.12, 0.26) if is_p else rng.uniform(0.20, 0.38)
    width = rng.uniform(0.012, 0.035) if is_p else rng.uniform(0.03, 0.08)
    size = rng.choice([-1.0, 1.0]) * height * rng.uniform(0.2, 1.0)
    t = np.arange(-60, 61)
    for beat in beats + GRID_HZ * (offset + rng.normal(scale=0.004, size=len(beats))):
        at = round(beat)
        if 60 <= at < len(samples) - 61:
            shape = np.exp(-0.5 * ((t - (beat - at)) / (GRID_HZ * width)) ** 2)
            result[at - 60 : at + 61] += size * rng.uniform(0.8, 1.2) * shape
    return result


def beat_gains(length: int, beats: Floats, rng: Rng) -> Floats:
    """Beats of uneven size: some are a third of their neighbours, some are twice as high."""
    gains = np.ones(length)
    t = np.arange(-60, 61)
    shape = np.exp(-((t / 35.0) ** 4))
    share = rng.uniform(0.02, 0.3)
    for beat in beats:
        at = round(beat)
        if rng.random() < share and 60 <= at < length - 61:
            gains[at - 60 : at + 61] += shape * (np.exp(rng.uniform(np.log(0.3), np.log(2.0))) - 1.0)
    return np.maximum(gains, 0.1)


def morphed(recording: Recording, partner: Recording, rng: Rng) -> Recording:
    """Make another heart of one recording: two of its leads mixed, slow waves or fast ones stressed, time stretched."""
    raw = recording.raw
    if rng.random() < 0.7:
        angle = rng.uniform(0.0, np.pi)
        a, b = (np.sqrt(qrs_power(r.raw, recording.beats)) + 1e-6 for r in (recording, partner))
        raw = a * (np.cos(angle) * raw / a + np.sin(angle) * partner.raw / b)
    if rng.random() < 0.5:
        sos = signal.butter(1, rng.uniform(3.0, 8.0), fs=GRID_HZ, output="sos")
        raw = raw + rng.uniform(-0.6, 2.0) * signal.sosfiltfilt(sos, raw - raw[0])
    if rng.random() < 0.5:
        raw = raw + waves(raw, recording.beats, rng)
    if rng.random() < 0.4:
        raw = raw * beat_gains(len(raw), recording.beats, rng)
    beats, skip = recording.beats, recording.skip
    if rng.random() < 0.5:
        stretch = float(np.exp(rng.uniform(np.log(0.75), np.log(1.25))))
        raw = np.interp(np.arange(0, len(raw) - 1, 1.0 / stretch), np.arange(len(raw)), raw)
        beats = beats * stretch
        skip = tuple((a * stretch, b * stretch) for a, b in skip)
    return replace(recording, raw=np.asarray(raw, dtype=np.float64), beats=beats, skip=skip)
