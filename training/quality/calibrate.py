"""Calibrate signal quality: fit, judge by cross-validation over persons, and write the table if asked to.

    EDGEECG_DATA=... PYTHONPATH=training python -m quality.calibrate --folds DIR [--write | --judge]

What is shipped is calibrated on what the shipped detector finds. It is judged on strangers: each person is heard by the panel in DIR (the
--work of `qrs.tune`) that was not taught on him, and rated by weights that never saw him. Without --folds the shipped detector hears all.
--judge writes what that comes to and leaves the table alone.
"""

import argparse
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from edgeecg_kernels import quality_tables
from edgeecg_kernels.quality_state import FEATURES
from quality.hearing import Ears, add_folds, ears
from quality.heart_rate import Agreement, agreement
from quality.seconds import Seconds, all_seconds

Floats = NDArray[np.float64]
SEED = 0
CROSSVAL = Path(__file__).with_name("crossval.json")
GOOD = 0.95
"""The least index called good: one second in twenty may hold a mistake at the very limit, far fewer on average."""
USUAL = 0.975
"""Share of clean seconds in which a feature stays below its knee."""
DECAY = 1e-4
HEAVIEST = 30.0


def knees(clean: Floats) -> Floats:
    """Return what a feature seldom exceeds in clean seconds."""
    return np.maximum(np.quantile(clean, USUAL, axis=0), 1e-3)


def fit(z: Floats, mistaken: Floats) -> Floats:
    """Fit weights, none negative, and a bias: the log-odds of a flawless second are the bias minus the weighted features."""
    n, k = z.shape

    def loss(w: Floats) -> tuple[float, Floats]:
        logit = z @ w[:k] - w[k]
        pull = 1.0 / (1.0 + np.exp(-logit)) - mistaken
        value = float(np.mean(np.logaddexp(0.0, logit) - mistaken * logit) + DECAY * np.sum(w[:k] ** 2))
        return value, np.append(z.T @ pull / n + 2.0 * DECAY * w[:k], -pull.mean())

    bounds: list[tuple[float | None, float | None]] = [(0.0, HEAVIEST)] * k + [(None, None)]
    return np.asarray(minimize(loss, np.append(np.ones(k), 5.0), jac=True, method="L-BFGS-B", bounds=bounds).x)


def rate(z: Floats, w: Floats) -> Floats:
    """Return the index of described seconds."""
    return np.asarray(1.0 / (1.0 + np.exp(z @ w[:-1] - w[-1])))


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Seconds of all recordings one after the other: what describes them, whether a mistake is in them, whether they count, whose they are."""

    cases: list[Seconds]
    described: Floats
    mistaken: Floats
    counted: NDArray[np.bool_]
    folds: NDArray[np.int64]

    @classmethod
    def heard_by(cls, detectors: Ears) -> "Material":
        """Let detectors hear all there is."""
        cases = list(all_seconds(SEED, detectors.hears))
        return cls(
            cases,
            np.concatenate([case.described for case in cases]),
            (np.concatenate([case.n_missed + case.n_false for case in cases]) > 0).astype(np.float64),
            np.concatenate([case.counted for case in cases]),
            np.concatenate([np.full(len(case.index), detectors.fold(case.person)) for case in cases]),
        )

    def usual(self) -> Floats:
        """Return what a feature seldom exceeds in clean seconds."""
        return knees(self.described[np.concatenate([case.clean for case in self.cases])])

    def fit(self, knee: Floats, without: int | None = None) -> Floats:
        """Fit weights to the seconds that count, but for those of a fold."""
        learn = self.counted & (self.folds != without)
        x = self.described[learn]
        return fit(x / (x + knee), self.mistaken[learn])

    def rate(self, knee: Floats, w: Floats) -> Floats:
        """Return every second's index."""
        return rate(self.described / (self.described + knee), w)


def cross_validated(learned: Material, strange: Material, knee: Floats) -> Floats:
    """Return every strange second's index by weights that never saw its person."""
    index = np.zeros(len(strange.described))
    for fold in np.unique(strange.folds):
        held_out = strange.folds == fold
        index[held_out] = strange.rate(knee, learned.fit(knee, int(fold)))[held_out]
    return index


def report(title: str, cases: list[Seconds], index: Floats) -> dict[str, float]:
    """Print, for every noise, F1 within seconds rated good and how many seconds those are; return what stands for all."""
    pieces = np.split(index, np.cumsum([len(case.index) for case in cases])[:-1])
    rated_good = [(piece >= GOOD) & case.settled for case, piece in zip(cases, pieces, strict=True)]
    clean = np.concatenate([good[case.clean] for case, good in zip(cases, rated_good, strict=True)])
    print(f"{title}: {100 * clean.mean():.2f} % of {len(clean)} clean seconds rated good")
    rates = [agreement(case, piece) for case, piece in zip(cases, pieces, strict=True) if case.noise == "clean"]
    of_rates = sum(rates, Agreement(0, 0, 0, 0, 0)).figures()
    print("  " + ", ".join(f"{name} {figure:.2f} %" for name, figure in of_rates.items()))
    all_found = all_wrong = 0.0
    for noise, snr_db in dict.fromkeys((case.noise, case.snr_db) for case in cases):
        found = wrong = good = counted = 0.0
        for case, is_good in zip(cases, rated_good, strict=True):
            if (case.noise, case.snr_db) != (noise, snr_db):
                continue
            inside = is_good & case.counted
            found += case.n_found[inside].sum()
            wrong += (case.n_missed + case.n_false)[inside].sum()
            good += inside.sum()
            counted += case.counted.sum()
        f1 = 200 * found / (2 * found + wrong) if found else 0.0
        level = "" if snr_db is None else f"{snr_db:+.0f} dB"
        print(f"  {noise:5} {level:6}  F1 in good seconds {f1:6.2f}   good {100 * good / counted:5.1f} %")
        if snr_db is not None:
            all_found, all_wrong = all_found + found, all_wrong + wrong
    return {
        "clean_rated_good": round(100 * float(clean.mean()), 4),
        "f1_in_good_under_noise": round(200 * all_found / (2 * all_found + all_wrong), 4),
        **of_rates,
    }


def calibration(index: Floats, mistaken: Floats) -> None:
    """Print whether an index is the share of flawless seconds that it says."""
    edges = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0 + 1e-9])
    for low, high in pairwise(edges):
        of = (index >= low) & (index < high)
        if of.any():
            print(
                f"  index {low:.2f}-{min(high, 1.0):.2f}: {of.sum():7} seconds, mean {index[of].mean():.3f}, flawless {1 - mistaken[of].mean():.3f}"
            )


def write(knee: Floats, w: Floats) -> Path:
    """Replace the shipped table."""
    path = Path(quality_tables.__file__)
    weights = ", ".join(f"{value:.6g}" for value in w[:-1])
    lines = [
        '"""What `python -m quality.calibrate --write` calibrated on mitdb under nstdb\'s noises; do not edit by hand."""',
        "",
        f"KNEE = [{', '.join(f'{value:.6g}' for value in knee)}]",
        f"WEIGHT = [{weights}]",
        f"BIAS = {w[-1]:.6g}",
        f"GOOD = {GOOD}",
        "",
    ]
    path.write_text("\n".join(lines))
    return path


def main() -> None:
    """Calibrate, and say how well it went."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_folds(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="replace the shipped table and the figures beside it")
    what.add_argument("--judge", action="store_true", help="replace the figures alone")
    arguments = parser.parse_args()
    learned = Material.heard_by(ears(None))
    strange = Material.heard_by(ears(arguments.folds)) if arguments.folds else learned
    knee = learned.usual()
    index = cross_validated(learned, strange, knee)
    judged = report("cross-validated over folds of persons", strange.cases, index)
    calibration(index[strange.counted], strange.mistaken[strange.counted])
    w = learned.fit(knee)
    print("weights", dict(zip((*FEATURES, "bias"), w.round(2).tolist(), strict=True)))
    report("fitted on all", learned.cases, learned.rate(knee, w))
    report("as shipped", learned.cases, np.concatenate([case.index for case in learned.cases]))
    report("as shipped, to strangers", strange.cases, np.concatenate([case.index for case in strange.cases]))
    if arguments.write:
        print(f"wrote {write(knee, w)}")
    if arguments.write or arguments.judge:
        CROSSVAL.write_text(json.dumps(judged, indent=1) + "\n")
        print(f"wrote {CROSSVAL}")


if __name__ == "__main__":
    main()
