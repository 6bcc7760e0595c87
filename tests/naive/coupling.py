"""Coupling, slowly: each step by numpy's own transforms and by sums taken anew, nothing carried from beat to beat but the beats."""

import math

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels.coupling_state import BEFORE, ECG_BEFORE, ECG_LEN, KERNEL_LEN, LOW_BIN, N_FFT, REACH, WINDOW, band_gain

Signal = NDArray[np.float64]


def band_passed(pcg: Signal, late_ms: float, edge: Signal, noise: Signal | None = None) -> Signal:
    """Taper, transform, band-pass, turn; whiten by a power spectrum at every eighth bin, where one is given."""
    spectrum = np.fft.rfft(edge * (pcg - pcg.mean()), N_FFT)
    bins = np.arange(len(spectrum))
    gain = np.where((bins >= LOW_BIN) & (bins < 205), band_gain(bins * 1000 / N_FFT), 0.0)
    if noise is not None:
        usual = np.exp(np.log(noise[4:20]).mean())
        gain /= np.sqrt(np.interp(bins / 8, np.arange(len(noise)), noise) / usual + 0.05)
    moved = spectrum * gain * np.exp(2j * np.pi * bins * late_ms / N_FFT)
    return np.asarray(np.fft.irfft(moved, N_FFT)[:WINDOW], np.float64)


def lag_costs(x: Signal, template: Signal, begin: int, most: int, dof: float) -> tuple[Signal, Signal]:
    """Compare the tapered stretch at each lag with the tapered template: cost, and the loudness it was scaled to."""
    taper = np.sqrt(np.hanning(len(template) + 2)[1:-1])
    m, costs, levels = taper * template, [], []
    for lag in range(-most, most + 1):
        heard = taper * x[begin + lag : begin + lag + len(template)]
        level = min(max(float(heard @ m) / float(m @ m), 0.5), 1.8)
        left = float(np.square(heard - level * m).sum()) / float(np.square(heard).sum())
        costs.append(dof / 2 * math.log(max(left, 0.02)))
        levels.append(level)
    return np.array(costs), np.array(levels)


def shifted(x: Signal, plan: Signal) -> Signal:
    """Mix the signal's shifts as the plan says: at t, the plan's mean of x(t + lag)."""
    most = len(plan) // 2
    padded = np.concatenate([np.zeros(most), x, np.zeros(most)])
    return sum((share * padded[k : k + len(x)] for k, share in enumerate(plan)), np.zeros(len(x)))


def qrs_spectrum(ecg: Signal) -> NDArray[np.complex128]:
    """Transform a beat's ECG, 250 Hz, less the line between its ends, under a taper, its R at 0."""
    i = np.arange(ECG_LEN)
    x = (ecg - np.linspace(ecg[0], ecg[-1], ECG_LEN)) * np.sqrt(np.sin(np.pi * (i + 0.5) / ECG_LEN))
    frequency = np.arange(REACH) * 1000 / N_FFT
    return np.asarray(np.exp(-2j * np.pi * frequency[:, None] * (i - ECG_BEFORE) / 250) @ x, np.complex128)


def deconvolved(mean: Signal, qrs: NDArray[np.complex128], ridge: float) -> Signal:
    """Divide a beat's mean sound by a QRS's spectrum: H = conj(E) P / (|E|^2 + lambda max |E|^2), over the bins that E reaches."""
    sound = np.fft.fft(np.roll(np.concatenate([mean, np.zeros(N_FFT - WINDOW)]), -BEFORE))[:REACH]
    h = np.zeros(N_FFT // 2 + 1, np.complex128)
    h[:REACH] = qrs.conj() * sound / (np.abs(qrs) ** 2 + ridge * np.max(np.abs(qrs) ** 2))
    h[:LOW_BIN] = 0
    return np.asarray(np.fft.irfft(h, N_FFT)[:KERNEL_LEN], np.float64)


def agreed(even: Signal, odd: Signal, width: int) -> Signal:
    """Scale the mean of two means down to what they share, about each sample."""
    half, mean = width // 2, (even + odd) / 2
    about = [slice(max(0, i - half), i + half + 1) for i in range(len(mean))]
    gain = [float(even[near] @ odd[near]) / float(mean[near] @ mean[near]) for near in about]
    return np.asarray(mean * np.clip(gain, 0, 1), np.float64)


def followed(prior: Signal, before: Signal, share: float, sd: float, reach: int) -> Signal:
    """Mix a prior over lags with the plan of the beat before, blurred by a bell that ends at `reach`."""
    lags = np.arange(len(prior))
    away = lags[:, None] - lags[None, :]
    blurred = np.where(np.abs(away) <= reach, np.exp(-((away / sd) ** 2) / 2), 0.0) @ before
    return np.asarray((1 - share) * prior + share * blurred / blurred.sum(), np.float64)


def sounds_anew(energies: Signal, recent: int, earlier: int, more: float) -> bool:
    """Say whether each of the last beats' energies, a row each, is so much more like the others of them than like those before."""
    last, before = energies[-recent:], energies[-recent - earlier : -recent].mean(0)
    return all(
        np.corrcoef(one, np.delete(last, k, axis=0).mean(0))[0, 1] >= np.corrcoef(one, before)[0, 1] + more for k, one in enumerate(last)
    )


def stronger(plain: Signal, aligned: Signal, begin: int, width: int, moved_by: int) -> float:
    """Divide what odd and even beats share of a sound once aligned by what they share as they came; means of odd and of even beats in each."""
    here, there = slice(begin, begin + width), slice(begin - moved_by, begin - moved_by + width)
    shared = float(plain[0, here] @ plain[1, here])
    return float(aligned[0, there] @ aligned[1, there]) / shared if shared > 0 else math.inf
