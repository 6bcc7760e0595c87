"""Described seconds to calibrate on: annotated hearts, clean and under noise, through the live kernels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common.keep import data_root
from numpy.typing import NDArray
from scipy import signal

from edgeecg.errors import InputError
from edgeecg.evals.ec57 import Truth, truth_of
from edgeecg.evals.noise import SNRS_DB, Noise, mix, noise_rms, read_noise
from edgeecg.evals.pairing import WINDOW_S, pair
from edgeecg.evals.quality import annotated_clean
from edgeecg.io.recording import Recording
from edgeecg.io.wfdb import Annotations, read_annotations, read_record
from edgeecg_kernels.condition import condition, condition_reset
from edgeecg_kernels.condition_state import CONDITION_STATE, condition_params
from edgeecg_kernels.qrs import qrs, qrs_reset
from edgeecg_kernels.qrs_state import QRS_STATE
from edgeecg_kernels.quality import quality, quality_reset
from edgeecg_kernels.quality_state import QUALITY_STATE, quality_params
from edgeecg_kernels.state import EVENT, GRID_HZ, KIND_BEAT

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Hears = Callable[[str], NDArray[Any]]
"""Says of a person which detector hears him."""
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
    starts: NDArray[np.int64]
    described: Floats
    index: Floats  # as the shipped table rates them
    settled: Bools  # few bad samples, and no doubt about the beats their heart rate rests on
    beats: NDArray[np.void]  # the detector's rows
    truth: Truth | None  # nobody's heart has none
    rate_hz: float
    n_found: Floats  # beats, by the second they lie in
    n_missed: Floats
    n_false: Floats
    clean: Bools  # the annotators say so, and no noise was added
    counted: Bools  # outside ventricular fibrillation


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What the live kernels make of a recording: a row a second, its description, and the beats."""

    rated: NDArray[np.void]
    described: Floats
    beats: NDArray[np.void]


def mitdb() -> list[Path]:
    """Return the headers of the records that are calibrated on."""
    return sorted((data_root() / "mitdb").glob("*.hea"))


def person_of(header: Path) -> str:
    """Return whose record it is."""
    return SAME_PERSON.get(header.stem, header.stem)


def on_grid(samples: Floats, rate_hz: float) -> Floats:
    """Bring a recording to the grid."""
    return np.asarray(signal.resample_poly(samples, GRID_HZ, int(rate_hz)))


def run(x: Floats, taught: NDArray[Any]) -> Heard:
    """Send grid samples through condition, a detector and quality, which calls every second good that it may."""
    cleaned, detector, rater = np.zeros(1, CONDITION_STATE), np.zeros(1, QRS_STATE), np.zeros(1, QUALITY_STATE)
    condition_reset(cleaned[0])
    qrs_reset(detector[0])
    quality_reset(rater[0])
    limits, calibrated = condition_params(), quality_params()
    calibrated["good"] = 0.0
    y, flags, rows = np.empty(BLOCK), np.empty(BLOCK, np.uint8), np.zeros(64, EVENT)
    described, told = [], []
    for first in range(0, len(x) - BLOCK + 1, BLOCK):
        condition(cleaned, limits, x[first : first + BLOCK], first, y, flags)
        n_beats = qrs(detector, taught, y, flags, first, rows)
        n_rows = quality(rater, calibrated, y, flags, first, cleaned["mains_mv"][0], rows, n_beats)
        told.append(rows[:n_rows].copy())
        if n_rows > n_beats:
            described.append(rater["x"][0].copy())
    all_rows = np.concatenate(told)
    is_beat = all_rows["kind"] == KIND_BEAT
    return Heard(all_rows[~is_beat], np.array(described), all_rows[is_beat])


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


def heartless(seed: int, hears: Hears) -> Iterator[Seconds]:
    """Noise alone, of three kinds and any loudness: nothing in it is to be trusted, so every second counts as mistaken."""
    for number in range(HEARTLESS):
        rng = np.random.default_rng((seed, number))
        length = HEARTLESS_S * GRID_HZ
        walk = np.cumsum(rng.normal(size=length))
        width = int(rng.uniform(0.1, 0.6) * GRID_HZ)
        kinds = rng.normal(size=length), walk - np.convolve(walk, np.ones(width) / width, "same"), muscle(length, GRID_HZ, number).leads[0]
        noise = kinds[number % len(kinds)]
        nobody = f"nobody {number}"
        heard = run(noise / noise.std() * np.exp(rng.uniform(np.log(0.03), np.log(1.0))), hears(nobody))
        none, all_of_them = np.zeros(len(heard.rated)), np.ones(len(heard.rated))
        yield _seconds(nobody, "alone", None, heard, None, GRID_HZ, (none, none, all_of_them), none > 0, all_of_them > 0)


def _seconds(
    person: str,
    noise: str,
    snr_db: float | None,
    heard: Heard,
    truth: Truth | None,
    rate_hz: float,
    counts: tuple[Floats, Floats, Floats],
    clean: Bools,
    counted: Bools,
) -> Seconds:
    value = heard.rated["value"]
    index, settled = value[:, 0], value[:, 1] > 0.0
    return Seconds(
        person, noise, snr_db, heard.rated["sample"], heard.described, index, settled, heard.beats, truth, rate_hz, *counts, clean, counted
    )


def clean_seconds(header: Path, taught: NDArray[Any]) -> Seconds:
    """A record's first lead as it is."""
    record, annotations = read_record(header.with_suffix("")), read_annotations(header.with_suffix(".atr"))
    return _one(header, record, annotations, ("clean", None, record.lead(0).millivolts()), taught)


def _one(
    header: Path, record: Recording, annotations: Annotations, case: tuple[str, float | None, Floats], taught: NDArray[Any]
) -> Seconds:
    name, snr_db, samples = case
    truth, rate_hz = truth_of(annotations), record.rate_hz
    heard = run(on_grid(samples, rate_hz), taught)
    starts = heard.rated["sample"]
    begin, end = ((at * rate_hz / GRID_HZ).astype(np.int64) for at in (starts, starts + GRID_HZ))
    counted = truth.outside_vf(begin) & truth.outside_vf(end)
    clean = annotated_clean(annotations, 0, begin, end) & counted & (snr_db is None)
    counts = mistakes(starts, np.sort(heard.beats["sample"]), truth, rate_hz)
    return _seconds(person_of(header), name, snr_db, heard, truth, rate_hz, counts, clean, counted)


def all_seconds(seed: int, hears: Hears) -> Iterator[Seconds]:
    """Every mitdb record's first lead: clean, and with electrode motion, baseline wander and muscle noise by the NST rule; then noise alone."""
    yield from heartless(seed, hears)
    root = data_root()
    motion, wander = read_noise(root / "nstdb" / "118e06"), read_noise(root / "nstdb" / "bw")
    for header in mitdb():
        record, annotations = read_record(header.with_suffix("")), read_annotations(header.with_suffix(".atr"))
        lead, rate_hz = record.lead(0).millivolts(), record.rate_hz
        noises = {"em": motion, "bw": wander, "ma": muscle(len(lead), rate_hz, seed + int(header.stem))}
        cases: list[tuple[str, float | None, Floats]] = [("clean", None, lead)]
        try:
            cases += [(name, snr_db, mix(record, annotations, noise, snr_db)) for name, noise in noises.items() for snr_db in SNRS_DB]
        except InputError:
            print(f"{header.stem}: no normal beat to set a noise by, used clean only")
        for case in cases:
            yield _one(header, record, annotations, case, hears(person_of(header)))
