"""Calibrate signal quality: fit, judge by cross-validation over persons, and write the table if asked to."""

import argparse
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from edgeecg_kernels import quality_tables
from edgeecg_kernels.quality_state import FEATURES
from quality.seconds import Seconds, all_seconds

Floats = NDArray[np.float64]
SEED = 0
CROSSVAL = Path(__file__).with_name("crossval.json")
FOLDS = 5
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


def cross_validated(z: Floats, mistaken: Floats, counted: NDArray[np.bool_], persons: NDArray[Any]) -> Floats:
    """Return every second's index by weights that never saw its person."""
    names = np.random.default_rng(SEED).permutation(np.unique(persons))
    index = np.zeros(len(z))
    for fold in range(FOLDS):
        held_out = np.isin(persons, names[fold::FOLDS])
        learn = ~held_out & counted
        index[held_out] = rate(z[held_out], fit(z[learn], mistaken[learn]))
    return index


def report(title: str, cases: list[Seconds], index: Floats) -> dict[str, float]:
    """Print, for every noise, F1 within seconds rated good and how many seconds those are; return what stands for all."""
    pieces = np.split(index, np.cumsum([len(case.index) for case in cases])[:-1])
    clean = np.concatenate([piece[case.clean] for case, piece in zip(cases, pieces, strict=True)])
    print(f"{title}: {100 * np.mean(clean >= GOOD):.2f} % of {len(clean)} clean seconds rated good")
    all_found = all_wrong = 0.0
    for noise, snr_db in dict.fromkeys((case.noise, case.snr_db) for case in cases):
        found = wrong = good = counted = 0.0
        for case, piece in zip(cases, pieces, strict=True):
            if (case.noise, case.snr_db) != (noise, snr_db):
                continue
            inside = (piece >= GOOD) & case.counted
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
        "clean_rated_good": round(100 * float(np.mean(clean >= GOOD)), 4),
        "f1_in_good_under_noise": round(200 * all_found / (2 * all_found + all_wrong), 4),
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="replace the shipped table")
    arguments = parser.parse_args()
    cases = list(all_seconds(SEED))
    described, counted = np.concatenate([c.described for c in cases]), np.concatenate([c.counted for c in cases])
    mistaken = (np.concatenate([c.n_missed + c.n_false for c in cases]) > 0).astype(np.float64)
    persons = np.concatenate([np.full(len(c.index), c.person) for c in cases])
    knee = knees(described[np.concatenate([c.clean for c in cases])])
    z = described / (described + knee)
    index = cross_validated(z, mistaken, counted, persons)
    judged = report(f"cross-validated over {FOLDS} folds of persons", cases, index)
    calibration(index[counted], mistaken[counted])
    w = fit(z[counted], mistaken[counted])
    report("fitted on all", cases, rate(z, w))
    print("weights", dict(zip((*FEATURES, "bias"), w.round(2).tolist(), strict=True)))
    report("as shipped", cases, np.concatenate([c.index for c in cases]))
    if arguments.write:
        CROSSVAL.write_text(json.dumps(judged, indent=1) + "\n")
        print(f"wrote {write(knee, w)} and {CROSSVAL}")


if __name__ == "__main__":
    main()
