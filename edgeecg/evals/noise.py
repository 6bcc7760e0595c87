"""The noise stress test: calibrated noise on clean recordings, by the rule that PhysioNet's `nst` page states.

Moody, Muldrow and Mark, A noise stress test for arrhythmia detectors, Computers in Cardiology 11 (1984) 381-384; nst(1), sigamp(1).
S is the square of the QRS peak-to-peak amplitude over 8, N the square of the noise's RMS, both trimmed means of up to 300
measurements; the gain a solves SNR = 10 log10(S / (N a²)). After five clean minutes noisy and clean stretches of two minutes
alternate, and the noise joins and leaves without a step.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.io.recording import Recording
from edgeecg.io.wfdb import Annotations, read_annotations, read_record

SNRS_DB = (24.0, 18.0, 12.0, 6.0, 0.0, -6.0)
CLEAN_S, STRETCH_S = 300.0, 120.0
QRS_HALF_S = 0.05
PIECE_S = 1.0
MAX_MEASUREMENTS = 300
TRIMMED_SHARE = 0.05
NORMAL_SYMBOLS = tuple("NLRej")
"""AAMI's class N. The page says "normal QRS complexes"; record 118, from which the published records were made, has only R of them."""

_MADE_BY_NST = re.compile(r"Created by `nst' from records (\S+) and (\S+) \(SNR = (-?[\d.]+) dB\)")


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """A noise record: as many leads as it has, in millivolt, with the RMS that the rule gives each."""

    name: str
    rate_hz: float
    leads: tuple[NDArray[np.float64], ...]
    rms_mv: tuple[float, ...]
    is_in_stretches: bool = False
    """`nst` mixed it in: there is none in the first five minutes, then two minutes of it and two without in turn."""


def read_noise(path: Path, clean_path: Path | None = None) -> Noise:
    """Read a noise record; from one that `nst` made, take the noise back out and its level from the header.

    The clean record it was made from is `clean_path`, else looked for beside the record's own folder.
    """
    record = read_record(path)
    made = next(filter(None, map(_MADE_BY_NST.search, record.comments)), None)
    if made is None:
        leads = tuple(lead.millivolts() for lead in record.leads)
        return Noise(record.name, record.rate_hz, leads, tuple(noise_rms(lead, record.rate_hz) for lead in leads))
    clean_path = clean_path or _find_beside(path, made[1])
    clean, beats = read_record(clean_path), read_annotations(clean_path.with_name(clean_path.name + ".atr"))
    if (clean.rate_hz, clean.len_samples, len(clean.leads)) != (record.rate_hz, record.len_samples, len(record.leads)):
        raise InputError(f"{path}: noise", f"of another shape than {clean_path}", "made from it")
    pairs = tuple(zip(record.leads, clean.leads, strict=True))
    leads = tuple(noisy.millivolts() - lead.millivolts() for noisy, lead in pairs)
    rms = tuple(qrs_rms(lead.millivolts(), beats, clean.rate_hz) / _ratio(float(made[3])) for lead in clean.leads)
    return Noise(f"{made[2]} from {record.name}", record.rate_hz, leads, rms, is_in_stretches=True)


def _find_beside(path: Path, name: str) -> Path:
    found = sorted(path.absolute().parent.parent.glob(f"*/{name}.hea"))
    if not found:
        raise InputError(f"{path}: clean record", f"{name}, nowhere beside {path.parent}", "there, for the noise is what it differs by")
    return found[0].with_suffix("")


def qrs_rms(clean_mv: NDArray[np.float64], annotations: Annotations, rate_hz: float) -> float:
    """Give the square root of S: the QRS amplitude as if it were a sine's."""
    half = round(QRS_HALF_S * rate_hz)
    normal = annotations.samples[np.isin(annotations.symbols, NORMAL_SYMBOLS)]
    normal = normal[(normal >= half) & (normal < len(clean_mv) - half)][:MAX_MEASUREMENTS]
    if not len(normal):
        raise InputError("noise: clean recording", "without a normal beat", "annotated with some")
    windows = clean_mv[normal[:, np.newaxis] + np.arange(-half, half + 1)]
    return _trimmed_mean(np.ptp(windows, axis=1)) / math.sqrt(8)


def without_normal_beat(paths: Sequence[Path]) -> list[Path]:
    """Say which recordings the rule has no amplitude for: every beat is paced, as in mitdb/107."""
    annotated = {path: read_annotations(path.with_name(path.name + ".atr")).symbols for path in paths}
    return [path for path, symbols in annotated.items() if not np.isin(symbols, NORMAL_SYMBOLS).any()]


def noise_rms(noise_mv: NDArray[np.float64], rate_hz: float) -> float:
    """Give the square root of N: what a second's samples differ from their mean, over the first 300 seconds."""
    length = round(PIECE_S * rate_hz)
    n_pieces = min(MAX_MEASUREMENTS, len(noise_mv) // length)
    if not n_pieces:
        raise InputError("noise", f"{len(noise_mv)} samples", f"at least {length}")
    rms = _trimmed_mean(noise_mv[: n_pieces * length].reshape(n_pieces, length).std(axis=1))
    if not rms > 0:
        raise InputError("noise", "flat", "a signal")
    return rms


def _trimmed_mean(measured: NDArray[np.float64]) -> float:
    cut = int(TRIMMED_SHARE * len(measured))
    return float(np.sort(measured)[cut : len(measured) - cut].mean())


def _ratio(snr_db: float) -> float:
    return float(10 ** (snr_db / 20))


def noisy_stretches(n_samples: int, rate_hz: float) -> NDArray[np.bool_]:
    """Say which samples the standard protocol makes noisy."""
    since_s = np.arange(n_samples) / rate_hz - CLEAN_S
    return np.asarray((since_s >= 0) & (np.floor(since_s / STRETCH_S) % 2 == 0), np.bool_)


def mix(recording: Recording, annotations: Annotations, noise: Noise, snr_db: float, lead: int = 0) -> NDArray[np.float64]:
    """Add noise to a lead by the standard protocol. The noise begins with the recording, runs on unheard, and repeats."""
    clean_mv = recording.lead(lead).millivolts()
    source = lead % len(noise.leads)
    gain = qrs_rms(clean_mv, annotations, recording.rate_hz) / noise.rms_mv[source] / _ratio(snr_db)
    running = np.resize(at_rate(noise.leads[source], noise.rate_hz, recording.rate_hz), len(clean_mv))
    steps = np.diff(running, prepend=running[:1])
    # Sums of steps instead of samples: a stretch joins where the one before it left off, as nst's offsets make it.
    return clean_mv + gain * np.cumsum(np.where(noisy_stretches(len(clean_mv), recording.rate_hz), steps, 0.0))


def at_rate(samples: NDArray[np.float64], rate_hz: float, wanted_hz: float) -> NDArray[np.float64]:
    """Resample a whole record through its spectrum."""
    if rate_hz == wanted_hz:
        return samples
    n_wanted = round(len(samples) * wanted_hz / rate_hz)
    spectrum = np.fft.rfft(samples)[: n_wanted // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, n_wanted) * (n_wanted / len(samples)), np.float64)
