"""`coupling`: a whole recording taken through the kernels that the engine runs beat by beat."""

from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg_kernels.coupling import couple_beats, couple_reset
from edgeecg_kernels.coupling_state import (
    COUPLING_ROW,
    COUPLING_WORK,
    ECG_HZ,
    HARD,
    KERNEL_LEN,
    PLAIN,
    RATE_HZ,
    SOFT,
    band_gain,
    coupling_params,
    coupling_state,
)
from edgeecg_kernels.entry import entry

__all__ = ["ECG_HZ", "KERNEL_LEN", "METHODS", "RATE_HZ", "Beats", "Coupler", "Reason", "couple", "in_band", "regrid"]

Signal = NDArray[np.float64]
METHODS = {"nmcse": SOFT, "aligned": HARD, "deconvolution": PLAIN}
LONGEST_RR_S = 2.5
"""After so long without a beat, how long it has been is not known."""


class Reason(IntEnum):
    """Why a beat has no delay; OK: it has one."""

    OK = 0
    LEARNING = 1
    NO_SOUND = 2
    MISSING = 3
    CLIPPED = 4
    OTHER_BEAT = 5
    NOISY = 6
    UNSTEADY = 7


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """A recording's beats on the grid: where their R is (250 Hz), and which are of the usual kind."""

    at: NDArray[np.int64]
    usual: NDArray[np.bool_]

    @property
    def rr_s(self) -> Signal:
        """The time since the beat before; 0: not known."""
        rr_s = np.diff(self.at, prepend=self.at[:1]) / ECG_HZ
        return np.where(rr_s > LONGEST_RR_S, 0.0, rr_s)


class Coupler:
    """One heart's coupling, taken beat by beat or many at a time: the state is kept from call to call."""

    def __init__(self, method: str = "nmcse", *, ridge: float | None = None, forget: float | None = None) -> None:
        if method not in METHODS:
            raise InputError("method", repr(method), f"one of {', '.join(METHODS)}")
        self._params, self._state, self._work = coupling_params(METHODS[method]), coupling_state(), np.zeros(1, COUPLING_WORK)
        for name, value in (("ridge", ridge), ("forget", forget)):
            if value is not None:
                self._params[name] = value
        couple_reset(self._state)
        nothing, rows = np.zeros(0), np.zeros(0, COUPLING_ROW)
        none = Beats(np.zeros(0, np.int64), np.zeros(0, np.bool_))
        self._run = entry(
            couple_beats, self._state, self._params, self._work, nothing, nothing, none.at, none.rr_s, none.usual, rows
        )  # fmt: skip

    def take(self, ecg: Signal, pcg: Signal, beats: Beats, rr_s: Signal | None = None) -> NDArray[np.void]:
        """Return a COUPLING_ROW for each beat, in order; ECG at 250 Hz, sound at 1 kHz, both from the same instant on."""
        rows = np.zeros(len(beats.at), COUPLING_ROW)
        since_s = beats.rr_s if rr_s is None else rr_s
        signals = np.ascontiguousarray(pcg, np.float64), np.ascontiguousarray(ecg, np.float64)
        at, usual = np.ascontiguousarray(beats.at, np.int64), np.ascontiguousarray(beats.usual, np.bool_)
        self._run(self._state, self._params, self._work, *signals, at, np.ascontiguousarray(since_s), usual, rows)
        return rows


def couple(
    ecg: Signal, pcg: Signal, beats: Beats, method: str = "nmcse", *, ridge: float | None = None, forget: float | None = None
) -> NDArray[np.void]:
    """Take a whole recording."""
    return Coupler(method, ridge=ridge, forget=forget).take(ecg, pcg, beats)


def in_band(sound: Signal) -> Signal:
    """Band-pass a whole recording (1 kHz) as the kernels do a beat: without phase."""
    spectrum = np.fft.rfft(sound)
    return np.fft.irfft(spectrum * band_gain(np.fft.rfftfreq(len(sound), 1 / RATE_HZ)), len(sound))


def regrid(samples: Signal, rate_hz: float, to_hz: int) -> Signal:
    """Bring a recording to another rate: a Kaiser-windowed sinc of linear phase about each new sample. NaN spreads over its reach."""
    ratio = Fraction(rate_hz).limit_denominator(10) / to_hz
    if ratio == 1:
        return samples
    cut = 0.95 / max(1.0, float(ratio))
    half = ceil(16 / cut)
    n = int((len(samples) - 1) / ratio) + 1
    padded = np.concatenate([np.full(half, samples[0]), samples, np.full(half + 1, samples[-1])])
    out = np.empty(n)
    taps = np.arange(-half + 1, half + 1)
    for phase in range(min(ratio.denominator, n)):
        places = np.arange(phase, n, ratio.denominator)
        first = phase * ratio.numerator // ratio.denominator
        away = taps - float(phase * ratio - first)
        window = np.i0(8 * np.sqrt(np.clip(1 - (away / half) ** 2, 0, None)))
        kernel = np.sinc(cut * away) * window
        begins = first + np.arange(len(places)) * ratio.numerator + 1
        out[places] = padded[begins[:, None] + np.arange(2 * half)] @ (kernel / kernel.sum())
    return out
