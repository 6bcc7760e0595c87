"""Described seconds to calibrate on: annotated hearts, clean and under noise, through the live kernels."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from edgeecg.errors import InputError
from edgeecg.evals.ec57 import Truth, truth_of
from edgeecg.evals.noise import SNRS_DB, Noise, mix, noise_rms, read_noise
from edgeecg.evals.pairing import WINDOW_S, pair
from edgeecg.evals.quality import annotated_clean
from edgeecg.io.wfdb import read_annotations, read_record
from edgeecg_kernels.condition import condition, condition_reset
from edgeecg_kernels.condition_state import CONDITION_STATE, condition_params
from edgeecg_kernels.qrs import qrs, qrs_reset
from edgeecg_kernels.qrs_state import QRS_STATE, qrs_params
from edgeecg_kernels.quality import quality, quality_reset
from edgeecg_kernels.quality_state import QUALITY_STATE, quality_params
from edgeecg_kernels.state import EVENT, GRID_HZ

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
SAME_PERSON = {"202": "201"}
HEARTLESS, HEARTLESS_S = 48, 600
"""How many stretches of noise without a heart, and how long each is."""
BLOCK = GRID_HZ // 2
"""Never more than one rating a block: the state then holds its description."""


@dataclass(frozen=True, slots=True, eq=False)
class Seconds:
    """The rated seconds of one recording under one noise."""

    person: str
    noise: str
    snr_db: float | None
    described: Floats
    index: Floats  # as the shipped table rates them
    n_found: Floats  # beats, by the second they lie in
    n_missed: Floats
    n_false: Floats
    clean: Bools  # the annotators say so, and no noise was added
    counted: Bools  # outside ventricular fibrillation


def data_root() -> Path:
    """Return the folder the recordings were unpacked to."""
    return Path(os.environ["EDGEECG_DATA"])


def run(x: Floats) -> tuple[NDArray[np.int64], Floats, Floats, NDArray[np.int64]]:
    """Send grid samples through condition, detector and quality; return seconds' starts, descriptions, indices, and R peaks."""
    cleaned, detector, rater = np.zeros(1, CONDITION_STATE), np.zeros(1, QRS_STATE), np.zeros(1, QUALITY_STATE)
    condition_reset(cleaned[0])
    qrs_reset(detector[0])
    quality_reset(rater[0])
    limits, taught, calibrated = condition_params(), qrs_params(), quality_params()
    y, flags, rows = np.empty(BLOCK), np.empty(BLOCK, np.uint8), np.zeros(64, EVENT)
    starts, described, index, peaks = [], [], [], []
    for first in range(0, len(x) - BLOCK + 1, BLOCK):
        condition(cleaned, limits, x[first : first + BLOCK], first, y, flags)
        n_beats = qrs(detector, taught, y, flags, first, rows)
        n_rows = quality(rater, calibrated, y, flags, first, cleaned["mains_mv"][0], rows, n_beats)
        peaks.extend(rows["sample"][:n_beats].tolist())
        if n_rows > n_beats:
            starts.append(int(rows["sample"][n_beats]))
            index.append(float(rows["value"][n_beats, 0]))
            described.append(rater["x"][0].copy())
    return np.array(starts), np.array(described), np.array(index), np.sort(np.array(peaks, np.int64))


def mistakes(starts: NDArray[np.int64], peaks: NDArray[np.int64], truth: Truth, rate_hz: float) -> tuple[Floats, Floats, Floats]:
    """Count beats found and missed and false ones by second, by EC57's pairing."""
    detected = np.round(peaks * rate_hz / GRID_HZ).astype(np.int64)
    detected = detected[truth.outside_vf(detected)]
    pairing = pair(truth.beats, detected, int(WINDOW_S * rate_hz))

    def by_second(samples: NDArray[np.int64]) -> Floats:
        second = np.searchsorted(starts, samples * GRID_HZ / rate_hz, side="right") - 1
        return np.bincount(second[second >= 0], minlength=len(starts)).astype(np.float64)

    return by_second(truth.beats[pairing.found]), by_second(truth.beats[~pairing.found]), by_second(detected[pairing.false])


def muscle(length: int, rate_hz: float, seed: int) -> Noise:
    """Make band-limited white noise whose loudness changes every few seconds: there is no recorded muscle noise at hand."""
    rng = np.random.default_rng(seed)
    sos = signal.butter(2, (rng.uniform(10.0, 25.0), rng.uniform(70.0, 115.0)), "bandpass", fs=rate_hz, output="sos")
    knots = np.arange(0, length + 10 * rate_hz, int(rate_hz * rng.uniform(0.5, 5.0)))
    loudness = np.interp(np.arange(length), knots, rng.gamma(1.0, 1.0, len(knots)))
    samples = np.asarray(signal.sosfilt(sos, rng.normal(size=length)) * loudness)
    return Noise("ma", rate_hz, (samples,), (noise_rms(samples, rate_hz),))


def heartless(seed: int) -> Iterator[Seconds]:
    """Noise alone, of three kinds and any loudness: nothing in it is to be trusted, so every second counts as mistaken."""
    for number in range(HEARTLESS):
        rng = np.random.default_rng((seed, number))
        length = HEARTLESS_S * GRID_HZ
        walk = np.cumsum(rng.normal(size=length))
        width = int(rng.uniform(0.1, 0.6) * GRID_HZ)
        kinds = rng.normal(size=length), walk - np.convolve(walk, np.ones(width) / width, "same"), muscle(length, GRID_HZ, number).leads[0]
        noise = kinds[number % len(kinds)]
        _, described, index, _ = run(noise / noise.std() * np.exp(rng.uniform(np.log(0.03), np.log(1.0))))
        none, all_of_them = np.zeros(len(index)), np.ones(len(index))
        yield Seconds(f"nobody {number}", "alone", None, described, index, none, none, all_of_them, none > 0, all_of_them > 0)


def all_seconds(seed: int) -> Iterator[Seconds]:
    """Every mitdb record's first lead: clean, and with electrode motion, baseline wander and muscle noise by the NST rule; then noise alone."""
    yield from heartless(seed)
    root = data_root()
    motion, wander = read_noise(root / "nstdb" / "118e06"), read_noise(root / "nstdb" / "bw")
    for header in sorted((root / "mitdb").glob("*.hea")):
        record, annotations = read_record(header.with_suffix("")), read_annotations(header.with_suffix(".atr"))
        truth, lead, rate_hz = truth_of(annotations), record.lead(0).millivolts(), record.rate_hz
        noises = {"em": motion, "bw": wander, "ma": muscle(len(lead), rate_hz, seed + int(header.stem))}
        cases: list[tuple[str, float | None, Floats]] = [("clean", None, lead)]
        try:
            cases += [(name, snr_db, mix(record, annotations, noise, snr_db)) for name, noise in noises.items() for snr_db in SNRS_DB]
        except InputError:
            print(f"{header.stem}: no normal beat to set a noise by, used clean only")
        for name, snr_db, samples in cases:
            starts, described, index, peaks = run(np.asarray(signal.resample_poly(samples, GRID_HZ, int(rate_hz))))
            begins, ends = (starts + add for add in (0, GRID_HZ))
            begin, end = ((at * rate_hz / GRID_HZ).astype(np.int64) for at in (begins, ends))
            counted = truth.outside_vf(begin) & truth.outside_vf(end)
            clean = annotated_clean(annotations, 0, begin, end) & counted & (snr_db is None)
            person = SAME_PERSON.get(header.stem, header.stem)
            yield Seconds(person, name, snr_db, described, index, *mistakes(starts, peaks, truth, rate_hz), clean, counted)
