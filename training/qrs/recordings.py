"""Annotated recordings on the detector's grid: what it is tuned on, and what it is judged by."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import wfdb
from common.keep import data_root
from numpy.typing import NDArray
from scipy import signal

from edgeecg_kernels.condition import condition_block, condition_reset
from edgeecg_kernels.condition_state import CONDITION_STATE, condition_params

GRID_HZ = 250
BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")
"""EC57's beat annotations; everything else in an annotation file is rhythm, noise or comment."""
WIDE = frozenset("VE")
USUAL = frozenset("NAaJSjenLRB/f")
"""How a heart conducts at all times, or its pacemaker, is usual to it, however wide; fusion beats are neither."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recording:
    """One lead on the grid; `beats` are grid positions (fractional), `skip` the spans no annotation speaks about."""

    name: str
    person: str
    source: str
    channel: int
    raw: Floats  # mV on the grid, not conditioned
    beats: Floats
    wide: NDArray[np.int8]  # 1 wide, 0 narrow, -1 unknown
    skip: tuple[tuple[float, float], ...]
    rate_hz: float


def to_grid(samples: Floats, rate_hz: float) -> Floats:
    """Resample by a linear-phase polyphase filter: no delay, no change of shape below 100 Hz, no step to zero at the ends."""
    ratio = Fraction(GRID_HZ, int(rate_hz))
    return np.asarray(signal.resample_poly(samples, ratio.numerator, ratio.denominator, padtype="edge"), dtype=np.float64)


def condition(samples: Floats) -> tuple[Floats, NDArray[np.uint8]]:
    """Clean and flag grid samples by the live chain's own kernel."""
    samples = np.ascontiguousarray(samples)  # a filter run backwards gives a view of them so
    clean, flags = np.empty(len(samples)), np.zeros(len(samples), np.uint8)
    state = np.zeros(1, CONDITION_STATE)
    condition_reset(state[0])
    condition_block(state[0], condition_params()[0], samples, len(samples), 0, clean, flags)
    return clean, flags


def wideness(symbols: list[str]) -> NDArray[np.int8]:
    """Return 1 for a wide beat, 0 for a usual one, -1 where neither is sure."""
    return np.array([1 if s in WIDE else 0 if s in USUAL else -1 for s in symbols], dtype=np.int8)


def _flutter(annotation: wfdb.Annotation, len_samples: int) -> list[tuple[int, int]]:
    """Ventricular flutter, from `[` to `]`: its waves are not annotated as beats."""
    spans, opened = [], None
    for sample, symbol in zip(annotation.sample, annotation.symbol, strict=True):
        if symbol == "[":
            opened = int(sample)
        elif symbol == "]" and opened is not None:
            spans.append((opened, int(sample)))
            opened = None
    return spans if opened is None else [*spans, (opened, len_samples)]


def _annotated(path: Path, source: str, person: str) -> Iterator[Recording]:
    record = wfdb.rdrecord(str(path))
    annotation = wfdb.rdann(str(path), "atr")
    rate = float(record.fs)
    kept = [(s, c) for s, c in zip(annotation.sample, annotation.symbol, strict=True) if c in BEATS]
    beats = np.array([s for s, _ in kept], dtype=np.float64) * GRID_HZ / rate
    spans = tuple((a * GRID_HZ / rate, b * GRID_HZ / rate) for a, b in _flutter(annotation, record.sig_len))
    wide = wideness([c for _, c in kept]) if source != "cpsc2021" else np.full(len(beats), -1, np.int8)  # there every beat is called N
    for channel in range(record.n_sig):
        raw = to_grid(np.nan_to_num(record.p_signal[:, channel]), rate)
        yield Recording(path.name, person, source, channel, raw, beats, wide, spans, rate)


def mitdb() -> Iterator[Recording]:
    """MIT-BIH Arrhythmia: both leads of every record at hand; 201 and 202 are one person."""
    for header in sorted((data_root() / "mitdb").glob("*.hea")):
        person = "201" if header.stem == "202" else header.stem
        yield from _annotated(header.with_suffix(""), "mitdb", person)


def nstdb(name: str) -> Iterator[Recording]:
    """Record 118 with electrode motion, as published."""
    yield from _annotated(data_root() / "nstdb" / name, "nstdb", "118")


def cpsc2021() -> Iterator[Recording]:
    """Holter excerpts with atrial fibrillation; `data_8_2` is the second excerpt of person 8."""
    for header in sorted((data_root() / "cpsc2021").glob("*.hea")):
        yield from _annotated(header.with_suffix(""), "cpsc2021", "cpsc" + header.stem.split("_")[1])


def ludb() -> Iterator[Recording]:
    """Ten seconds of twelve leads; each lead has its own marks, none before the first and after the last marked beat."""
    folder = data_root() / "ludb" / "data"
    for header in sorted(folder.glob("*.hea"), key=lambda path: int(path.stem)):
        record = wfdb.rdrecord(str(header.with_suffix("")))
        rate = float(record.fs)
        for channel, lead in enumerate(record.sig_name):
            marks = wfdb.rdann(str(header.with_suffix("")), lead)
            peaks = [s for s, c in zip(marks.sample, marks.symbol, strict=True) if c == "N"]
            if not peaks:
                continue
            beats = np.array(peaks, dtype=np.float64) * GRID_HZ / rate
            raw = to_grid(record.p_signal[:, channel], rate)
            skip = ((0.0, beats[0] - 40.0), (beats[-1] + 40.0, float(len(raw))))
            unknown = np.full(len(beats), -1, dtype=np.int8)
            yield Recording(f"ludb{header.stem}", f"ludb{header.stem}", "ludb", channel, raw, beats, unknown, skip, rate)


def motion_noise(from_min: float = 0.0, to_min: float = 60.0, *, pauses: bool) -> Floats:
    """Electrode motion on the grid, two leads: 118 with noise minus 118 without, between two minutes, with its pauses or without.

    It comes for two minutes of every four, from the fifth on.
    """
    root = data_root()
    noisy, clean = wfdb.rdrecord(str(root / "nstdb" / "118e06")), wfdb.rdrecord(str(root / "mitdb" / "118"))
    rows = np.stack([to_grid(noisy.p_signal[:, k] - clean.p_signal[:, k], 360.0) for k in range(2)])
    minute = np.arange(rows.shape[1]) / (60.0 * GRID_HZ)
    moves = (minute >= 5.0) & ((minute - 5.0) % 4.0 < 2.0)
    return rows[:, (minute >= from_min) & (minute < to_min) & (moves | pauses)]


def wander_noise() -> Floats:
    """Baseline wander on the grid, two channels."""
    record = wfdb.rdrecord(str(data_root() / "nstdb" / "bw"))
    return np.stack([to_grid(record.p_signal[:, k], 360.0) for k in range(2)])
