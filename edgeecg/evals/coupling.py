"""`edgeecg eval coupling`: how true the kernels are, how steady, how far their delays err, and what a beat costs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.evals.coupling_methods import ALL, OURS, Estimate, estimates, last_of, middle
from edgeecg.evals.coupling_recording import NOISES, SNRS_DB, Heard
from edgeecg.evals.coupling_subjects import Known, known_person, loudest
from edgeecg.stages.coupling import Reason, couple

JITTERS = ("none", "rest", "heavy")
SIMULATED = "simulate"
"""The group of those of `edgeecg simulate`."""
RIDGES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3)
CHOSEN_ON = tuple(range(900, 906))
"""Seeds of the people lambda is chosen on; `REPORTED` are others, and neither was tuned on."""
REPORTED = tuple(range(100, 124))
SLIP = 0.5
"""An MSE above that, of kernels brought to mean 0 and variance 1, is a gross change."""
TOLD_LATE_S = 0.15

Signal = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One estimate of one recording under one noise. What it is compared with is the truth, or the estimate of the clean recording."""

    record: str
    group: str
    """The regime of jitter, or `real`."""
    noise: str
    snr_db: float
    method: str
    pearson: float
    """NaN: there is no true kernel."""
    delay_ms: float
    """R to S1 as it is heard, of the recording, less the true one or the clean one's; NaN: not told, or the method knows nothing of it."""
    kernel_ms: float
    """The place of S1 in the kernel, less the true one or the clean one's."""
    beat_delay_ms: float
    """The same of its beats, mean absolute; NaN: the method says nothing of beats."""
    told: float
    """The share of beats with a delay, of those after the first eight that could have one."""

    @property
    def mse(self) -> float:
        """Return the MSE of kernels brought to mean 0 and variance 1."""
        return 2 * (1 - self.pearson)


def pearson(a: Signal, b: Signal) -> float:
    """Correlate two kernels; 0 where one says nothing."""
    if not a.any() or not b.any() or not np.ptp(a) or not np.ptp(b):
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def chosen_ridges(snrs_db: Sequence[float] = SNRS_DB, seeds: Sequence[int] = CHOSEN_ON) -> dict[float, float]:
    """Choose Tikhonov's lambda for each SNR on people of their own, at rest."""
    people = [known_person(seed, "rest") for seed in seeds]
    scores = {(snr_db, ridge): 0.0 for snr_db in snrs_db for ridge in RIDGES}
    for person in people:
        for noise in NOISES:
            for snr_db in snrs_db:
                noisy = person.heard.with_noise(noise, snr_db, 1)
                for ridge in RIDGES:
                    rows = couple(noisy.ecg, noisy.pcg, noisy.beats, "deconvolution", ridge=ridge, forget=1.0)
                    scores[snr_db, ridge] += pearson(last_of(rows).kernel, person.truth)
    return {snr_db: max(RIDGES, key=lambda ridge: scores[snr_db, ridge]) for snr_db in snrs_db}


def truth_of(people: Iterable[Known], group: str, noises: Sequence[str], ridges: dict[float, float]) -> Iterator[Measured]:
    """Compare every estimate with the kernel that made the sound."""
    for number, person in enumerate(people):
        has_kernel = bool(person.truth.any())
        true_ms = middle(person.truth, loudest(person.truth)) if has_kernel else np.nan
        for noise in noises:
            for snr_db, ridge in ridges.items():
                heard = person.heard.with_noise(noise, snr_db, 1000 + number)
                for method, found in estimates(heard, ridge).items():
                    yield Measured(
                        record=person.heard.name, group=group, noise=noise, snr_db=snr_db, method=method,
                        pearson=pearson(found.kernel, person.truth) if has_kernel else np.nan,
                        delay_ms=found.heard_ms - person.heard_ms, kernel_ms=found.kernel_ms - true_ms,
                        beat_delay_ms=_beats_err_ms(found, heard, person), told=_told(found),
                    )  # fmt: skip


def steadiness_of(recordings: Iterable[Heard], noises: Sequence[str], ridges: dict[float, float]) -> Iterator[Measured]:
    """Compare the estimates of a recording with noise with those of the same recording as it came."""
    for number, heard in enumerate(recordings):
        clean = {ridge: estimates(heard, ridge) for ridge in set(ridges.values())}
        for noise in noises:
            for snr_db, ridge in ridges.items():
                for method, found in estimates(heard.with_noise(noise, snr_db, 2000 + number), ridge).items():
                    before = clean[ridge][method]
                    told = method not in OURS or _last_told(found)
                    yield Measured(
                        record=heard.name, group="real", noise=noise, snr_db=snr_db, method=method,
                        pearson=pearson(found.kernel, before.kernel), delay_ms=found.heard_ms - before.heard_ms if told else np.nan,
                        kernel_ms=found.kernel_ms - before.kernel_ms, beat_delay_ms=np.nan, told=_told(found),
                    )  # fmt: skip


def _told(found: Estimate) -> float:
    if found.rows is None:
        return np.nan
    reasons = found.rows["reason"]
    could = ~np.isin(reasons, (Reason.LEARNING, Reason.MISSING, Reason.OTHER_BEAT))
    return float(np.mean(reasons[could] == Reason.OK)) if could.any() else 0.0


def _last_told(found: Estimate) -> bool:
    """Say whether a delay was told at the last beat that could have one."""
    if found.rows is None:
        return True
    could = found.rows["reason"][~np.isin(found.rows["reason"], (Reason.MISSING, Reason.OTHER_BEAT))]
    return bool(len(could)) and bool(could[-1] == Reason.OK)


def _beats_err_ms(found: Estimate, heard: Heard, person: Known) -> float:
    """Return the mean absolute error of the delays told of beats."""
    if found.rows is None:
        return np.nan
    away = np.abs(heard.beats.at[:, None] / 250 - person.at_s[None])
    nearest = away.argmin(axis=1)
    told = (found.rows["reason"] == Reason.OK) & (away.min(axis=1) < TOLD_LATE_S)
    errors = found.rows["delay_ms"] - (person.heard_ms + person.delays_ms[nearest])
    return float(np.abs(errors[told]).mean()) if told.any() else np.nan


def summary(measured: Sequence[Measured], groups: Sequence[str], snrs_db: Sequence[float]) -> list[dict[str, Any]]:
    """Give a row to each group, SNR and method."""
    keys = [(group, snr_db, method) for group in groups for snr_db in snrs_db for method in ALL]
    cases = {key: [one for one in measured if (one.group, one.snr_db, one.method) == key] for key in keys}
    return [_row(those, *key) for key, those in cases.items() if those]


def _row(those: Sequence[Measured], group: str, snr_db: float, method: str) -> dict[str, Any]:
    correlations, mses = np.array([one.pearson for one in those]), np.array([one.mse for one in those])
    delays, places = (
        np.abs([getattr(one, name) for one in those if np.isfinite(getattr(one, name))]) for name in ("delay_ms", "kernel_ms")
    )
    beats = [one.beat_delay_ms for one in those if np.isfinite(one.beat_delay_ms)]
    told = [one.told for one in those if np.isfinite(one.told)]
    return {
        "group": group, "snr_db": snr_db, "method": method, "cases": len(those),
        "pearson_mean": _rounded(correlations.mean()), "pearson_median": _rounded(np.median(correlations)),
        "mse_median": _rounded(np.median(mses)), "mse_mean": _rounded(mses.mean()), "slips": _rounded(np.mean(mses > SLIP)),
        "delay_mean_abs_ms": _rounded(delays.mean() if len(delays) else np.nan),
        "delay_p90_ms": _rounded(np.percentile(delays, 90) if len(delays) else np.nan),
        "kernel_mean_abs_ms": _rounded(places.mean() if len(places) else np.nan),
        "kernel_p90_ms": _rounded(np.percentile(places, 90) if len(places) else np.nan),
        "beat_delay_mean_abs_ms": _rounded(np.mean(beats) if beats else np.nan),
        "told_cases": _rounded(len(delays) / len(those)), "told_beats": _rounded(np.mean(told) if told else np.nan),
    }  # fmt: skip


def _rounded(value: Any) -> float | None:
    return None if not np.isfinite(value) else round(float(value), 4)
