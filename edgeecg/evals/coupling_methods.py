"""Estimates of the coupling kernel, all given the same beats: ours, what it is compared with, and two that say nothing.

`tikhonov` and `wiener` work on the mean beat, `raw` divides the whole recording's spectra. `smoothed` is the mean beat itself, smoothed: no
deconvolution. `constant` is one kernel for everybody. The last two are steady by construction and show what steadiness alone is worth.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeecg.evals.coupling_recording import Heard
from edgeecg.stages.coupling import KERNEL_LEN, couple, in_band

Signal = NDArray[np.float64]
RAW_FLOOR = 1e-8
SMOOTH_MS = 25
USUAL_S1_MS = 65.0
MIDDLE_TURNS = 6
OURS = ("nmcse", "aligned", "shipped")
ALL = ("raw", "tikhonov", "wiener", "smoothed", "constant", *OURS)
PRIOR_BINS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A kernel, 1 kHz from R on, with the place of its S1; what a method says of each beat, where it says anything of beats."""

    kernel: Signal
    kernel_ms: float
    heard_ms: float = np.nan
    """R to S1 as it is heard; NaN: the method says nothing of that."""
    rows: NDArray[np.void] | None = None


def estimates(heard: Heard, ridge: float) -> dict[str, Estimate]:
    """Estimate by every method; `ridge` is Tikhonov's lambda and that of ours, but for `shipped`: nmcse with the one it is shipped with."""
    found = {name: last_of(couple(heard.ecg, heard.pcg, heard.beats, name, ridge=ridge)) for name in ("nmcse", "aligned")}
    found["shipped"] = last_of(couple(heard.ecg, heard.pcg, heard.beats, "nmcse"))
    plain = last_of(couple(heard.ecg, heard.pcg, heard.beats, "deconvolution", ridge=ridge, forget=1.0))
    windows, qrs = _windows(heard)
    others = {
        "raw": _raw(heard),
        "wiener": _wiener(windows, qrs),
        "smoothed": _smoothed(windows),
        "constant": _constant(),
    }
    near = plain.kernel_ms
    return found | {"tikhonov": plain} | {name: Estimate(kernel, middle(kernel, near)) for name, kernel in others.items()}


def last_of(rows: NDArray[np.void]) -> Estimate:
    """Take what is known after the last beat that was learned, whether its delay is told or not."""
    known = rows[np.abs(rows["smoothed"]).max(axis=1) > 0]
    if not len(known):
        return Estimate(np.zeros(KERNEL_LEN), np.nan, rows=rows)
    kernel, centre_ms = np.asarray(known["smoothed"][-1], np.float64), float(known["centre_ms"][-1][0])
    return Estimate(kernel, middle(kernel, centre_ms), float(known["heard_ms"][-1][0]), rows)


def middle(kernel: Signal, about_ms: float) -> float:
    """Return where the middle of the energy of a kernel's S1 lies: under a bell 60 ms to either side of that middle itself."""
    ms, found_ms = np.arange(KERNEL_LEN), about_ms if np.isfinite(about_ms) else USUAL_S1_MS
    for _ in range(MIDDLE_TURNS):
        away = (ms - found_ms) / 61
        energy = np.where(np.abs(away) < 1, np.cos(np.pi / 2 * away), 0) * kernel**2
        if not energy.any():
            return np.nan
        found_ms = float(energy @ ms / energy.sum())
    return found_ms


def _windows(heard: Heard) -> tuple[Signal, Signal]:
    """Cut the sound about each beat, R - 160 to R + 709 ms, and average the QRS, R - 64 to R + 63 ms."""
    sound, ecg = in_band(heard.pcg), _to_1khz(heard.ecg)
    at = [4 * int(r) for r in heard.beats.at if 160 <= 4 * r <= min(len(sound), len(ecg)) - 710]
    qrs = np.mean([ecg[r - 64 : r + 64] for r in at], axis=0)
    qrs = (qrs - np.linspace(qrs[0], qrs[-1], len(qrs))) * np.sqrt(np.sin(np.pi * (np.arange(128) + 0.5) / 128))
    return np.array([sound[r - 160 : r + 710] for r in at]), qrs


def _to_1khz(ecg: Signal) -> Signal:
    spectrum = np.fft.rfft(ecg)
    return np.fft.irfft(np.concatenate([spectrum, np.zeros(2 * len(ecg) + 1 - len(spectrum))]), 4 * len(ecg)) * 4


def _spectrum(x: Signal, before: int) -> NDArray[np.complex128]:
    padded = np.zeros(2048)
    padded[: len(x)] = x
    return np.asarray(np.fft.rfft(np.roll(padded, -before)), np.complex128)


def _raw(heard: Heard) -> Signal:
    """Divide the recording's spectra, with a floor; the band is taken after."""
    n = min(4 * len(heard.ecg), len(heard.pcg))
    e, p = np.fft.rfft(_to_1khz(heard.ecg)[:n]), np.fft.rfft(heard.pcg[:n])
    power = np.abs(e) ** 2
    h = np.fft.irfft(e.conj() * p / (power + RAW_FLOOR * power.max()), n)
    return in_band(h)[:KERNEL_LEN]


def _wiener(windows: Signal, qrs: Signal) -> Signal:
    """Divide with the noise that is left between the beats and the mean, and a kernel as strong as the mean says."""
    mean, e = windows.mean(axis=0), _spectrum(qrs, 64)
    p = _spectrum(mean, 160)
    noise = np.mean([np.abs(_spectrum(window - mean, 160)) ** 2 for window in windows], axis=0) / max(len(windows) - 1, 1)
    box = np.ones(PRIOR_BINS) / PRIOR_BINS
    power, noise = np.abs(e) ** 2, np.convolve(noise, box, "same")
    signal = np.maximum(np.convolve(np.abs(p) ** 2, box, "same") - noise, 1e-3 * noise)
    kernel_power = signal / np.maximum(np.convolve(power, box, "same"), 1e-6 * power.max())
    return np.fft.irfft(e.conj() * p / (power + noise / kernel_power), 2048)[:KERNEL_LEN]


def _smoothed(windows: Signal) -> Signal:
    smooth = np.convolve(np.abs(windows).mean(axis=0), np.hanning(2 * SMOOTH_MS) / SMOOTH_MS, "same")
    return np.asarray(smooth[160 : 160 + KERNEL_LEN], np.float64)


def _constant() -> Signal:
    """Two bursts of 60 Hz where sounds usually are."""
    t = np.arange(KERNEL_LEN, dtype=np.float64)
    bursts = [
        height * np.exp(-np.maximum(t - at, 0) / 20) * np.sin(0.12 * np.pi * (t - at)) * (t >= at) for at, height in ((45, 1.0), (370, 0.8))
    ]
    return np.asarray(bursts[0] + bursts[1], np.float64)
